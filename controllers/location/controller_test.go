package location

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/record"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/controllers/internal/backend"
	"github.com/velero-locations/velero-locations/controllers/internal/lanes"
	"github.com/velero-locations/velero-locations/controllers/internal/mergepatch"
	"github.com/velero-locations/velero-locations/controllers/internal/metrics"
	"github.com/velero-locations/velero-locations/controllers/internal/metrics/metricstest"
	"github.com/velero-locations/velero-locations/drivers/objectstore"
	"github.com/velero-locations/velero-locations/drivers/snapshotter"
	"github.com/velero-locations/velero-locations/locations/credentials"
	"github.com/velero-locations/velero-locations/locations/provider"
)

// api stands for the cache and the server: it serves one location and versions of Secrets, and
// keeps the patches that it gets, without applying them, like a cache that lags.
type api[L client.Object] struct {
	client.Client
	location *L // nil: deleted
	versions map[string]string
	patches  []string
	refusal  error // of patches
}

func (a *api[L]) Get(_ context.Context, name client.ObjectKey, obj client.Object, _ ...client.GetOption) error {
	if _, ok := obj.(L); ok {
		if a.location == nil {
			return apierrors.NewNotFound(velerov1.Resource("locations"), name.Name)
		}
		reflect.ValueOf(obj).Elem().Set(reflect.ValueOf((*a.location).DeepCopyObject()).Elem())
		return nil
	}
	version, found := a.versions[name.Name]
	if !found {
		return apierrors.NewNotFound(corev1.Resource("secrets"), name.Name)
	}
	obj.SetResourceVersion(version)
	return nil
}

func (a *api[L]) Patch(_ context.Context, obj client.Object, patch client.Patch, _ ...client.PatchOption) error {
	if a.refusal != nil {
		return a.refusal
	}
	data, err := patch.Data(obj)
	a.patches = append(a.patches, string(patch.Type())+" "+string(data))
	return err
}

// harness is a reconciler with everything around it under the test's control.
type harness[L client.Object] struct {
	reconciler[L]
	api   *api[L]
	cause error // of the next checks
	clock time.Time
	// events of the location
	events *record.FakeRecorder
}

// newHarness has a check that reads Secret cloud-credentials and finds what the test says.
func newHarness[L client.Object](of kind[L], location L) *harness[L] {
	h := &harness[L]{
		api:    &api[L]{location: &location, versions: map[string]string{"cloud-credentials": "7"}},
		clock:  time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC),
		events: record.NewFakeRecorder(100),
	}
	of.check = func(ctx context.Context, storage opener, _ L) error {
		secret := &corev1.Secret{}
		err := storage.(*backend.Backend).Secrets.Get(ctx, types.NamespacedName{Namespace: "velero", Name: "cloud-credentials"}, secret)
		return cmp.Or(h.cause, err)
	}
	h.reconciler = reconciler[L]{
		kind:    of,
		Writer:  mergepatch.Writer{Client: h.api},
		secrets: h.api,
		opts: Options{
			Backend:   backend.Backend{SnapshotDrivers: snapshotter.Drivers{provider.AWS: {}}},
			Frequency: time.Minute, Timeout: time.Minute, Events: h.events, Metrics: metrics.New(),
		},
		memory: newMemory(),
		lanes:  lanes.New(workers),
		now:    func() time.Time { return h.clock },
	}
	return h
}

// outcome is what a look at the location led to.
type outcome struct {
	reconcile.Result
	patches, events []string
}

func (h *harness[L]) reconcile(ctx context.Context) (outcome, error) {
	h.api.patches = nil
	result, err := h.Reconcile(ctx, reconcile.Request{NamespacedName: types.NamespacedName{Namespace: "velero", Name: "main"}})
	got := outcome{Result: result, patches: h.api.patches}
	for len(h.events.Events) > 0 {
		got.events = append(got.events, <-h.events.Events)
	}
	return got, err
}

func (h *harness[L]) expect(t *testing.T, after time.Duration, patch, event string) {
	t.Helper()
	got, err := h.reconcile(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got.RequeueAfter != after {
		t.Errorf("again after %s, want %s", got.RequeueAfter, after)
	}
	expectOne(t, "patch", got.patches, patch)
	expectOne(t, "event", got.events, event)
}

func expectOne(t *testing.T, what string, got []string, want string) {
	t.Helper()
	if want == "" && len(got) == 0 {
		return
	}
	if len(got) != 1 || got[0] != want {
		t.Errorf("%s: got  %q\nwant %q", what, got, want)
	}
}

func patchOf(t *testing.T, phase, message string, at time.Time) string {
	t.Helper()
	status := map[string]any{"phase": nil, "message": nil, "lastValidationTime": nil}
	if phase != "" {
		status["phase"], status["lastValidationTime"] = phase, at.Format(time.RFC3339)
	}
	if message != "" {
		status["message"] = message
	}
	data, err := json.Marshal(map[string]any{"status": status})
	if err != nil {
		t.Fatal(err)
	}
	return string(types.MergePatchType) + " " + string(data)
}

// TestReconcile follows one location through its life.
func TestReconcile(t *testing.T) {
	const bad = `BackupStorageLocation "main" is unavailable: there is no bucket "bbb" at http://s3 (404 NoSuchBucket): create it, or correct spec.objectStorage.bucket`
	h := newHarness(backupStorage, newLocation(func(l *velerov1.BackupStorageLocation) { l.Status.Phase = "" }))

	// New: checked, found good.
	h.expect(t, time.Minute, patchOf(t, "Available", "", h.clock), `Normal Available BackupStorageLocation "main" is available`)

	// Its own write comes back: nothing to do before the minute is over.
	(*h.api.location).Status.Phase = velerov1.BackupStorageLocationAvailable
	h.clock = h.clock.Add(20 * time.Second)
	h.expect(t, 40*time.Second, "", "")

	// The minute is over: checked and written, but no event.
	h.clock = h.clock.Add(40 * time.Second)
	h.expect(t, time.Minute, patchOf(t, "Available", "", h.clock), "")

	// The Secret changes, and the bucket is gone.
	h.api.versions["cloud-credentials"] = "8"
	h.cause = &objectstore.Error{Code: "NoSuchBucket", Status: 404, Bucket: "bbb", Endpoint: "http://s3"}
	h.expect(t, time.Second, patchOf(t, "Unavailable", bad, h.clock), "Warning Unavailable "+bad)

	// It is there again before the cache shows that it was away: an event nevertheless.
	h.cause = nil
	(*h.api.location).Spec.ValidationFrequency = &metav1.Duration{}
	h.expect(t, 0, patchOf(t, "Available", "", h.clock), `Normal Available BackupStorageLocation "main" is available`)

	// Frequency 0: not again, however long it takes.
	h.clock = h.clock.Add(1000 * time.Hour)
	h.expect(t, 0, "", "")

	// Deleted, and made again: as new.
	location := h.api.location
	h.api.location = nil
	h.expect(t, 0, "", "")
	h.api.location = location
	h.expect(t, 0, patchOf(t, "Available", "", h.clock), "")
}

// TestMetrics shows that Prometheus hears of the phase of a location as long as it is there and checked.
func TestMetrics(t *testing.T) {
	h := newHarness(backupStorage, newLocation())
	location := *h.api.location
	for _, step := range []struct {
		change func()
		want   []string
	}{
		{func() {}, []string{`backup_location_status_gauge{backup_location_name="main"} 1`}},
		{func() { h.cause = errors.New("x") }, []string{`backup_location_status_gauge{backup_location_name="main"} 0`}},
		{func() { h.api.location = nil }, nil},
		{func() { h.api.location, h.cause = &location, nil }, []string{`backup_location_status_gauge{backup_location_name="main"} 1`}},
		{func() { location.Spec.Provider = "azure" }, nil},
	} {
		step.change()
		h.clock = h.clock.Add(time.Minute)
		if _, err := h.reconcile(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := metricstest.Scrape(t, h.opts.Metrics); !slices.Equal(got, step.want) {
			t.Errorf("got %q, want %q", got, step.want)
		}
	}
	volumes := newHarness(volumeSnapshot, &velerov1.VolumeSnapshotLocation{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "main"}, Spec: velerov1.VolumeSnapshotLocationSpec{Provider: "aws"}})
	if _, err := volumes.reconcile(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := metricstest.Scrape(t, volumes.opts.Metrics), []string{`locations_snapshot_location_status{snapshot_location_name="main"} 1`}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestReconcileLeavesAlone(t *testing.T) {
	for name, change := range map[string]func(*velerov1.BackupStorageLocation){
		"another provider, checked by others": func(l *velerov1.BackupStorageLocation) { l.Spec.Provider = "azure" },
		"being deleted":                       func(l *velerov1.BackupStorageLocation) { l.DeletionTimestamp = &metav1.Time{Time: time.Now()} },
	} {
		t.Run(name, func(t *testing.T) { newHarness(backupStorage, newLocation(change)).expect(t, 0, "", "") })
	}
}

// TestReconcileAnotherProvider shows that a location that nobody checks says so, until somebody does.
func TestReconcileAnotherProvider(t *testing.T) {
	location := newLocation(func(l *velerov1.BackupStorageLocation) {
		l.Spec.Provider, l.Status = "azure", velerov1.BackupStorageLocationStatus{}
	})
	h := newHarness(backupStorage, location)
	message := leaveToVelero(location)
	h.expect(t, 0, patchOf(t, "", message, time.Time{}), "")
	location.Status.Message = message
	h.expect(t, 0, "", "") // its own write comes back
	location.Status = velerov1.BackupStorageLocationStatus{Phase: velerov1.BackupStorageLocationAvailable}
	h.expect(t, 0, "", "") // Velero's server has checked it
}

// TestReconcileTriesAgain shows that a status that could not be written is not taken for written.
func TestReconcileTriesAgain(t *testing.T) {
	h := newHarness(backupStorage, newLocation())
	h.cause = errors.New("x")
	h.api.refusal = apierrors.NewInternalError(errors.New("x"))
	if got, err := h.reconcile(t.Context()); err == nil || len(got.events) > 0 {
		t.Fatalf("got error %v and events %q", err, got.events)
	}
	h.api.refusal = nil
	const bad = `BackupStorageLocation "main" is unavailable: x`
	h.expect(t, time.Second, patchOf(t, "Unavailable", bad, h.clock), "Warning Unavailable "+bad)
}

// TestReconcileGone shows that a location which is deleted during its check is no error.
func TestReconcileGone(t *testing.T) {
	h := newHarness(backupStorage, newLocation())
	h.api.refusal = apierrors.NewNotFound(velerov1.Resource("backupstoragelocations"), "main")
	h.expect(t, 0, "", "")
}

// TestReconcileStopping shows that a check which is cut short by the end of the controller says
// nothing about the location.
func TestReconcileStopping(t *testing.T) {
	h := newHarness(backupStorage, newLocation())
	ctx, cancel := context.WithCancel(t.Context())
	h.cause = context.Canceled
	cancel()
	if got, err := h.reconcile(ctx); !errors.Is(err, context.Canceled) || len(got.patches) > 0 {
		t.Errorf("got error %v and patches %q", err, got.patches)
	}
}

// TestReconcileTimeout shows that a dead endpoint is reported within the time of a check.
func TestReconcileTimeout(t *testing.T) {
	h := newHarness(backupStorage, newLocation())
	h.opts.Timeout = time.Millisecond
	h.kind.check = func(ctx context.Context, _ opener, _ *velerov1.BackupStorageLocation) error {
		<-ctx.Done()
		return ctx.Err()
	}
	const bad = `BackupStorageLocation "main" is unavailable: context deadline exceeded`
	h.expect(t, time.Second, patchOf(t, "Unavailable", bad, h.clock), "Warning Unavailable "+bad)
}

// TestReconcileAPIError shows that a failing API is not taken for a failing location.
func TestReconcileAPIError(t *testing.T) {
	h := newHarness(backupStorage, newLocation())
	h.cause = fmt.Errorf("opening: %w", &backend.APIError{})
	if got, err := h.reconcile(t.Context()); err == nil || len(got.patches) > 0 {
		t.Errorf("got error %v and patches %q", err, got.patches)
	}
}

// TestReconcileWithoutDriver follows a volume snapshot location to a provider that nothing here can
// reach, and back.
func TestReconcileWithoutDriver(t *testing.T) {
	for _, provider := range []string{"example.com/disks", "azure"} { // the driver of Azure is the development server's
		t.Run(provider, func(t *testing.T) { followToUnreachable(t, provider) })
	}
}

func followToUnreachable(t *testing.T, provider string) {
	message := fmt.Sprintf(`VolumeSnapshotLocation "main" is not checked: there is no driver for provider %q here, which says nothing about whether Velero can use it`, provider)
	location := newVolumeLocation()
	h := newHarness(volumeSnapshot, location)
	h.expect(t, time.Minute, patchOf(t, "Available", "", h.clock), "")

	location.Spec.Provider = provider
	h.expect(t, 0, patchOf(t, "", message, time.Time{}), "")
	location.Status = velerov1.VolumeSnapshotLocationStatus{Message: message}
	h.expect(t, 0, "", "") // its own write comes back

	location.Status.Message = "" // by a client that does not know the field
	h.expect(t, 0, patchOf(t, "", message, time.Time{}), "")

	location.Spec.Provider = "aws"
	h.cause = errors.New("x")
	const bad = `VolumeSnapshotLocation "main" is unavailable: x`
	h.expect(t, time.Second, patchOf(t, "Unavailable", bad, h.clock), "Warning Unavailable "+bad)
}

// TestReconcileElsewhere follows a location whose credentials become such that only Velero's own pod has.
func TestReconcileElsewhere(t *testing.T) {
	const message = `BackupStorageLocation "main" is not checked, which says nothing about whether Velero can use it: a pod's identity`
	location := newLocation()
	h := newHarness(backupStorage, location)
	h.expect(t, time.Minute, patchOf(t, "Available", "", h.clock), "")

	h.api.versions["cloud-credentials"] = "8"
	h.cause = credentials.Elsewhere("a pod's identity")
	h.expect(t, time.Minute, patchOf(t, "", message, time.Time{}), "")
	if got := metricstest.Scrape(t, h.opts.Metrics); len(got) > 0 {
		t.Errorf("a phase is measured: %q", got)
	}
	location.Status = velerov1.BackupStorageLocationStatus{Message: message}
	h.expect(t, time.Minute, "", "") // its own write comes back

	// Velero's own server finds it good: that stands.
	location.Status = velerov1.BackupStorageLocationStatus{Phase: velerov1.BackupStorageLocationAvailable}
	h.clock = h.clock.Add(time.Minute)
	h.expect(t, time.Minute, "", "")

	// Credentials that can be used from here, too.
	h.api.versions["cloud-credentials"], h.cause = "9", errors.New("x")
	const bad = `BackupStorageLocation "main" is unavailable: x`
	h.expect(t, time.Second, patchOf(t, "Unavailable", bad, h.clock), "Warning Unavailable "+bad)
}

func TestLocationsUsing(t *testing.T) {
	lister := &lister{items: []velerov1.BackupStorageLocation{*newLocation()}}
	secret := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "s"}}
	requests := backupStorage.locationsUsing(lister)(t.Context(), secret)
	if len(requests) != 1 || requests[0].String() != "velero/main" {
		t.Errorf("got %v", requests)
	}
	if lister.namespace != "velero" || lister.selector != "secrets=s" {
		t.Errorf("asked for %q in %q", lister.selector, lister.namespace)
	}
	lister.err = errors.New("x")
	if requests := backupStorage.locationsUsing(lister)(klog.NewContext(t.Context(), logr.Discard()), secret); len(requests) != 0 {
		t.Errorf("got %v", requests)
	}
}

// lister answers one list and remembers what was asked for.
type lister struct {
	client.Reader
	items               []velerov1.BackupStorageLocation
	err                 error
	namespace, selector string
}

func (l *lister) List(_ context.Context, list client.ObjectList, opts ...client.ListOption) error {
	var options client.ListOptions
	options.ApplyOptions(opts)
	l.namespace, l.selector = options.Namespace, options.FieldSelector.String()
	list.(*velerov1.BackupStorageLocationList).Items = l.items
	return l.err
}
