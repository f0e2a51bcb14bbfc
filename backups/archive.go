package backups

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"path"
	"time"

	"github.com/klauspost/pgzip"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Item says what an object of the tarball is.
type Item struct {
	// Resource as it was read from the API.
	Resource schema.GroupVersionResource
	// Kind of the object.
	Kind string
	// Preferred says that the version is the one that the API prefers: where a restore looks first.
	Preferred bool
	// Namespace of the object. Empty: it has none.
	Namespace string
	// Name of the object.
	Name string
}

// Archive writes the tarball of a backup: gzip's compression of a tar with one JSON file an object. It compresses beside whoever adds
// objects, and holds back some blocks, no more.
type Archive struct {
	gzip *pgzip.Writer
	tar  *tar.Writer
	now  time.Time
}

// What is compressed at a time, and how many of that.
const (
	blockSize = 256 << 10
	blocks    = 4
)

// NewArchive begins a tarball. Now becomes the time of its entries. It has to be closed, also when it came to nothing.
func NewArchive(w io.Writer, now time.Time) (*Archive, error) {
	compressed := pgzip.NewWriter(w)
	if err := compressed.SetConcurrency(blockSize, blocks); err != nil {
		return nil, fmt.Errorf("compressing the tarball: %w", err)
	}
	a := &Archive{gzip: compressed, tar: tar.NewWriter(compressed), now: now}
	if err := a.add("metadata/version", []byte(FormatVersion+"\n")); err != nil {
		_ = a.Close()
		return nil, err
	}
	return a, nil
}

// preferredSuffix is behind the version that the API prefers, in paths.
const preferredSuffix = "-preferredversion"

// Add adds an object. Those of the preferred version get two entries, with and without the version
// in the path, as restores of older Velero know only the latter.
func (a *Archive) Add(item Item, object []byte) error {
	directory := path.Join("resources", item.Resource.GroupResource().String())
	scope := path.Join("cluster", item.Name+".json")
	if item.Namespace != "" {
		scope = path.Join("namespaces", item.Namespace, item.Name+".json")
	}
	if !item.Preferred {
		return a.add(path.Join(directory, item.Resource.Version, scope), object)
	}
	if err := a.add(path.Join(directory, scope), object); err != nil {
		return err
	}
	return a.add(path.Join(directory, item.Resource.Version+preferredSuffix, scope), object)
}

func (a *Archive) add(name string, content []byte) error {
	header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o755, Size: int64(len(content)), ModTime: a.now}
	if err := a.tar.WriteHeader(header); err != nil {
		return fmt.Errorf("adding %s to the tarball: %w", name, err)
	}
	if _, err := a.tar.Write(content); err != nil {
		return fmt.Errorf("adding %s to the tarball: %w", name, err)
	}
	return nil
}

// Close ends the tarball. Without it, what was written cannot be read.
func (a *Archive) Close() error {
	defer a.gzip.Reset(io.Discard) // ends what compresses, which its Close does not when w has failed (pgzip 1.3.0)
	if err := errors.Join(a.tar.Close(), a.gzip.Close()); err != nil {
		return fmt.Errorf("ending the tarball: %w", err)
	}
	return nil
}
