package backup

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
)

// TestQueue follows four backups, of which two may run at a time.
func TestQueue(t *testing.T) {
	created := func(second int) time.Time { return time.Date(2026, 11, 22, 1, 2, second, 0, time.UTC) }
	var all []velerov1.Backup
	for i, name := range []string{"d", "c", "b", "a"} { // in the order of their creation, but for the last two
		all = append(all, velerov1.Backup{ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(name), CreationTimestamp: metav1.NewTime(created(min(i, 2)))}})
	}
	d, c, b, a := &all[0], &all[1], &all[2], &all[3]
	q := newQueue(2)
	step := func(what string, backup *velerov1.Backup, want int) {
		t.Helper()
		if got := q.behind(backup, created(0)); got != 0 && got != want {
			t.Errorf("%s: %s is thought to be at %d, want %d", what, backup.Name, got, want)
		}
		if got := q.enter(backup, all, created(0)); got != want {
			t.Errorf("%s: %s is at %d, want %d", what, backup.Name, got, want)
		}
	}
	step("in the beginning", b, 2)
	step("in the beginning", a, 1) // as old as b, but first by its name
	step("in the beginning", c, 0) // the second of two that may run
	step("one runs", d, 0)
	step("both run", a, 1)
	step("both run", b, 2)
	q.leave(c)
	q.finish(c) // which the list does not know yet
	if !q.finished(c) || q.finished(d) {
		t.Error("it is not known which have ended")
	}
	step("one is done", b, 1)
	step("one is done", a, 0)
	q.leave(a)
	q.postpone(a) // waits for its location
	step("one is put off", b, 0)
	step("it comes back, while two run", a, 1)
	q.leave(d)
	q.finish(d)
	step("it comes back", a, 0)
	q.leave(a)
	deleted := metav1.Now()
	a.DeletionTimestamp = &deleted // but held by a finalizer
	q.slots = 1
	q.leave(b)
	step("an older one will never run", b, 0)
	if first := q.interruptedSince(a, created(1)); q.interruptedSince(a, created(2)) != first {
		t.Error("when it was first found interrupted is not remembered")
	}
	anew := c.DeepCopy()
	anew.UID = "another"
	if q.finished(anew) {
		t.Error("what is known of a backup is taken for that of another of its name")
	}
	for _, gone := range []*velerov1.Backup{a, b, c, d} {
		q.forget(client.ObjectKeyFromObject(gone))
	}
	if q.finished(c) || q.finished(d) || len(q.known) > 0 {
		t.Error("what is gone is still remembered")
	}
}
