package backup

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/drivers/objectstore"
	"github.com/velero-locations/velero-locations/internal/backups"
	"github.com/velero-locations/velero-locations/locations"
)

// folder is where the files of one backup go.
//
// It belongs to the backup from the moment that its log is created in it, which the storage lets only one of several do,
// and it is a backup for others to see from the moment that its metadata is created, which happens last. So nothing is
// ever overwritten, and nothing is ever half there. erase.Files takes both back, in the opposite order.
type folder struct {
	store objectstore.Store
	place locations.Place
	name  string
	uid   string
	// announced says that the metadata may be there.
	announced bool
}

// errTaken says that the folder belongs to another backup.
var errTaken = errors.New("a backup of that name already exists in object storage")

// claim takes the folder. It must be empty.
func (f *folder) claim(ctx context.Context, record *record) error {
	for key, err := range f.store.Keys(ctx, backups.Directory(f.place, f.name)) {
		if err != nil {
			return fmt.Errorf("looking whether there is such a backup: %w", err)
		}
		return fmt.Errorf("%w: %q is in the %s: give the backup another name", errTaken, key, f.place)
	}
	record.info("Backup begins", backups.OwnerKey, f.uid)
	log, err := record.soFar()
	if err != nil {
		return err
	}
	return f.create(ctx, backups.Log, log)
}

// create creates a file, which nobody else may have done. The storage cannot tell the answer that a lost one is repeated
// with from that about another's file, so that the file itself decides.
func (f *folder) create(ctx context.Context, file backups.File, content []byte) error {
	err := f.store.Create(ctx, f.key(file), content)
	if !errors.Is(err, objectstore.ErrExists) {
		return err
	}
	stored, readErr := f.read(ctx, file)
	if readErr != nil {
		return readErr
	}
	if !bytes.Equal(stored, content) {
		return fmt.Errorf("%w: somebody else is writing %q in the %s: give the backup another name", errTaken, f.key(file), f.place)
	}
	return nil
}

// owned says whether the folder is that of the backup with our UID: whether its log says so.
func (f *folder) owned(ctx context.Context) (bool, error) {
	log, err := f.read(ctx, backups.Log)
	if errors.Is(err, objectstore.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	owner, err := backups.LogOwner(bytes.NewReader(log))
	return err == nil && owner == f.uid, nil
}

// published returns the backup as its metadata in the folder has it; nil: there is none.
func (f *folder) published(ctx context.Context) (*velerov1.Backup, error) {
	content, err := f.read(ctx, backups.Metadata)
	if errors.Is(err, objectstore.ErrNotFound) {
		return nil, nil // absence is an answer
	}
	if err != nil {
		return nil, err
	}
	backup := &velerov1.Backup{}
	if err := json.Unmarshal(content, backup); err != nil {
		return nil, fmt.Errorf("reading %q: %w", f.key(backups.Metadata), err)
	}
	return backup, nil
}

// publish writes the log to its end, and then the metadata, by which the backup comes to be.
func (f *folder) publish(ctx context.Context, record *record, final *velerov1.Backup) error {
	log, err := record.end()
	if err != nil {
		return err
	}
	if err := f.store.Put(ctx, f.key(backups.Log), bytes.NewReader(log)); err != nil {
		return fmt.Errorf("writing the log: %w", err)
	}
	content, err := json.MarshalIndent(final, "", "    ")
	if err != nil {
		return fmt.Errorf("encoding the backup: %w", err)
	}
	f.announced = true
	if err := f.create(ctx, backups.Metadata, content); err != nil {
		return fmt.Errorf("writing the backup's metadata: %w", err)
	}
	return nil
}

// write writes a file of JSON under gzip.
func (f *folder) write(ctx context.Context, file backups.File, content any) error {
	data, err := backups.Encode(content)
	if err != nil {
		return err
	}
	return f.store.Put(ctx, f.key(file), bytes.NewReader(data))
}

// stream writes a file while its content is made. If either fails, there is no file.
func (f *folder) stream(ctx context.Context, file backups.File, produce func(io.Writer) error) error {
	reader, writer := io.Pipe()
	stored := make(chan error, 1)
	go func() {
		err := f.store.Put(ctx, f.key(file), reader)
		_ = reader.CloseWithError(errStored) // always nil
		stored <- err
	}()
	err := produce(writer)
	_ = writer.CloseWithError(err) // always nil
	putErr := <-stored
	if err != nil && !errors.Is(err, errStored) {
		return err
	}
	return putErr
}

// errStored is what those meet who still write when nobody reads any more.
var errStored = errors.New("the object store does not take more")

// hide takes the backup away from the eyes of others.
func (f *folder) hide(ctx context.Context) error {
	if !f.announced {
		return nil
	}
	if err := f.store.Delete(ctx, f.key(backups.Metadata)); err != nil {
		return fmt.Errorf("taking back what was published: %w", err)
	}
	f.announced = false
	return nil
}

func (f *folder) key(file backups.File) string { return file.Key(f.place, f.name) }

func (f *folder) read(ctx context.Context, file backups.File) ([]byte, error) {
	return objectstore.ReadAll(ctx, f.store, f.key(file))
}
