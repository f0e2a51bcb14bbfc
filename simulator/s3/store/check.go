package store

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	bolt "go.etcd.io/bbolt"

	"github.com/velero-locations/velero-locations/internal/boltfile"
)

// Check looks for damage in the directory of a store that nobody has open, and tells of each. It changes nothing.
func Check(dir string, tell func(problem string)) {
	d := &disk{dir: dir}
	db, err := boltfile.OpenToRead(d.indexPath())
	if err != nil {
		tell(err.Error())
		return // nothing says what is to be there
	}
	d.db = db
	defer func() { _ = db.Close() }() // it was only read
	s := &Store{buckets: map[bucketID]*Bucket{}}
	named := map[string]bool{}
	if err := db.View(func(tx *bolt.Tx) error { return d.loadBuckets(tx, s, named) }); err != nil {
		tell(d.damaged(err).Error())
		return
	}
	for id, bucket := range s.buckets {
		bucket.objects().Ascend(func(e entry) bool {
			for o := e.latest; o != nil; o = o.older {
				if err := o.verify(); err != nil {
					tell(fmt.Sprintf("%s: object %q of bucket %s in %s, version %s: %s", d.pathOf(o.Blob), o.Key, id.name, id.region, o.Version, err))
				}
			}
			return true
		})
		for _, u := range bucket.uploads {
			for _, p := range u.parts {
				if err := verify(p.content, p.Size, nil, p.ETag); err != nil {
					tell(fmt.Sprintf("%s: part %d of an upload to %q of bucket %s in %s: %s", d.pathOf(p.content.name()), p.Number, u.Key, id.name, id.region, err))
				}
			}
		}
	}
	orphans, _, err := d.orphans(named)
	if err != nil && !os.IsNotExist(err) { // without any content there may be no directory
		tell(err.Error())
	}
	for _, name := range orphans {
		tell(filepath.Join(d.blobDir(), name) + ": nothing names this content: the next start removes it, unless contents are missing")
	}
}

// pathOf is the file that a content is in.
func (d *disk) pathOf(name string) string {
	if isSmall(name) {
		return d.indexPath()
	}
	return filepath.Join(d.blobDir(), name)
}

// verify reads the content of an object and compares it with all that is known of it.
func (o *Object) verify() error {
	if o.content == nil {
		return nil // a delete marker
	}
	return verify(o.content, o.Size, o.Parts, o.ETag)
}

// verify reads a content, and compares it with its checksum, its size and its ETag.
func verify(content blob, size int64, parts []ObjectPart, etag string) error {
	opened, err := content.open()
	if err != nil {
		return err
	}
	defer func() { _ = opened.Close() }() // it was only read
	r := Whole(opened, size)
	whole := md5.New()
	if len(parts) == 0 {
		_, err = io.Copy(whole, r)
	}
	for _, p := range parts {
		sum := md5.New()
		if _, err = io.CopyN(sum, r, p.Size); err != nil {
			break
		}
		_, _ = whole.Write(sum.Sum(nil)) // never fails
	}
	want, _, _ := strings.Cut(etag, "-")
	switch {
	case err != nil:
		return err
	case hex.EncodeToString(whole.Sum(nil)) != want:
		return fmt.Errorf("%w: its MD5 is not that of the ETag", ErrDamaged)
	}
	if n, _ := opened.ReadAt(make([]byte, 1), size); n > 0 {
		return fmt.Errorf("%w: it is longer than %d bytes", ErrDamaged, size)
	}
	return nil
}
