package backups

import (
	"archive/tar"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/velero-locations/velero-locations/internal/bounded"
)

// Object names an object of a tarball. Namespace is empty for those that have none.
type Object struct {
	Resource        schema.GroupResource
	Namespace, Name string
}

// String is resource/namespace/name, or resource/name.
func (o Object) String() string {
	if o.Namespace == "" {
		return o.Resource.String() + "/" + o.Name
	}
	return o.Resource.String() + "/" + o.Namespace + "/" + o.Name
}

// Unpacked are the objects of a tarball, in the version that the API preferred when they were backed up. They lie in a file without
// a name, so that nothing of it is left whatever ends the process; what is in memory is where each of them is. Objects can be read
// by several goroutines at once.
type Unpacked struct {
	file  *os.File
	where map[Object]span
}

// unpackedLimit is the most that a tarball is unpacked to: more than Kubernetes lets a cluster hold.
const unpackedLimit = 64 << 30

// span is where in the file an object is.
type span struct {
	offset int64
	length int
}

// Unpack unpacks the tarball of a backup into a folder for temporary files. False: there is none. Content that is no tarball, or
// has been cut off, is an error that wraps ErrMalformed. The caller closes it.
func (s *Store) Unpack(ctx context.Context, name, folder string) (contents *Unpacked, found bool, err error) {
	found, err = s.read(ctx, Contents, name, func(tarball io.Reader) (err error) {
		contents, err = Unpack(tarball, folder)
		return err
	})
	return contents, found, err
}

// Unpack is Store.Unpack for a tarball that is at hand.
func Unpack(tarball io.Reader, folder string) (*Unpacked, error) {
	file, err := os.CreateTemp(folder, "velero-locations-restore-")
	if err != nil {
		return nil, fmt.Errorf("making a file for what is in the backup: %w", err)
	}
	u := &Unpacked{file: file, where: map[Object]span{}}
	if err := errors.Join(os.Remove(file.Name()), u.unpack(tarball)); err != nil {
		return nil, errors.Join(err, u.Close())
	}
	return u, nil
}

// Close gives the file's space back.
func (u *Unpacked) Close() error {
	if err := u.file.Close(); err != nil {
		return fmt.Errorf("closing the file of what is in the backup: %w", err)
	}
	return nil
}

func (u *Unpacked) unpack(tarball io.Reader) error {
	plain, err := newPlain(tarball)
	if err != nil {
		return fmt.Errorf("decompressing the tarball: %w", err)
	}
	entries, end := tar.NewReader(bounded.NewReader(plain, unpackedLimit)), int64(0)
	for {
		header, err := entries.Next()
		switch {
		case errors.Is(err, io.EOF):
			// What is behind the end of the tar has the checksum of all.
			if _, err := io.Copy(io.Discard, plain); err != nil {
				return fmt.Errorf("reading the tarball to its end: %w", err)
			}
			return nil
		case err != nil:
			return fmt.Errorf("reading the tarball: %w", err)
		}
		object, is := parsePath(header.Name)
		if !is || header.Typeflag != tar.TypeReg {
			continue
		}
		length, err := io.Copy(u.file, bounded.NewReader(entries, bounded.Document))
		if err != nil {
			return fmt.Errorf("unpacking %s: %w", header.Name, err)
		}
		u.where[object] = span{offset: end, length: int(length)}
		end += length
	}
}

// parsePath returns which object an entry is. False: it is none, or one in a version of several: the entry without a version is
// what restores begin with.
func parsePath(path string) (Object, bool) {
	object, version, is := parseEntry(path)
	return object, is && version == ""
}

// parseEntry returns which object an entry is, and in which folder of its resource's versions. False: it is none.
func parseEntry(path string) (object Object, version string, is bool) {
	parts := strings.Split(path, "/") // resources/RESOURCE[/VERSION]/cluster/NAME.json, or namespaces/NAMESPACE/NAME.json
	name, isJSON := strings.CutSuffix(parts[len(parts)-1], ".json")
	const shortest = 4
	if !isJSON || len(parts) < shortest || parts[0] != "resources" || slices.Contains(parts, "") {
		return Object{}, "", false
	}
	object = Object{Resource: schema.ParseGroupResource(parts[1]), Name: name}
	where := parts[2 : len(parts)-1]
	if where[0] != "cluster" && where[0] != "namespaces" {
		version, where = where[0], where[1:]
	}
	switch {
	case len(where) == 1 && where[0] == "cluster":
		return object, version, true
	case len(where) == 2 && where[0] == "namespaces":
		object.Namespace = where[1]
		return object, version, true
	}
	return Object{}, "", false
}

// Has says whether an object is there.
func (u *Unpacked) Has(object Object) bool {
	_, found := u.where[object]
	return found
}

// Read returns the JSON of an object that is there.
func (u *Unpacked) Read(object Object) ([]byte, error) {
	at := u.where[object]
	content := make([]byte, at.length)
	if _, err := u.file.ReadAt(content, at.offset); err != nil {
		return nil, fmt.Errorf("reading %s of what is in the backup: %w", object, err)
	}
	return content, nil
}

// Objects are all of them by resource, each list in the order of namespaces and names.
func (u *Unpacked) Objects() map[schema.GroupResource][]Object {
	all := map[schema.GroupResource][]Object{}
	for _, object := range slices.SortedFunc(maps.Keys(u.where), compareObjects) {
		all[object.Resource] = append(all[object.Resource], object)
	}
	return all
}

func compareObjects(a, b Object) int {
	return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
}
