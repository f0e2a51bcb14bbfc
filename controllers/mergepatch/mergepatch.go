// Package mergepatch writes changes of objects as Velero's controllers do.
package mergepatch

import (
	"context"
	"fmt"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Writer writes changes in the name of a field owner.
type Writer struct {
	client.Client

	// FieldOwner is the manager of the fields that are written.
	FieldOwner string
}

// Write changes an object, here and on the server, by a merge patch of the object itself: no kind of velero.io has a
// status subresource. Nothing is sent if nothing changes, and an object that is no more needs no change.
func Write[T client.Object](ctx context.Context, w Writer, object T, change func(T)) error {
	before, isT := object.DeepCopyObject().(T)
	if !isT {
		return fmt.Errorf("copying a %T gives a %T", object, object.DeepCopyObject())
	}
	change(object)
	if apiequality.Semantic.DeepEqual(before, object) {
		return nil
	}
	if err := w.Patch(ctx, object, client.MergeFrom(before), client.FieldOwner(w.FieldOwner)); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("writing %s/%s: %w", object.GetNamespace(), object.GetName(), err)
	}
	return nil
}
