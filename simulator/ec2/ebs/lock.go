package ebs

import (
	"math"
	"time"
)

// Modes and states of a lock, as EC2 calls them.
const (
	Governance        = "governance"
	Compliance        = "compliance"
	complianceCoolOff = "compliance-cooloff"
	expired           = "expired"
)

// LockState finds snapshots that have a lock by its state.
const LockState = "lock-state"

// Lock keeps a snapshot from being deleted until it expires.
type Lock struct {
	Mode    string    `json:"mode"`
	Created time.Time `json:"created"`
	// CoolOffHours are those in which a lock for compliance can be ended; they are over at CoolOffUntil.
	CoolOffHours int       `json:"coolOffHours,omitempty"`
	CoolOffUntil time.Time `json:"coolOffUntil,omitzero"`
	// Starts is when its time begins: once the snapshot is completed.
	Starts  time.Time `json:"starts"`
	Expires time.Time `json:"expires"`
}

// Days returns for how many days it was made.
func (l *Lock) Days() int { return int(math.Ceil(l.Expires.Sub(l.Starts).Hours() / 24)) }

// State is governance, compliance, compliance-cooloff or expired.
func (l *Lock) State(now time.Time) string {
	switch {
	case !now.Before(l.Expires):
		return expired
	case l.Mode == Compliance && now.Before(l.CoolOffUntil):
		return complianceCoolOff
	}
	return l.Mode
}

// holds says whether there is a lock that keeps its snapshot.
func (l *Lock) holds(now time.Time) bool { return l != nil && l.State(now) != expired }

// LockRequest asks for a lock: for Days, or until Expires.
type LockRequest struct {
	Mode         string
	CoolOffHours int
	Days         int
	Expires      time.Time
}

// Locked locks the snapshot, or changes its lock. One for compliance can only be extended once it has cooled off.
func (s *Snapshot) Locked(now time.Time, r LockRequest) error {
	lock := &Lock{Mode: r.Mode, Created: now, CoolOffHours: r.CoolOffHours, Starts: now, Expires: r.Expires}
	if s.Completes.After(now) && !s.Completed {
		lock.Starts = s.Completes
	}
	if r.Days > 0 {
		lock.Expires = lock.Starts.AddDate(0, 0, r.Days)
	}
	if !lock.Expires.After(lock.Starts) {
		return invalidValue("The lock would expire at %s: it must be later than %s", Timestamp(lock.Expires), Timestamp(lock.Starts))
	}
	if r.CoolOffHours > 0 {
		lock.CoolOffUntil = now.Add(time.Duration(r.CoolOffHours) * time.Hour)
	}
	if s.Lock.holds(now) {
		lock.Created = s.Lock.Created
		if s.Lock.State(now) == Compliance {
			if r.Mode != Compliance || r.CoolOffHours > 0 || lock.Expires.Before(s.Lock.Expires) {
				return refuse("OperationNotPermitted", "The snapshot %s is locked for compliance: its lock can only be extended beyond %s", s.ID, Timestamp(s.Lock.Expires))
			}
			lock.CoolOffHours, lock.CoolOffUntil = s.Lock.CoolOffHours, s.Lock.CoolOffUntil
		}
	}
	s.Lock = lock
	return nil
}

// Unlocked ends the snapshot's lock.
func (s *Snapshot) Unlocked(now time.Time) error {
	switch {
	case !s.Lock.holds(now):
		return refuse("IncorrectState", "The snapshot %s is not locked", s.ID)
	case s.Lock.State(now) == Compliance:
		return refuse("OperationNotPermitted", "The snapshot %s is locked for compliance until %s", s.ID, Timestamp(s.Lock.Expires))
	}
	s.Lock = nil
	return nil
}
