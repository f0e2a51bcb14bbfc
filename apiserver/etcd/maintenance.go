package etcd

import (
	"context"
	"errors"
	"fmt"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/server/v3/storage/mvcc"
	"k8s.io/klog/v2"
)

const (
	// lookEvery is how often the database is looked at, which takes next to nothing.
	lookEvery = time.Second
	// rest is how many times as long as a step of maintenance took there is none after it, unless everybody waits for it.
	rest = 20
	// quietTime is how long nobody wrote when a defragmentation disturbs nobody.
	quietTime = 5 * time.Second
	// wasteful is how much must be free for a defragmentation while there is room, and at least half of the database.
	wasteful = 64 << 20
)

// look is what maintenance sees.
type look struct {
	Usage
	limit     int64         // of etcd itself
	alarm     bool          // raised by etcd when the limit was reached
	revision  int64         // of the look before, so that who reads the newest one is not disturbed
	compacted int64         // up to which there is no history
	quiet     time.Duration // since the last write
}

// step is what maintenance does at a time.
type step int

const (
	nothing step = iota
	compact
	defragment
	disarm
)

// next decides on a step. The API server compacts what is older than five minutes; here it is done at once when room runs out. What that
// frees within the file counts until it is defragmented, for as long as nobody can read or write: while there is room that waits until
// nobody writes.
func (l look) next() step {
	worthwhile := l.Free >= wasteful && l.Free >= l.Size/2 && l.quiet >= quietTime
	switch {
	case (l.tight() && l.Free >= l.Quota/20) || worthwhile:
		return defragment
	case l.alarm && l.Size < l.limit-minReserve/2:
		return disarm
	case (l.tight() || l.alarm) && l.revision > l.compacted:
		return compact
	default:
		return nothing
	}
}

// maintenance keeps the database small, and makes it writable again when there is room.
type maintenance struct {
	*Server
	limit     int64
	revision  int64
	wrote     time.Time // when the revision was first seen
	compacted int64
	weighed   time.Time // when the largest kinds were looked for
}

func (s *Server) startMaintenance() {
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	go func() {
		defer close(s.stopped) // also when etcd fails in it, which ends the goroutine
		m := &maintenance{Server: s, limit: s.etcd.Config().QuotaBackendBytes}
		pause := time.Duration(0)
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(pause):
			}
			pause = lookEvery
			began := time.Now()
			if err := m.maintain(ctx); err != nil && ctx.Err() == nil {
				klog.ErrorS(err, "The embedded etcd is not kept small")
				pause = time.Minute
			}
			if !m.Usage().Full() {
				pause = max(pause, rest*time.Since(began))
			}
		}
	}()
}

// maintain does what is next until there is nothing more to do, or everybody was kept waiting once.
func (m *maintenance) maintain(ctx context.Context) error {
	for {
		seen := m.look()
		var err error
		switch seen.next() {
		case nothing:
			if revision := m.etcd.Server.KV().Rev(); revision != m.revision {
				m.revision, m.wrote = revision, time.Now()
			}
			return m.weighWhenFull(ctx)
		case compact:
			err = m.compact(ctx, seen.revision)
		case defragment:
			return m.defragment()
		case disarm:
			err = m.disarm(ctx)
		}
		if err != nil {
			return err
		}
	}
}

func (m *maintenance) look() look {
	return look{
		Usage: m.Usage(), limit: m.limit, alarm: len(m.etcd.Server.Alarms()) > 0,
		revision: m.revision, compacted: m.compacted, quiet: time.Since(m.wrote),
	}
}

func (m *maintenance) compact(ctx context.Context, revision int64) error {
	_, err := m.etcd.Server.Compact(ctx, &pb.CompactionRequest{Revision: revision, Physical: true})
	if err != nil && !errors.Is(err, mvcc.ErrCompacted) {
		return fmt.Errorf("compacting etcd: %w", err)
	}
	m.compacted = revision
	return nil
}

func (m *maintenance) defragment() error {
	if !m.reading.TryLock() {
		return nil // it would wait for the snapshot, and everybody for it
	}
	defer m.reading.Unlock()
	began, before := time.Now(), m.Usage()
	if err := m.etcd.Server.Defragment(); err != nil {
		return fmt.Errorf("defragmenting etcd: %w", err)
	}
	klog.V(2).InfoS("Defragmented etcd", "before", before.Size, "after", m.Usage().Size, "took", time.Since(began))
	return nil
}

// disarm takes etcd's alarm back, which etcd never does by itself.
func (m *maintenance) disarm(ctx context.Context) error {
	for _, alarm := range m.etcd.Server.Alarms() {
		if alarm.Alarm != pb.AlarmType_NOSPACE {
			return fmt.Errorf("etcd's alarm %s stops it: restore a snapshot", alarm.Alarm)
		}
		_, err := m.etcd.Server.Alarm(ctx, &pb.AlarmRequest{Action: pb.AlarmRequest_DEACTIVATE, MemberID: alarm.MemberID, Alarm: alarm.Alarm})
		if err != nil {
			return fmt.Errorf("disarming etcd's alarm: %w", err)
		}
	}
	return nil
}

// weighWhenFull looks for what takes most room, once a minute while there is none.
func (m *maintenance) weighWhenFull(ctx context.Context) error {
	if !m.Usage().Full() || time.Since(m.weighed) < time.Minute {
		return nil
	}
	largest, err := m.weigh(ctx)
	if err != nil {
		return err
	}
	m.largest.Store(&largest)
	m.weighed = time.Now()
	return nil
}
