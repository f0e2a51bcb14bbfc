// Package archive writes and reads tar archives that end with a checksum of all that is in them, so that one that is cut short or was
// changed is not taken for whole. Any tar lists and unpacks them.
package archive

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/velero-locations/velero-locations/internal/bounded"
)

// end is the name of the last entry.
const end = "end.json"

// ending is what is in it.
type ending struct {
	Entries int    `json:"entries"`
	SHA256  string `json:"sha256"`
}

// tally counts entries and their checksum.
type tally struct {
	entries int
	sum     hash.Hash
}

func (t *tally) begin(name string, size int64) {
	t.entries++
	fmt.Fprintf(t.sum, "%q %d\n", name, size)
}

func (t *tally) ending() ending { return ending{t.entries, hex.EncodeToString(t.sum.Sum(nil))} }

// Writer writes an archive.
type Writer struct {
	tar *tar.Writer
	tally
}

// NewWriter returns a writer of an archive.
func NewWriter(w io.Writer) *Writer { return &Writer{tar.NewWriter(w), tally{sum: sha256.New()}} }

// Add adds an entry of a size.
func (w *Writer) Add(name string, content io.Reader, size int64) error {
	w.begin(name, size)
	return w.write(name, io.TeeReader(content, w.sum), size)
}

func (w *Writer) write(name string, content io.Reader, size int64) error {
	err := w.tar.WriteHeader(&tar.Header{Name: name, Size: size, Mode: 0o600, ModTime: time.Unix(0, 0), Typeflag: tar.TypeReg})
	if err == nil {
		_, err = io.CopyN(w.tar, content, size)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

// AddJSON adds an entry with a value.
func (w *Writer) AddJSON(name string, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encoding %s: %w", name, err)
	}
	return w.Add(name, bytes.NewReader(data), int64(len(data)))
}

// Close ends the archive. Without it, it is not whole.
func (w *Writer) Close() error {
	data, err := json.Marshal(w.ending())
	if err == nil {
		err = w.write(end, bytes.NewReader(data), int64(len(data)))
	}
	if err == nil {
		err = w.tar.Close()
	}
	return err
}

// ErrCut says that an archive is not whole.
var ErrCut = errors.New("the archive is cut short")

// Reader reads an archive.
type Reader struct {
	tar *tar.Reader
	tally
}

// NewReader returns a reader of an archive.
func NewReader(r io.Reader) *Reader { return &Reader{tar.NewReader(r), tally{sum: sha256.New()}} }

// Entry is an entry of an archive, whose content is to be read whole before the next one is asked for.
type Entry struct {
	Name    string
	Size    int64
	Content io.Reader
}

// Next returns the next entry. After the last one it is io.EOF, if the archive is whole and what was written.
func (r *Reader) Next() (Entry, error) {
	header, err := r.tar.Next()
	switch {
	case errors.Is(err, io.EOF) && r.entries > 0, errors.Is(err, io.ErrUnexpectedEOF):
		return Entry{}, ErrCut
	case errors.Is(err, io.EOF), errors.Is(err, tar.ErrHeader):
		return Entry{}, errors.New("it is no tar archive")
	case err != nil:
		return Entry{}, fmt.Errorf("reading the archive: %w", err)
	case header.Typeflag != tar.TypeReg:
		return Entry{}, fmt.Errorf("%q is no file", header.Name)
	case header.Name == end:
		return Entry{}, r.check()
	}
	r.begin(header.Name, header.Size)
	return Entry{header.Name, header.Size, &content{io.TeeReader(r.tar, r.sum)}}, nil
}

// check compares what was read with what the end says.
func (r *Reader) check() error {
	var want ending
	data, err := bounded.ReadAll(&content{r.tar}, bounded.Document)
	if err == nil {
		err = json.Unmarshal(data, &want)
	}
	switch {
	case err != nil:
		return fmt.Errorf("reading %s: %w", end, err)
	case want != r.ending():
		return errors.New("its checksum is not that of its content: it was changed, or is damaged")
	}
	return io.EOF
}

// content is that of an entry.
type content struct{ io.Reader }

// Read implements io.Reader.
func (c *content) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = ErrCut
	}
	return n, err
}

// Decode reads the JSON of an entry. A field that is not known is an error.
func (e Entry) Decode(into any) error {
	data, err := bounded.ReadAll(e.Content, bounded.List)
	if err != nil {
		return fmt.Errorf("%s: %w", e.Name, err)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("%s: %w", e.Name, err)
	}
	return nil
}
