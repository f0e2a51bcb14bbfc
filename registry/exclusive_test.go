package registry_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metainternalversion "k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/watch"
	genericregistry "k8s.io/apiserver/pkg/registry/generic/registry"
	genericregistrytest "k8s.io/apiserver/pkg/registry/generic/testing"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/apiserver/pkg/warning"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/registry/generic"
	"github.com/velero-locations/velero-locations/registry/velero/backupstoragelocation"
)

// locations is a namespace's locations as one server serves them.
type locations struct {
	store *generic.Store
	ctx   context.Context //nolint:containedctx // of a test, which ends with it
}

func serveLocations(t *testing.T, store *generic.Store) locations {
	t.Helper()
	return locations{store, genericregistrytest.NewNamespaceScopeContext(store.Store, "velero")}
}

func newDefault(name string, isDefault bool) *v1.BackupStorageLocation {
	return &v1.BackupStorageLocation{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "velero"},
		Spec: v1.BackupStorageLocationSpec{
			Provider: "aws", Default: isDefault, ObjectStorage: &v1.ObjectStorageLocation{Bucket: "backups"},
		},
	}
}

func (l locations) create(name string, isDefault bool, dryRun ...string) error {
	_, err := l.store.Create(l.ctx, newDefault(name, isDefault), rest.ValidateAllObjectFunc, &metav1.CreateOptions{DryRun: dryRun})
	return err
}

func (l locations) setDefault(name string, isDefault bool, dryRun ...string) error {
	change := func(_ context.Context, _, current runtime.Object) (runtime.Object, error) {
		location := current.DeepCopyObject().(*v1.BackupStorageLocation)
		location.Spec.Default = isDefault
		return location, nil
	}
	_, _, err := l.store.Update(l.ctx, name, rest.DefaultUpdatedObjectInfo(nil, change), rest.ValidateAllObjectFunc, rest.ValidateAllObjectUpdateFunc, false, &metav1.UpdateOptions{DryRun: dryRun})
	return err
}

// defaults returns the names of the default locations.
func (l locations) defaults(t *testing.T) sets.Set[string] {
	t.Helper()
	list, err := l.store.List(l.ctx, &metainternalversion.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	names := sets.New[string]()
	for _, location := range list.(*v1.BackupStorageLocationList).Items {
		if location.Spec.Default {
			names.Insert(location.Name)
		}
	}
	return names
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestDefaultMoves(t *testing.T) {
	l := serveLocations(t, newStore(t, startEtcd(t), backupstoragelocation.New(&generic.Environment{})))
	want := func(names ...string) {
		t.Helper()
		if got := l.defaults(t); !got.Equal(sets.New(names...)) {
			t.Errorf("the defaults are %v, want %v", got.UnsortedList(), names)
		}
	}
	heard := &recorder{}
	l.ctx = warning.WithWarningRecorder(l.ctx, heard)
	wantLost := func(texts ...string) {
		t.Helper()
		lost := slices.DeleteFunc(heard.said, func(text string) bool { return !strings.Contains(text, "no longer the default") })
		if !slices.Equal(lost, texts) {
			t.Errorf("warnings are %q, want %q", lost, texts)
		}
		heard.said = nil
	}

	must(t, l.create("a", true))
	want("a")
	must(t, l.create("b", false))
	wantLost()
	must(t, l.create("c", true, metav1.DryRunAll))
	wantLost(`backup storage location "a" is no longer the default of namespace "velero": "c" is`)
	want("a")
	must(t, l.create("c", true))
	wantLost(`backup storage location "a" is no longer the default of namespace "velero": "c" is`)
	want("c")
	must(t, l.setDefault("a", true, metav1.DryRunAll))
	wantLost(`backup storage location "c" is no longer the default of namespace "velero": "a" is`)
	want("c")
	must(t, l.setDefault("a", true))
	wantLost(`backup storage location "c" is no longer the default of namespace "velero": "a" is`)
	want("a")
	must(t, l.setDefault("a", true)) // nothing changes
	wantLost()
	must(t, l.setDefault("a", false))
	want()

	if err := l.create("a", true); !apierrors.IsAlreadyExists(err) {
		t.Errorf("creating an existing location as default gave %v, want AlreadyExists", err)
	}
	if err := l.setDefault("none", true); !apierrors.IsNotFound(err) {
		t.Errorf("making a missing location the default gave %v, want NotFound", err)
	}
	stale := newDefault("b", true)
	stale.ResourceVersion = "1"
	_, _, err := l.store.Update(l.ctx, "b", rest.DefaultUpdatedObjectInfo(stale), rest.ValidateAllObjectFunc, rest.ValidateAllObjectUpdateFunc, false, &metav1.UpdateOptions{})
	if !apierrors.IsConflict(err) {
		t.Errorf("making a location the default from an old version gave %v, want Conflict", err)
	}

	loser, err := l.store.Get(l.ctx, "c", &metav1.GetOptions{})
	must(t, err)
	if got := loser.(*v1.BackupStorageLocation).Generation; got != 2 {
		t.Errorf("the generation of a location that lost the default is %d, want 2", got)
	}
	other := genericregistrytest.NewNamespaceScopeContext(l.store.Store, "other")
	elsewhere := newDefault("a", true)
	elsewhere.Namespace = "other"
	must(t, l.setDefault("b", true))
	_, err = l.store.Create(other, elsewhere, rest.ValidateAllObjectFunc, &metav1.CreateOptions{})
	must(t, err)
	want("b")
}

// TestDefaultUnderContention has 100 clients of two servers make locations the default, while
// others write and delete, and shows that no reader of either ever sees two.
func TestDefaultUnderContention(t *testing.T) {
	storage := startEtcd(t)
	servers := []locations{
		serveLocations(t, newStoreWith(t, storage, backupstoragelocation.New(&generic.Environment{}), genericregistry.StorageWithCacher())),
		serveLocations(t, newStoreWith(t, storage, backupstoragelocation.New(&generic.Environment{}), genericregistry.StorageWithCacher())),
	}
	const setters = 100
	for i := range setters {
		must(t, servers[0].create(fmt.Sprintf("l%d", i), false))
	}
	done, stop := context.WithCancel(t.Context())
	defer stop()
	var readers sync.WaitGroup
	for _, server := range servers {
		watcher, err := server.store.Watch(server.ctx, &metainternalversion.ListOptions{ResourceVersion: "0"})
		must(t, err)
		readers.Go(func() { watchDefaults(t, watcher) })
		readers.Go(func() {
			for done.Err() == nil {
				if got := server.defaults(t); got.Len() > 1 {
					t.Errorf("a reader saw the defaults %v", got.UnsortedList())
				}
			}
			watcher.Stop()
		})
	}

	var group errgroup.Group
	for i := range setters {
		group.Go(func() error {
			server := servers[i%len(servers)]
			name := fmt.Sprintf("l%d", i)
			if i%10 == 0 {
				if err := server.create("extra-"+name, true); err != nil {
					return err
				}
				_, _, err := server.store.Delete(server.ctx, fmt.Sprintf("l%d", rand.IntN(setters)/10*10), rest.ValidateAllObjectFunc, &metav1.DeleteOptions{})
				if apierrors.IsNotFound(err) {
					return nil
				}
				return err
			}
			return server.setDefault(name, true)
		})
	}
	must(t, group.Wait())
	for _, server := range servers {
		if got := server.defaults(t); got.Len() > 1 {
			t.Errorf("in the end the defaults are %v", got.UnsortedList())
		}
	}
	must(t, servers[1].setDefault("l1", true))
	for _, server := range servers {
		if got := server.defaults(t); !got.Equal(sets.New("l1")) {
			t.Errorf("in the end the defaults are %v, want l1", got.UnsortedList())
		}
	}
	stop()
	readers.Wait()
}

// TestDefaultIsSeen shows that whoever moves the default sees it moved, from the caches of all servers, and that a watch which
// ends in the middle of the move goes on where it was.
func TestDefaultIsSeen(t *testing.T) {
	storage := startEtcd(t)
	var servers []locations
	for range 2 {
		servers = append(servers, serveLocations(t, newStoreWith(t, storage, backupstoragelocation.New(&generic.Environment{}), genericregistry.StorageWithCacher())))
	}
	names := []string{"a", "b"}
	for _, name := range names {
		must(t, servers[0].create(name, name == "a"))
	}
	for i := range 50 {
		name := names[(i+1)%2]
		watcher, err := servers[0].store.Watch(servers[0].ctx, &metainternalversion.ListOptions{ResourceVersion: ""})
		must(t, err)
		must(t, servers[i%2].setDefault(name, true))
		for _, server := range servers {
			if got := server.defaults(t); !got.Equal(sets.New(name)) {
				t.Fatalf("after move %d to %s the defaults are %v", i, name, got.UnsortedList())
			}
		}
		wantAfterLoss(t, servers[1], watcher, name)
	}
}

// wantAfterLoss reads a watch up to where the default is lost, and another one from there to where it is found.
func wantAfterLoss(t *testing.T, server locations, watcher watch.Interface, winner string) {
	t.Helper()
	lost := ""
	for event := range watcher.ResultChan() {
		if location := locationOf(t, event); event.Type == watch.Modified && !location.Spec.Default {
			lost = location.ResourceVersion
			break
		}
	}
	watcher.Stop()
	again, err := server.store.Watch(server.ctx, &metainternalversion.ListOptions{ResourceVersion: lost})
	must(t, err)
	defer again.Stop()
	select {
	case event := <-again.ResultChan():
		if location := locationOf(t, event); location.Name != winner || !location.Spec.Default {
			t.Errorf("a watch from the loss at %s has %s first, which is no default", lost, location.Name)
		}
	case <-time.After(10 * time.Second):
		t.Fatalf("a watch from the loss at %s does not have %s", lost, winner)
	}
}

// locationOf returns the location of an event of a cache, which several watchers may share.
func locationOf(t *testing.T, event watch.Event) *v1.BackupStorageLocation {
	t.Helper()
	object := event.Object
	if shared, ok := object.(runtime.CacheableObject); ok {
		object = shared.GetObject()
	}
	location, ok := object.(*v1.BackupStorageLocation)
	if !ok {
		t.Errorf("a watcher is told %s %+v", event.Type, object)
		return &v1.BackupStorageLocation{}
	}
	return location
}

// watchDefaults follows a watch and fails when its events add up to two defaults.
func watchDefaults(t *testing.T, watcher watch.Interface) {
	t.Helper()
	defaults := sets.New[string]()
	for event := range watcher.ResultChan() {
		location := locationOf(t, event)
		defaults.Delete(location.Name)
		if event.Type != watch.Deleted && location.Spec.Default {
			defaults.Insert(location.Name)
		}
		if defaults.Len() > 1 {
			t.Errorf("a watcher saw the defaults %v", defaults.UnsortedList())
		}
	}
}
