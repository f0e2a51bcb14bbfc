package backups

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/drivers/objectstore"
	"github.com/velero-locations/velero-locations/locations"
)

// ErrTaken says that a name belongs to another backup.
var ErrTaken = errors.New("a backup of that name already exists in object storage")

// Claim takes a name for a backup, under which nothing may be stored yet: ErrTaken. It creates the log, whose first line names
// the backup's UID by OwnerKey, on the condition that there is none (If-None-Match), so that of several who claim a name at
// once one gets it. After any other error the name may be claimed all the same: Claimed says so.
func (s *Store) Claim(ctx context.Context, name string, log []byte) error {
	for key, err := range s.objects.Keys(ctx, directory(s.place, name)) {
		if err != nil {
			return fmt.Errorf("looking whether there is such a backup: %w", err)
		}
		return fmt.Errorf("%w: %q is in the %s: give the backup another name", ErrTaken, key, s.place)
	}
	return s.create(ctx, Log, name, log)
}

// create creates a file, unless somebody else has. The storage cannot tell a request that is repeated because its
// answer was lost from that of somebody else, so the content of the file decides.
func (s *Store) create(ctx context.Context, file File, name string, content []byte) error {
	key := file.Key(s.place, name)
	err := s.objects.Create(ctx, key, content)
	if !errors.Is(err, objectstore.ErrExists) {
		return err
	}
	stored, readErr := objectstore.ReadAll(ctx, s.objects, key)
	if readErr != nil {
		return readErr
	}
	if !bytes.Equal(stored, content) {
		return fmt.Errorf("%w: somebody else is writing %q in the %s: give the backup another name", ErrTaken, key, s.place)
	}
	return nil
}

// Write writes a file of a backup, or of a restore, as JSON under gzip.
func (s *Store) Write(ctx context.Context, file File, name string, content any) error {
	data, err := Encode(content)
	if err != nil {
		return err
	}
	return s.objects.Put(ctx, file.Key(s.place, name), bytes.NewReader(data))
}

// WriteLog writes the log of a restore, which is compressed already.
func (s *Store) WriteLog(ctx context.Context, restore string, log []byte) error {
	return s.objects.Put(ctx, RestoreLog.Key(s.place, restore), bytes.NewReader(log))
}

// DeleteRestore deletes the files of a restore.
func (s *Store) DeleteRestore(ctx context.Context, name string) error {
	for key, err := range s.objects.Keys(ctx, restoreDirectory(s.place, name)) {
		if err == nil {
			err = s.objects.Delete(ctx, key)
		}
		if err != nil {
			return fmt.Errorf("deleting the restore's files: %w", err)
		}
	}
	return nil
}

// Stream writes a file of a backup while its content is made, of which only a piece is in memory at a time. If either fails,
// there is no file.
func (s *Store) Stream(ctx context.Context, file File, name string, produce func(io.Writer) error) error {
	reader, writer := io.Pipe()
	stored := make(chan error, 1)
	go func() {
		err := s.objects.Put(ctx, file.Key(s.place, name), reader)
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

// errStored is what a writer gets once nobody reads any more.
var errStored = errors.New("the object store does not take more")

// Publish writes the whole log of a backup that has claimed its name, and then creates its metadata, by which others see it.
// After an error they may see it all the same: Withdraw.
func (s *Store) Publish(ctx context.Context, backup *velerov1.Backup, log []byte) error {
	if err := s.objects.Put(ctx, Log.Key(s.place, backup.Name), bytes.NewReader(log)); err != nil {
		return fmt.Errorf("writing the log: %w", err)
	}
	content, err := json.MarshalIndent(backup, "", "    ")
	if err != nil {
		return fmt.Errorf("encoding the backup: %w", err)
	}
	if err := s.create(ctx, Metadata, backup.Name, content); err != nil {
		return fmt.Errorf("writing the backup's metadata: %w", err)
	}
	return nil
}

// Withdraw takes a backup out of the sight of others. Its files stay, and so does its claim.
func (s *Store) Withdraw(ctx context.Context, name string) error {
	if err := s.objects.Delete(ctx, Metadata.Key(s.place, name)); err != nil {
		return fmt.Errorf("taking back what was published: %w", err)
	}
	return nil
}

// Delete deletes the files of a backup, and what an interrupted upload of its contents has left. It is an error if anything is
// there afterwards, whatever the storage answered. Wherever it stops, it can be repeated: the metadata goes first, and the log
// last, when nothing else is left.
func (s *Store) Delete(ctx context.Context, name string) error {
	if err := s.deleteFiles(ctx, name); err != nil {
		return fmt.Errorf("deleting the backup's files: %w", err)
	}
	return nil
}

func (s *Store) deleteFiles(ctx context.Context, name string) error {
	if err := s.objects.Abandon(ctx, Contents.Key(s.place, name)); err != nil {
		return err
	}
	first, last := Metadata.Key(s.place, name), Log.Key(s.place, name)
	if err := s.objects.Delete(ctx, first); err != nil {
		return err
	}
	keys, err := s.keys(ctx, name, last)
	if err != nil {
		return err
	}
	for _, key := range keys {
		if err := s.objects.Delete(ctx, key); err != nil {
			return err
		}
	}
	if err := s.checkEmpty(ctx, name, last); err != nil {
		return err
	}
	if err := s.objects.Delete(ctx, last); err != nil {
		return err
	}
	return s.checkEmpty(ctx, name, "")
}

// keys lists what is stored under a name, but for one key.
func (s *Store) keys(ctx context.Context, name, but string) ([]string, error) {
	var keys []string
	for key, err := range s.objects.Keys(ctx, directory(s.place, name)) {
		if err != nil {
			return nil, err
		}
		if key != but {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// checkEmpty returns an error if anything but one key is stored under a name.
func (s *Store) checkEmpty(ctx context.Context, name, but string) error {
	left, err := s.keys(ctx, name, but)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		return fmt.Errorf("the storage still lists %s after they were deleted: find out what keeps them, or writes them again", locations.Enumerate(left))
	}
	return nil
}
