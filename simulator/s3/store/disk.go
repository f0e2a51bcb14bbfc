package store

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
	bolt "go.etcd.io/bbolt"

	"github.com/velero-locations/velero-locations/internal/boltfile"
	"github.com/velero-locations/velero-locations/internal/datadir"
)

// disk keeps the state in a directory: an index in bbolt with all small content, and a file for each larger content. A
// file is complete and on disk before the index names it, and is removed after the index forgot it, so that a crash at
// any time leaves at most files that nothing names; they are removed at the next start.
type disk struct {
	dir  string
	lock *flock.Flock
	db   *bolt.DB
	// commits makes all changes of the index.
	commits *commits
}

var (
	_ journal = (*disk)(nil)
	_ blobs   = (*disk)(nil)

	bucketsTable  = []byte("buckets")
	versionsTable = []byte("versions")
	uploadsTable  = []byte("uploads")
	tables        = [][]byte{bucketsTable, versionsTable, uploadsTable, contentsTable}
)

// IndexFile and LockFile are the names of the index in the directory, and of the file that is locked by who has it open.
const (
	IndexFile = "index.db"
	LockFile  = "lock"
)

func openDisk(dir string) (*disk, error) {
	d := &disk{dir: dir}
	if err := datadir.Make(dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(d.blobDir(), 0o700); err != nil {
		return nil, fmt.Errorf("making the directory of contents: %w", err)
	}
	d.lock = flock.New(filepath.Join(dir, LockFile))
	locked, err := d.lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("locking data directory %s: %w", dir, err)
	}
	if !locked {
		return nil, fmt.Errorf("data directory %s is in use by another simulator", dir)
	}
	if d.db, err = d.openIndex(); err != nil {
		return nil, errors.Join(err, d.lock.Unlock())
	}
	d.commits = newCommits(d.db)
	return d, nil
}

// openIndex opens the index, or makes one where nothing is. Contents without an index are those of one that was lost: a new one
// would have all of them removed.
func (d *disk) openIndex() (*bolt.DB, error) {
	_, err := os.Lstat(d.indexPath())
	if !errors.Is(err, fs.ErrNotExist) {
		return boltfile.Open(d.indexPath())
	}
	contents, err := os.ReadDir(d.blobDir())
	if err != nil {
		return nil, fmt.Errorf("looking for content: %w", err)
	}
	if len(contents) > 0 {
		return nil, &boltfile.Damage{Path: d.indexPath(), Wrong: fmt.Sprintf("it is missing, and there are %d contents that it named", len(contents))}
	}
	return boltfile.Open(d.indexPath())
}

func (d *disk) indexPath() string { return filepath.Join(d.dir, IndexFile) }

func (d *disk) blobDir() string { return filepath.Join(d.dir, "content") }

func (d *disk) close() error {
	return errors.Join(d.db.Close(), d.lock.Close())
}

// orphans returns the contents that nothing names; and of those that are named how many are missing, which no crash explains.
func (d *disk) orphans(named map[string]bool) (orphans []string, missing int, err error) {
	entries, err := os.ReadDir(d.blobDir())
	if err != nil {
		return nil, 0, fmt.Errorf("looking for content that nothing names: %w", err)
	}
	for name := range named {
		if !isSmall(name) {
			missing++
		}
	}
	for _, entry := range entries {
		if named[entry.Name()] {
			missing--
		} else {
			orphans = append(orphans, entry.Name())
		}
	}
	return orphans, missing, nil
}

func (d *disk) write(r io.Reader, size int64) (blob, int64, error) {
	if size <= maxSmall {
		start, whole, err := readSmall(r, size)
		if err != nil {
			return nil, 0, fmt.Errorf("receiving content: %w", err)
		}
		if whole {
			return d.newSmallBlob(start), int64(len(start)), nil
		}
		r = io.MultiReader(bytes.NewReader(start), r)
	}
	return d.writeFile(r)
}

func (d *disk) writeFile(r io.Reader) (blob, int64, error) {
	out, err := os.CreateTemp(d.blobDir(), "")
	if err != nil {
		return nil, 0, fmt.Errorf("making a file for content: %w", err)
	}
	sum := crc32.New(castagnoli)
	n, err := io.Copy(out, io.TeeReader(r, sum))
	if err == nil {
		err = out.Sync()
	}
	err = errors.Join(err, out.Close())
	content := &fileBlob{d, filepath.Base(out.Name())}
	if err == nil {
		content.file = withSum(content.file, sum.Sum32())
		err = os.Rename(out.Name(), content.path())
	}
	if err == nil {
		err = d.syncNames()
	}
	if err != nil {
		return nil, 0, errors.Join(fmt.Errorf("receiving content: %w", err), content.remove(), (&fileBlob{d, filepath.Base(out.Name())}).remove())
	}
	return content, n, nil
}

// syncNames makes the names of new files durable.
func (d *disk) syncNames() error {
	dir, err := os.Open(d.blobDir())
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func (d *disk) join(parts []blob, also io.Writer) (blob, int64, error) {
	readers := make([]io.Reader, len(parts))
	for i, p := range parts {
		readers[i] = &lazyReader{content: p}
	}
	return d.write(io.TeeReader(io.MultiReader(readers...), also), 0)
}

// fileBlob is a file with content.
type fileBlob struct {
	disk *disk
	file string
}

func (f *fileBlob) path() string { return filepath.Join(f.disk.blobDir(), f.file) }
func (f *fileBlob) name() string { return f.file }

func (f *fileBlob) open() (Content, error) {
	file, err := os.Open(f.path())
	if err != nil {
		return nil, err
	}
	return fileContent{file, f.file}, nil
}

func (f *fileBlob) remove() error {
	if err := os.Remove(f.path()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing content: %w", err)
	}
	return nil
}

// lazyReader opens a content when it is first read and closes it at its end, so that one file is open at a time.
type lazyReader struct {
	content blob
	open    Content
	reader  io.Reader
}

// Read returns the content.
func (l *lazyReader) Read(p []byte) (int, error) {
	if l.open == nil {
		open, err := l.content.open()
		if err != nil {
			return 0, err
		}
		l.open, l.reader = open, Whole(open, -1)
	}
	n, err := l.reader.Read(p)
	if err != nil {
		if closeErr := l.open.Close(); closeErr != nil && errors.Is(err, io.EOF) {
			err = closeErr
		}
	}
	return n, err
}
