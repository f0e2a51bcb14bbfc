package ebs

import (
	"cmp"
	"fmt"
	"slices"
)

// State is all that a store holds.
type State struct {
	Volumes   map[string]*Volume   `json:"volumes,omitempty"`
	Snapshots map[string]*Snapshot `json:"snapshots,omitempty"`
	// Sequence is the number of the last creation.
	Sequence uint64 `json:"sequence"`
}

// Save returns all that the store holds.
func (s *Store) Save() State {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return State{s.volumes.Records(), s.snapshots.Records(), s.sequence}
}

// Check says what is wrong with a state; known is an error for an account and a region that are not there.
func (s State) Check(known func(account, region string) error) error {
	for id, volume := range s.Volumes {
		if volume == nil || volume.ID != id {
			return fmt.Errorf("volume %q has not this id", id)
		}
		if err := cmp.Or(known(volume.Account, volume.Region), volume.Validate(), volume.Tags.validate()); err != nil {
			return fmt.Errorf("volume %q: %w", id, err)
		}
	}
	for id, snapshot := range s.Snapshots {
		if snapshot == nil || snapshot.ID != id {
			return fmt.Errorf("snapshot %q has not this id", id)
		}
		if err := cmp.Or(known(snapshot.Account, snapshot.Region), snapshot.Tags.validate()); err != nil {
			return fmt.Errorf("snapshot %q: %w", id, err)
		}
	}
	return nil
}

// Load puts a state that is right in the place of all that the store holds.
func (s *Store) Load(state State) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	sequence := state.Sequence
	snapshots := map[string]*Snapshot{}
	for id, snapshot := range state.Snapshots {
		loaded := *snapshot
		loaded.complete(s.options.Now())
		snapshots[id] = &loaded
		sequence = max(sequence, loaded.Sequence)
	}
	for _, volume := range state.Volumes {
		sequence = max(sequence, volume.Sequence)
	}
	changes := slices.Concat(s.volumes.Replace(state.Volumes), s.snapshots.Replace(snapshots))
	if err := s.file.Write(append(changes, s.counters.Put(lastCreation, sequence))...); err != nil {
		return fmt.Errorf("volumes and snapshots: %w", err)
	}
	s.sequence = sequence
	return nil
}
