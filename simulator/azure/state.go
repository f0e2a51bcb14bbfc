package azure

import (
	"fmt"
	"slices"
)

// State is all that a store holds, by the keys of ids.
type State struct {
	Disks     map[string]*Disk     `json:"disks,omitempty"`
	Snapshots map[string]*Snapshot `json:"snapshots,omitempty"`
}

// Save returns all that the store holds.
func (s *Store) Save() State {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return State{s.disks.Records(), s.snapshots.Records()}
}

// Check says what is wrong with a state; known is an error for an account that is not there.
func (s State) Check(known func(account, region string) error) error {
	for key, disk := range s.Disks {
		if disk == nil {
			return fmt.Errorf("disk %q is nothing", key)
		}
		if err := checkResource(key, disk.ID, disk.Account, disks, known); err != nil {
			return err
		}
	}
	for key, snapshot := range s.Snapshots {
		if snapshot == nil {
			return fmt.Errorf("snapshot %q is nothing", key)
		}
		if err := checkResource(key, snapshot.ID, snapshot.Account, snapshots, known); err != nil {
			return err
		}
	}
	return nil
}

func checkResource(key, text, account, kind string, known func(account, region string) error) error {
	if id, ok := ParseID(text); !ok || id.Kind != kind || id.key() != key {
		return fmt.Errorf("%q is not the id of %q of the %s", text, key, kind)
	}
	if err := known(account, ""); err != nil {
		return fmt.Errorf("%s: %w", text, err)
	}
	return nil
}

// Load puts a state that is right in the place of all that the store holds.
func (s *Store) Load(state State) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.file.Write(slices.Concat(s.disks.Replace(state.Disks), s.snapshots.Replace(state.Snapshots))...); err != nil {
		return fmt.Errorf("disks and snapshots of Azure: %w", err)
	}
	return nil
}
