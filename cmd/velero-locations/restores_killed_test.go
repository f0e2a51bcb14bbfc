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
		l.restore(t, name, round)
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
		l.restore(t, again, round)
		if ended := l.awaitRestore(t, again); ended.Status.Phase != v1.RestorePhaseCompleted || ended.Status.Errors+ended.Status.Warnings > 0 || there(round) != objects {
			t.Errorf("%s is %+v, with %d objects", again, ended.Status, there(round))
		}
	}
	if interrupted < kills/4 {
		t.Errorf("only %d of %d restores were interrupted", interrupted, kills)
	}
}

func (l *lab) restore(t *testing.T, name string, round int) {
	t.Helper()
	restore := &v1.Restore{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       v1.RestoreSpec{BackupName: "b", NamespaceMapping: map[string]string{"large": fmt.Sprintf("copy-%d", round)}},
	}
	if _, err := l.velero.VeleroV1().Restores("velero").Create(t.Context(), restore, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func (l *lab) restored(t *testing.T, name string) *v1.Restore {
	t.Helper()
	restore, err := l.velero.VeleroV1().Restores("velero").Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return restore
}

func (l *lab) awaitRestore(t *testing.T, name string) *v1.Restore {
	t.Helper()
	var restore *v1.Restore
	devtest.Poll(t, time.Minute, "the end of restore "+name, func() bool {
		restore = l.restored(t, name)
		return restore.Status.CompletionTimestamp != nil
	})
	return restore
}
