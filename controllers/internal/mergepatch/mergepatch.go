// Package mergepatch writes changes of objects as Velero's controllers do.
package mergepatch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Writer writes changes in the name of a field owner.
type Writer struct {
	client.Client

	// FieldOwner is the manager of the fields that are written.
	FieldOwner string
}

// Write changes an object, here and on the server, by a merge patch of the object itself: no kind of velero.io has a
// status subresource. Nothing is sent if nothing changes. An object that is gone needs no change, and another of its name
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
// since it was read, or is gone, nothing changes, and the server's error says so.
func Advance[T client.Object](ctx context.Context, w Writer, object T, change func(T)) error {
	return write(ctx, w, object, change, func(before T) client.Patch {
		return client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	})
}

// WriteStatus writes fields of an object's status on the server, null for those that are to go. All of them are written, whatever
// the object at hand says, which may be older than what the server has; and it stays as it is. If the object is gone, or is
// another of its name, nothing changes, and the server's error says so.
func WriteStatus(ctx context.Context, w Writer, object client.Object, status map[string]any) error {
	content := map[string]any{"status": status}
	if uid := object.GetUID(); uid != "" {
		content["metadata"] = map[string]any{"uid": uid} // which object is meant
	}
	patch, err := json.Marshal(content)
	if err != nil {
		return fmt.Errorf("encoding the status of %s/%s: %w", object.GetNamespace(), object.GetName(), err)
	}
	written, err := copyOf(object) // the answer goes there
	if err != nil {
		return err
	}
	return w.send(ctx, written, client.RawPatch(types.MergePatchType, patch))
}

func (w Writer) send(ctx context.Context, object client.Object, patch client.Patch) error {
	if err := w.Patch(ctx, object, patch, client.FieldOwner(w.FieldOwner)); err != nil {
		return fmt.Errorf("writing %s/%s: %w", object.GetNamespace(), object.GetName(), err)
	}
	return nil
}

func write[T client.Object](ctx context.Context, w Writer, object T, change func(T), patch func(before T) client.Patch) error {
	before, err := copyOf(object)
	if err != nil {
		return err
	}
	change(object)
	if apiequality.Semantic.DeepEqual(before, object) {
		return nil
	}
	return w.send(ctx, object, patch(before))
}

func copyOf[T client.Object](object T) (T, error) {
	other := object.DeepCopyObject()
	same, isT := other.(T)
	if !isT {
		return same, fmt.Errorf("copying a %T gives a %T", object, other)
	}
	return same, nil
}

// isAnother says that the object of the name has another UID than the one that was to be changed.
func isAnother(err error) bool {
	var answer apierrors.APIStatus
	if !errors.As(err, &answer) || answer.Status().Details == nil {
		return false
	}
	return slices.ContainsFunc(answer.Status().Details.Causes, func(cause metav1.StatusCause) bool { return cause.Field == "metadata.uid" })
}
