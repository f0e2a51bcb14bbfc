package generic

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metainternalversion "k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/apiserver/pkg/storage"
	"k8s.io/apiserver/pkg/util/dryrun"
	"k8s.io/apiserver/pkg/warning"

	"github.com/velero-locations/velero-locations/registry/cascade"
	"github.com/velero-locations/velero-locations/registry/generic/table"
)

// Dependents are objects of another kind that go with an object: they are deleted after it, whatever becomes of the server that
// deletes it, and never those that were made later for another object of its name.
type Dependents struct {
	// Resource of the other kind.
	Resource schema.GroupResource
	// Of selects the dependents of an object, in its namespace.
	Of func(name string) fields.Selector
	// Warn is told to whoever deletes an object that has dependents, and Remain too if they are not all deleted when that is answered.
	Warn   func(name string, dependents int) string
	Remain func(name string, left int) string
}

// dependents of the objects of a store.
type dependents struct {
	*Dependents
	env     *Environment
	journal *cascade.Journal
	cascade *cascade.Controller
	// alone are the UIDs of objects on their way to be deleted that were seen to have no dependents: nobody waits for those that come after.
	alone sync.Map
}

// deletion is one of an object that has dependents, as far as that can be found out before.
type deletion struct {
	*dependents // nil: objects of the kind have none

	count int
	err   error
	uid   types.UID // of the object, once it is known
}

func (d *dependents) foresee(ctx context.Context, name string) *deletion {
	foreseen := &deletion{dependents: d}
	if d == nil {
		return foreseen
	}
	ctx, cancel := context.WithTimeout(ctx, deletionWait)
	defer cancel()
	all, err := d.list(ctx, name)
	foreseen.count, foreseen.err = len(all), err
	return foreseen
}

// begin notes which object is about to be deleted, and that nobody has to wait for dependents that it does not have. Those that come at this
// moment go all the same.
func (d *deletion) begin(object runtime.Object) {
	if deleted, ok := object.(metav1.Object); ok && d.dependents != nil && d.count == 0 && d.err == nil {
		d.uid = deleted.GetUID()
		d.alone.Store(d.uid, true)
	}
}

func (d *deletion) end() {
	if d.dependents != nil {
		d.alone.Delete(d.uid)
	}
}

func (d *dependents) list(ctx context.Context, name string) ([]metav1.Object, error) {
	store := d.env.Store(d.Resource)
	if store == nil {
		return nil, nil
	}
	all, _, err := listAll[metav1.Object](ctx, store, &metainternalversion.ListOptions{FieldSelector: d.Of(name)})
	return all, err
}

// deletionWorkers is how many dependents are deleted at a time.
const deletionWorkers = 8

// delete deletes the dependents of a deleted object. One that cannot be deleted does not keep the others.
func (d *dependents) delete(ctx context.Context, intent cascade.Intent, left *atomic.Int64) error {
	if d.env.Store(d.Resource) == nil {
		return fmt.Errorf("deleting %s: they are not served", d.Resource.Resource)
	}
	ctx = genericapirequest.WithNamespace(ctx, intent.Namespace)
	all, err := d.list(ctx, intent.Name)
	if err != nil {
		return fmt.Errorf("listing %s: %w", d.Resource.Resource, err)
	}
	left.Store(int64(len(all)))
	var group errgroup.Group
	group.SetLimit(deletionWorkers)
	for _, object := range all {
		group.Go(func() error {
			if err := d.deleteOne(ctx, intent, object); err != nil {
				return err
			}
			left.Add(-1)
			return nil
		})
	}
	return group.Wait()
}

func (d *dependents) deleteOne(ctx context.Context, intent cascade.Intent, object metav1.Object) error {
	store := d.env.Store(d.Resource)
	key, err := store.KeyFunc(ctx, object.GetName())
	if err != nil {
		return fmt.Errorf("deleting %s: %w", object.GetName(), err)
	}
	written, err := store.Storage.Versioner().ObjectResourceVersion(object.(runtime.Object))
	if err != nil || !intent.Follows(int64(written)) { // it was written since, and perhaps made
		if concerned, err := d.journal.Concerns(ctx, intent, key); err != nil || !concerned {
			return err
		}
	}
	options := &metav1.DeleteOptions{Preconditions: metav1.NewUIDPreconditions(string(object.GetUID()))}
	_, _, err = store.Delete(ctx, object.GetName(), rest.ValidateAllObjectFunc, options)
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		return fmt.Errorf("deleting %s: %w", object.GetName(), err)
	}
	return nil
}

// deletionWait is how long a deletion waits at most to find out what goes with the object, and for that to be deleted.
const deletionWait = 10 * time.Second

// await lets a deletion wait for the dependents of the object.
func (d *dependents) await(object runtime.Object, options *metav1.DeleteOptions) {
	if options != nil && dryrun.IsDryRun(options.DryRun) || d.env.Store(d.Resource) == nil {
		return
	}
	deleted, ok := object.(metav1.Object)
	if !ok {
		return
	}
	patience := deletionWait
	if _, alone := d.alone.Load(deleted.GetUID()); alone {
		patience = 0
	}
	d.cascade.Await(deleted.GetUID(), patience)
}

// warn tells whoever has deleted an object how many dependents it had, and how many of them it still has.
func (d *deletion) warn(ctx context.Context, object metav1.Object) {
	if d.count == 0 {
		return
	}
	warning.AddWarning(ctx, "", d.Warn(object.GetName(), d.count))
	if left := d.cascade.Left(object.GetUID(), d.count); left > 0 {
		warning.AddWarning(ctx, "", d.Remain(object.GetName(), left))
	}
}

// cascadeStorage deletes an object and writes in one transaction that its dependents are to be deleted.
type cascadeStorage[T table.Object] struct {
	storage.Interface
	*direct[T]

	journal *cascade.Journal
}

// Delete implements storage.Interface.
func (s *cascadeStorage[T]) Delete(
	ctx context.Context, key string, out runtime.Object, preconditions *storage.Preconditions,
	validate storage.ValidateObjectFunc, cached runtime.Object, options storage.DeleteOptions,
) error {
	if options.ExpectTransformOrDecodeError { // nobody can tell what object it is
		return s.Interface.Delete(ctx, key, out, preconditions, validate, cached, options)
	}
	for {
		current, err := s.get(ctx, s.key(key))
		if err != nil {
			return err
		}
		if current.revision == 0 {
			return storage.NewKeyNotFoundError(current.key, 0)
		}
		if err := preconditions.Check(current.key, current.object); err != nil {
			return err
		}
		if err := validate(ctx, current.object); err != nil {
			return err
		}
		intend, err := s.journal.Intend(current.object)
		if err != nil {
			return err
		}
		response, err := s.etcd.Txn(ctx).
			If(clientv3.Compare(clientv3.ModRevision(current.key), "=", current.revision)).
			Then(clientv3.OpDelete(current.key), intend).
			Commit()
		if err != nil {
			return fmt.Errorf("deleting %s: %w", current.key, err)
		}
		if response.Succeeded {
			return s.decode(current.data, response.Header.Revision, out)
		}
	}
}
