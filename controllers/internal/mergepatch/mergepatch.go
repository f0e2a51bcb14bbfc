// Package mergepatch writes changes of objects as Velero's controllers do.
package mergepatch

import (
	"context"
	"errors"
	"fmt"
	"slices"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Writer writes changes in the name of a field owner.
type Writer struct {
	client.Client

	// FieldOwner is the manager of the fields that are written.
	FieldOwner string
}

// Write changes an object, here and on the server, by a merge patch of the object itself: no kind of velero.io has a
// status subresource. Nothing is sent if nothing changes. An object that is no more needs no change, and another of its name
// that was made since gets none.
func Write[T client.Object](ctx context.Context, w Writer, object T, change func(T)) error {
	err := write(ctx, w, object, change, func(before T) client.Patch {
		before.SetUID("") // so that the patch says which object is meant
		return client.MergeFrom(before)
	})
	if apierrors.IsNotFound(err) || isAnother(err) {
		return nil
	}
	return err
}

// Advance is Write for a change that follows from what the object was, of which others may want another: if it was changed
// since it was read, or is no more, nothing changes, and the server's error says so.
func Advance[T client.Object](ctx context.Context, w Writer, object T, change func(T)) error {
	return write(ctx, w, object, change, func(before T) client.Patch {
		return client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	})
}

func write[T client.Object](ctx context.Context, w Writer, object T, change func(T), patch func(before T) client.Patch) error {
	before, isT := object.DeepCopyObject().(T)
	if !isT {
		return fmt.Errorf("copying a %T gives a %T", object, object.DeepCopyObject())
	}
	change(object)
	if apiequality.Semantic.DeepEqual(before, object) {
		return nil
	}
	if err := w.Patch(ctx, object, patch(before), client.FieldOwner(w.FieldOwner)); err != nil {
		return fmt.Errorf("writing %s/%s: %w", object.GetNamespace(), object.GetName(), err)
	}
	return nil
}

// isAnother says that the object of the name has another UID than the one that was to be changed.
func isAnother(err error) bool {
	var answer apierrors.APIStatus
	if !errors.As(err, &answer) || answer.Status().Details == nil {
		return false
	}
	return slices.ContainsFunc(answer.Status().Details.Causes, func(cause metav1.StatusCause) bool { return cause.Field == "metadata.uid" })
}
