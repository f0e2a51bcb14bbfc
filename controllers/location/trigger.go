package location

import (
	"context"
	"slices"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
)

// The Secret, and the key in it, of locations that name none, as `velero install` makes it.
const (
	defaultSecret    = "cloud-credentials"
	defaultSecretKey = "cloud"
)

// indexSecrets is the index of locations by the names of the Secrets that they use.
const indexSecrets = "secrets"

// specChanges lets updates through that change what is checked, or wipe the phase. It compares
// specs rather than generations: where no status subresource is, writing status may raise the generation.
var specChanges = predicate.Funcs{
	UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok := e.ObjectOld.(*velerov1.BackupStorageLocation)
		if !ok {
			return true
		}
		after, ok := e.ObjectNew.(*velerov1.BackupStorageLocation)
		return !ok || after.Status.Phase == "" || !apiequality.Semantic.DeepEqual(before.Spec, after.Spec)
	},
}

// secretNames returns the Secrets, in the location's namespace, that a check of the location reads.
func secretNames(location *velerov1.BackupStorageLocation) []string {
	names := []string{defaultSecret}
	if credential := location.Spec.Credential; credential != nil {
		names[0] = credential.Name
	}
	if storage := location.Spec.ObjectStorage; storage != nil && storage.CACertRef != nil {
		names = append(names, storage.CACertRef.Name)
	}
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(name string) bool { return name == "" })
}

func indexBySecrets(obj client.Object) []string {
	location, ok := obj.(*velerov1.BackupStorageLocation)
	if !ok {
		return nil
	}
	return secretNames(location)
}

// locationsUsing maps a Secret to the locations that use it.
func locationsUsing(reader client.Reader) handler.MapFunc {
	return func(ctx context.Context, secret client.Object) []reconcile.Request {
		var list velerov1.BackupStorageLocationList
		err := reader.List(ctx, &list, client.InNamespace(secret.GetNamespace()), client.MatchingFields{indexSecrets: secret.GetName()})
		if err != nil {
			klog.FromContext(ctx).Error(err, "Finding the locations that use a Secret", "secret", klog.KObj(secret))
			return nil
		}
		requests := make([]reconcile.Request, 0, len(list.Items))
		for i := range list.Items {
			requests = append(requests, reconcile.Request{
				NamespacedName: types.NamespacedName{Namespace: list.Items[i].Namespace, Name: list.Items[i].Name},
			})
		}
		return requests
	}
}
