package store

import "io"

// blobs keep the content of objects and of parts.
type blobs interface {
	// write stores what it reads up to io.EOF. size is a hint that a client gave, which may be wrong.
	write(r io.Reader, size int64) (blob, int64, error)
	// join makes a content of several, which stay as they are, and writes it also to the writer.
	join(parts []blob, also io.Writer) (blob, int64, error)
}

// blob is one stored content.
type blob interface {
	// name finds the blob again after a restart; empty in memory.
	name() string
	open() (Content, error)
	// remove forgets the content; whoever has it open can read on.
	remove() error
}
