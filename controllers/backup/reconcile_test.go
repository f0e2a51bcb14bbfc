package backup

import (
	"context"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/version"
	fakediscovery "k8s.io/client-go/discovery/fake"
	clienttesting "k8s.io/client-go/testing"
	events "k8s.io/client-go/tools/record"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/controllers/internal/backend/backendtest"
	"github.com/velero-locations/velero-locations/controllers/internal/metrics"
	"github.com/velero-locations/velero-locations/controllers/internal/metrics/metricstest"
	"github.com/velero-locations/velero-locations/controllers/internal/record"
	"github.com/velero-locations/velero-locations/simulator/faults"
)

// desk is a reconciler of backups of the application.
type desk struct {
	*backendtest.World
	*reconciler

	clock  time.Time
	events <-chan string
}

func newDesk(t *testing.T, objects ...client.Object) *desk {
	t.Helper()
	return newDeskWith(t, interceptor.Funcs{}, objects...)
}

func newDeskWith(t *testing.T, calls interceptor.Funcs, objects ...client.Object) *desk {
	t.Helper()
	contents := maps.Clone(application)
	contents["namespaces"] = append(slices.Clone(contents["namespaces"]), `{"metadata":{"name":"private","labels":{"velero.io/exclude-from-backup":"true"}}}`)
	verbs := metav1.Verbs{"list", "get", "create", "delete"}
	resources := map[string]*metav1.APIResourceList{}
	for _, r := range served {
		group := r.GroupVersion().String()
		if resources[group] == nil {
			resources[group] = &metav1.APIResourceList{GroupVersion: group}
		}
		resources[group].APIResources = append(resources[group].APIResources, metav1.APIResource{Name: r.Resource, Kind: r.Kind, Namespaced: r.Namespaced, Verbs: verbs})
	}
	events := events.NewFakeRecorder(100)
	d := &desk{World: backendtest.New(t, calls, objects...), events: events.Events, clock: time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC)}
	d.reconciler = &reconciler{
		Writer: d.World.Writer, live: d.World.Client, api: apiOf(t, contents), queue: newQueue(1), now: func() time.Time { return d.clock },
		discovery: &fakediscovery.FakeDiscovery{
			Fake: &clienttesting.Fake{Resources: slices.Collect(maps.Values(resources))}, FakedServerVersion: &version.Info{GitVersion: "v1.37.2", Major: "1", Minor: "37"},
		},
		opts: Options{Backend: d.Backend, TTL: time.Hour, Concurrent: 1, LocationWait: time.Minute, Events: events, Metrics: metrics.New()},
	}
	return d
}

func (d *desk) look(t *testing.T, name string) (reconcile.Result, *velerov1.Backup) {
	t.Helper()
	result, err := d.World.Reconcile(t, d.reconciler, name)
	if err != nil {
		t.Fatal(err)
	}
	backup := &velerov1.Backup{}
	d.Read(t, name, backup)
	return result, backup
}

func backupOf(name string, change ...func(*velerov1.Backup)) *velerov1.Backup {
	b := &velerov1.Backup{
		ObjectMeta: metav1.ObjectMeta{Name: name, UID: "uid-1", CreationTimestamp: metav1.NewTime(time.Date(2026, 11, 22, 1, 2, 0, 0, time.UTC))},
		Spec:       velerov1.BackupSpec{StorageLocation: "primary"},
	}
	for _, change := range change {
		change(b)
	}
	return b
}

// TestDefaults shows what is written into a backup that says nothing.
func TestDefaults(t *testing.T) {
	d := newDesk(t, backupOf("b", func(b *velerov1.Backup) { b.Spec.ExcludedNamespaces = []string{"other"} }))
	_, backup := d.look(t, "b")
	spec, status := backup.Spec, backup.Status
	if status.Phase != velerov1.BackupPhaseCompleted || status.Version != 1 || status.FormatVersion != "1.1.0" || !status.Expiration.Time.Equal(d.clock.Add(time.Hour)) || !status.StartTimestamp.Time.Equal(d.clock) {
		t.Errorf("got status %+v", status)
	}
	if spec.TTL.Duration != time.Hour || spec.CSISnapshotTimeout.Duration != 10*time.Minute || spec.ItemOperationTimeout.Duration != 4*time.Hour || spec.VolumeGroupSnapshotLabelKey != "velero.io/volume-group" {
		t.Errorf("got spec %+v", spec)
	}
	for what, got := range map[string][2][]string{
		"included namespaces": {spec.IncludedNamespaces, {"*"}},
		"excluded namespaces": {spec.ExcludedNamespaces, {"other", "private"}},
		"excluded resources":  {spec.ExcludedResources, {"volumesnapshots.snapshot.storage.k8s.io", "volumesnapshotcontents.snapshot.storage.k8s.io"}},
		"snapshot locations":  {spec.VolumeSnapshotLocations, {"ebs"}},
	} {
		if !slices.Equal(got[0], got[1]) {
			t.Errorf("%s: got %q, want %q", what, got[0], got[1])
		}
	}
	if backup.Labels["velero.io/storage-location"] != "primary" || backup.Annotations["velero.io/source-cluster-k8s-gitversion"] != "v1.37.2" ||
		backup.Annotations["velero.io/source-cluster-k8s-major-version"] != "1" || backup.Annotations["velero.io/source-cluster-k8s-minor-version"] != "37" || backup.Annotations["velero.io/resource-timeout"] != "10m0s" {
		t.Errorf("got %v, %v", backup.Labels, backup.Annotations)
	}
}

// TestEvents shows what is told of a backup while it runs.
func TestEvents(t *testing.T) {
	for location, want := range map[string][]string{
		"primary": {`Normal InProgress The backup begins, to backup storage location "primary"`, "Normal Completed The backup is complete: "},
		"gone":    {"Warning FailedValidation The backup cannot run: "},
	} {
		d := newDesk(t, backupOf("b", func(b *velerov1.Backup) { b.Spec.StorageLocation = location }))
		d.look(t, "b")
		if len(d.events) != len(want) {
			t.Fatalf("to %s: got %d events, want %d", location, len(d.events), len(want))
		}
		for _, prefix := range want {
			if got := <-d.events; !strings.HasPrefix(got, prefix) {
				t.Errorf("to %s: got %q, want %q", location, got, prefix)
			}
		}
	}
}

// TestNoRecorder shows that a backup runs where nobody wants its events.
func TestNoRecorder(t *testing.T) {
	d := newDesk(t, backupOf("b"))
	d.opts.Events = nil
	if _, backup := d.look(t, "b"); backup.Status.Phase != velerov1.BackupPhaseCompleted {
		t.Errorf("got %+v", backup.Status)
	}
}

// TestCounts shows how the end of a backup is told in numbers.
func TestCounts(t *testing.T) {
	for want, status := range map[string]velerov1.BackupStatus{
		"0 items, 0 of 0 snapshots of volumes, 0 errors, 0 warnings": {},
		"1 item, 1 of 1 snapshot of volumes, 1 error, 1 warning": {
			Progress: &velerov1.BackupProgress{ItemsBackedUp: 1}, VolumeSnapshotsAttempted: 1, VolumeSnapshotsCompleted: 1, Errors: 1, Warnings: 1,
		},
		"2 items, 1 of 2 snapshots of volumes, 2 errors, 2 warnings": {
			Progress: &velerov1.BackupProgress{ItemsBackedUp: 2}, VolumeSnapshotsAttempted: 2, VolumeSnapshotsCompleted: 1, Errors: 2, Warnings: 2,
		},
	} {
		if got := counts(&status); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestExcludeIntermediate shows that resources of CSI snapshots are left out in the way in which a backup names resources,
// once each.
func TestExcludeIntermediate(t *testing.T) {
	no := false
	both := []string{csiSnapshots, csiContents}
	for name, tc := range map[string]struct {
		spec                     velerov1.BackupSpec
		old, namespaced, cluster []string
	}{
		"nothing named":      {old: both},
		"the old way":        {spec: velerov1.BackupSpec{ExcludedResources: []string{"pods"}}, old: append([]string{"pods"}, both...)},
		"no cluster":         {spec: velerov1.BackupSpec{IncludeClusterResources: &no}, old: both},
		"done":               {spec: velerov1.BackupSpec{ExcludedResources: both}, old: both},
		"the new way":        {spec: velerov1.BackupSpec{IncludedNamespaceScopedResources: []string{"pods"}}, namespaced: both[:1], cluster: both[1:]},
		"the new way, again": {spec: velerov1.BackupSpec{ExcludedNamespaceScopedResources: both[:1:1], ExcludedClusterScopedResources: []string{"a"}}, namespaced: both[:1], cluster: []string{"a", csiContents}},
	} {
		for range 2 {
			excludeIntermediate(&tc.spec)
		}
		got := [][]string{tc.spec.ExcludedResources, tc.spec.ExcludedNamespaceScopedResources, tc.spec.ExcludedClusterScopedResources}
		for i, want := range [][]string{tc.old, tc.namespaced, tc.cluster} {
			if !slices.Equal(got[i], want) {
				t.Errorf("%s: got %q, want %q", name, got[i], want)
			}
		}
	}
}

// TestRefused shows a backup that cannot run, with all that is wrong, and the defaults in it all the same.
func TestRefused(t *testing.T) {
	d := newDesk(t, backupOf("b", func(b *velerov1.Backup) {
		b.Spec.StorageLocation, b.Spec.VolumeSnapshotLocations = "gone", []string{"lost"}
	}))
	_, backup := d.look(t, "b")
	problems := strings.Join(backup.Status.ValidationErrors, "\n")
	if backup.Status.Phase != velerov1.BackupPhaseFailedValidation || len(backup.Status.ValidationErrors) != 2 || !strings.Contains(problems, "gone") || !strings.Contains(problems, "lost") ||
		backup.Spec.TTL.Duration != time.Hour || backup.Status.FormatVersion == "" {
		t.Errorf("got %+v, %+v", backup.Spec, backup.Status)
	}
}

// TestOutrun shows that a backup which is to be deleted by the time that it is to begin does not begin.
func TestOutrun(t *testing.T) {
	d := newDeskWith(t, interceptor.Funcs{List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
		if _, of := list.(*velerov1.BackupStorageLocationList); of { // which is read between
			backup := &velerov1.Backup{ObjectMeta: metav1.ObjectMeta{Namespace: backendtest.Namespace, Name: "b"}}
			if err := c.Patch(ctx, backup, client.RawPatch(types.MergePatchType, []byte(`{"status":{"phase":"Deleting"}}`))); err != nil {
				return err
			}
		}
		return c.List(ctx, list, opts...)
	}}, backupOf("b"))
	if _, backup := d.look(t, "b"); backup.Status.Phase != velerov1.BackupPhaseDeleting || len(d.Keys(t)) > 0 || len(d.queue.running) > 0 {
		t.Errorf("got %+v, %q", backup.Status, d.Keys(t))
	}
}

// TestMovedMeanwhile shows that a backup fails whose location is in another place when it ends, and that nothing of it is left.
func TestMovedMeanwhile(t *testing.T) {
	for name, change := range map[string]func(*velerov1.BackupStorageLocation){
		"moved":     func(l *velerov1.BackupStorageLocation) { l.Spec.ObjectStorage.Prefix = "other" },
		"made anew": func(l *velerov1.BackupStorageLocation) { l.UID = "another" },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDeskWith(t, interceptor.Funcs{Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, object client.Object, opts ...client.GetOption) error {
				err := c.Get(ctx, key, object, opts...)
				if location, of := object.(*velerov1.BackupStorageLocation); of { // which is read at the end
					change(location)
				}
				return err
			}}, backupOf("b"))
			_, backup := d.look(t, "b")
			if backup.Status.Phase != velerov1.BackupPhaseFailed || !strings.Contains(backup.Status.FailureReason, `the location has changed: backup storage location "primary" was`) {
				t.Errorf("got %+v", backup.Status)
			}
			if keys := d.Keys(t); len(keys) > 0 {
				t.Errorf("there is %q", keys)
			}
		})
	}
}

// TestNewLocation shows that a location counts that was made so recently that no cache knows it.
func TestNewLocation(t *testing.T) {
	d := newDesk(t, backupOf("b"))
	d.reconciler.Client = interceptor.NewClient(d.World.Client.(client.WithWatch), interceptor.Funcs{
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			if _, of := list.(*velerov1.BackupStorageLocationList); of {
				return nil
			}
			return c.List(ctx, list, opts...)
		},
	})
	if _, backup := d.look(t, "b"); backup.Status.Phase != velerov1.BackupPhaseCompleted {
		t.Errorf("got %+v", backup.Status)
	}
}

// TestNamespacesHidden shows that a backup does not wait for ever to learn which namespaces are marked to be left out.
func TestNamespacesHidden(t *testing.T) {
	d := newDesk(t, backupOf("b"))
	d.api = apiOf(t, cluster{})
	if _, backup := d.look(t, "b"); backup.Status.Phase != velerov1.BackupPhaseFailedValidation || !strings.Contains(strings.Join(backup.Status.ValidationErrors, "\n"), "listing namespaces: not allowed") {
		t.Errorf("got %+v", backup.Status)
	}
}

// TestUnfulfilled shows that what is asked for and not done is reported.
func TestUnfulfilled(t *testing.T) {
	yes, no := true, false
	for want, spec := range map[string]velerov1.BackupSpec{
		"":                              {DefaultVolumesToFsBackup: &no, SnapshotMoveData: &no},
		"spec.hooks":                    {Hooks: velerov1.BackupHooks{Resources: []velerov1.BackupResourceHookSpec{{Name: "h"}}}},
		"spec.defaultVolumesToFsBackup": {DefaultVolumesToRestic: &yes},
		"spec.snapshotMoveData":         {SnapshotMoveData: &yes},
		"spec.resourcePolicy":           {ResourcePolicy: &corev1.TypedLocalObjectReference{Kind: "configmap", Name: "p"}},
	} {
		got := unfulfilled(&spec)
		if (len(got) == 1) != (want != "") || !strings.HasPrefix(strings.Join(got, "\n"), want) {
			t.Errorf("%q: got %q", want, got)
		}
	}
}

// TestUnknownResources shows that a backup says which resources it includes though there are none of the name.
func TestUnknownResources(t *testing.T) {
	backup := backupOf("b", func(b *velerov1.Backup) {
		b.Spec.IncludedResources, b.Spec.ExcludedResources = []string{"Configmap", "deploymnts", "*.apps", "*"}, []string{"widgets"}
	})
	d := newDesk(t, backup)
	p, err := d.prepare(t.Context(), backup)
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	if want := []string{`spec.includedResources[1]: the API serves no resource "deploymnts": did you mean "deployments"?`}; !slices.Equal(p.warnings, want) {
		t.Errorf("got %q, want %q", p.warnings, want)
	}
}

// TestFirstValidation shows that a backup waits for the first check of its location, lets others go first, and does not
// wait for ever.
func TestFirstValidation(t *testing.T) {
	unchecked := func(l *velerov1.BackupStorageLocation) { l.Status.Phase = "" }
	for name, tc := range map[string]struct {
		then  func(*velerov1.BackupStorageLocation)
		after time.Duration
		want  velerov1.BackupPhase
	}{
		"found to work":     {func(l *velerov1.BackupStorageLocation) { l.Status.Phase = "Available" }, 0, velerov1.BackupPhaseCompleted},
		"found not to work": {func(l *velerov1.BackupStorageLocation) { l.Status.Phase = "Unavailable" }, 0, velerov1.BackupPhaseFailedValidation},
		"never checked":     {unchecked, time.Minute, velerov1.BackupPhaseFailedValidation},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, backupOf("b"))
			d.Location(t, unchecked)
			for range 2 {
				if result, backup := d.look(t, "b"); result.RequeueAfter != again || !backup.Status.Phase.Waiting() {
					t.Fatalf("got %v, %s", result, backup.Status.Phase)
				}
			}
			if len(d.queue.running) > 0 || !d.queue.recall(backupOf("b", func(b *velerov1.Backup) { b.Namespace = backendtest.Namespace })).postponed {
				t.Error("it keeps others waiting")
			}
			d.Location(t, tc.then)
			d.clock = d.clock.Add(tc.after)
			if _, backup := d.look(t, "b"); backup.Status.Phase != tc.want {
				t.Errorf("got %s %q", backup.Status.Phase, backup.Status.ValidationErrors)
			}
		})
	}
}

// TestUnreachable shows that a backup does not wait for a check that nobody makes here, and says what is in the way.
func TestUnreachable(t *testing.T) {
	d := newDesk(t, backupOf("b"))
	d.Location(t, func(l *velerov1.BackupStorageLocation) { l.Spec.Provider, l.Status.Phase = "gcp", "" })
	_, backup := d.look(t, "b")
	if problems := strings.Join(backup.Status.ValidationErrors, "\n"); backup.Status.Phase != velerov1.BackupPhaseFailedValidation ||
		!strings.Contains(problems, `object storage of provider "gcp" cannot be reached from here`) {
		t.Errorf("got %s %q", backup.Status.Phase, problems)
	}
}

// TestElsewhere shows that a backup ends at once, with the reason, if only Velero's own pod has an identity for its
// locations.
func TestElsewhere(t *testing.T) {
	const why = `in Secret "cloud-credentials", key "cloud": profile "default" of the credentials file gets its key by credential_process, which only Velero's own pod can run`
	d := newDesk(t, backupOf("b"))
	d.Location(t, func(l *velerov1.BackupStorageLocation) { l.Status.Phase, l.Status.Message = "", "is not checked" })
	secret := &corev1.Secret{}
	d.Read(t, "cloud-credentials", secret)
	secret.Data["cloud"] = []byte("[default]\ncredential_process = x")
	if err := d.World.Update(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	_, backup := d.look(t, "b")
	errs := backup.Status.ValidationErrors
	if backup.Status.Phase != velerov1.BackupPhaseFailedValidation || len(errs) != 1 || errs[0] != `backup storage location "primary" cannot be used from here: `+why {
		t.Errorf("got %s: %q", backup.Status.Phase, errs)
	}
}

// TestPositions shows that a backup that waits for others says where it stands.
func TestPositions(t *testing.T) {
	d := newDesk(t, backupOf("first"), backupOf("second", func(b *velerov1.Backup) { b.UID = "uid-2" }))
	result, second := d.look(t, "second")
	if result.RequeueAfter != again || second.Status.Phase != velerov1.BackupPhaseQueued || second.Status.QueuePosition != 1 {
		t.Errorf("got %v, %+v", result, second.Status)
	}
	d.look(t, "first")
	if _, second = d.look(t, "second"); second.Status.Phase != velerov1.BackupPhaseCompleted || second.Status.QueuePosition != 0 {
		t.Errorf("got %+v", second.Status)
	}
}

// TestNameTaken shows that a backup of a name that the bucket has fails, and leaves what is there.
func TestNameTaken(t *testing.T) {
	d := newDesk(t, backupOf("b"))
	d.Put(t, backups.Metadata, "b", "theirs")
	if _, backup := d.look(t, "b"); backup.Status.Phase != velerov1.BackupPhaseFailed || !strings.Contains(backup.Status.FailureReason, "already exists") || len(d.Keys(t)) != 1 {
		t.Errorf("got %+v, %q", backup.Status, d.Keys(t))
	}
}

// interrupted is a backup whose controller stopped.
func interrupted(b *velerov1.Backup) { b.Status.Phase = velerov1.BackupPhaseInProgress }

// begin has the name of a backup claimed.
func (d *desk) begin(t *testing.T, uid types.UID) {
	t.Helper()
	log, err := record.New("backup", "velero/b").Begin("Backup begins", uid)
	if err == nil {
		err = backups.NewStore(d.Store, d.Place).Claim(t.Context(), "b", log)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestRecovers shows how a backup ends whose controller stopped, by what it had written.
func TestRecovers(t *testing.T) {
	stopped := "the controller stopped while the backup was being made"
	published := backupOf("b", func(b *velerov1.Backup) { b.Status.Phase, b.Status.Errors = velerov1.BackupPhasePartiallyFailed, 2 })
	for name, tc := range map[string]struct {
		written func(*testing.T, *desk)
		phase   velerov1.BackupPhase
		reason  string
		left    int
	}{
		"nothing":    {written: func(*testing.T, *desk) {}, phase: velerov1.BackupPhaseFailed, reason: stopped},
		"a log":      {written: func(t *testing.T, d *desk) { d.begin(t, "uid-1") }, phase: velerov1.BackupPhaseFailed, reason: stopped},
		"some files": {written: func(t *testing.T, d *desk) { d.begin(t, "uid-1"); d.Put(t, backups.Contents, "b", "half") }, phase: velerov1.BackupPhaseFailed, reason: stopped},
		"all":        {written: func(t *testing.T, d *desk) { d.begin(t, "uid-1"); d.Put(t, backups.Metadata, "b", published) }, phase: velerov1.BackupPhasePartiallyFailed, left: 2},
		"another's":  {written: func(t *testing.T, d *desk) { d.begin(t, "uid-2"); d.Put(t, backups.Contents, "b", "half") }, phase: velerov1.BackupPhaseFailed, reason: stopped, left: 2},
		"another's, all": {written: func(t *testing.T, d *desk) {
			d.begin(t, "uid-2")
			d.Put(t, backups.Metadata, "b", backupOf("b", func(b *velerov1.Backup) { b.UID = "uid-2" }))
		}, phase: velerov1.BackupPhaseFailed, reason: stopped, left: 2},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, backupOf("b", interrupted))
			tc.written(t, d)
			_, backup := d.look(t, "b")
			if backup.Status.Phase != tc.phase || backup.Status.FailureReason != tc.reason || tc.reason == "" && backup.Status.Errors != 2 {
				t.Errorf("got %+v", backup.Status)
			}
			if got := d.Keys(t); len(got) != tc.left {
				t.Errorf("there are %q", got)
			}
		})
	}
}

// TestRecoversSnapshots shows that the snapshots go of a backup whose controller stopped, whether they were listed or not, and
// that those of others stay: also if its name belongs to another by now.
func TestRecoversSnapshots(t *testing.T) {
	for name, tc := range map[string]struct {
		uid    types.UID // who has claimed the name
		listed bool
		left   int
	}{
		"listed":     {uid: "uid-1", listed: true, left: 1},
		"not listed": {uid: "uid-1", left: 1},
		"another's":  {uid: "uid-2", left: 2},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, backupOf("b", interrupted, func(b *velerov1.Backup) { b.Spec.VolumeSnapshotLocations = []string{"ebs"} }))
			d.begin(t, tc.uid)
			mine := d.Snapshot(t, backups.SnapshotTags(backupOf("b")))
			d.Snapshot(t, backups.SnapshotTags(backupOf("b", func(b *velerov1.Backup) { b.UID = "uid-2" })))
			if tc.listed {
				d.Put(t, backups.VolumeSnapshots, "b", []backups.Snapshot{{Spec: backups.SnapshotSpec{Location: "ebs"}, Status: backups.SnapshotStatus{ProviderSnapshotID: mine}}})
			}
			_, backup := d.look(t, "b")
			if got := d.Snapshots(t); backup.Status.Phase != velerov1.BackupPhaseFailed || len(got) != tc.left || slices.Contains(got, mine) != (tc.left == 2) {
				t.Errorf("got %+v, and there are snapshots %q", backup.Status, got)
			}
		})
	}
}

// TestRecoverWaits shows that storage is given some time to answer, and that a backup does not wait for ever.
func TestRecoverWaits(t *testing.T) {
	for name, comesBack := range map[string]bool{"comes back": true, "stays away": false} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, backupOf("b", interrupted))
			d.clock = d.clock.Add(time.Hour) // as one that took over from another finds it
			d.begin(t, "uid-1")
			fault := d.Cloud.Harm(t, faults.Rule{Fault: faults.Error{Code: "AccessDenied"}})
			if result, backup := d.look(t, "b"); result.RequeueAfter != again || backup.Status.Phase != velerov1.BackupPhaseInProgress {
				t.Fatalf("got %v, %+v", result, backup.Status)
			}
			left := 1
			if comesBack {
				d.Cloud.Faults().Remove(fault)
				left = 0
			} else {
				d.clock = d.clock.Add(time.Minute)
			}
			_, backup := d.look(t, "b")
			d.Cloud.Faults().Clear()
			if backup.Status.Phase != velerov1.BackupPhaseFailed || strings.Contains(backup.Status.FailureReason, "cannot be looked at") == comesBack || len(d.Keys(t)) != left {
				t.Errorf("got %+v, %q", backup.Status, d.Keys(t))
			}
		})
	}
}

// TestLostEnd shows that a backup whose end could not be written is found again, and taken as it was published.
func TestLostEnd(t *testing.T) {
	patches := 0
	d := newDeskWith(t, interceptor.Funcs{Patch: func(ctx context.Context, c client.WithWatch, object client.Object, patch client.Patch, opts ...client.PatchOption) error {
		if patches++; patches == 2 { // the first says that it begins
			return context.DeadlineExceeded
		}
		return c.Patch(ctx, object, patch, opts...)
	}}, backupOf("b"))
	if _, err := d.World.Reconcile(t, d.reconciler, "b"); err == nil {
		t.Fatal("got no error")
	}
	if _, backup := d.look(t, "b"); backup.Status.Phase != velerov1.BackupPhaseCompleted || len(d.Keys(t)) != 9 {
		t.Errorf("got %+v, %q", backup.Status, d.Keys(t))
	}
}

// TestMetrics shows what Prometheus learns of how backups begin, go and end.
func TestMetrics(t *testing.T) {
	const of = `{schedule="nightly"} `
	for name, tc := range map[string]struct {
		change func(*velerov1.Backup)
		rule   *faults.Rule
		want   []string
	}{
		"completed": {
			change: func(b *velerov1.Backup) { b.Spec.IncludedResources = []string{"configmaps"} },
			want: []string{
				"backup_attempt_total" + of + "1", "backup_duration_seconds_sum" + of + "0", "backup_duration_seconds_count" + of + "1", "backup_items_errors" + of + "0", "backup_items_total" + of + "3",
				"backup_last_status" + of + "1", "backup_last_successful_timestamp" + of + "1.795309323e+09", "backup_success_total" + of + "1", "backup_tarball_size_bytes" + of + "SIZE",
				`locations_backup_last_successful_timestamp_seconds{backup_location_name="primary",schedule="nightly"} 1.795309323e+09`,
			},
		},
		"in part": {
			change: func(b *velerov1.Backup) {
				b.Spec.IncludedResources, b.Spec.IncludedNamespaces = []string{"namespaces", "persistentvolumeclaims"}, []string{"shop", "shopp"}
				b.Spec.Hooks.Resources = []velerov1.BackupResourceHookSpec{{Name: "not run"}}
			},
			want: []string{
				"backup_attempt_total" + of + "1", "backup_duration_seconds_sum" + of + "0", "backup_duration_seconds_count" + of + "1", "backup_items_errors" + of + "1", "backup_items_total" + of + "2",
				"backup_last_status" + of + "0", "backup_partial_failure_total" + of + "1", "backup_tarball_size_bytes" + of + "SIZE", "backup_warning_total" + of + "1",
			},
		},
		"not stored": {
			rule: &faults.Rule{Match: faults.Match{Operations: []string{"s3:PutObject"}}, Fault: faults.Error{Code: "AccessDenied", Status: 403}},
			want: []string{"backup_attempt_total" + of + "1", "backup_failure_total" + of + "1", "backup_last_status" + of + "0"},
		},
		"refused": {
			change: func(b *velerov1.Backup) { b.Spec.StorageLocation = "gone" },
			want:   []string{"backup_last_status" + of + "0", "backup_validation_failure_total" + of + "1"},
		},
		"interrupted": {change: interrupted, want: []string{"backup_failure_total" + of + "1", "backup_last_status" + of + "0"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, backupOf("b", func(b *velerov1.Backup) {
				b.Labels = map[string]string{"velero.io/schedule-name": "nightly"}
				if tc.change != nil {
					tc.change(b)
				}
			}))
			if tc.rule != nil {
				d.Cloud.Harm(t, *tc.rule)
			}
			for range 2 { // the second time there is nothing to do
				d.look(t, "b")
			}
			d.Cloud.Faults().Clear()
			if key := backups.Contents.Key(d.Place, "b"); slices.Contains(d.Keys(t), key) {
				size := strconv.Itoa(len(d.content(t, key)))
				for i := range tc.want {
					tc.want[i] = strings.Replace(tc.want[i], "SIZE", size, 1)
				}
			}
			if got := metricstest.Scrape(t, d.opts.Metrics); !slices.Equal(got, tc.want) {
				t.Errorf("got  %q\nwant %q", got, tc.want)
			}
		})
	}
}

// content reads an object.
func (d *desk) content(t *testing.T, key string) []byte {
	t.Helper()
	body, err := d.Store.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = body.Close() }()
	content, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
