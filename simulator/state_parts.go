package simulator

import (
	"fmt"
	"slices"
	"time"

	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/internal/archive"
)

// statePart is a part of the state that is an entry of its own in an archive: all but buckets and what they hold.
type statePart struct {
	name string
	save func() any
	// read reads the entry, and changes nothing yet.
	read func(archive.Entry) (swap, error)
}

// swap puts what was read in the place of what is there, and takes that back.
type swap struct{ do, undo func() error }

// stateParts are in the order in which they are loaded: the clock first, by which snapshots complete.
func (s *Simulator) stateParts() []statePart {
	return []statePart{
		newPart("clock.json", s.saveClock, s.checkClock, s.loadClock),
		newPart("faults.json", s.faults.Save, s.faults.Check, s.faults.Load),
		newOwnedPart(s, "keys.json", s.accounts.Save, s.accounts.Load),
		newOwnedPart(s, "volumes.json", s.volumes.Save, s.volumes.Load),
		newOwnedPart(s, "azure.json", s.azure.Save, s.azure.Load),
		newOwnedPart(s, "portworx.json", s.portworx.Save, s.portworx.Load),
	}
}

func newPart[T any](name string, save func() T, check, load func(T) error) statePart {
	return statePart{
		name: name,
		save: func() any { return save() },
		read: func(entry archive.Entry) (swap, error) {
			var state, before T
			if err := entry.Decode(&state); err != nil {
				return swap{}, err
			}
			if err := check(state); err != nil {
				return swap{}, fmt.Errorf("%s: %w", name, err)
			}
			return swap{
				do:   func() error { before = save(); return load(state) },
				undo: func() error { return load(before) },
			}, nil
		},
	}
}

// owned is a state that has owners.
type owned interface {
	// Check says what is wrong with it; known is an error for an account, or a region, that is not there.
	Check(known func(account, region string) error) error
}

func newOwnedPart[T owned](s *Simulator, name string, save func() T, load func(T) error) statePart {
	return newPart(name, save, func(state T) error { return state.Check(s.known) }, load)
}

// known is an error for an account or a region that the configuration does not have.
func (s *Simulator) known(account, region string) error {
	if !slices.ContainsFunc(s.config.Accounts, func(a AccountConfig) bool { return a.ID == account }) {
		return fmt.Errorf("it is of account %q, which this simulator's configuration does not have", account)
	}
	if region != "" && !slices.Contains(s.config.Regions, region) {
		return fmt.Errorf("it is in region %q, which this simulator's configuration does not have", region)
	}
	return nil
}

type clockState struct {
	Offset faults.Duration `json:"offset"`
}

func (s *Simulator) saveClock() clockState { return clockState{faults.Duration(s.clock.Offset())} }

func (s *Simulator) checkClock(state clockState) error {
	return s.clock.CheckOffset(time.Duration(state.Offset))
}

func (s *Simulator) loadClock(state clockState) error {
	return s.clock.SetOffset(time.Duration(state.Offset))
}
