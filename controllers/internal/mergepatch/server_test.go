package mergepatch_test

import (
	"context"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev"
	"github.com/velero-locations/velero-locations/controllers/internal/mergepatch"
)

// serve starts a development server, and returns a client of it.
func serve(t *testing.T) client.Client {
	t.Helper()
	const anyPort = "127.0.0.1:0"
	options := dev.NewOptions()
	options.DataDir, options.Port = t.TempDir(), 0
	options.S3Address, options.EC2Address, options.CloudsAddress, options.SimulatorControlAddress = anyPort, anyPort, anyPort, anyPort
	ready := make(chan dev.Info, 1)
	options.OnReady = func(info dev.Info) { ready <- info }
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- dev.Run(ctx, options) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("dev: %v", err)
		}
	})
	select {
	case info := <-ready:
		config, err := clientcmd.BuildConfigFromFlags("", info.Kubeconfig)
		if err != nil {
			t.Fatal(err)
		}
		scheme := runtime.NewScheme()
		if err := velerov1.AddToScheme(scheme); err != nil {
			t.Fatal(err)
		}
		api, err := client.New(config, client.Options{Scheme: scheme})
		if err != nil {
			t.Fatal(err)
		}
		return api
	case err := <-ended:
		ended <- err
		t.Fatal("dev ended before it was ready")
	}
	return nil
}

// newRepository makes an object which no controller here writes to.
func newRepository(t *testing.T, l client.Client) *velerov1.BackupRepository {
	t.Helper()
	repository := &velerov1.BackupRepository{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "r"}, Spec: velerov1.BackupRepositorySpec{
		VolumeNamespace: "shop", BackupStorageLocation: "primary", RepositoryType: "kopia", MaintenanceFrequency: metav1.Duration{Duration: time.Hour},
	}}
	if err := l.Create(t.Context(), repository); err != nil {
		t.Fatal(err)
	}
	return repository
}

// TestPatches shows what becomes of changes of an object that was changed since it was read, or replaced by another, or is
// gone.
func TestPatches(t *testing.T) {
	l := serve(t)
	made := func() *velerov1.BackupRepository { return newRepository(t, l) }
	writer := mergepatch.Writer{Client: l, FieldOwner: "test"}
	write := func(repository *velerov1.BackupRepository) error {
		return mergepatch.Write(t.Context(), writer, repository, func(r *velerov1.BackupRepository) { r.Labels = map[string]string{"written": "true"} })
	}
	advance := func(repository *velerov1.BackupRepository) error {
		return mergepatch.Advance(t.Context(), writer, repository, func(r *velerov1.BackupRepository) { r.Labels = map[string]string{"advanced": "true"} })
	}
	want := func(what, label string) {
		t.Helper()
		var repository velerov1.BackupRepository
		if err := l.Get(t.Context(), client.ObjectKey{Namespace: "velero", Name: "r"}, &repository); err != nil {
			t.Fatal(err)
		}
		if len(repository.Labels) > 1 || label != "" && repository.Labels[label] != "true" || label == "" && len(repository.Labels) > 0 {
			t.Errorf("%s: got labels %v, want %q", what, repository.Labels, label)
		}
	}

	first := made()
	stale := first.DeepCopy()
	if err := write(first); err != nil {
		t.Fatal(err)
	}
	want("first", "written")
	if err := advance(stale.DeepCopy()); !apierrors.IsConflict(err) {
		t.Errorf("changed since: got %v, want a conflict", err)
	}
	want("changed since", "written")
	if err := advance(first.DeepCopy()); err != nil {
		t.Errorf("not changed since: got %v", err)
	}

	if err := l.Delete(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	if err := write(stale.DeepCopy()); err != nil {
		t.Errorf("gone: got %v", err)
	}
	if err := advance(stale.DeepCopy()); !apierrors.IsNotFound(err) {
		t.Errorf("gone: got %v, want that it is not found", err)
	}

	made()
	if err := write(stale.DeepCopy()); err != nil {
		t.Errorf("another: got %v", err)
	}
	if err := advance(stale.DeepCopy()); !apierrors.IsConflict(err) {
		t.Errorf("another: got %v, want a conflict", err)
	}
	want("another", "")
}

// TestWriteStatus shows that a status is written as it is given, whatever the object at hand says, on that object alone.
func TestWriteStatus(t *testing.T) {
	l := serve(t)
	writer := mergepatch.Writer{Client: l, FieldOwner: "test"}
	stale := newRepository(t, l)
	write := func(message any) error {
		return mergepatch.WriteStatus(t.Context(), writer, stale, map[string]any{"phase": "Ready", "message": message})
	}
	want := func(phase velerov1.BackupRepositoryPhase, message string) {
		t.Helper()
		var repository velerov1.BackupRepository
		if err := l.Get(t.Context(), client.ObjectKeyFromObject(stale), &repository); err != nil {
			t.Fatal(err)
		}
		if repository.Status.Phase != phase || repository.Status.Message != message {
			t.Errorf("got %+v, want %s, %q", repository.Status, phase, message)
		}
	}
	if err := write("m"); err != nil {
		t.Fatal(err)
	}
	want("Ready", "m")
	if stale.Status.Phase != "" || stale.Status.Message != "" {
		t.Errorf("the object at hand changed: %+v", stale.Status)
	}
	if err := write(nil); err != nil { // which the object at hand already says
		t.Fatal(err)
	}
	want("Ready", "")

	if err := l.Delete(t.Context(), stale.DeepCopy()); err != nil {
		t.Fatal(err)
	}
	if err := write("m"); !apierrors.IsNotFound(err) {
		t.Errorf("gone: got %v, want that it is not found", err)
	}
	newRepository(t, l)
	if err := write("m"); err == nil || apierrors.IsNotFound(err) {
		t.Errorf("another: got %v", err)
	}
	want("", "")
}
