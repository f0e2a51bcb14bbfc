package boltfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"path/filepath"
)

// The layout of a file of bbolt: pages, each with a header; the first two are the metas, which are written in turns. Elements follow
// the header, and name keys and values by their distance from themselves.
const (
	headerSize  = 16
	elementSize = 16
	bucketSize  = 16
	metaSize    = 64
	metaSummed  = 56

	magic   = 0xED0CDAED
	version = 2
	maxPage = 1 << 20

	branchFlag   = 0x01
	leafFlag     = 0x02
	freelistFlag = 0x10
	bucketFlag   = 0x01 // of an element of a leaf

	noFreelist = ^uint64(0)
	manyFree   = 0xFFFF // the number is in the page
)

var native = binary.NativeEndian

// Check looks at the whole structure of a file, but for values, and says what is wrong with it. bbolt itself takes a file at its
// word: what is damaged ends the process, or is written over. Nobody may write to the file meanwhile.
func Check(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("opening %s: %w", path, err)
	}
	defer func() { _ = file.Close() }() // it was only read
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("looking at %s: %w", path, err)
	}
	if info.IsDir() {
		return &Damage{path, "it is a directory"}
	}
	if err := checkStructure(file, info.Size()); err != nil {
		return &Damage{path, err.Error()}
	}
	return nil
}

// Damage says what is wrong with a file.
type Damage struct{ Path, Wrong string }

// Error names the file, and says what is wrong with it and what to do.
func (d *Damage) Error() string {
	return fmt.Sprintf("%s is damaged (%s): restore a copy of %s, or move it away to start empty", d.Path, d.Wrong, filepath.Dir(d.Path))
}

// structure is a file that is looked at.
type structure struct {
	file     io.ReaderAt
	pageSize uint64
	pages    uint64 // that are in use, or were
	seen     []bool // pages that something refers to
}

type meta struct{ pageSize, root, freelist, pages, transaction uint64 }

func checkStructure(file io.ReaderAt, size int64) error {
	if size == 0 {
		return errors.New("it is empty")
	}
	first, err := readMeta(file, 0)
	if err != nil {
		return fmt.Errorf("its first page: %w", err)
	}
	last, err := readMeta(file, first.pageSize)
	if err != nil {
		return fmt.Errorf("its second page: %w", err)
	}
	if last.transaction < first.transaction {
		last = first
	}
	if need := last.pages * last.pageSize; last.pages > 1<<50 || uint64(size) < need {
		return fmt.Errorf("it has %d bytes of %d", size, need)
	}
	s := &structure{file: file, pageSize: last.pageSize, pages: last.pages, seen: make([]bool, last.pages)}
	s.seen[0], s.seen[1] = true, true
	if _, err := s.walk(last.root, nil); err != nil {
		return err
	}
	if last.freelist == noFreelist {
		return nil
	}
	if err := s.checkFreelist(last.freelist); err != nil {
		return err
	}
	for id, seen := range s.seen {
		if !seen {
			return fmt.Errorf("page %d is neither used nor free", id)
		}
	}
	return nil
}

func readMeta(file io.ReaderAt, at uint64) (meta, error) {
	raw := make([]byte, headerSize+metaSize)
	if _, err := file.ReadAt(raw, int64(at)); err != nil {
		return meta{}, fmt.Errorf("it cannot be read: %w", err)
	}
	raw = raw[headerSize:]
	sum := fnv.New64a()
	_, _ = sum.Write(raw[:metaSummed]) // never fails
	m := meta{
		pageSize: uint64(native.Uint32(raw[8:])), root: native.Uint64(raw[16:]), freelist: native.Uint64(raw[32:]),
		pages: native.Uint64(raw[40:]), transaction: native.Uint64(raw[48:]),
	}
	switch {
	case native.Uint32(raw) != magic || native.Uint32(raw[4:]) != version:
		return meta{}, errors.New("it is not one of bbolt's")
	case native.Uint64(raw[metaSummed:]) != sum.Sum64():
		return meta{}, errors.New("its checksum does not match")
	case m.pageSize < 1<<9 || m.pageSize > maxPage:
		return meta{}, fmt.Errorf("its size of pages is %d", m.pageSize)
	}
	return m, nil
}

// page is one page with those that it flows over into, or one inside a value.
type page struct {
	id           uint64
	flags, count uint16
	size         uint64
	at           int64
	file         io.ReaderAt
	head         []byte // the first of its bytes
}

// open reads a page that something refers to, which nothing else may.
func (s *structure) open(id uint64) (*page, error) {
	if id < 2 || id >= s.pages {
		return nil, fmt.Errorf("something refers to page %d of %d", id, s.pages)
	}
	p := &page{at: int64(id * s.pageSize), file: s.file, head: make([]byte, s.pageSize)}
	if _, err := s.file.ReadAt(p.head, p.at); err != nil {
		return nil, fmt.Errorf("page %d cannot be read: %w", id, err)
	}
	p.id, p.flags, p.count = native.Uint64(p.head), native.Uint16(p.head[8:]), native.Uint16(p.head[10:])
	length := 1 + uint64(native.Uint32(p.head[12:]))
	if p.id != id || length > s.pages-id {
		return nil, fmt.Errorf("page %d says that it is page %d, of %d", id, p.id, length)
	}
	p.size = length * s.pageSize
	for i := id; i < id+length; i++ {
		if s.seen[i] {
			return nil, fmt.Errorf("page %d is used twice", i)
		}
		s.seen[i] = true
	}
	return p, nil
}

// bytes returns a part of the page.
func (p *page) bytes(from, length uint64) ([]byte, error) {
	switch {
	case from > p.size || length > p.size-from:
		return nil, fmt.Errorf("page %d holds something that reaches beyond its end", p.id)
	case from+length <= uint64(len(p.head)):
		return p.head[from : from+length], nil
	}
	out := make([]byte, length)
	if _, err := p.file.ReadAt(out, p.at+int64(from)); err != nil {
		return nil, fmt.Errorf("page %d cannot be read: %w", p.id, err)
	}
	return out, nil
}

// walk looks at a page and at all below it. Keys ascend from the one before, which it returns anew.
func (s *structure) walk(id uint64, before []byte) ([]byte, error) {
	p, err := s.open(id)
	if err != nil {
		return nil, err
	}
	return s.elements(p, before)
}

func (s *structure) elements(p *page, before []byte) ([]byte, error) {
	if p.flags != branchFlag && p.flags != leafFlag {
		return nil, fmt.Errorf("page %d has no known kind (%#x)", p.id, p.flags)
	}
	data := headerSize + uint64(p.count)*elementSize // where the next key is
	if err := s.checkEmpty(p); err != nil {
		return nil, err
	}
	for i := range uint64(p.count) {
		at := headerSize + i*elementSize
		element, err := p.bytes(at, elementSize)
		if err != nil {
			return nil, err
		}
		leaf := p.flags == leafFlag
		position, keySize := uint64(native.Uint32(element)), uint64(native.Uint32(element[4:]))
		if leaf {
			position, keySize = uint64(native.Uint32(element[4:])), uint64(native.Uint32(element[8:]))
		}
		if at+position != data {
			return nil, fmt.Errorf("page %d has a gap before its entry %d: it lists fewer than it holds", p.id, i)
		}
		key, err := p.bytes(data, keySize)
		if err != nil {
			return nil, err
		}
		data += keySize
		// The first key of a page below is that which its branch has for it, or comes after.
		if order := bytes.Compare(before, key); before != nil && (order > 0 || order == 0 && leaf && i > 0) {
			return nil, fmt.Errorf("page %d has its keys out of order", p.id)
		}
		before = key
		if leaf {
			err = s.value(p, element, data)
			data += uint64(native.Uint32(element[12:]))
		} else {
			before, err = s.walk(native.Uint64(element[8:]), before)
		}
		if err != nil {
			return nil, err
		}
	}
	return before, nil
}

// checkEmpty finds entries behind the header of a page that says that it has none.
func (s *structure) checkEmpty(p *page) error {
	if p.count > 0 || p.size < headerSize+elementSize {
		return nil
	}
	behind, err := p.bytes(headerSize, elementSize)
	if err == nil && !bytes.Equal(behind, make([]byte, elementSize)) {
		err = fmt.Errorf("page %d holds entries, and lists none", p.id)
	}
	return err
}

// value looks at the value of an element of a leaf: whether it is there, and when it is a bucket, what that holds.
func (s *structure) value(p *page, element []byte, at uint64) error {
	size := uint64(native.Uint32(element[12:]))
	if at > p.size || size > p.size-at {
		return fmt.Errorf("page %d holds a value that reaches beyond its end", p.id)
	}
	if native.Uint32(element)&bucketFlag == 0 {
		return nil
	}
	bucket, err := p.bytes(at, size)
	if err != nil {
		return err
	}
	if size < bucketSize {
		return fmt.Errorf("page %d holds a table of %d bytes", p.id, size)
	}
	if root := native.Uint64(bucket); root != 0 {
		_, err := s.walk(root, nil)
		return err
	}
	inside := bucket[bucketSize:]
	if len(inside) < headerSize {
		return fmt.Errorf("page %d holds a table of %d bytes", p.id, size)
	}
	small := &page{id: p.id, flags: native.Uint16(inside[8:]), count: native.Uint16(inside[10:]), size: uint64(len(inside)), head: inside}
	if small.flags != leafFlag {
		return fmt.Errorf("page %d holds a table of no known kind", p.id)
	}
	_, err = s.elements(small, nil)
	return err
}

// checkFreelist marks the free pages as seen. One that is used would be written over.
func (s *structure) checkFreelist(id uint64) error {
	p, err := s.open(id)
	if err != nil {
		return fmt.Errorf("the list of free pages: %w", err)
	}
	if p.flags != freelistFlag {
		return fmt.Errorf("page %d is not the list of free pages", id)
	}
	at, count := uint64(headerSize), uint64(p.count)
	if count == manyFree {
		raw, err := p.bytes(at, 8)
		if err != nil {
			return err
		}
		at, count = at+8, native.Uint64(raw)
	}
	if count > s.pages {
		return fmt.Errorf("there are %d free pages of %d", count, s.pages)
	}
	raw, err := p.bytes(at, 8*count)
	if err != nil {
		return err
	}
	for i := range count {
		free := native.Uint64(raw[8*i:])
		if free < 2 || free >= s.pages || s.seen[free] {
			return fmt.Errorf("page %d is used and free", free)
		}
		s.seen[free] = true
	}
	return nil
}
