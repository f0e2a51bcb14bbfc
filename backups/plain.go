package backups

import (
	"bufio"
	"compress/gzip"
	"errors"
	"io"
)

// errBehind says that compressed content is whole, but is not all that there is.
var errBehind = errors.New("there is something after its end")

// plain decompresses a file, as gzip.Reader does, one member after the other; but what is no member, behind the last, is errBehind.
type plain struct {
	members *gzip.Reader
	from    *bufio.Reader
	behind  bool // there is something, which is no member
}

func newPlain(r io.Reader) (*plain, error) {
	from := bufio.NewReader(r)
	members, err := gzip.NewReader(from)
	if err != nil {
		return nil, err
	}
	members.Multistream(false)
	return &plain{members: members, from: from}, nil
}

// Read implements io.Reader.
func (p *plain) Read(b []byte) (int, error) {
	if p.behind {
		return 0, errBehind
	}
	n, err := p.members.Read(b)
	if !errors.Is(err, io.EOF) {
		return n, err // io.EOF must stay what it is
	}
	if _, err := p.from.Peek(1); err != nil {
		return n, err
	}
	if err := p.members.Reset(p.from); err != nil {
		p.behind = true
		return n, errBehind
	}
	p.members.Multistream(false)
	return n, nil
}
