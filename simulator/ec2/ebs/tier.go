package ebs

import "time"

// Tiers of snapshots, and what takes them from one to the other, as EC2 calls them.
const (
	StandardTier     = "standard"
	ArchiveTier      = "archive"
	Archival         = "archival"
	TemporaryRestore = "temporary-restore"
	PermanentRestore = "permanent-restore"
)

// Tiering is the last change of a snapshot's tier, which takes no time.
type Tiering struct {
	Operation string    `json:"operation"`
	Started   time.Time `json:"started"`
	// Archived is when the snapshot was archived.
	Archived time.Time `json:"archived"`
	// RestoredUntil is when a temporary restore ends.
	RestoredUntil time.Time `json:"restoredUntil,omitzero"`
}

// LastTieringOperation finds snapshots whose tier was changed by the status of that.
const LastTieringOperation = "last-tiering-operation"

// Status says what was done.
func (t *Tiering) Status() string { return t.Operation + "-completed" }

// Tier is standard or archive.
func (s *Snapshot) Tier() string {
	if s.Tiering != nil && s.Tiering.Operation == Archival {
		return ArchiveTier
	}
	return StandardTier
}

// Archive moves a completed snapshot to the archive tier.
func (s *Snapshot) Archive(now time.Time) error {
	switch {
	case !s.Completed:
		return refuse("IncorrectState", "Snapshot is in invalid state - %s", s.Status())
	case s.Tier() == ArchiveTier || s.restoredForNow():
		return refuse("IncorrectState", "The snapshot %s is in the archive tier already", s.ID)
	}
	s.Tiering = &Tiering{Operation: Archival, Started: now, Archived: now}
	return nil
}

// Restore takes an archived snapshot back to the standard tier for some days, or for good if there are none. The days of one
// that is restored for some can be changed.
func (s *Snapshot) Restore(now time.Time, days int) error {
	if s.Tier() != ArchiveTier && !s.restoredForNow() {
		return refuse("IncorrectState", "The snapshot %s is not in the archive tier", s.ID)
	}
	s.Tiering = &Tiering{Operation: PermanentRestore, Started: now, Archived: s.Tiering.Archived}
	if days > 0 {
		s.Tiering.Operation, s.Tiering.RestoredUntil = TemporaryRestore, now.AddDate(0, 0, days)
	}
	return nil
}

func (s *Snapshot) restoredForNow() bool {
	return s.Tiering != nil && s.Tiering.Operation == TemporaryRestore
}
