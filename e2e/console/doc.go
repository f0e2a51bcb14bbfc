// Package console tries the page that the simulator serves in a real browser. There is nothing in it but the test.
package console
