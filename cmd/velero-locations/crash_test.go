package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/generated/clientset/versioned"
)

const (
	kills   = 20
	clients = 8
	// before is how many creations are acknowledged before each kill: enough to be in the
	// middle of things.
	before = 40
)

// TestKilled shows that nothing acknowledged is lost: the server is killed, again and again, while
// clients create locations, and each location that a client was told of is there afterwards.
func TestKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	acknowledged := sets.New[string]()
	for round := range kills {
		s := startDev(t, dir)
		client := s.client(t)
		created := createUntilKilled(t, s, client, round)
		if len(created) < before {
			t.Fatalf("round %d: %d locations were acknowledged, want at least %d", round, len(created), before)
		}
		acknowledged = acknowledged.Union(created)
	}

	list, err := startDev(t, dir).client(t).VeleroV1().BackupStorageLocations("velero").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	stored := sets.New[string]()
	for _, location := range list.Items {
		stored.Insert(location.Name)
	}
	if lost := acknowledged.Difference(stored); lost.Len() > 0 {
		t.Errorf("%d of %d acknowledged locations are lost, such as %q", lost.Len(), acknowledged.Len(), lost.UnsortedList()[0])
	}
}

func (s *server) client(t *testing.T) versioned.Interface {
	t.Helper()
	client, err := versioned.NewForConfig(s.config(t))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func (s *server) core(t *testing.T) kubernetes.Interface {
	t.Helper()
	client, err := kubernetes.NewForConfig(s.config(t))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// config of clients that ask as often as they like, and do not wait for ever.
func (s *server) config(tb testing.TB) *rest.Config {
	tb.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", s.Path("kubeconfig"))
	if err != nil {
		tb.Fatal(err)
	}
	config.QPS, config.Timeout, config.WarningHandler = -1, 30*time.Second, rest.NoWarnings{}
	return config
}

// createUntilKilled creates locations with several clients, kills the server in their midst, and
// returns the names that were acknowledged.
func createUntilKilled(t *testing.T, s *server, client versioned.Interface, round int) sets.Set[string] {
	t.Helper()
	var (
		mu      sync.Mutex
		created = sets.New[string]()
		count   atomic.Int64
		enough  = make(chan struct{})
		group   errgroup.Group
	)
	for n := range clients {
		group.Go(func() error {
			for i := 0; ; i++ {
				location := &v1.BackupStorageLocation{
					ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("round-%d-client-%d-%d", round, n, i)},
					// Nothing checks a location of this provider, which leaves etcd to the clients.
					Spec: v1.BackupStorageLocationSpec{Provider: "example.com/none", ObjectStorage: &v1.ObjectStorageLocation{Bucket: "backups"}},
				}
				if _, err := client.VeleroV1().BackupStorageLocations("velero").Create(context.Background(), location, metav1.CreateOptions{}); err != nil {
					return nil // the server is gone
				}
				mu.Lock()
				created.Insert(location.Name)
				mu.Unlock()
				if count.Add(1) == before {
					close(enough)
				}
			}
		})
	}
	select {
	case <-enough:
	case <-time.After(time.Minute):
		t.Errorf("round %d: the server is too slow\n%s", round, s.output)
	}
	s.signal(t, syscall.SIGKILL)
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	return created
}

// TestKilledWhileDefaultMoves kills the server while clients make one location after the other the
// default, and shows that never two are.
func TestKilledWhileDefaultMoves(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for range kills / 2 {
		s := startDev(t, dir)
		client := s.client(t)
		if got := defaults(t, client); len(got) > 1 {
			t.Fatalf("after a kill the defaults are %v", got)
		}
		var moved atomic.Int64
		enough := make(chan struct{})
		var group errgroup.Group
		for n := range clients {
			group.Go(func() error {
				for ; ; n++ {
					if err := makeDefault(client, fmt.Sprintf("location-%d", n%clients)); err != nil {
						return nil // the server is gone
					}
					if moved.Add(1) == before {
						close(enough)
					}
				}
			})
		}
		select {
		case <-enough:
		case <-time.After(time.Minute):
			t.Errorf("the server is too slow\n%s", s.output)
		}
		s.signal(t, syscall.SIGKILL)
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
	}
}

// makeDefault makes a location the default, and makes the location where there is none.
func makeDefault(client versioned.Interface, name string) error {
	locations := client.VeleroV1().BackupStorageLocations("velero")
	_, err := locations.Patch(context.Background(), name, types.MergePatchType, []byte(`{"spec":{"default":true}}`), metav1.PatchOptions{})
	if !apierrors.IsNotFound(err) {
		return err
	}
	location := &v1.BackupStorageLocation{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       v1.BackupStorageLocationSpec{Provider: "example.com/none", Default: true, ObjectStorage: &v1.ObjectStorageLocation{Bucket: "backups"}},
	}
	if _, err = locations.Create(context.Background(), location, metav1.CreateOptions{}); apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// defaults returns the names of the default locations.
func defaults(t *testing.T, client versioned.Interface) []string {
	t.Helper()
	list, err := client.VeleroV1().BackupStorageLocations("velero").List(t.Context(), metav1.ListOptions{FieldSelector: "spec.default=true"})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, location := range list.Items {
		names = append(names, location.Name)
	}
	return names
}
