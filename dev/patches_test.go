package dev_test

import (
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/controllers/mergepatch"
)

// TestPatches shows what becomes of changes of an object that was changed since it was read, or replaced by another, or is
// no more.
func TestPatches(t *testing.T) {
	l := start(t)
	made := func() *velerov1.BackupRepository { // which no controller here writes to
		repository := &velerov1.BackupRepository{ObjectMeta: metav1.ObjectMeta{Name: "r"}, Spec: velerov1.BackupRepositorySpec{
			VolumeNamespace: "shop", BackupStorageLocation: "primary", RepositoryType: "kopia", MaintenanceFrequency: metav1.Duration{Duration: time.Hour},
		}}
		l.create(t, repository)
		return repository
	}
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
		t.Errorf("no more: got %v", err)
	}
	if err := advance(stale.DeepCopy()); !apierrors.IsNotFound(err) {
		t.Errorf("no more: got %v, want that it is not found", err)
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
