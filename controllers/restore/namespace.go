package restore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/velero-locations/velero-locations/backups"
)

// namespace that is restored into.
type namespace struct {
	once    sync.Once
	created bool
	err     error
}

// ensure makes sure that the namespace is there that objects of one in the backup are restored into, with the labels and annotations
// that it had. One that is being deleted is waited for, once.
func (r *run) ensure(ctx context.Context, original string) error {
	name := r.target(original)
	r.mu.Lock()
	n := r.namespaces[name]
	if n == nil {
		n = &namespace{}
		r.namespaces[name] = n
	}
	r.mu.Unlock()
	n.once.Do(func() {
		made, err := r.makeNamespace(ctx, original, name)
		r.mu.Lock()
		defer r.mu.Unlock()
		n.created, n.err = made, err
	})
	return n.err
}

// errDeleted is what is in the way of a restore that only looks, and so does not wait.
var errDeleted = errors.New("it is being deleted: a restore waits until it is gone")

func (r *run) makeNamespace(ctx context.Context, original, name string) (made bool, err error) {
	exists := false
	err = wait.PollUntilContextTimeout(ctx, time.Second, r.terminating, true, func(ctx context.Context) (bool, error) {
		var there corev1.Namespace
		err := r.client.Get(ctx, types.NamespacedName{Name: name}, &there)
		exists = err == nil
		switch {
		case apierrors.IsNotFound(err):
			return true, nil
		case passing(err):
			return false, nil
		case err != nil:
			return false, err
		}
		deleted := there.DeletionTimestamp != nil || there.Status.Phase == corev1.NamespaceTerminating
		if deleted && r.api.dry {
			return false, errDeleted
		}
		return !deleted, nil
	})
	switch {
	case errors.Is(err, errDeleted):
		return false, fmt.Errorf("namespace %q: %w", name, err)
	case wait.Interrupted(err) && ctx.Err() == nil:
		return false, fmt.Errorf("namespace %q is being deleted, and was not gone within %s: find out what keeps it, and restore again", name, r.terminating)
	case err != nil:
		return false, fmt.Errorf("looking whether there is a namespace %q: %w", name, err)
	case exists:
		return false, nil
	case r.api.dry:
		return true, nil
	}
	var stored corev1.Namespace
	if object := (backups.Object{Resource: namespaceResource, Name: original}); r.contents.Has(object) {
		if err := r.read(object, &stored); err != nil {
			r.record.Doubtful("", err.Error()+": the namespace is made without its labels and annotations")
		}
	}
	create := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: stored.Labels, Annotations: stored.Annotations}, Spec: stored.Spec}
	err = r.client.Create(ctx, create)
	switch {
	case apierrors.IsAlreadyExists(err):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("making namespace %q: %w", name, err)
	}
	return true, nil
}
