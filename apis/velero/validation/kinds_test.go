package validation_test

import (
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/apis/velero/validation"
)

// TestBadKinds checks the errors of every object in testdata/bad_kinds.txt.
func TestBadKinds(t *testing.T) {
	for _, c := range readCases(t, "testdata/bad_kinds.txt") {
		t.Run(c.name, func(t *testing.T) {
			c.wantErrors(t, validate(t, validation.Rules{}, c.object(t), nil))
		})
	}
}

// TestGoodKinds shows that what people write, and what Velero's client and controllers post, is taken.
func TestGoodKinds(t *testing.T) {
	for _, c := range readCases(t, "testdata/good_kinds.txt") {
		t.Run(c.name, func(t *testing.T) {
			if errs := validate(t, validation.Rules{}, c.object(t), nil); len(errs) > 0 {
				t.Errorf("%s\ngot %v", c.text, errs)
			}
		})
	}
}

// TestUpdateOfBadKinds shows that what is stored can be written again, whatever is wrong with it.
func TestUpdateOfBadKinds(t *testing.T) {
	for _, c := range readCases(t, "testdata/bad_kinds.txt") {
		t.Run(c.name, func(t *testing.T) {
			old, updated := c.object(t), c.object(t)
			updated.(metav1.Object).SetLabels(map[string]string{"a": "b"})
			if errs := validate(t, validation.Rules{}, updated, old); len(errs) > 0 {
				t.Errorf("%s\nwith another label: %v", c.text, errs)
			}
		})
	}
}

// TestControllersCompleteSpecs shows that a controller may, in the patch that moves the phase on,
// write a spec that nobody could have asked for, and that the person who asks may not.
func TestControllersCompleteSpecs(t *testing.T) {
	asked := &v1.Backup{Spec: v1.BackupSpec{IncludedNamespaces: []string{"shop"}}}
	completed := asked.DeepCopy()
	completed.Spec.ExcludedNamespaces = []string{"shop"} // the namespace is labelled to be left out
	if errs := validation.Backup(completed, asked); len(errs) != 1 {
		t.Errorf("a person: %v", errs)
	}
	for _, phase := range []v1.BackupPhase{v1.BackupPhaseInProgress, v1.BackupPhaseFailedValidation} {
		completed.Status.Phase = phase
		if errs := validation.Backup(completed, asked); len(errs) > 0 {
			t.Errorf("a controller that writes phase %s: %v", phase, errs)
		}
	}

	restore := &v1.Restore{Spec: v1.RestoreSpec{ScheduleName: "nightly"}}
	chosen := restore.DeepCopy()
	chosen.Spec.BackupName = "nightly-1"
	if errs := validation.Restore(chosen, restore); len(errs) != 1 {
		t.Errorf("a person: %v", errs)
	}
	chosen.Status.Phase = v1.RestorePhaseInProgress
	if errs := validation.Restore(chosen, restore); len(errs) > 0 {
		t.Errorf("a controller: %v", errs)
	}
}

// TestNamesOfSchedules shows that a schedule is refused whose backups could not have its name.
func TestNamesOfSchedules(t *testing.T) {
	for length, want := range map[int]string{238: "", 239: "no more than 238 characters: its backups", 253: "no more than 238", 254: "no more than 253"} {
		errs := validation.ScheduleName(strings.Repeat("n", length), false)
		if got := strings.Join(errs, ", "); len(errs) > 1 || !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("%d characters: %q, want %q", length, got, want)
		}
	}
	if errs := validation.ScheduleName(strings.Repeat("n", 253), true); len(errs) > 0 {
		t.Errorf("a prefix of 253 characters: %q", errs)
	}
	if errs := validation.ScheduleName("Nightly", false); len(errs) != 1 {
		t.Errorf("a capital letter: %q", errs)
	}
}

// TestDestinationOfBackups shows in which phases the locations of a backup can be changed.
func TestDestinationOfBackups(t *testing.T) {
	for phase, want := range map[v1.BackupPhase]int{
		"": 0, v1.BackupPhaseNew: 0, v1.BackupPhaseQueued: 0, v1.BackupPhaseReadyToStart: 0,
		v1.BackupPhaseInProgress: 2, v1.BackupPhaseFailedValidation: 2, v1.BackupPhaseCompleted: 2, v1.BackupPhaseDeleting: 2,
	} {
		old := &v1.Backup{Spec: v1.BackupSpec{StorageLocation: "a", VolumeSnapshotLocations: []string{"b", "c"}}, Status: v1.BackupStatus{Phase: phase}}
		moved := old.DeepCopy()
		moved.Spec.StorageLocation, moved.Spec.VolumeSnapshotLocations = "x", []string{"c"}
		moved.Status.Phase = v1.BackupPhaseFailedValidation // also in the write that ends it
		if errs := validation.Backup(moved, old); len(errs) != want {
			t.Errorf("in phase %q: %v, want %d errors", phase, errs, want)
		}
	}
}

// TestMistypedDurations shows that a duration that is none never gets in: typed clients could not
// read any list that it is in.
func TestMistypedDurations(t *testing.T) {
	for _, c := range []string{`backup | {ttl: 5 minutes}`, `schedule | {template: {csiSnapshotTimeout: "10"}}`, `repository | {maintenanceFrequency: daily}`} {
		kind, spec, _ := strings.Cut(c, " | ")
		data, err := manifest(kind, "{spec: "+spec+"}")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decode(data); err == nil || !strings.Contains(fmt.Sprint(err), "duration") {
			t.Errorf("%s: %v", c, err)
		}
	}
}
