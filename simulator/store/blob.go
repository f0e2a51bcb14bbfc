package store

import (
	"bytes"
	"fmt"
	"io"
)

// blobs keep the content of objects and of parts.
type blobs interface {
	// write stores what it reads up to io.EOF. size is a hint that a client gave, and may be a lie.
	write(r io.Reader, size int64) (blob, int64, error)
}

// blob is one stored content.
type blob interface {
	// name finds the blob again after a restart; empty in memory.
	name() string
	open() (Content, error)
	// remove forgets the content; whoever has it open can read on.
	remove() error
}

// blockSize is the unit in which memory is taken while content arrives: never much more than what really came.
const blockSize = 1 << 20

type memoryBlobs struct{}

func (memoryBlobs) write(r io.Reader, size int64) (blob, int64, error) {
	var blocks memoryBlob
	var total int64
	for {
		block := make([]byte, min(max(size-total, bytes.MinRead), blockSize))
		n, ended, err := fill(r, block)
		if n > 0 {
			blocks = append(blocks, span{start: total, data: block[:n:n]})
			total += int64(n)
		}
		if err != nil {
			return nil, 0, fmt.Errorf("receiving content: %w", err)
		}
		if ended {
			return blocks, total, nil
		}
	}
}

// fill reads until the block is full or the reader ends. Unlike io.ReadFull it never turns the reader's own
// io.ErrUnexpectedEOF, a truncated body, into the same error as a short last block.
func fill(r io.Reader, block []byte) (n int, ended bool, err error) {
	for n < len(block) {
		read, err := r.Read(block[n:])
		n += read
		if err == io.EOF {
			return n, true, nil
		}
		if err != nil {
			return n, false, err
		}
	}
	return n, false, nil
}

// memoryBlob is content in memory, as spans one after the other.
type memoryBlob []span

type span struct {
	start int64
	data  []byte
}

func (m memoryBlob) name() string           { return "" }
func (m memoryBlob) open() (Content, error) { return m, nil }
func (m memoryBlob) remove() error          { return nil }

// Close has nothing to release.
func (m memoryBlob) Close() error { return nil }

// ReadAt reads across spans.
func (m memoryBlob) ReadAt(p []byte, offset int64) (int, error) {
	read := 0
	for _, s := range m[m.find(offset):] {
		if read == len(p) {
			return read, nil
		}
		n := copy(p[read:], s.data[offset-s.start:])
		read += n
		offset += int64(n)
	}
	if read < len(p) {
		return read, io.EOF
	}
	return read, nil
}

// find returns the index of the span that holds the offset.
func (m memoryBlob) find(offset int64) int {
	low, high := 0, len(m)
	for low < high {
		middle := (low + high) / 2
		if s := m[middle]; s.start+int64(len(s.data)) > offset {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low
}

// noJournal is the journal of a store in memory.
type noJournal struct{}

func (noJournal) createBucket(BucketInfo) error         { return nil }
func (noJournal) deleteBucket(BucketInfo) error         { return nil }
func (noJournal) putObject(BucketInfo, *Object) error   { return nil }
func (noJournal) deleteObject(BucketInfo, string) error { return nil }
func (noJournal) close() error                          { return nil }
