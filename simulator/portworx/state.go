package portworx

import (
	"fmt"
	"slices"
	"time"
)

// State is all that a store holds. Credentials have their secrets.
type State struct {
	Volumes     map[string]*Volume     `json:"volumes,omitempty"`
	Snapshots   map[string]*Snapshot   `json:"snapshots,omitempty"`
	Credentials map[string]*Credential `json:"credentials,omitempty"`
	FailedNodes map[string]time.Time   `json:"failedNodes,omitempty"`
}

// Save returns all that the store holds.
func (s *Store) Save() State {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return State{s.volumes.Records(), s.snapshots.Records(), s.credentials.Records(), s.failed.Records()}
}

// Check says what is wrong with a state; known is an error for an account that is not there.
func (s State) Check(known func(account, region string) error) error {
	for id, volume := range s.Volumes {
		if volume == nil || volume.ID != id {
			return fmt.Errorf("volume %q has not this id", id)
		}
		if err := known(volume.Account, ""); err != nil {
			return fmt.Errorf("volume %q: %w", id, err)
		}
	}
	for id, snapshot := range s.Snapshots {
		if snapshot == nil || snapshot.ID != id {
			return fmt.Errorf("snapshot %q has not this id", id)
		}
		if err := known(snapshot.Account, ""); err != nil {
			return fmt.Errorf("snapshot %q: %w", id, err)
		}
	}
	for key, credential := range s.Credentials {
		if credential == nil || credential.key() != key {
			return fmt.Errorf("credentials %q have not this name", key)
		}
		if err := known(credential.Account, ""); err != nil {
			return fmt.Errorf("credentials %q: %w", key, err)
		}
	}
	return nil
}

// Load puts a state that is right in the place of all that the store holds.
func (s *Store) Load(state State) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	changes := slices.Concat(s.volumes.Replace(state.Volumes), s.snapshots.Replace(state.Snapshots),
		s.credentials.Replace(state.Credentials), s.failed.Replace(state.FailedNodes))
	if err := s.file.Write(changes...); err != nil {
		return fmt.Errorf("volumes and snapshots of Portworx: %w", err)
	}
	return nil
}
