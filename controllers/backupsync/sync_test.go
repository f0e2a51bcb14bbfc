package backupsync

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/controllers/internal/backend"
	"github.com/velero-locations/velero-locations/controllers/internal/backend/backendtest"
	"github.com/velero-locations/velero-locations/controllers/internal/lanes"
	"github.com/velero-locations/velero-locations/simulator/faults"
)

const period = time.Minute

var now = time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC)

func newReconciler(w *backendtest.World) *reconciler {
	return &reconciler{Writer: w.Writer, live: w.Client, backend: w.Backend, lanes: lanes.New(workers), period: period, now: func() time.Time { return now }}
}

// stored is a backup as it lies in a bucket that another cluster filled.
func stored(name string, phase velerov1.BackupPhase, change ...func(*velerov1.Backup)) *velerov1.Backup {
	began := metav1.NewTime(now.Add(-time.Hour))
	backup := &velerov1.Backup{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "theirs", Name: name, UID: "theirs", ResourceVersion: "1", Finalizers: []string{"theirs/it"},
			Labels: map[string]string{"team": "a", "velero.io/storage-location": "theirs"}, Annotations: map[string]string{"note": "n"},
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "velero.io/v1", Kind: "Schedule", Name: "s", UID: "theirs"}},
		},
		Spec:   velerov1.BackupSpec{StorageLocation: "theirs", Hooks: velerov1.BackupHooks{Resources: []velerov1.BackupResourceHookSpec{{Name: "h"}}}},
		Status: velerov1.BackupStatus{Phase: phase, StartTimestamp: &began, Errors: 3},
	}
	for _, change := range change {
		change(backup)
	}
	return backup
}

func names(t *testing.T, w *backendtest.World) []string {
	t.Helper()
	var list velerov1.BackupList
	if err := w.List(t.Context(), &list); err != nil {
		t.Fatal(err)
	}
	found := []string{}
	for _, backup := range list.Items {
		found = append(found, backup.Name)
	}
	return found
}

// TestTakes shows which backups are taken over, by their phases, and in what form.
func TestTakes(t *testing.T) {
	w := backendtest.New(t, interceptor.Funcs{})
	past, future := metav1.NewTime(now.Add(-time.Second)), metav1.NewTime(now.Add(time.Second))
	for phase, taken := range map[velerov1.BackupPhase]bool{
		"Completed": true, "PartiallyFailed": true, "Failed": true,
		"": false, "New": false, "Queued": false, "InProgress": false, "FailedValidation": false, "Deleting": false,
	} {
		name := strings.ToLower(fmt.Sprintf("%v-%s", taken, phase))
		w.Put(t, backups.Metadata, strings.TrimSuffix(name, "-"), stored(strings.TrimSuffix(name, "-"), phase))
	}
	for _, phase := range []velerov1.BackupPhase{"Finalizing", "FinalizingPartiallyFailed", "WaitingForPluginOperations", "WaitingForPluginOperationsPartiallyFailed"} {
		over, not, never := "true-over-"+strings.ToLower(string(phase)), "false-"+strings.ToLower(string(phase)), "false-never-"+strings.ToLower(string(phase))
		w.Put(t, backups.Metadata, over, stored(over, phase, func(b *velerov1.Backup) { b.Status.Expiration = &past }))
		w.Put(t, backups.Metadata, not, stored(not, phase, func(b *velerov1.Backup) { b.Status.Expiration = &future }))
		w.Put(t, backups.Metadata, never, stored(never, phase))
	}
	w.Put(t, backups.Metadata, "false-name", stored("other", "Completed"))
	w.Put(t, backups.Log, "false-unfinished", "log")
	result, err := w.Reconcile(t, newReconciler(w), "primary")
	if err != nil || result.RequeueAfter != period {
		t.Fatalf("got %v, %v", result, err)
	}
	got := names(t, w)
	if len(got) != 7 || slices.ContainsFunc(got, func(name string) bool { return !strings.HasPrefix(name, "true-") }) {
		t.Errorf("took %q", got)
	}
	backup := &velerov1.Backup{}
	w.Read(t, "true-completed", backup)
	if backup.Spec.StorageLocation != "primary" || backup.Labels["velero.io/storage-location"] != "primary" || backup.Labels["team"] != "a" || backup.Annotations["note"] != "n" ||
		len(backup.Spec.Hooks.Resources)+len(backup.OwnerReferences)+len(backup.Finalizers) > 0 || backup.UID == "theirs" || backup.Status.Errors != 3 {
		t.Errorf("got %+v", backup)
	}
	if w.Read(t, "true-over-finalizing", backup); backup.Status.Phase != velerov1.BackupPhasePartiallyFailed {
		t.Errorf("one that has expired came as %s", backup.Status.Phase)
	}
	location := &velerov1.BackupStorageLocation{}
	if w.Read(t, "primary", location); !location.Status.LastSyncedTime.Time.Equal(now) {
		t.Errorf("last synced at %v", location.Status.LastSyncedTime)
	}
}

// TestKnownStay shows that a backup that is there already stays as it is, wherever it is.
func TestKnownStay(t *testing.T) {
	w := backendtest.New(t, interceptor.Funcs{}, &velerov1.Backup{ObjectMeta: metav1.ObjectMeta{Name: "b"}, Spec: velerov1.BackupSpec{StorageLocation: "elsewhere"}})
	w.Put(t, backups.Metadata, "b", stored("b", "Completed"))
	if _, err := w.Reconcile(t, newReconciler(w), "primary"); err != nil {
		t.Fatal(err)
	}
	backup := &velerov1.Backup{}
	if w.Read(t, "b", backup); backup.Spec.StorageLocation != "elsewhere" || backup.Status.Phase != "" {
		t.Errorf("got %+v", backup)
	}
}

// TestWhatCannotBeTaken shows that neither metadata that cannot be read nor a backup that the API refuses keeps others.
func TestWhatCannotBeTaken(t *testing.T) {
	w := backendtest.New(t, interceptor.Funcs{Create: func(ctx context.Context, c client.WithWatch, object client.Object, opts ...client.CreateOption) error {
		if object.GetName() == "b-refused" {
			return apierrors.NewInvalid(schema.GroupKind{Kind: "Backup"}, "b-refused", nil)
		}
		return c.Create(ctx, object, opts...)
	}})
	w.Put(t, backups.Metadata, "a-garbage", "garbage")
	w.Put(t, backups.Metadata, "b-refused", stored("b-refused", "Completed"))
	w.Put(t, backups.Metadata, "c", stored("c", "Completed"))
	if _, err := w.Reconcile(t, newReconciler(w), "primary"); err != nil || !slices.Equal(names(t, w), []string{"c"}) {
		t.Errorf("got %v, %q", err, names(t, w))
	}
}

// TestWithheld shows that a backup that may not be read is reported, and holds up neither others nor the removal of orphans.
func TestWithheld(t *testing.T) {
	w := backendtest.New(t, interceptor.Funcs{}, &velerov1.Backup{
		ObjectMeta: metav1.ObjectMeta{Name: "orphan", UID: "u", Labels: map[string]string{"velero.io/storage-location": "primary"}},
		Spec:       velerov1.BackupSpec{StorageLocation: "primary"}, Status: velerov1.BackupStatus{Phase: "Completed"},
	})
	w.Put(t, backups.Metadata, "a-withheld", stored("a-withheld", "Completed"))
	w.Put(t, backups.Metadata, "b", stored("b", "Completed"))
	w.Cloud.Harm(t, faults.Rule{Match: faults.Match{Prefix: "team/backups/a-withheld/"}, Fault: faults.Error{Code: "AccessDenied", Status: 403}})
	if _, err := w.Reconcile(t, newReconciler(w), "primary"); err == nil || !strings.Contains(err.Error(), "a-withheld") || !slices.Equal(names(t, w), []string{"b"}) {
		t.Errorf("got %v, %q", err, names(t, w))
	}
}

// TestOrphans shows which backups go whose data is not there.
func TestOrphans(t *testing.T) {
	own := func(name string, phase velerov1.BackupPhase, change ...func(*velerov1.Backup)) client.Object {
		backup := &velerov1.Backup{
			ObjectMeta: metav1.ObjectMeta{Name: name, UID: "u", Labels: map[string]string{"velero.io/storage-location": "primary"}},
			Spec:       velerov1.BackupSpec{StorageLocation: "primary"}, Status: velerov1.BackupStatus{Phase: phase},
		}
		for _, change := range change {
			change(backup)
		}
		return backup
	}
	objects := []client.Object{
		own("goes-1", "Completed"), own("goes-2", "PartiallyFailed"),
		own("elsewhere", "Completed", func(b *velerov1.Backup) { b.Spec.StorageLocation = "other" }),
		own("there", "Completed"),
		own("written-elsewhere", "Completed", func(b *velerov1.Backup) {
			b.Annotations = map[string]string{backend.StoredAtAnnotation: "aws elsewhere.example:9000 backups/team"}
		}),
		own("unlabelled", "Completed", func(b *velerov1.Backup) { b.Labels = nil }),
	}
	stay := []string{"elsewhere", "there", "unlabelled", "written-elsewhere"}
	for _, phase := range []velerov1.BackupPhase{"New", "Queued", "InProgress", "Failed", "FailedValidation", "Deleting", "Finalizing"} {
		name := "z-" + strings.ToLower(string(phase))
		objects, stay = append(objects, own(name, phase)), append(stay, name)
	}
	slices.Sort(stay)
	w := backendtest.New(t, interceptor.Funcs{}, objects...)
	w.Put(t, backups.Metadata, "there", stored("there", "Completed"))
	if _, err := w.Reconcile(t, newReconciler(w), "primary"); err != nil || !slices.Equal(names(t, w), stay) {
		t.Errorf("got %v, %q, want %q", err, names(t, w), stay)
	}
}

// TestMovedMeanwhile shows that what is missing where a location was is no reason to delete a backup.
func TestMovedMeanwhile(t *testing.T) {
	for name, change := range map[string]func(*velerov1.BackupStorageLocation){
		"another prefix":         func(l *velerov1.BackupStorageLocation) { l.Spec.ObjectStorage.Prefix = "other" },
		"another server":         func(l *velerov1.BackupStorageLocation) { l.Spec.Config["s3Url"] = "https://elsewhere.example" },
		"another of its name":    func(l *velerov1.BackupStorageLocation) { l.UID = "another" },
		"another provider":       func(l *velerov1.BackupStorageLocation) { l.Spec.Provider = "azure" },
		"the same, written else": nil,
	} {
		t.Run(name, func(t *testing.T) {
			w := backendtest.New(t, interceptor.Funcs{}, &velerov1.Backup{
				ObjectMeta: metav1.ObjectMeta{Name: "b", UID: "u", Labels: map[string]string{"velero.io/storage-location": "primary"}},
				Spec:       velerov1.BackupSpec{StorageLocation: "primary"}, Status: velerov1.BackupStatus{Phase: "Completed"},
			})
			known := &velerov1.BackupStorageLocation{}
			w.Read(t, "primary", known)
			if known.Spec.Config == nil {
				known.Spec.Config = map[string]string{}
			}
			if change == nil {
				known.Spec.ObjectStorage.Prefix = "/" + known.Spec.ObjectStorage.Prefix + "/"
			} else {
				change(known) // what the cache has is older than what the server has: they differ as after a change
			}
			err := newReconciler(w).sync(t.Context(), known)
			if stays := len(names(t, w)) == 1; stays != (change != nil) || stays && err == nil {
				t.Errorf("the record stays: %t, %v", stays, err)
			}
		})
	}
}

// TestUnseen shows that a bucket that cannot be listed to its end makes no orphans, and is looked at again.
func TestUnseen(t *testing.T) {
	w := backendtest.New(t, interceptor.Funcs{}, &velerov1.Backup{
		ObjectMeta: metav1.ObjectMeta{Name: "b", UID: "u", Labels: map[string]string{"velero.io/storage-location": "primary"}},
		Spec:       velerov1.BackupSpec{StorageLocation: "primary"}, Status: velerov1.BackupStatus{Phase: "Completed"},
	})
	for _, operation := range []string{"s3:ListObjectsV2", "s3:GetObject"} {
		fault := w.Cloud.Harm(t, faults.Rule{Match: faults.Match{Operations: []string{operation, "s3:List*", "s3:HeadObject"}}, Fault: faults.Error{Code: "AccessDenied"}})
		if _, err := w.Reconcile(t, newReconciler(w), "primary"); err == nil || !slices.Equal(names(t, w), []string{"b"}) {
			t.Errorf("%s: got %v, %q", operation, err, names(t, w))
		}
		w.Cloud.Faults().Remove(fault)
	}
}

// TestWhen shows when a location is synced.
func TestWhen(t *testing.T) {
	every := func(d time.Duration) func(*velerov1.BackupStorageLocation) {
		return func(l *velerov1.BackupStorageLocation) { l.Spec.BackupSyncPeriod = &metav1.Duration{Duration: d} }
	}
	ago := func(d time.Duration) func(*velerov1.BackupStorageLocation) {
		return func(l *velerov1.BackupStorageLocation) { l.Status.LastSyncedTime = &metav1.Time{Time: now.Add(-d)} }
	}
	for name, tc := range map[string]struct {
		location func(*velerov1.BackupStorageLocation)
		period   time.Duration
		synced   bool
		after    time.Duration
	}{
		"never so far":         {func(*velerov1.BackupStorageLocation) {}, period, true, period},
		"long ago":             {ago(period), period, true, period},
		"just now":             {ago(time.Second), period, false, period - time.Second},
		"its own period":       {every(30 * time.Second), period, true, 30 * time.Second},
		"a trice":              {every(1), period, true, 10 * time.Second},
		"never":                {every(0), period, false, 0},
		"never, by default":    {func(*velerov1.BackupStorageLocation) {}, 0, false, 0},
		"its own, not never":   {every(time.Hour), 0, true, time.Hour},
		"a period of nonsense": {every(-1), period, true, period},
		"not available":        {func(l *velerov1.BackupStorageLocation) { l.Status.Phase = "Unavailable" }, period, false, 0},
		"not S3":               {func(l *velerov1.BackupStorageLocation) { l.Spec.Provider = "gcp" }, period, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := backendtest.New(t, interceptor.Funcs{})
			w.Put(t, backups.Metadata, "b", stored("b", "Completed"))
			w.Location(t, tc.location)
			r := newReconciler(w)
			r.period = tc.period
			result, err := w.Reconcile(t, r, "primary")
			if err != nil || result.RequeueAfter != tc.after || len(names(t, w)) == 1 != tc.synced {
				t.Errorf("got %v, %v, %q", result, err, names(t, w))
			}
		})
	}
}

// TestSilentEndpoint shows that storage which accepts connections and says nothing does not hold a worker for as long as it likes, until
// it is asked in the slow lane.
func TestSilentEndpoint(t *testing.T) {
	w := backendtest.New(t, interceptor.Funcs{})
	var config net.ListenConfig
	silent, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0") // the system accepts, and nobody reads
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	w.Location(t, func(l *velerov1.BackupStorageLocation) {
		l.Spec.Config = map[string]string{"region": "us-east-1", "s3Url": "http://" + silent.Addr().String(), "s3ForcePathStyle": "true"}
	})
	sync := newReconciler(w)
	began := time.Now()
	result, err := w.Reconcile(t, sync, "primary")
	if err != nil || result.RequeueAfter != lanes.Wait || time.Since(began) > 5*lanes.Quick {
		t.Errorf("got %+v and %v after %s", result, err, time.Since(began))
	}
	if _, ok := sync.lanes.Enter(silent.Addr().String()); !ok {
		t.Error("it cannot be asked in the slow lane")
	}
	if result, err := w.Reconcile(t, sync, "primary"); err != nil || result.RequeueAfter != lanes.Wait {
		t.Errorf("while another worker asks: got %+v and %v", result, err)
	}
}
