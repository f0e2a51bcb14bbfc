package store

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
)

// The name of a content on disk ends in its CRC-32C, which a processor computes at the speed of its memory: what is read whole is
// checked against it. A content without one was written by an earlier version, and only Check looks at it, against its ETag.

// ErrDamaged says that a content is not what was written.
var ErrDamaged = errors.New("the content on disk is not what was written")

// checkedFirst is the size up to which a content is checked before its first byte goes out, so that a reader gets an error for it.
// What is larger would be read twice; its readers get all but the last piece, and a connection that breaks off.
const checkedFirst = 128 << 10

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func withSum(name string, sum uint32) string { return fmt.Sprintf("%s.%08x", name, sum) }

// sumOf returns the checksum in a name.
func sumOf(name string) (sum uint32, found bool) {
	_, text, found := strings.Cut(name, ".")
	if !found {
		return 0, false
	}
	n, err := strconv.ParseUint(text, 16, 32)
	return uint32(n), err == nil
}

// summed is a content with the checksum that it was written with.
type summed interface {
	sum() (sum uint32, found bool)
}

// fileContent is a file with content that is open.
type fileContent struct {
	*os.File
	name string
}

func (f fileContent) sum() (uint32, bool) { return sumOf(f.name) }

// Whole reads all of a content of a size, or to its end where that is negative. Where it is not what was written, ErrDamaged comes
// in place of the last piece.
func Whole(content Content, size int64) io.Reader {
	r := &whole{content: content, left: size}
	if size < 0 {
		r.left, r.open = math.MaxInt64, true
	}
	if s, is := content.(summed); is {
		r.want, r.check = s.sum()
	}
	return r
}

type whole struct {
	content   Content
	at, left  int64
	open      bool // the content ends where it ends
	sum, want uint32
	check     bool
}

// Read returns the next piece.
func (r *whole) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n, err := r.content.ReadAt(p[:min(int64(len(p)), r.left)], r.at)
	r.at, r.left = r.at+int64(n), r.left-int64(n)
	if r.check {
		r.sum = crc32.Update(r.sum, castagnoli, p[:n])
	}
	switch ended := errors.Is(err, io.EOF); {
	case err != nil && !ended:
		return n, err
	case ended && r.left > 0 && !r.open:
		return 0, fmt.Errorf("%w: it is cut to %d bytes", ErrDamaged, r.at)
	case r.left > 0 && !ended:
		return n, nil
	case r.check && r.sum != r.want:
		return 0, fmt.Errorf("%w: its checksum is %08x, not %08x", ErrDamaged, r.sum, r.want)
	}
	r.left = 0
	return n, nil
}

// check reads a content and says whether it is what was written.
func check(content Content, size int64) error {
	_, err := io.Copy(io.Discard, Whole(content, size))
	return err
}
