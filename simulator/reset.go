package simulator

import (
	"fmt"
	"slices"

	"github.com/velero-locations/velero-locations/simulator/control"
)

// Reset takes the cloud back to its configuration, but for the parts that are to be kept: its buckets, volumes, accounts, access keys
// and faults are those of the configuration, the clock is the machine's, and the journal is empty. A request comes wholly before or
// wholly after: those under way are waited for, and broken off when they take longer than a second.
func (s *Simulator) Reset(keep ...control.Part) error {
	s.whole.Lock()
	defer s.whole.Unlock()
	if !slices.Contains(keep, control.Objects) {
		if err := s.config.checkFiles(); err != nil {
			return fmt.Errorf("resetting the %s: %w", control.Objects, err)
		}
	}
	return s.pipeline.Gate.Alone(func() error {
		for _, part := range []struct {
			name  control.Part
			reset func() error
		}{
			{control.Clock, s.resetClock}, // first, since what is created has a time
			{control.Objects, s.resetObjects},
			{control.Volumes, s.resetVolumes},
			{control.Keys, s.configureAccounts},
			{control.Faults, s.configureFaults},
			{control.Journal, s.resetJournal},
		} {
			if slices.Contains(keep, part.name) {
				continue
			}
			if err := part.reset(); err != nil {
				return fmt.Errorf("resetting the %s: %w", part.name, err)
			}
		}
		return nil
	})
}

func (s *Simulator) resetClock() error {
	s.clock.Reset()
	return nil
}

func (s *Simulator) resetJournal() error {
	s.journal.Clear()
	s.events.Clear()
	return nil
}

func (s *Simulator) resetObjects() error {
	if err := s.store.Clear(); err != nil {
		return err
	}
	if err := s.createBuckets(); err != nil {
		return err
	}
	return s.createObjects()
}

func (s *Simulator) resetVolumes() error {
	for _, reset := range []func() error{s.volumes.Clear, s.createVolumes, s.azure.Reset, s.portworx.Reset} {
		if err := reset(); err != nil {
			return err
		}
	}
	return nil
}
