package console

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
)

// watches are what is shown, as the API has it.
type watches struct {
	storage   *watched[*v1.BackupStorageLocation]
	snapshots *watched[*v1.VolumeSnapshotLocation]
	backups   *watched[*v1.Backup]
	restores  *watched[*v1.Restore]
	schedules *watched[*v1.Schedule]
	events    *watched[*corev1.Event]
}

func newWatches(c *Cluster) watches {
	velero, namespace, told := c.client.VeleroV1(), c.options.Namespace, c.changed.tell
	return watches{
		storage: newWatched("backupstoragelocations.velero.io", velero.BackupStorageLocations(namespace), &v1.BackupStorageLocation{}, "", told,
			func(l *v1.BackupStorageLocation) {
				c.history.note(l, string(l.Status.Phase), l.Status.Message, l.Status.LastValidationTime)
			}),
		snapshots: newWatched("volumesnapshotlocations.velero.io", velero.VolumeSnapshotLocations(namespace), &v1.VolumeSnapshotLocation{}, "", told,
			func(l *v1.VolumeSnapshotLocation) {
				c.history.note(l, string(l.Status.Phase), l.Status.Message, l.Status.LastValidationTime)
			}),
		backups:   newWatched("backups.velero.io", velero.Backups(namespace), &v1.Backup{}, "", told, nil),
		restores:  newWatched("restores.velero.io", velero.Restores(namespace), &v1.Restore{}, "", told, nil),
		schedules: newWatched("schedules.velero.io", velero.Schedules(namespace), &v1.Schedule{}, "", told, nil),
		events: newWatched("events", c.core.CoreV1().Events(namespace), &corev1.Event{},
			fields.OneTermEqualSelector("involvedObject.apiVersion", v1.SchemeGroupVersion.String()).String(), told, nil),
	}
}

// all are the watches, whatever they are about.
func (w *watches) all() []*kind {
	return []*kind{&w.storage.kind, &w.snapshots.kind, &w.backups.kind, &w.restores.kind, &w.schedules.kind, &w.events.kind}
}

// kind is a watch over the objects of a kind.
type kind struct {
	// resource is the name of the kind in sentences.
	resource string
	informer cache.SharedIndexInformer

	mu      sync.Mutex
	problem string // why they are not shown, or not as they are now; empty: they are
}

// watched is a kind whose objects have a type.
type watched[T any] struct{ kind }

type object interface {
	runtime.Object
	metav1.Object
}

// lister is what a client offers for a kind.
type lister[L runtime.Object] interface {
	List(context.Context, metav1.ListOptions) (L, error)
	Watch(context.Context, metav1.ListOptions) (watch.Interface, error)
}

// newWatched returns a watch over the objects of a kind that a field selector picks. Each of them is seen, if somebody wants to, when it
// comes and when it changes, and told is called after each change.
func newWatched[T object, L runtime.Object](resource string, client lister[L], example T, selector string, told func(), seen func(T)) *watched[T] {
	w := &watched[T]{kind{resource: resource}}
	w.informer = cache.NewSharedIndexInformer(&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			options.FieldSelector = selector
			list, err := client.List(ctx, options)
			w.note(err, told)
			return list, err
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			options.FieldSelector = selector
			stream, err := client.Watch(ctx, options)
			w.note(err, told)
			return stream, err
		},
	}, example, 0, cache.Indexers{})
	see := func(object any) {
		if typed, ok := object.(T); ok && seen != nil {
			seen(typed)
		}
		told()
	}
	// Neither fails before the informer runs.
	_, _ = w.informer.AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: see, UpdateFunc: func(_, now any) { see(now) }, DeleteFunc: func(any) { told() }})
	_ = w.informer.SetTransform(func(of any) (any, error) {
		if object, ok := of.(metav1.Object); ok {
			object.SetManagedFields(nil) // which are the larger part, and shown nowhere
			object.SetAnnotations(nil)
		}
		if b, ok := of.(*v1.Backup); ok { // there may be very many
			b.Spec, b.Written = v1.BackupSpec{StorageLocation: b.Spec.StorageLocation}, ""
		}
		return of, nil
	})
	_ = w.informer.SetWatchErrorHandlerWithContext(func(context.Context, *cache.Reflector, error) {}) // the page shows what is wrong, not the terminal
	return w
}

// note keeps what became of a request.
func (k *kind) note(err error, told func()) {
	problem := ""
	switch {
	case err == nil, apierrors.IsResourceExpired(err), apierrors.IsTooManyRequests(err): // which are tried again by themselves
	case apierrors.IsNotFound(err):
		problem = "the API does not serve " + k.resource
	case apierrors.IsForbidden(err):
		problem = fmt.Sprintf("you may not list and watch %s: %v", k.resource, err)
	default:
		problem = fmt.Sprintf("reading %s: %v", k.resource, err)
	}
	k.mu.Lock()
	differs := k.problem != problem
	k.problem = problem
	k.mu.Unlock()
	if differs {
		told()
	}
}

// looked says whether it is known what there is, or why not.
func (k *kind) looked() bool { return k.informer.HasSynced() || k.why() != "" }

func (k *kind) why() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.problem
}

// await waits until kinds were looked at, and returns why some are not shown.
func await(ctx context.Context, kinds ...*kind) []string {
	ctx, cancel := context.WithTimeout(ctx, firstLook)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	problems := []string{}
	for _, k := range kinds {
		for !k.looked() && ctx.Err() == nil {
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
		}
		switch why := k.why(); {
		case why != "":
			problems = append(problems, why)
		case !k.looked():
			problems = append(problems, k.resource+" were not listed yet")
		}
	}
	return problems
}

// list returns the objects that are known.
func (w *watched[T]) list() []T {
	var out []T
	for _, object := range w.informer.GetStore().List() {
		if typed, ok := object.(T); ok {
			out = append(out, typed)
		}
	}
	return out
}
