package backupsync

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/controllers/internal/backend/backendtest"
	"github.com/velero-locations/velero-locations/simulator/faults"
)

// storedCopy is a pod volume backup as it lies in a bucket that another cluster filled.
func storedCopy(name string, phase velerov1.DataMovePhase) velerov1.PodVolumeBackup {
	yes := true
	return velerov1.PodVolumeBackup{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "theirs", Name: name, GenerateName: "b-", UID: "theirs", ResourceVersion: "1", Finalizers: []string{"theirs/it"},
			Labels: map[string]string{"velero.io/backup-name": "b", "velero.io/backup-uid": "theirs", "team": "a"}, Annotations: map[string]string{"velero.io/pvc-name": "data"},
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "velero.io/v1", Kind: "Backup", Name: "b", UID: "theirs", Controller: &yes}},
		},
		Spec:   velerov1.PodVolumeBackupSpec{BackupStorageLocation: "theirs", Node: "n", Volume: "data", Pod: corev1.ObjectReference{Namespace: "shop", Name: "web"}},
		Status: velerov1.PodVolumeBackupStatus{Phase: phase, SnapshotID: "s-" + name},
	}
}

// server gives new objects a UID, as an API server does, and lets fail what a test wants to fail.
func server(refuse func(client.Object) error) interceptor.Funcs {
	return interceptor.Funcs{Create: func(ctx context.Context, c client.WithWatch, object client.Object, opts ...client.CreateOption) error {
		if err := refuse(object); err != nil {
			return err
		}
		object.SetUID(types.UID("ours-" + object.GetName()))
		return c.Create(ctx, object, opts...)
	}}
}

func accept(client.Object) error { return nil }

func copies(t *testing.T, w *backendtest.World) map[string]velerov1.PodVolumeBackup {
	t.Helper()
	var list velerov1.PodVolumeBackupList
	if err := w.List(t.Context(), &list); err != nil {
		t.Fatal(err)
	}
	found := map[string]velerov1.PodVolumeBackup{}
	for _, one := range list.Items {
		found[one.Name] = one
	}
	return found
}

func copyNames(t *testing.T, w *backendtest.World) []string {
	t.Helper()
	return slices.Sorted(maps.Keys(copies(t, w)))
}

// complete says whether a Backup is there, and no work is left to be done on it.
func complete(t *testing.T, w *backendtest.World, name string) bool {
	t.Helper()
	backup := &velerov1.Backup{}
	there := w.Read(t, name, backup)
	_, marked := backup.Annotations[incompleteAnnotation]
	return there && !marked
}

// TestTakesCopies shows in what form the pod volume backups of a backup come: as its own, with which they go.
func TestTakesCopies(t *testing.T) {
	w := backendtest.New(t, server(accept))
	w.Put(t, backups.Metadata, "b", stored("b", "Completed"))
	w.Put(t, backups.PodVolumeBackups, "b", []velerov1.PodVolumeBackup{storedCopy("b-1", "Completed")})
	if _, err := w.Reconcile(t, newReconciler(w), "primary"); err != nil {
		t.Fatal(err)
	}
	one, found := copies(t, w)["b-1"]
	if !found || !complete(t, w, "b") {
		t.Fatalf("there are %q, and the backup is complete: %v", copyNames(t, w), complete(t, w, "b"))
	}
	if want := map[string]string{"velero.io/backup-name": "b", "velero.io/backup-uid": "ours-b", "team": "a"}; !maps.Equal(one.Labels, want) {
		t.Errorf("got labels %v, want %v", one.Labels, want)
	}
	if one.Namespace != backendtest.Namespace || one.UID != "ours-b-1" || len(one.Finalizers) > 0 || one.GenerateName != "" || one.Annotations["velero.io/pvc-name"] != "data" {
		t.Errorf("got %+v", one.ObjectMeta)
	}
	if owners := one.OwnerReferences; len(owners) != 1 || owners[0].APIVersion != "velero.io/v1" || owners[0].Kind != "Backup" || owners[0].Name != "b" || owners[0].UID != "ours-b" ||
		!*owners[0].Controller || owners[0].BlockOwnerDeletion != nil {
		t.Errorf("got owners %+v", owners)
	}
	if want := storedCopy("b-1", "Completed"); one.Spec.BackupStorageLocation != "primary" || one.Spec.Pod != want.Spec.Pod || one.Status.Phase != want.Status.Phase || one.Status.SnapshotID != want.Status.SnapshotID {
		t.Errorf("got %+v, %+v", one.Spec, one.Status)
	}
}

// TestWhatCopiesAreTaken shows that neither what is not a list, nor entries that are no copies, or may not be taken, keep the backup
// or others of them.
func TestWhatCopiesAreTaken(t *testing.T) {
	refused := func(object client.Object) error {
		switch object.GetName() {
		case "invalid":
			return apierrors.NewInvalid(schema.GroupKind{Kind: "PodVolumeBackup"}, "invalid", nil)
		case "bad":
			return apierrors.NewBadRequest("bad")
		}
		return nil
	}
	ended := []any{storedCopy("completed", "Completed"), storedCopy("failed", "Failed"), storedCopy("canceled", "Canceled")}
	var pending []any
	for _, phase := range []velerov1.DataMovePhase{"", "New", "Accepted", "Prepared", "InProgress", "Canceling", "Unheard"} {
		pending = append(pending, storedCopy(strings.ToLower("p-"+string(phase)), phase))
	}
	for name, tc := range map[string]struct {
		content any
		want    []string
	}{
		"no list":           {},
		"null":              {content: []any(nil)},
		"an empty list":     {content: []any{}},
		"not compressed":    {content: "[]"},
		"not a list":        {content: map[string]string{"a": "b"}},
		"all that ended":    {content: ended, want: []string{"canceled", "completed", "failed"}},
		"none that has not": {content: pending},
		"some bad ones": {
			content: []any{"text", nil, storedCopy("invalid", "Completed"), storedCopy("bad", "Completed"), map[string]any{"spec": 3}, storedCopy("good", "Completed")},
			want:    []string{"good"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := backendtest.New(t, server(refused))
			w.Put(t, backups.Metadata, "b", stored("b", "Completed", func(b *velerov1.Backup) { b.Annotations[incompleteAnnotation] = "theirs" }))
			w.Put(t, backups.Metadata, "c", stored("c", "Completed"))
			if tc.content != nil {
				w.Put(t, backups.PodVolumeBackups, "b", tc.content)
			}
			if _, err := w.Reconcile(t, newReconciler(w), "primary"); err != nil {
				t.Fatal(err)
			}
			if got := copyNames(t, w); !slices.Equal(got, tc.want) || !complete(t, w, "b") || !complete(t, w, "c") {
				t.Errorf("got %q, want %q; complete: %v, %v", got, tc.want, complete(t, w, "b"), complete(t, w, "c"))
			}
		})
	}
}

// TestCompletes shows that a sync that breaks off, at whatever step, is made good by the next one, and that the backups of
// others come all the same.
func TestCompletes(t *testing.T) {
	for name, step := range map[string]struct {
		fails func(client.Object) bool // a creation
		patch bool                     // of the Backup
	}{
		"before the first":  {fails: func(o client.Object) bool { return o.GetName() == "b-1" }},
		"before the second": {fails: func(o client.Object) bool { return o.GetName() == "b-2" }},
		"at the end":        {fails: func(client.Object) bool { return false }, patch: true},
	} {
		t.Run(name, func(t *testing.T) {
			down := true
			calls := server(func(object client.Object) error {
				if down && step.fails(object) {
					return errors.New("the API is down")
				}
				return nil
			})
			calls.Patch = func(ctx context.Context, c client.WithWatch, object client.Object, patch client.Patch, opts ...client.PatchOption) error {
				if down && step.patch && object.GetName() == "b" {
					return errors.New("the API is down")
				}
				return c.Patch(ctx, object, patch, opts...)
			}
			w := backendtest.New(t, calls)
			w.Put(t, backups.Metadata, "b", stored("b", "Completed"))
			w.Put(t, backups.PodVolumeBackups, "b", []velerov1.PodVolumeBackup{storedCopy("b-1", "Completed"), storedCopy("b-2", "Completed")})
			w.Put(t, backups.Metadata, "c", stored("c", "Completed"))
			w.Put(t, backups.PodVolumeBackups, "c", []velerov1.PodVolumeBackup{storedCopy("c-1", "Completed")})
			r := newReconciler(w)
			if _, err := w.Reconcile(t, r, "primary"); err == nil || !strings.Contains(err.Error(), `pod volume backups of backup "b"`) {
				t.Fatalf("got %v", err)
			}
			if complete(t, w, "b") || !complete(t, w, "c") || !slices.Contains(copyNames(t, w), "c-1") {
				t.Errorf("after the first sync b is complete: %v, c: %v, and there are %q", complete(t, w, "b"), complete(t, w, "c"), copyNames(t, w))
			}
			down = false
			if _, err := w.Reconcile(t, r, "primary"); err != nil || !complete(t, w, "b") || !slices.Equal(copyNames(t, w), []string{"b-1", "b-2", "c-1"}) {
				t.Errorf("got %v, complete: %v, %q", err, complete(t, w, "b"), copyNames(t, w))
			}
		})
	}
}

// TestCopiesCannotBeRead shows that a backup whose pod volume backups cannot be read for now comes later, with them.
func TestCopiesCannotBeRead(t *testing.T) {
	for name, fault := range map[string]faults.Fault{"denied": faults.Error{Code: "AccessDenied"}, "broken off": faults.Truncate{After: 30}} {
		t.Run(name, func(t *testing.T) {
			w := backendtest.New(t, server(accept))
			w.Put(t, backups.Metadata, "b", stored("b", "Completed"))
			w.Put(t, backups.PodVolumeBackups, "b", []velerov1.PodVolumeBackup{storedCopy("b-1", "Completed")})
			rule := w.Cloud.Harm(t, faults.Rule{Match: faults.Match{Operations: []string{"s3:GetObject"}, Prefix: backups.PodVolumeBackups.Key(w.Place, "b")}, Fault: fault})
			r := newReconciler(w)
			if _, err := w.Reconcile(t, r, "primary"); err == nil || len(names(t, w)) > 0 {
				t.Errorf("got %v, %q", err, names(t, w))
			}
			w.Cloud.Faults().Remove(rule)
			if _, err := w.Reconcile(t, r, "primary"); err != nil || !complete(t, w, "b") || !slices.Equal(copyNames(t, w), []string{"b-1"}) {
				t.Errorf("got %v, %q", err, copyNames(t, w))
			}
		})
	}
}

// TestKnownKeepTheirCopies shows that nothing is made for backups that were there before, nor what is there already anew.
func TestKnownKeepTheirCopies(t *testing.T) {
	there := storedCopy("b-1", "Completed")
	there.Labels = map[string]string{"kept": "yes"}
	w := backendtest.New(t, server(accept), &there, &velerov1.Backup{
		ObjectMeta: metav1.ObjectMeta{Name: "known"}, Spec: velerov1.BackupSpec{StorageLocation: "primary"}, Status: velerov1.BackupStatus{Phase: velerov1.BackupPhaseCompleted},
	})
	for name, pod := range map[string]string{"b": "b-1", "known": "known-1"} {
		w.Put(t, backups.Metadata, name, stored(name, "Completed"))
		w.Put(t, backups.PodVolumeBackups, name, []velerov1.PodVolumeBackup{storedCopy(pod, "Completed")})
	}
	if _, err := w.Reconcile(t, newReconciler(w), "primary"); err != nil || !complete(t, w, "b") {
		t.Errorf("got %v", err)
	}
	if got := copies(t, w); len(got) != 1 || !maps.Equal(got["b-1"].Labels, there.Labels) {
		t.Errorf("there are %+v", got)
	}
}
