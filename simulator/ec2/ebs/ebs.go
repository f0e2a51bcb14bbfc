// Package ebs keeps volumes and snapshots, in memory or on disk, with the rules that EBS has for them. It knows nothing of
// HTTP: what is asked of it comes from EC2's protocol, the control API and Go.
package ebs

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/velero-locations/velero-locations/simulator/internal/records"
)

// DefaultSnapshotDuration is how long a snapshot is pending unless another duration is given.
const DefaultSnapshotDuration = 5 * time.Second

// Options of a store.
type Options struct {
	// Path is the file for the state; empty keeps everything in memory.
	Path string
	// SnapshotDuration is how long a snapshot is pending, by Now; zero completes it at once.
	SnapshotDuration time.Duration
	// SnapshotRetention is how long deleted snapshots are in the recycle bin; zero is not at all.
	SnapshotRetention time.Duration
	// IDSeed makes ids the same for the same seed and the same order of creations; empty makes them random.
	IDSeed string
	// Now is the clock; nil is the machine's.
	Now func() time.Time
}

// Place is an account's part of a region. What is in one place is not there for any other.
type Place struct{ Account, Region string }

// Store holds the volumes and snapshots of all places. What it returns never changes, and must not be changed.
// It is safe for concurrent use.
type Store struct {
	options Options
	file    *records.File

	mu        sync.RWMutex
	volumes   *records.Table[*Volume]
	snapshots *records.Table[*Snapshot]
	// counters has the number of the last creation, and places what the tables have of each place.
	counters *records.Table[uint64]
	places   map[Place]*contents
	sequence uint64
	pending  pending
}

type contents struct {
	volumes   index[*Volume]
	snapshots index[*Snapshot]
}

// Open opens the store; with a path it loads what is there. A file that another store has open is an error.
func Open(options Options) (*Store, error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	s := &Store{options: options, places: map[Place]*contents{}, pending: newPending()}
	var err error
	if s.file, err = records.Open(options.Path); err != nil {
		return nil, fmt.Errorf("volumes and snapshots: %w", err)
	}
	if err := s.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("volumes and snapshots: %w", err), s.file.Close())
	}
	return s, nil
}

// Close releases the file. What was answered before is kept there. A nil store has nothing to close.
func (s *Store) Close() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.file.Close()
}

// at returns what is in a place, with s.mu held for writing.
func (s *Store) at(place Place) *contents {
	c, found := s.places[place]
	if !found {
		c = &contents{newIndex[*Volume](), newIndex[*Snapshot]()}
		s.places[place] = c
	}
	return c
}

// look returns what is in a place, with s.mu held, or nothing at all.
func (s *Store) look(place Place) *contents {
	if c, found := s.places[place]; found {
		return c
	}
	return &contents{}
}

// nextID returns the id of what is created next, and its number in the order of creations.
func (s *Store) nextID(prefix string) (id string, sequence uint64) {
	s.sequence++
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%d", s.options.IDSeed, prefix, s.sequence))
	if s.options.IDSeed == "" {
		_, _ = rand.Read(sum[:]) // never fails
	}
	return prefix + hex.EncodeToString(sum[:])[:17], s.sequence
}

// Query asks for volumes or snapshots.
type Query struct {
	// IDs are those wanted; none is all. One that is not there is an error.
	IDs []string
	// Filters must all match.
	Filters []Filter
	// After is the sequence number before the first one wanted, and Limit how many there may be at most; 0 is all.
	After uint64
	Limit int
	// now is when it is asked.
	now time.Time
}

// Error is a refusal with EC2's own code and text for it.
type Error struct{ Code, Message string }

// Error returns the code and the message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

func refuse(code, format string, args ...any) error {
	return &Error{code, fmt.Sprintf(format, args...)}
}

func invalidValue(format string, args ...any) error {
	return refuse("InvalidParameterValue", format, args...)
}
