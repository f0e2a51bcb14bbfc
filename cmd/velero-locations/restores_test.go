package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
)

// TestKilledDuringRestores kills the controller of restores, again and again, at points that are spread over all that a restore
// does, and starts it anew each time. Every restore comes to an end, and another one does what is left of it.
func TestKilledDuringRestores(t *testing.T) {
	t.Parallel()
	l := startLab(t)
	const objects = 300
	l.fill(t, "large", 0, objects, 1<<10)
	controller := l.startController(t)
	l.create(t, "b", "large")
	if ended := l.ended(t, "b"); ended.Status.Phase != v1.BackupPhaseCompleted {
		t.Fatalf("the backup is %s: %s", ended.Status.Phase, ended.Status.FailureReason)
	}
	there := func(round int) int {
		list, err := l.core.CoreV1().ConfigMaps(fmt.Sprintf("copy-%d", round)).List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return len(list.Items)
	}
	for round := range kills {
		name := fmt.Sprintf("r-%d", round)
		l.restore(t, name, "b", "large", fmt.Sprintf("copy-%d", round))
		devtest.Poll(t, time.Minute, "restore "+name, func() bool {
			return there(round) >= round*objects/kills || l.restored(t, name).Status.CompletionTimestamp != nil
		})
		time.Sleep(rand.N(40 * time.Millisecond)) // the point that is left to chance
		kill(t, controller)
		controller = l.startController(t)
	}
	interrupted := 0
	for round := range kills {
		name, again := fmt.Sprintf("r-%d", round), fmt.Sprintf("again-%d", round)
		if ended := l.awaitRestore(t, name); ended.Status.Phase == v1.RestorePhaseFailed {
			interrupted++
			if !strings.HasPrefix(ended.Status.FailureReason, "the controller stopped while") {
				t.Errorf("%s failed: %s", name, ended.Status.FailureReason)
			}
		} else if ended.Status.Phase != v1.RestorePhaseCompleted {
			t.Errorf("%s is %s", name, ended.Status.Phase)
		}
		l.restore(t, again, "b", "large", fmt.Sprintf("copy-%d", round))
		if ended := l.awaitRestore(t, again); ended.Status.Phase != v1.RestorePhaseCompleted || ended.Status.Errors+ended.Status.Warnings > 0 || there(round) != objects {
			t.Errorf("%s is %+v, with %d objects", again, ended.Status, there(round))
		}
	}
	if interrupted < kills/4 {
		t.Errorf("only %d of %d restores were interrupted", interrupted, kills)
	}
}

// restore asks for a restore of a namespace of a backup into another one.
func (l *lab) restore(tb testing.TB, name, backup, from, into string) {
	tb.Helper()
	restore := &v1.Restore{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       v1.RestoreSpec{BackupName: backup, NamespaceMapping: map[string]string{from: into}},
	}
	if _, err := l.velero.VeleroV1().Restores("velero").Create(tb.Context(), restore, metav1.CreateOptions{}); err != nil {
		tb.Fatal(err)
	}
}

func (l *lab) restored(tb testing.TB, name string) *v1.Restore {
	tb.Helper()
	restore, err := l.velero.VeleroV1().Restores("velero").Get(tb.Context(), name, metav1.GetOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	return restore
}

func (l *lab) awaitRestore(tb testing.TB, name string) *v1.Restore {
	tb.Helper()
	var restore *v1.Restore
	devtest.Poll(tb, 5*time.Minute, "the end of restore "+name, func() bool {
		restore = l.restored(tb, name)
		return restore.Status.CompletionTimestamp != nil
	})
	return restore
}

// restoreAll restores a backup of a namespace with so many config maps in it, and waits until they are there.
func (l *lab) restoreAll(tb testing.TB, backup, from, into string, count int) {
	tb.Helper()
	l.restore(tb, into, backup, from, into)
	ended := l.awaitRestore(tb, into)
	if ended.Status.Phase != v1.RestorePhaseCompleted || ended.Status.Warnings > 0 || ended.Status.Progress.ItemsRestored != count+1 {
		tb.Fatalf("got %+v", ended.Status)
	}
}

// TestMemoryOfRestores shows that what a restore occupies does not depend on how much is restored.
func TestMemoryOfRestores(t *testing.T) {
	t.Parallel()
	const (
		few, many, size = 500, 5000, 10 << 10
		// noise is how much two runs over the same may differ: less than the 45 MiB of content that the second has more.
		noise = 25
	)
	l := startLab(t)
	controller := l.startController(t)
	l.fill(t, "many", 0, few, size)
	l.backUp(t, "few", "many", few)
	l.fill(t, "many", few, many, size)
	l.backUp(t, "many", "many", many)
	// A controller that has done nothing else: what backups took of memory is not given back at once.
	kill(t, controller)
	controller = l.startController(t)
	withFew := peak(t, controller.Process.Pid, func() { l.restoreAll(t, "few", "many", "copy-few", few) })
	withMany := peak(t, controller.Process.Pid, func() { l.restoreAll(t, "many", "many", "copy-many", many) })
	if withMany-withFew > noise {
		t.Errorf("with %d config maps there were %.0f MiB, and with %d %.0f", few, withFew, many, withMany)
	}
}

// BenchmarkRestore restores a namespace of 20,000 config maps, 200 MiB. It reports by how many MiB the controller's resident memory
// grows, and how many objects a second are restored, from the request to the end.
func BenchmarkRestore(b *testing.B) {
	const count, size = 20_000, 10 << 10
	l := startLab(b)
	controller := l.startController(b)
	l.fill(b, "many", 0, count, size)
	l.backUp(b, "many", "many", count)
	kill(b, controller)
	controller = l.startController(b)
	l.create(b, "first", "blog")
	l.ended(b, "first")
	before := residentMiB(b, controller.Process.Pid)
	var restoring time.Duration
	var most float64
	for round := 0; b.Loop(); round++ {
		start := time.Now()
		most = max(most, peak(b, controller.Process.Pid, func() { l.restoreAll(b, "many", "many", fmt.Sprintf("copy-%d", round), count) }))
		restoring += time.Since(start)
	}
	if most-before > maxGrowth {
		b.Errorf("the resident memory grew from %.0f to %.0f MiB", before, most)
	}
	b.ReportMetric(most-before, "MiB-more")
	b.ReportMetric(float64(count*b.N)/restoring.Seconds(), "objects/s")
	b.ReportMetric(0, "ns/op")
}
