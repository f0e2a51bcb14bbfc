package verification

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/event"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/journal"
)

// verifiedAt are the backups that were verified, with when and what was found out.
func (d *desk) verifiedAt(t *testing.T) []string {
	t.Helper()
	var list velerov1.BackupList
	if err := d.World.List(t.Context(), &list); err != nil {
		t.Fatal(err)
	}
	var all []string
	for i := range list.Items {
		if b := &list.Items[i]; b.Annotations[backups.VerifiedAnnotation] != "" {
			all = append(all, fmt.Sprintf("%s %s %s", b.Name, backups.VerifiedAt(b).Format(time.TimeOnly), b.Annotations[backups.VerifiedAnnotation]))
		}
	}
	return all
}

// TestBackground shows that backups are verified one at a time, those first that were longest not; that a controller which starts goes on
// where another was; and that it knows when it has something to do again.
func TestBackground(t *testing.T) {
	running := record("running")
	running.Status.Phase = velerov1.BackupPhaseInProgress
	d := newDesk(t, record("a"), record("b"), record("c"), running)
	for _, name := range []string{"a", "b", "c"} {
		d.makeBackup(t, name)
	}
	if result := d.look(t); result.RequeueAfter != 0 || len(d.verifiedAt(t)) != 0 {
		t.Fatalf("without a period: got %v, %q", result, d.verifiedAt(t))
	}
	d.opts.Period = time.Hour
	step := func(want ...string) {
		t.Helper()
		if result := d.look(t); result.RequeueAfter != time.Millisecond || !slices.Equal(d.verifiedAt(t), want) {
			t.Fatalf("got %v, %q; want %q", result, d.verifiedAt(t), want)
		}
		d.clock = d.clock.Add(time.Minute)
	}
	step("a 01:02:03 True")
	step("a 01:02:03 True", "b 01:03:03 True")
	d.resting = map[types.NamespacedName]time.Time{} // another controller
	step("a 01:02:03 True", "b 01:03:03 True", "c 01:04:03 True")
	if result := d.look(t); result.RequeueAfter != 57*time.Minute {
		t.Fatalf("got %v", result)
	}
	if report := d.ask(t, "c"); report.Verified != yes { // out of turn
		t.Fatalf("got %+v", report)
	}
	d.clock = d.clock.Add(57 * time.Minute)
	step("a 02:02:03 True", "b 01:03:03 True", "c 01:05:03 True")
	step("a 02:02:03 True", "b 02:03:03 True", "c 01:05:03 True")
}

// TestRest shows that a location which does not answer is left alone for a while, and that those who ask are answered all the same.
func TestRest(t *testing.T) {
	d := newDesk(t, record("a"), record("b"))
	d.makeBackup(t, "a")
	d.makeBackup(t, "b")
	d.opts.Period = time.Hour
	d.look(t)
	d.clock = d.clock.Add(2 * time.Hour)
	d.look(t)
	d.clock = d.clock.Add(2 * time.Hour)
	outage := d.Cloud.Harm(t, faults.Rule{Match: faults.Match{Operations: []string{"s3:*"}}, Fault: faults.Outage{}})
	d.look(t)
	if got := d.verifiedAt(t); !slices.Equal(got, []string{"a 05:02:03 Unknown", "b 03:02:03 True"}) {
		t.Fatalf("got %q", got)
	}
	if result := d.look(t); result.RequeueAfter != retry {
		t.Errorf("got %v", result)
	}
	if report := d.ask(t, "b"); report.Verified != unsure {
		t.Errorf("got %+v", report)
	}
	d.Cloud.Faults().Remove(outage)
	d.clock = d.clock.Add(retry)
	d.look(t)
	d.look(t)
	if got := d.verifiedAt(t); !slices.Equal(got, []string{"a 05:17:03 True", "b 05:17:03 True"}) {
		t.Errorf("got %q", got)
	}
	if len(d.events) != 0 {
		t.Errorf("got event %q", <-d.events)
	}
}

// TestEvents shows that a backup which breaks is told of once, and so is one that no longer is broken.
func TestEvents(t *testing.T) {
	d := newDesk(t, record("b"))
	d.makeBackup(t, "b")
	d.ask(t, "b")
	kept := d.keep(t, backups.Results)
	d.remove(t, d.key(backups.Results))
	d.ask(t, "b")
	d.ask(t, "b")
	if err := d.Store.Put(t.Context(), d.key(backups.Results), bytes.NewReader(kept)); err != nil {
		t.Fatal(err)
	}
	d.ask(t, "b")
	want := []string{
		"Warning Broken The backup is broken; can be restored: all of 6 objects and 3 volumes; team/backups/b/b-results.gz: it is missing",
		"Normal Verified The backup is no longer broken; can be restored: all of 6 objects and 3 volumes",
	}
	if len(d.events) != len(want) {
		t.Fatalf("got %d events", len(d.events))
	}
	for _, prefix := range want {
		if got := <-d.events; !strings.HasPrefix(got, prefix) {
			t.Errorf("got %q, want %q", got, prefix)
		}
	}
}

// keep returns the bytes of a file.
func (d *desk) keep(t *testing.T, file backups.File) (kept []byte) {
	t.Helper()
	d.edit(t, file, func(content []byte) []byte { kept = content; return content })
	return kept
}

// TestNothingToVerify shows the answers about backups without contents.
func TestNothingToVerify(t *testing.T) {
	for phase, want := range map[velerov1.BackupPhase]string{
		"": "its phase is New", velerov1.BackupPhaseInProgress: "its phase is InProgress", velerov1.BackupPhaseFailed: "its phase is Failed", velerov1.BackupPhaseDeleting: "its phase is Deleting",
	} {
		b := record("b")
		b.Status.Phase = phase
		d := newDesk(t, b)
		report := d.ask(t, "b")
		if report.Verified != unsure || len(report.Findings) != 1 || !strings.Contains(report.Findings[0].Message, want) {
			t.Errorf("%q: got %+v", phase, report)
		}
		if sent := d.Cloud.Journal().Entries(journal.Filter{}); len(sent) > 0 {
			t.Errorf("%q: the storage was asked", phase)
		}
	}
}

// TestVelero shows what is not held against backups of Velero's own server: files that its earlier versions did not write, objects in the
// list that could not be backed up, and what plugins finished after the list was made.
func TestVelero(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*velerov1.Backup)
		do     func(*testing.T, *desk)
		note   string
	}{
		"an early version": {func(b *velerov1.Backup) { b.Spec.VolumeGroupSnapshotLabelKey = "" }, func(t *testing.T, d *desk) {
			d.remove(t, d.key(backups.Results), d.key(backups.VolumeInfos), d.key(backups.ItemOperations), d.key(backups.Log))
		}, ""},
		"an error": {func(b *velerov1.Backup) {
			b.Status.Phase, b.Status.Errors = velerov1.BackupPhasePartiallyFailed, 1
		}, func(t *testing.T, d *desk) {
			d.replace(t, backups.Metadata, `"phase": "Completed"`, `"phase": "PartiallyFailed"`)
			without("shop/a.json")(t, d)
		}, "it could not be backed up"},
		"operations": {func(b *velerov1.Backup) {
			b.Status.BackupItemOperationsAttempted, b.Status.Progress.ItemsBackedUp = 1, 5
		}, replace(backups.ResourceList, `"shop/a",`, ``), ""},
		"nulls":  {func(*velerov1.Backup) {}, func(t *testing.T, d *desk) { d.replace(t, backups.ItemOperations, "[]", "null") }, ""},
		"restic": {func(*velerov1.Backup) {}, func(t *testing.T, d *desk) { d.replace(t, backups.PodVolumeBackups, "kopia", "restic") }, `its files are where "restic" put them`},
		"data that were moved": {func(*velerov1.Backup) {}, func(t *testing.T, d *desk) {
			d.replace(t, backups.VolumeInfos, "[", `[{"pvName":"m","pvcNamespace":"shop","backupMethod":"CSISnapshot","snapshotDataMoved":true,"result":"succeeded","snapshotDataMovementInfo":{"uploaderType":"kopia"}},`)
		}, ""},
		"data that somebody moved": {func(*velerov1.Backup) {}, func(t *testing.T, d *desk) {
			d.replace(t, backups.VolumeInfos, "[", `[{"pvName":"m","pvcNamespace":"shop","backupMethod":"CSISnapshot","snapshotDataMoved":true,"result":"succeeded","snapshotDataMovementInfo":{"dataMover":"x"}},`)
		}, `data mover "x"`},
		"a snapshot by CSI": {func(*velerov1.Backup) {}, func(t *testing.T, d *desk) {
			d.replace(t, backups.VolumeInfos, "[", `[{"pvName":"csi","backupMethod":"CSISnapshot","result":"succeeded"},`)
		}, "a CSI driver's, which is not verified"},
		"another provider": {func(*velerov1.Backup) {}, func(t *testing.T, d *desk) {
			location := &velerov1.VolumeSnapshotLocation{}
			d.Read(t, "ebs", location)
			location.Spec.Provider = "gcp"
			if err := d.World.Update(t.Context(), location); err != nil {
				t.Fatal(err)
			}
		}, "there is no driver for it"},
	} {
		t.Run(name, func(t *testing.T) {
			b := record("b")
			test.change(b)
			d := newDesk(t, b)
			d.makeBackup(t, "b")
			d.replace(t, backups.Log, " uid=uid-b", "") // as in Velero's logs
			test.do(t, d)
			report := d.ask(t, "b")
			if report.Verified != yes || test.note != "" && !strings.Contains(fmt.Sprint(report.Findings), test.note) {
				t.Errorf("got %+v", report)
			}
		})
	}
}

// TestMany shows that what is said of a backup with much damage has a bound, and counts what it leaves out.
func TestMany(t *testing.T) {
	d := newDesk(t, record("b"))
	d.makeBackup(t, "b")
	d.replace(t, backups.ResourceList, `"shop/a"`, `"shop/a"`+manyNames(5000))
	report := d.ask(t, "b")
	backup := &velerov1.Backup{}
	d.Read(t, "b", backup)
	size := 0
	for _, value := range backup.Annotations {
		size += len(value)
	}
	if report.Verified != no || report.Objects.Restorable != 6 || report.Objects.Total != 5006 || len(report.Findings)+report.Omitted < 5000 || size > 64<<10 {
		t.Errorf("got %s, %+v, %d findings and %d more in %d bytes", report.Verified, report.Objects, len(report.Findings), report.Omitted, size)
	}
}

func manyNames(count int) string {
	var b strings.Builder
	for i := range count {
		fmt.Fprintf(&b, `,"shop/lost-%d"`, i)
	}
	return b.String()
}

// TestBandwidth shows that no more is read in a second than is allowed.
func TestBandwidth(t *testing.T) {
	d := newDesk(t, record("b"))
	d.makeBackup(t, "b")
	d.opts.Bandwidth = 2 << 10
	stored := 0
	for _, file := range files {
		stored += len(d.keep(t, file))
	}
	began := time.Now()
	if report := d.ask(t, "b"); report.Verified != yes {
		t.Errorf("got %+v", report)
	}
	// The first pieces are free: as many as are read in a second.
	if least := time.Duration(stored-int(d.opts.Bandwidth)) * time.Second / time.Duration(d.opts.Bandwidth); time.Since(began) < least {
		t.Errorf("%d bytes took %s", stored, time.Since(began))
	}
}

// TestWakes shows which changes of backups have the controller look.
func TestWakes(t *testing.T) {
	asked, done, running := record("asked"), record("done"), record("running")
	asked.Annotations = map[string]string{backups.VerifyAnnotation: "1"}
	done.Annotations = map[string]string{backups.VerifiedAtAnnotation: start.Format(time.RFC3339), backups.VerifiedAnnotation: string(metav1.ConditionTrue)}
	running.Status.Phase = velerov1.BackupPhaseInProgress
	for name, test := range map[string]struct {
		backup         *velerov1.Backup
		created, later [2]bool // without a period, and with one
	}{
		"asked for": {asked, [2]bool{true, true}, [2]bool{true, true}},
		"new":       {record("new"), [2]bool{false, true}, [2]bool{false, true}},
		"verified":  {done, [2]bool{false, true}, [2]bool{}},
		"running":   {running, [2]bool{false, true}, [2]bool{}},
	} {
		for i, period := range []time.Duration{0, time.Hour} {
			wakes := (&reconciler{opts: Options{Period: period}}).wakes()
			if got := wakes.Create(event.CreateEvent{Object: test.backup}); got != test.created[i] {
				t.Errorf("%s, created: got %v", name, got)
			}
			if got := wakes.Update(event.UpdateEvent{ObjectOld: test.backup, ObjectNew: test.backup}); got != test.later[i] {
				t.Errorf("%s, changed: got %v", name, got)
			}
		}
	}
}
