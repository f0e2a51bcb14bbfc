package location

import (
	"fmt"
	"maps"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/locations"
	"github.com/velero-locations/velero-locations/locations/credentials"
)

// secretVersions are resource versions by the name of the Secret; empty: there is no such Secret.
type secretVersions map[string]string

// state is what decides whether a location is to be checked.
type state struct {
	spec    any
	secrets secretVersions
	phase   string
}

// memo is what the last check of a location saw and found.
type memo struct {
	state
	at time.Time
	// failures is how many checks in a row have found this spec with these Secrets unavailable.
	failures int
	// write is the last attempt to write.
	write attempt
}

// next is the memo of the check after this one.
func (m *memo) next(found state, at time.Time) *memo {
	checked := &memo{state: found, at: at}
	if found.phase != unavailable {
		return checked
	}
	checked.failures = 1
	if m != nil && apiequality.Semantic.DeepEqual(m.spec, found.spec) && maps.Equal(m.secrets, found.secrets) {
		checked.failures += m.failures
	}
	return checked
}

// pause is how long after a check comes the next of a location that is checked so often; 0: none. A failure is looked at again
// after a second, since storage that is just starting fails once, and then half as often each time.
func (m *memo) pause(every time.Duration) time.Duration {
	if m == nil || m.failures == 0 {
		return every
	}
	return min(every, time.Second<<min(m.failures-1, 30)) // which is more than any period, and no overflow
}

// phaseOr is the phase that was found last, if there was a check, because the location at hand may
// not show yet what was written last.
func (m *memo) phaseOr(stored string) string {
	if m == nil {
		return stored
	}
	return m.phase
}

// memory holds the memos of this process. It begins empty, so that every location is checked when
// the controller starts, as with Velero.
type memory struct {
	mu    sync.Mutex
	memos map[types.NamespacedName]*memo
}

func newMemory() *memory { return &memory{memos: map[types.NamespacedName]*memo{}} }

func (m *memory) recall(name types.NamespacedName) *memo {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.memos[name]
}

func (m *memory) remember(name types.NamespacedName, memo *memo) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.memos[name] = memo
}

func (m *memory) forget(name types.NamespacedName) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.memos, name)
}

// frequency is how often a location is checked; 0: not again. A negative value counts as absent,
// as with Velero, and none makes it check without a pause.
func frequency(own *metav1.Duration, byDefault time.Duration) time.Duration {
	if own != nil && own.Duration >= 0 {
		return locations.Period(own.Duration)
	}
	return byDefault
}

// due says whether a location is to be checked now, and if not, after what time (0: only when
// something changes).
func due(last *memo, seen state, pause time.Duration, now time.Time) (time.Duration, bool) {
	switch {
	case last == nil, seen.phase == "" && last.phase != "":
		return 0, true
	case !apiequality.Semantic.DeepEqual(last.spec, seen.spec):
		return 0, true
	}
	for name, version := range seen.secrets {
		if before, read := last.secrets[name]; read && before != version {
			return 0, true
		}
	}
	if pause == 0 {
		return 0, false
	}
	wait := last.at.Add(pause).Sub(now)
	return wait, wait <= 0
}

// The phases of all kinds of locations.
const (
	available   = string(velerov1.BackupStorageLocationAvailable)
	unavailable = string(velerov1.BackupStorageLocationUnavailable)
)

// verdict is what a check comes to. The phase is empty if nothing could be found out from here.
type verdict struct {
	phase, message string
	// turned says that the phase is not what it was, so that the event is to be recorded.
	turned           bool
	eventType, event string
}

// conclude turns the cause that a check found, nil if none, into a verdict on a location that was in
// a phase before. The message begins as Velero's does.
func conclude(kind, name, before string, cause error) verdict {
	if credentials.AreElsewhere(cause) {
		return verdict{message: fmt.Sprintf("%s %q is not checked, which says nothing about whether Velero can use it: %s", kind, name, cause)}
	}
	v := verdict{phase: available, eventType: corev1.EventTypeNormal, event: fmt.Sprintf("%s %q is available", kind, name)}
	if cause != nil {
		v.phase, v.eventType = unavailable, corev1.EventTypeWarning
		v.message = fmt.Sprintf("%s %q is unavailable: %s", kind, name, cause)
		v.event = v.message
	}
	v.turned = v.phase != before
	return v
}
