package ebs

import (
	"iter"
	"slices"
)

// Everybody stands for all accounts among those that a snapshot is shared with.
const Everybody = "all"

// RestorableBy finds the snapshots that an account, or Everybody, may make volumes of because they are its own or shared with
// it; EC2 has a parameter for it, but no filter.
const RestorableBy = "\x00restorable-by"

// seenFrom returns the snapshot as a place sees it, if it does. Other accounts see neither its tags nor who else sees it.
func (s *Snapshot) seenFrom(place Place) (*Snapshot, bool) {
	switch {
	case s.Recycled != nil || s.Region != place.Region:
		return nil, false
	case s.Account == place.Account:
		return s, true
	}
	view := *s
	view.Tags, view.Shared = nil, nil
	for _, account := range []string{place.Account, Everybody} {
		if slices.Contains(s.Shared, account) {
			view.Shared = append(view.Shared, account)
		}
	}
	return &view, len(view.Shared) > 0
}

// views returns the places whose index has the snapshot, and as what; that of Everybody is for all accounts.
func (s *Snapshot) views() iter.Seq2[Place, *Snapshot] {
	return func(yield func(Place, *Snapshot) bool) {
		seen := map[string]bool{}
		for _, account := range append([]string{s.Account}, s.Shared...) {
			place := Place{account, s.Region}
			view, sees := s.seenFrom(place)
			if sees && !seen[account] && !yield(place, view) {
				return
			}
			seen[account] = true
		}
	}
}

// seen finds a snapshot that a place sees, with s.mu held.
func (s *Store) seen(place Place, id string) (*Snapshot, bool) {
	snapshot, found := s.snapshots.Get(id)
	if !found {
		return nil, false
	}
	return snapshot.seenFrom(place)
}

// Share shares the snapshot with accounts, or Everybody, and no longer with others. What was made by a key of the account's
// own, as all is that names none, cannot be shared, and what is encrypted not with everybody.
func (s *Snapshot) Share(with, without []string) error {
	shared := slices.DeleteFunc(slices.Clone(s.Shared), func(account string) bool { return slices.Contains(without, account) })
	for _, account := range with {
		if !slices.Contains(shared, account) {
			shared = append(shared, account)
		}
	}
	switch {
	case len(shared) > maxShared:
		return refuse("CreateVolumePermissionLimitExceeded", "A snapshot can be shared with %d accounts", maxShared)
	case s.Encrypted && len(with) > 0 && s.defaultKey():
		return refuse("OperationNotPermitted", "Encrypted snapshots with EBS default key cannot be shared")
	case s.Encrypted && slices.Contains(with, Everybody):
		return refuse("OperationNotPermitted", "Encrypted snapshots cannot be shared publicly")
	}
	s.Shared = shared
	return nil
}

// maxShared bounds what is kept of a snapshot: EC2 names no number.
const maxShared = 1000
