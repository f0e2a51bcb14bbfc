package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sort"
	"sync/atomic"
)

const (
	// firstBlock and maxBlock bound the blocks in which memory is taken while content arrives. Each is as large as all
	// before it, so that never much more is taken than really came.
	firstBlock = 64 << 10
	maxBlock   = 1 << 20
	// objectOverhead is what an object or a part takes besides its content, roughly.
	objectOverhead = 512
)

// memory keeps content in memory, up to a limit.
type memory struct {
	limit int64 // zero for none
	used  atomic.Int64
}

var (
	_ blobs       = (*memory)(nil)
	_ RangeWriter = (*memoryBlob)(nil)
)

// take takes memory, or refuses when there is too little left.
func (m *memory) take(n int64) error {
	if used := m.used.Add(n); m.limit > 0 && used > m.limit {
		m.used.Add(-n)
		return ErrFull
	}
	return nil
}

func (m *memory) write(r io.Reader, size int64) (blob, int64, error) {
	if err := m.take(objectOverhead); err != nil {
		return nil, 0, err
	}
	out := &memoryBlob{memory: m}
	out.spans = out.only[:0]
	for {
		total := out.size()
		left := max(size-total, bytes.MinRead)
		switch {
		case total > size: // there was no hint, or a wrong one
			left = max(total, bytes.MinRead)
		case total == size && size > 0: // nothing but the end should come
			left = 1
		}
		n, ended, err := out.read(r, min(left, max(total, firstBlock), maxBlock))
		if err != nil {
			return nil, 0, errors.Join(err, out.remove())
		}
		if ended {
			return out, total + n, nil
		}
	}
}

// join shares the parts' memory instead of copying it.
func (m *memory) join(parts []blob, also io.Writer) (blob, int64, error) {
	if err := m.take(objectOverhead); err != nil {
		return nil, 0, err
	}
	out := &memoryBlob{memory: m}
	for _, p := range parts {
		from, inMemory := p.(*memoryBlob)
		if !inMemory {
			return nil, 0, errors.Join(fmt.Errorf("joining parts: a part is a %T", p), out.remove())
		}
		for _, s := range from.spans {
			if s.uses.Add(1) == 1 {
				s.uses.Add(-1)
				return nil, 0, errors.Join(fmt.Errorf("joining parts: %w", fs.ErrNotExist), out.remove())
			}
			out.spans = append(out.spans, span{out.size(), s.block})
			if _, err := also.Write(s.data); err != nil {
				return nil, 0, errors.Join(err, out.remove())
			}
		}
	}
	return out, out.size(), nil
}

// memoryBlob is content in memory, as spans one after the other.
type memoryBlob struct {
	memory *memory
	spans  []span
	// only and first are the memory for the spans of a blob of one block, which most are.
	only  [1]span
	first block
}

type span struct {
	start int64
	*block
}

// block is memory that is used by one blob, or by more when parts were joined.
type block struct {
	data []byte
	uses atomic.Int32
}

// read adds up to n bytes, and says whether the reader has ended.
func (m *memoryBlob) read(r io.Reader, n int64) (read int64, ended bool, err error) {
	if err := m.memory.take(n); err != nil {
		return 0, false, err
	}
	data := make([]byte, n)
	filled, ended, err := fill(r, data)
	if filled < len(data) { // the reader ended, before its announced size or without one
		m.memory.used.Add(int64(filled) - n)
		data = bytes.Clone(data[:filled])
	}
	if filled > 0 {
		b := &m.first
		if len(m.spans) > 0 {
			b = &block{}
		}
		b.data = data
		b.uses.Store(1)
		m.spans = append(m.spans, span{m.size(), b})
	}
	if err != nil {
		return 0, false, fmt.Errorf("receiving content: %w", err)
	}
	return int64(filled), ended, nil
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

func (m *memoryBlob) size() int64 {
	if len(m.spans) == 0 {
		return 0
	}
	last := m.spans[len(m.spans)-1]
	return last.start + int64(len(last.data))
}

func (m *memoryBlob) name() string           { return "" }
func (m *memoryBlob) open() (Content, error) { return m, nil }

func (m *memoryBlob) remove() error {
	freed := int64(objectOverhead)
	for _, s := range m.spans {
		if s.uses.Add(-1) == 0 {
			freed += int64(len(s.data))
		}
	}
	m.memory.used.Add(-freed)
	return nil
}

// Close has nothing to release.
func (m *memoryBlob) Close() error { return nil }

// ReadAt reads across spans.
func (m *memoryBlob) ReadAt(p []byte, offset int64) (int, error) {
	read := 0
	for _, s := range m.from(offset) {
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

// from returns the spans that hold what is at an offset and after it.
func (m *memoryBlob) from(offset int64) []span {
	return m.spans[sort.Search(len(m.spans), func(i int) bool { s := m.spans[i]; return s.start+int64(len(s.data)) > offset }):]
}

// WriteRange writes a part of the content from where it lies, in pieces of a bounded size.
func (m *memoryBlob) WriteRange(w io.Writer, offset, length int64, piece int) (int64, error) {
	written := int64(0)
	for _, s := range m.from(offset) {
		if written == length {
			break
		}
		data := s.data[offset+written-s.start:]
		for len(data) > 0 && written < length {
			n, err := w.Write(data[:min(int64(len(data)), length-written, int64(piece))])
			written += int64(n)
			if err != nil {
				return written, err
			}
			data = data[n:]
		}
	}
	return written, nil
}

// noJournal is the journal of a store in memory.
type noJournal struct{}

func (noJournal) putBucket(BucketInfo, Settings) error        { return nil }
func (noJournal) deleteBucket(BucketInfo) error               { return nil }
func (noJournal) putObject(BucketInfo, *Object, string) error { return nil }
func (noJournal) deleteObject(BucketInfo, *Object) error      { return nil }
func (noJournal) putUpload(BucketInfo, *upload) error         { return nil }
func (noJournal) putPart(BucketInfo, string, part) error      { return nil }
func (noJournal) deleteUpload(BucketInfo, string) error       { return nil }
func (noJournal) replace(map[bucketID]*Bucket) error          { return nil }
func (noJournal) close() error                                { return nil }
