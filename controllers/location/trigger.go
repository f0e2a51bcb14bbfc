package location

import (
	"context"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// indexSecrets is the index of locations by the names of the Secrets that they use.
const indexSecrets = "secrets"

// specChanges lets updates through that change what is checked, or wipe the phase. It compares
// specs rather than generations: where no status subresource is, writing status may raise the generation.
func (k *kind[L]) specChanges() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok := e.ObjectOld.(L)
		if !ok {
			return true
		}
		after, ok := e.ObjectNew.(L)
		return !ok || k.phase(after) == "" || !apiequality.Semantic.DeepEqual(k.spec(before), k.spec(after))
	}}
}

func (k *kind[L]) indexBySecrets(obj client.Object) []string {
	location, ok := obj.(L)
	if !ok {
		return nil
	}
	return k.secrets(location)
}

// locationsUsing maps a Secret to the locations that use it.
func (k *kind[L]) locationsUsing(reader client.Reader) handler.MapFunc {
	return func(ctx context.Context, secret client.Object) []reconcile.Request {
		list := k.list()
		err := reader.List(ctx, list, client.InNamespace(secret.GetNamespace()), client.MatchingFields{indexSecrets: secret.GetName()})
		var requests []reconcile.Request
		if err == nil {
			err = apimeta.EachListItem(list, func(item runtime.Object) error {
				location, err := apimeta.Accessor(item)
				if err == nil {
					name := types.NamespacedName{Namespace: location.GetNamespace(), Name: location.GetName()}
					requests = append(requests, reconcile.Request{NamespacedName: name})
				}
				return err
			})
		}
		if err != nil {
			klog.FromContext(ctx).Error(err, "Finding the locations that use a Secret", "secret", klog.KObj(secret))
		}
		return requests
	}
}
