// Package bounded reads what others have written: files that users name, answers of peers, objects in storage. Whatever has no end, or
// inflates to more than fits into memory, is an error that names the bound.
package bounded

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
)

const (
	// Document is the most that is read of a file that a user names, of an object of an API, or of an answer of a peer.
	Document = 16 << 20
	// List is the most that is read of a list of what may be many.
	List = 64 << 20
	// Archive is the most of a file that is copied, or read piece by piece: a snapshot of a database, or the objects of a cluster.
	Archive = 64 << 30
)

// Error says that there is more than is read.
type Error struct {
	// Limit in bytes.
	Limit int64
}

// Error names the bound.
func (e *Error) Error() string {
	if whole := e.Limit >> 20; whole<<20 == e.Limit {
		return fmt.Sprintf("larger than %d MiB, which is the most that is read of it", whole)
	}
	return fmt.Sprintf("larger than %d bytes, which is the most that is read of it", e.Limit)
}

// Reader reads up to a limit. Beyond it there is an *Error, so that what was cut is not taken for what is whole.
type Reader struct {
	from        io.Reader
	limit, left int64
}

// NewReader returns a reader of at most so many bytes.
func NewReader(from io.Reader, limit int64) *Reader {
	return &Reader{from: from, limit: limit, left: limit}
}

// Renew lets as much be read again, for streams of which each document has the limit.
func (r *Reader) Renew() { r.left = r.limit }

// Read implements io.Reader.
func (r *Reader) Read(p []byte) (int, error) {
	if r.left < 0 {
		return 0, &Error{r.limit}
	}
	if int64(len(p)) > r.left+1 {
		p = p[:r.left+1]
	}
	n, err := r.from.Read(p)
	if r.left -= int64(n); r.left < 0 {
		return n - 1, &Error{r.limit}
	}
	return n, err // io.EOF must stay what it is
}

// ReadAll reads everything, if it is not more than the limit.
func ReadAll(from io.Reader, limit int64) ([]byte, error) { return io.ReadAll(NewReader(from, limit)) }

// ReadInput reads what is given to a program, until the context ends: whoever is asked to type may never do so.
func ReadInput(ctx context.Context, from io.Reader, limit int64) ([]byte, error) {
	return until(ctx, func() ([]byte, error) { return ReadAll(from, limit) })
}

// ReadFile reads a file that a user names, until the context ends: there is no end of a device, nor of waiting for whoever writes to a
// named pipe.
func ReadFile(ctx context.Context, path string) ([]byte, error) {
	data, err := until(ctx, func() ([]byte, error) { return readFile(path) })
	if ctx.Err() != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return data, err
}

// until returns when the context ends, though a read does not: nothing interrupts that but the end of the process.
func until(ctx context.Context, read func() ([]byte, error)) ([]byte, error) {
	type content struct {
		data []byte
		err  error
	}
	done := make(chan content, 1)
	go func() {
		data, err := read()
		done <- content{data, err}
	}()
	select {
	case got := <-done:
		return got.data, got.err
	case <-ctx.Done():
		return nil, fmt.Errorf("interrupted while it was read: %w", context.Cause(ctx))
	}
}

func readFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err // which names the file
	}
	defer func() { _ = file.Close() }() // it was only read
	data, err := ReadAll(file, Document)
	if tooLarge, ok := err.(*Error); ok { //nolint:errorlint // as it was made
		return nil, fmt.Errorf("%s is %w", path, tooLarge)
	}
	return data, err
}

// Check refuses files that a library is to read, more than once and whole, if that would have no end. Whether there are any is for the
// library to say.
func Check(paths ...string) error {
	for _, path := range paths {
		if err := check(path); err != nil {
			return err
		}
	}
	return nil
}

func check(path string) error {
	info, err := os.Stat(path)
	if err != nil || info.IsDir() || path == os.DevNull {
		return nil //nolint:nilerr // the library says so
	}
	return regular(path, info, Document)
}

// Open opens a file that a user names and that is read more than once: a regular one, of at most the limit. A pipe is not waited for.
func Open(path string, limit int64) (*os.File, error) {
	info, err := os.Stat(path)
	if err == nil {
		err = regular(path, info, limit)
	}
	if err != nil {
		return nil, err // which names the file
	}
	return os.Open(path)
}

func regular(path string, info fs.FileInfo, limit int64) error {
	switch {
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is %s: name a regular file, since it is read more than once", path, kind(info.Mode()))
	case info.Size() > limit:
		return fmt.Errorf("%s is %w", path, &Error{limit})
	}
	return nil
}

func kind(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a directory"
	case mode&fs.ModeNamedPipe != 0:
		return "a pipe"
	case mode&fs.ModeDevice != 0:
		return "a device"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	}
	return "no file"
}
