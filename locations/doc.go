// Package locations holds the rules of backup and snapshot locations: what a bucket and a prefix
// mean, and what may lie in them. It is pure Go, without input or output; packages below it hold
// the rules of providers and of credentials files.
package locations
