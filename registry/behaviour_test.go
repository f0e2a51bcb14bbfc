package registry_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	genericregistrytest "k8s.io/apiserver/pkg/registry/generic/testing"
	"k8s.io/apiserver/pkg/registry/rest"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/registry/core"
	"github.com/velero-locations/velero-locations/registry/generic"
	"github.com/velero-locations/velero-locations/registry/velero/backupstoragelocation"
)

// TestGenerationAndStatus shows what Velero's clients rely on: status is written through the
// object itself, from its creation on, and the generation counts changes of the spec alone.
func TestGenerationAndStatus(t *testing.T) {
	store := newStore(t, startEtcd(t), backupstoragelocation.New(&generic.Environment{}))
	ctx := genericregistrytest.NewNamespaceScopeContext(store.Store, "velero")
	update := func(change func(*v1.BackupStorageLocation)) (*v1.BackupStorageLocation, error) {
		stored, err := store.Get(ctx, "primary", &metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		location := stored.DeepCopyObject().(*v1.BackupStorageLocation)
		change(location)
		got, _, err := store.Update(ctx, "primary", rest.DefaultUpdatedObjectInfo(location), rest.ValidateAllObjectFunc, rest.ValidateAllObjectUpdateFunc, false, &metav1.UpdateOptions{})
		if err != nil {
			return nil, err
		}
		return got.(*v1.BackupStorageLocation), nil
	}

	created, err := store.Create(ctx, &v1.BackupStorageLocation{
		ObjectMeta: metav1.ObjectMeta{Name: "primary", Namespace: "velero", Generation: 7},
		Spec:       v1.BackupStorageLocationSpec{Provider: "aws", ObjectStorage: &v1.ObjectStorageLocation{Bucket: "backups"}},
		Status:     v1.BackupStorageLocationStatus{Phase: v1.BackupStorageLocationAvailable},
	}, rest.ValidateAllObjectFunc, &metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got := created.(*v1.BackupStorageLocation); got.Generation != 1 || got.Status.Phase != v1.BackupStorageLocationAvailable {
		t.Errorf("created with generation %d and phase %q, want 1 and the phase that was sent", got.Generation, got.Status.Phase)
	}
	for _, test := range []struct {
		name           string
		change         func(*v1.BackupStorageLocation)
		wantGeneration int64
	}{
		{"status", func(l *v1.BackupStorageLocation) { l.Status.Message = "hello" }, 1},
		{"label", func(l *v1.BackupStorageLocation) { l.Labels = map[string]string{"a": "b"} }, 1},
		{"generation", func(l *v1.BackupStorageLocation) { l.Generation = 9 }, 1},
		{"spec", func(l *v1.BackupStorageLocation) { l.Spec.Default = true }, 2},
		{"same spec", func(*v1.BackupStorageLocation) {}, 2},
	} {
		got, err := update(test.change)
		if err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		if got.Generation != test.wantGeneration || got.Status.Message != "hello" {
			t.Errorf("after a change of %s the generation is %d and the message %q, want %d and hello", test.name, got.Generation, got.Status.Message, test.wantGeneration)
		}
	}
	if _, err := update(func(l *v1.BackupStorageLocation) { l.ResourceVersion = "" }); !apierrors.IsInvalid(err) {
		t.Errorf("an update without resourceVersion gave %v, want Invalid as for custom resources", err)
	}
}

func TestNamespaceStaysUntilItIsEmptied(t *testing.T) {
	store := newStore(t, startEtcd(t), core.Namespaces)
	ctx := genericapirequest.WithNamespace(genericregistrytest.NewClusterScopeContext(store.Store), "")
	created, err := store.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "team-a"}}, rest.ValidateAllObjectFunc, &metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got := created.(*corev1.Namespace).Status.Phase; got != corev1.NamespaceActive {
		t.Errorf("a new namespace is %q, want Active", got)
	}
	if _, _, err := store.Delete(ctx, "team-a", rest.ValidateAllObjectFunc, &metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	got, err := store.Get(ctx, "team-a", &metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	terminating := got.DeepCopyObject().(*corev1.Namespace)
	if terminating.Status.Phase != corev1.NamespaceTerminating {
		t.Errorf("a deleted namespace is %q, want Terminating", terminating.Status.Phase)
	}
	terminating.Finalizers = nil
	if _, _, err := store.Update(ctx, "team-a", rest.DefaultUpdatedObjectInfo(terminating), rest.ValidateAllObjectFunc, rest.ValidateAllObjectUpdateFunc, false, &metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Get(ctx, "team-a", &metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("getting an emptied namespace gave %v, want NotFound", err)
	}
}
