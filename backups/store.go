package backups

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"time"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/drivers/objectstore"
	"github.com/velero-locations/velero-locations/internal/bounded"
	"github.com/velero-locations/velero-locations/locations"
)

// Store is the backups of one place in object storage. Everything that reads or writes backups does so through it. It keeps
// backups apart, and whole wherever their making or their deletion is interrupted:
//
//   - A name belongs to the backup whose log is created under it, which the storage lets only one of several do. The log names
//     that backup by its UID. It is written first and deleted last, so it is there for as long as anything else is.
//   - Others see a backup from the moment that its metadata is created, which happens last, until the metadata is deleted, which
//     happens first. So nobody sees half a backup.
//   - No backup overwrites what is another's: ErrTaken.
//   - What cannot be read to its end is an error: it is neither absent nor without an owner.
//
// Files are read and written as streams. How often a request is tried, and when a connection that stalls is given up, is up to
// the object store. Like that, a Store is for use by one goroutine at a time.
type Store struct {
	objects objectstore.Store
	place   locations.Place
}

// NewStore returns the backups of a place. It sends nothing yet. The object store is closed with it.
func NewStore(objects objectstore.Store, place locations.Place) *Store {
	return &Store{objects: objects, place: place}
}

// Close gives up the connections that the store holds.
func (s *Store) Close() { s.objects.Close() }

// Names lists, in order, the names under which there is anything, be it a backup or not.
func (s *Store) Names(ctx context.Context) ([]string, error) {
	directories, err := s.objects.CommonPrefixes(ctx, root(s.place))
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(directories))
	for _, directory := range directories {
		names = append(names, path.Base(directory))
	}
	return names, nil
}

// Exists says whether there is a backup of a name for others to see.
func (s *Store) Exists(ctx context.Context, name string) (bool, error) {
	return s.objects.Exists(ctx, Metadata.Key(s.place, name))
}

// Published returns a backup as its metadata has it; nil if there is none for others to see. Metadata that cannot be
// understood is an error that wraps ErrMalformed.
func (s *Store) Published(ctx context.Context, name string) (*velerov1.Backup, error) {
	backup := &velerov1.Backup{}
	found, err := s.read(ctx, Metadata, name, func(content io.Reader) error {
		return json.NewDecoder(bounded.NewReader(content, bounded.Document)).Decode(backup)
	})
	if err != nil || !found {
		return nil, err // absence is an answer
	}
	return backup, nil
}

// Snapshots returns the list of a backup's snapshots. False: there is no list, so that there may be snapshots all the same.
func (s *Store) Snapshots(ctx context.Context, name string) (list []Snapshot, found bool, err error) {
	found, err = s.Read(ctx, VolumeSnapshots, name, &list)
	return list, found, err
}

// Read reads a file that Write, or Velero, has written. False: there is none. Content that cannot be understood is an error
// that wraps ErrMalformed.
func (s *Store) Read(ctx context.Context, file File, name string, content any) (found bool, err error) {
	return s.read(ctx, file, name, func(stored io.Reader) error { return Decode(stored, content) })
}

// Address returns an address from which a file of a backup, or of a restore, can be read without credentials, for as long as
// is said. Whether the file is there is not looked at.
func (s *Store) Address(ctx context.Context, file File, name string, lifetime time.Duration) (string, error) {
	return s.objects.PresignGet(ctx, file.Key(s.place, name), lifetime)
}

// Claimed says whether a backup has claimed its name: whether the log says so.
func (s *Store) Claimed(ctx context.Context, backup *velerov1.Backup) (bool, error) {
	owner, err := s.owner(ctx, backup.Name)
	return err == nil && owner != "" && owner == string(backup.UID), err
}

// Owns says whether what is stored under the name of a recorded backup belongs to it: by the UID in the metadata or by how that
// backup went, and without metadata by the log. It does not belong to it if the backup failed because the name was taken, or
// never began: then it is of another cluster, or its record is gone. What says nothing of its owner, as Velero's logs do not,
// belongs to any backup that began.
func (s *Store) Owns(ctx context.Context, record *velerov1.Backup) (bool, error) {
	stored, err := s.Published(ctx, record.Name)
	switch {
	case err != nil && !errors.Is(err, ErrMalformed):
		return false, fmt.Errorf("finding out whose backup is in the bucket: %w", err)
	case stored != nil:
		return stored.UID == record.UID || sameRun(&stored.Status, &record.Status), nil
	}
	owner, err := s.owner(ctx, record.Name)
	if err != nil {
		return false, fmt.Errorf("finding out whose backup is in the bucket: %w", err)
	}
	begun := record.Status.StartTimestamp != nil
	return owner == "" && begun || owner == string(record.UID), nil
}

// sameRun recognizes the record of a backup that was found in a bucket, which has a UID of its own, by how that backup went.
// When it began is not enough: of one schedule in two clusters, a run begins in both at once, and the second finds the name
// taken.
func sameRun(stored, recorded *velerov1.BackupStatus) bool {
	return recorded.StartTimestamp != nil && stored.StartTimestamp.Equal(recorded.StartTimestamp) &&
		stored.CompletionTimestamp.Equal(recorded.CompletionTimestamp) && stored.FailureReason == recorded.FailureReason
}

// owner returns the UID of the backup that has claimed a name. Empty: none has, or the log does not say, or cannot be
// understood.
func (s *Store) owner(ctx context.Context, name string) (string, error) {
	var owner string
	_, err := s.read(ctx, Log, name, func(log io.Reader) (err error) {
		owner, err = logOwner(log)
		return err
	})
	if err != nil && !errors.Is(err, ErrMalformed) {
		return "", err
	}
	return owner, nil
}

// ErrMalformed says that a file was read whose content is not what belongs there.
var ErrMalformed = errors.New("the content is malformed")

// malformed is an ErrMalformed that says what is wrong.
type malformed struct{ error }

func (m malformed) Is(target error) bool { return target == ErrMalformed }
func (m malformed) Unwrap() error        { return m.error }

// read has a file decoded while it is read. False: there is none. If the content broke off, that is the error, whatever decode
// makes of it; anything else that decode does not understand is malformed.
func (s *Store) read(ctx context.Context, file File, name string, decode func(io.Reader) error) (found bool, err error) {
	key := file.Key(s.place, name)
	content, err := s.objects.Get(ctx, key)
	switch {
	case errors.Is(err, objectstore.ErrNotFound):
		return false, nil
	case err != nil:
		return false, err
	}
	defer func() { _ = content.Close() }()
	watched := &watchedReader{Reader: content}
	err = decode(watched)
	switch {
	case err == nil:
		return true, nil
	case watched.err != nil:
		return false, fmt.Errorf("reading %q: %w", key, watched.err)
	}
	return false, fmt.Errorf("reading %q: %w", key, malformed{err})
}

// watchedReader remembers why it could not be read to the end.
type watchedReader struct {
	io.Reader

	err error
}

func (w *watchedReader) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err // io.EOF must stay what it is
}
