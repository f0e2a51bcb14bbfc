// Package objectstore reaches the object storage that backup locations name. The rest of the
// project sees the interface Store; drivers behind it speak the protocols.
//
// Errors of drivers are of type *Error: one line each, which says what to do about it and holds no
// secret.
package objectstore

import "context"

// Store is one bucket, as seen with one set of credentials. It is for use by one goroutine at a time.
type Store interface {
	// CommonPrefixes returns, in order, the names under prefix up to and including the next slash:
	// the directories, as it were. The prefix is empty or ends with a slash. One listing, in as
	// many pages as it takes, the way Velero checks a location. Objects that lie directly under
	// prefix are passed over; a prefix under which nothing lies gives no names and no error.
	CommonPrefixes(ctx context.Context, prefix string) ([]string, error)

	// Close gives up the connections that the store holds.
	Close()
}
