package console

import (
	"cmp"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// kept is how many turns of a location are kept.
const kept = 100

// turn is when a location came into a phase.
type turn struct {
	At      time.Time `json:"at"`
	Phase   string    `json:"phase"`
	Message string    `json:"message,omitempty"`
}

// history has the phases of locations since they are watched, of each location the last.
type history struct {
	mu    sync.Mutex
	turns map[types.UID][]turn
}

// note keeps the phase of a location, if it is another one, or has another reason, than the last.
func (h *history) note(location metav1.Object, phase, message string, checked *metav1.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.turns == nil {
		h.turns = map[types.UID][]turn{}
	}
	turns := h.turns[location.GetUID()]
	if n := len(turns); n > 0 && turns[n-1].Phase == phase && turns[n-1].Message == message {
		return
	}
	at := time.Now()
	if checked != nil && len(turns) == 0 {
		at = checked.Time
	}
	turns = append(turns, turn{at, phase, message})
	h.turns[location.GetUID()] = turns[max(0, len(turns)-kept):]
}

// of returns the turns of a location, the oldest first: those that were told of in its events before it was watched, then those that were seen.
func (h *history) of(location metav1.Object, events []*corev1.Event) []turn {
	h.mu.Lock()
	seen := slices.Clone(h.turns[location.GetUID()])
	h.mu.Unlock()
	var told []turn
	for _, event := range events {
		at := event.LastTimestamp.Time
		if at.IsZero() {
			at = event.EventTime.Time
		}
		if len(seen) == 0 || at.Before(seen[0].At.Truncate(time.Second)) {
			message := ""
			if event.Type == corev1.EventTypeWarning {
				message = event.Message
			}
			told = append(told, turn{at, event.Reason, message})
		}
	}
	slices.SortFunc(told, func(a, b turn) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Phase, b.Phase)) })
	all := append(append([]turn{}, told...), seen...) // never null
	return all[max(0, len(all)-kept):]
}
