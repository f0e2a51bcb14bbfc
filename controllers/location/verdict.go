package location

import (
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
)

// secretVersions are resource versions by the name of the Secret; empty: there is no such Secret.
type secretVersions map[string]string

// memo is what the last check of a location saw and found.
type memo struct {
	spec    velerov1.BackupStorageLocationSpec
	secrets secretVersions
	phase   velerov1.BackupStorageLocationPhase
	at      time.Time
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
// as with Velero.
func frequency(location *velerov1.BackupStorageLocation, byDefault time.Duration) time.Duration {
	if own := location.Spec.ValidationFrequency; own != nil && own.Duration >= 0 {
		return own.Duration
	}
	return byDefault
}

// due says whether a location is to be checked now, and if not, after what time (0: only when
// something changes).
func due(last *memo, location *velerov1.BackupStorageLocation, secrets secretVersions, every time.Duration, now time.Time) (time.Duration, bool) {
	switch {
	case last == nil, location.Status.Phase == "":
		return 0, true
	case !apiequality.Semantic.DeepEqual(last.spec, location.Spec):
		return 0, true
	}
	for name, version := range secrets {
		if seen, read := last.secrets[name]; read && seen != version {
			return 0, true
		}
	}
	if every == 0 {
		return 0, false
	}
	wait := last.at.Add(every).Sub(now)
	return wait, wait <= 0
}

// verdict is what a check comes to.
type verdict struct {
	phase   velerov1.BackupStorageLocationPhase
	message string
	// turned says that the phase is not what it was, so that the event is to be recorded.
	turned           bool
	eventType, event string
}

// conclude turns the cause that a check found, nil if none, into a verdict. The message begins as
// Velero's does.
func conclude(location *velerov1.BackupStorageLocation, last *memo, cause error) verdict {
	before := location.Status.Phase
	if last != nil {
		before = last.phase // the location at hand may not show yet what was written last
	}
	v := verdict{
		phase:     velerov1.BackupStorageLocationAvailable,
		eventType: corev1.EventTypeNormal,
		event:     fmt.Sprintf("BackupStorageLocation %q is available", location.Name),
	}
	if cause != nil {
		v.phase = velerov1.BackupStorageLocationUnavailable
		v.message = fmt.Sprintf("BackupStorageLocation %q is unavailable: %s", location.Name, cause)
		v.eventType = corev1.EventTypeWarning
		v.event = v.message
	}
	v.turned = v.phase != before
	return v
}
