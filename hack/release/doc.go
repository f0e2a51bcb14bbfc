// Package release has the script that makes what is released, and its tests.
package release
