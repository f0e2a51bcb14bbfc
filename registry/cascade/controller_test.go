package cascade

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	etcd3testing "k8s.io/apiserver/pkg/storage/etcd3/testing"
)

func newJournal(t *testing.T) *Journal {
	t.Helper()
	server, storage := etcd3testing.NewUnsecuredEtcd3TestClientServer(t)
	t.Cleanup(func() { _ = server.V3Client.Close() })
	client, err := clientv3.New(clientv3.Config{Endpoints: storage.Transport.ServerList, DialTimeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return NewJournal(client, "/registry", schema.GroupResource{Group: "example.com", Resource: "things"})
}

// deleteObject writes that an object was deleted.
func deleteObject(t *testing.T, journal *Journal, name string) types.UID {
	t.Helper()
	uid := types.UID("uid-of-" + name)
	intend, err := journal.Intend(&metav1.ObjectMeta{Namespace: "velero", Name: name, UID: uid})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := journal.etcd.Txn(t.Context()).Then(intend).Commit(); err != nil {
		t.Fatal(err)
	}
	return uid
}

func open(t *testing.T, journal *Journal) []Intent {
	t.Helper()
	intents, err := journal.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return intents
}

// TestConcerns shows that what was made before a deletion is told from what was made since, even if it was changed since.
func TestConcerns(t *testing.T) {
	journal := newJournal(t)
	put := func(key string) {
		if _, err := journal.etcd.Put(t.Context(), key, "x"); err != nil {
			t.Fatal(err)
		}
	}
	put("/registry/records/before")
	deleteObject(t, journal, "a")
	put("/registry/records/before")
	put("/registry/records/since")
	intents := open(t, journal)
	if len(intents) != 1 || intents[0].Namespace != "velero" || intents[0].Name != "a" || intents[0].UID != "uid-of-a" {
		t.Fatalf("the journal has %+v", intents)
	}
	for key, want := range map[string]bool{"/records/before": true, "/records/since": false, "/records/absent": false} {
		if got, err := journal.Concerns(t.Context(), intents[0], key); err != nil || got != want {
			t.Errorf("%s: %v, %v, want %v", key, got, err, want)
		}
	}
}

// TestFailuresAreTriedAgain shows that an intent stays until it is fulfilled, and that it is said how much is left until then.
func TestFailuresAreTriedAgain(t *testing.T) {
	journal := newJournal(t)
	var tries atomic.Int64
	seen := make(chan struct{}) // how it is after the first
	controller := NewController(journal, func(_ context.Context, _ Intent, left *atomic.Int64) error {
		left.Store(3)
		if tries.Add(1) == 1 {
			return errors.New("not now")
		}
		<-seen
		left.Store(0)
		return nil
	})
	ctx, stop := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() {
		defer close(over)
		controller.Run(ctx)
	}()
	uid := deleteObject(t, journal, "a")
	controller.Await(uid, 100*time.Millisecond)
	for tries.Load() == 0 {
		time.Sleep(10 * time.Millisecond)
	}
	if left := controller.Left(uid, 5); left != 3 || len(open(t, journal)) != 1 {
		t.Errorf("after a failure there are %d left and the intents %v", left, open(t, journal))
	}
	close(seen)
	controller.Await(uid, time.Minute)
	if left := controller.Left(uid, 5); left != 0 || len(open(t, journal)) != 0 || tries.Load() != 2 {
		t.Errorf("after %d tries there are %d left and the intents %v", tries.Load(), left, open(t, journal))
	}

	controller.Await("nobody", time.Minute) // another server has deleted what belonged to it
	stop()
	<-over
	start := time.Now()
	controller.Await(deleteObject(t, journal, "b"), time.Minute)
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("a stopped controller has somebody wait for %s", took)
	}
}
