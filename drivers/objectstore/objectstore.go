// Package objectstore reaches the object storage that backup locations name. The rest of the
// project sees the interface Store; drivers behind it speak the protocols.
//
// Errors of drivers are of type *Error, or say that there is no key to ask with: *identity.Error, or credentials.ElsewhereError.
// Each is one line that says what to do about it, and holds no secret.
package objectstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/velero-locations/velero-locations/internal/bounded"
)

// Store is one bucket, as seen with one set of credentials. It is for use by one goroutine at a time.
type Store interface {
	// CommonPrefixes returns, in order, the names under prefix up to and including the next slash:
	// the directories, as it were. The prefix is empty or ends with a slash. One listing, in as
	// many pages as it takes, the way Velero checks a location. Objects that lie directly under
	// prefix are passed over; a prefix under which nothing lies gives no names and no error.
	CommonPrefixes(ctx context.Context, prefix string) ([]string, error)
	// Keys lists the keys of all objects that begin with prefix, in order, page by page. An error
	// ends the listing.
	Keys(ctx context.Context, prefix string) iter.Seq2[string, error]
	// Exists says whether there is an object. That it cannot be seen is an error, not an absence.
	Exists(ctx context.Context, key string) (bool, error)
	// Get opens an object for reading; the caller closes it. ErrNotFound: there is none.
	Get(ctx context.Context, key string) (io.ReadCloser, error)
	// Open is Get for those who want to know whether the content is what the storage says.
	Open(ctx context.Context, key string) (*Object, error)
	// Put stores all that it reads until the end, in a bounded piece of memory whatever the size. The
	// object appears whole, or not at all: when reading or sending fails, nothing is stored. An
	// object that is there is replaced.
	Put(ctx context.Context, key string, content io.Reader) error
	// Create stores a small object, and never replaces one: ErrExists. If an answer of the storage is
	// lost, ErrExists can be about what this very call has stored.
	Create(ctx context.Context, key string, content []byte) error
	// Delete removes an object; that there is none is no error.
	Delete(ctx context.Context, key string) error
	// Abandon removes what an interrupted Put of an object may have left, which is no object, but takes
	// up room. Storage that does not let that be looked for is left as it is.
	Abandon(ctx context.Context, key string) error
	// PresignGet returns an address from which an object can be read, without credentials, for as
	// long as is said. Whether there is one is not looked at.
	PresignGet(ctx context.Context, key string, lifetime time.Duration) (string, error)

	// Close gives up the connections that the store holds.
	Close()
}

var (
	// ErrNotFound says that there is no object of that key.
	ErrNotFound = errors.New("there is no such object")
	// ErrExists says that there is an object of that key, which was left as it is.
	ErrExists = errors.New("there is such an object already")
)

// ReadAll returns what is in a small object. ErrNotFound: there is none.
func ReadAll(ctx context.Context, store Store, key string) ([]byte, error) {
	body, err := store.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	defer func() { _ = body.Close() }()
	content, err := bounded.ReadAll(body, bounded.Document)
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", key, err)
	}
	return content, nil
}
