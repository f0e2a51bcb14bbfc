package simulator

import (
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/velero-locations/velero-locations/simulator/control"
	"github.com/velero-locations/velero-locations/simulator/internal/archive"
	"github.com/velero-locations/velero-locations/simulator/s3"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// An archive of the state begins with an entry that says what it is. Then each part has one, and each bucket, version, upload and part
// of an upload: objects/NUMBER.json, followed by objects/NUMBER where it has content.
const (
	stateKind    = "SimulatorState"
	stateEntry   = "state.json"
	objectsEntry = "objects"
)

type stateHead struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
}

// SaveState writes the whole state but the journal as one archive: objects with their versions, buckets, uploads that are under way,
// volumes and snapshots, what became of access keys, faults and the clock. Secrets are in it. Requests wait meanwhile, as for a Reset.
func (s *Simulator) SaveState(w io.Writer) error {
	err := s.pipeline.Gate.Alone(func() error {
		out := archive.NewWriter(w)
		if err := out.AddJSON(stateEntry, stateHead{APIVersion, stateKind}); err != nil {
			return err
		}
		for _, part := range s.stateParts() {
			if err := out.AddJSON(part.name, part.save()); err != nil {
				return err
			}
		}
		if err := s.saveObjects(out); err != nil {
			return err
		}
		return out.Close()
	})
	if err != nil {
		return fmt.Errorf("saving the state: %w", err)
	}
	return nil
}

func (s *Simulator) saveObjects(out *archive.Writer) error {
	number := 0
	return s.store.Save(func(record store.Record, content io.Reader, size int64) error {
		number++
		name := path.Join(objectsEntry, fmt.Sprintf("%08d", number))
		if err := out.AddJSON(name+".json", record); err != nil || !record.HasContent() {
			return err
		}
		return out.Add(name, content, size)
	})
}

// LoadState puts the state of an archive in the place of all but the journal. One that is broken, is none, or is about accounts or
// regions that the configuration does not have, is refused, and nothing is changed. Sessions of roles end.
func (s *Simulator) LoadState(r io.Reader) error {
	s.whole.Lock()
	defer s.whole.Unlock()
	objects := s.store.Load()
	swaps, err := s.readState(archive.NewReader(r), objects)
	if err != nil {
		return errors.Join(fmt.Errorf("%w: %w", control.ErrInvalidState, err), objects.Discard())
	}
	swaps = append(swaps, swap{do: objects.Commit})
	err = s.pipeline.Gate.Alone(func() error { return doAll(swaps) })
	if err != nil {
		return errors.Join(fmt.Errorf("loading the state: %w", err), objects.Discard())
	}
	return nil
}

// doAll makes changes, or takes those back that were made before one that fails.
func doAll(swaps []swap) error {
	for i, change := range swaps {
		if err := change.do(); err != nil {
			problems := []error{err}
			for j := i - 1; j >= 0; j-- {
				problems = append(problems, swaps[j].undo())
			}
			return errors.Join(problems...)
		}
	}
	return nil
}

// readState reads and checks an archive to its end.
func (s *Simulator) readState(in *archive.Reader, objects *store.Loading) ([]swap, error) {
	var head stateHead
	entry, err := next(in, stateEntry)
	if err != nil {
		return nil, err
	}
	if err := entry.Decode(&head); err != nil {
		return nil, err
	}
	if head.APIVersion != APIVersion || head.Kind != stateKind {
		return nil, fmt.Errorf("its apiVersion and kind are %q and %q, expected %q and %q", head.APIVersion, head.Kind, APIVersion, stateKind)
	}
	var swaps []swap
	for _, part := range s.stateParts() {
		entry, err := next(in, part.name)
		if err != nil {
			return nil, err
		}
		change, err := part.read(entry)
		if err != nil {
			return nil, err
		}
		swaps = append(swaps, change)
	}
	if err := s.readObjects(in, objects); err != nil {
		return nil, err
	}
	return swaps, objects.Check()
}

func next(in *archive.Reader, name string) (archive.Entry, error) {
	entry, err := in.Next()
	if err == nil && entry.Name != name || errors.Is(err, io.EOF) {
		err = fmt.Errorf("it is not the state of a simulator: %s is not where it is to be", name)
	}
	return entry, err
}

func (s *Simulator) readObjects(in *archive.Reader, objects *store.Loading) error {
	for {
		entry, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var record store.Record
		if err := entry.Decode(&record); err != nil {
			return err
		}
		if err := s.checkBucket(record); err != nil {
			return fmt.Errorf("%s: %w", entry.Name, err)
		}
		var content archive.Entry
		if record.HasContent() {
			if content, err = next(in, strings.TrimSuffix(entry.Name, ".json")); err != nil {
				return err
			}
		}
		if err := objects.Add(record, content.Content, content.Size); err != nil {
			return fmt.Errorf("%s: %w", entry.Name, err)
		}
	}
}

// checkBucket says what is wrong with a bucket; records of others are those of a bucket before them.
func (s *Simulator) checkBucket(record store.Record) error {
	bucket, is := record.BucketInfo()
	if !is {
		return nil
	}
	err := s3.ValidateBucketName(bucket.Name)
	if err == nil {
		err = s.known(bucket.Account, bucket.Region)
	}
	if err != nil {
		return fmt.Errorf("bucket %q: %w", bucket.Name, err)
	}
	return nil
}
