package registry_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	metainternalversion "k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/apiserver/pkg/storage/storagebackend"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
)

// intents counts what the servers on an etcd still intend to delete.
func intents(t *testing.T, etcd storagebackend.Config) int {
	t.Helper()
	client, err := clientv3.New(clientv3.Config{Endpoints: etcd.Transport.ServerList, DialTimeout: time.Minute})
	must(t, err)
	defer client.Close()
	response, err := client.Get(t.Context(), "/"+t.Name()+"/cascade/", clientv3.WithPrefix(), clientv3.WithCountOnly())
	must(t, err)
	return int(response.Count)
}

// wantRecords waits until these are the records of backups, and nothing is intended any more.
func (s *server) wantRecords(t *testing.T, etcd storagebackend.Config, want ...string) {
	t.Helper()
	var got []string
	for range 300 {
		if got = s.recorded(t); slices.Equal(got, want) && intents(t, etcd) == 0 {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Errorf("there are %v and %d intents, want %v", got, intents(t, etcd), want)
}

// stopped is the context of a server that does nothing any more beside answering.
func stopped() context.Context {
	ctx, stop := context.WithCancel(context.Background())
	stop()
	return ctx
}

// TestKilledDeletions shows that the next server deletes the records of a location whose deletion a server did not survive: those
// of this location, and not those that were made since in another one of its name.
func TestKilledDeletions(t *testing.T) {
	etcd := startEtcd(t)
	killed := serveOn(stopped(), t, etcd)
	killed.makeLocations(t, []string{"primary default", "other", "second"}, nil)
	killed.makeBackups(t, "primary", "", v1.BackupPhaseCompleted, v1.BackupPhaseFailed)
	killed.makeBackups(t, "other", v1.BackupPhaseCompleted)
	killed.makeBackups(t, "second", v1.BackupPhaseCompleted)

	_, err := killed.remove("primary", metav1.DryRunAll)
	must(t, err)
	if n := intents(t, etcd); n != 0 {
		t.Errorf("after a dry run there are %d intents", n)
	}
	said, err := killed.remove("primary")
	must(t, err)
	wantTexts(t, "warnings", said, []string{`the records of 3 backups go`, `of the records of backups in "primary", 3 are still being deleted`, "spec.default: no location"})
	ctx, _ := request("ann")
	_, err = killed.storage.DeleteCollection(ctx, rest.ValidateAllObjectFunc, &metav1.DeleteOptions{}, &metainternalversion.ListOptions{FieldSelector: fields.OneTermEqualSelector("metadata.name", "second")})
	must(t, err)
	if got, want := killed.recorded(t), []string{"other-0", "primary-0", "primary-1", "primary-2", "second-0"}; !slices.Equal(got, want) || intents(t, etcd) != 2 {
		t.Fatalf("the killed server leaves %v and %d intents", got, intents(t, etcd))
	}
	killed.makeLocations(t, []string{"primary default"}, nil)
	killed.makeBackups(t, "primary", v1.BackupPhaseCompleted)

	next := serveOn(t.Context(), t, etcd)
	next.wantRecords(t, etcd, "other-0", "primary-3")
}

// TestDeletionsStoppedHalfway shows that what a server was stopped in the middle of is finished by another one, whichever it is.
func TestDeletionsStoppedHalfway(t *testing.T) {
	etcd := startEtcd(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	first := serveOn(ctx, t, etcd)
	first.makeLocations(t, []string{"primary default", "other"}, nil)
	first.makeBackups(t, "primary", slices.Repeat([]v1.BackupPhase{v1.BackupPhaseCompleted}, 50)...)
	first.makeBackups(t, "other", v1.BackupPhaseCompleted)
	var deleted atomic.Int64
	first.backups.AfterDelete = func(runtime.Object, *metav1.DeleteOptions) {
		if deleted.Add(1) == 10 {
			stop()
		}
	}
	said, err := first.remove("primary")
	must(t, err)
	left := len(first.recorded(t)) - 1
	if left < 1 || intents(t, etcd) != 1 {
		t.Fatalf("the server was stopped with %d records left, %d intents", left, intents(t, etcd))
	}
	if len(said) != 3 {
		t.Errorf("with %d records left it says %q", left, said)
	}
	serveOn(t.Context(), t, etcd).wantRecords(t, etcd, "other-0")
}

// TestDeletionsOfReplicas shows that servers on one etcd do not get in the way of each other.
func TestDeletionsOfReplicas(t *testing.T) {
	etcd := startEtcd(t)
	replicas := []*server{serveOn(t.Context(), t, etcd), serveOn(t.Context(), t, etcd)}
	replicas[0].makeLocations(t, []string{"keep default"}, nil)
	replicas[0].makeBackups(t, "keep", v1.BackupPhaseCompleted)
	for i := range 4 {
		name := fmt.Sprint("location-", i)
		replicas[0].makeLocations(t, []string{name}, nil)
		replicas[0].makeBackups(t, name, slices.Repeat([]v1.BackupPhase{v1.BackupPhaseCompleted}, 10)...)
		said, err := replicas[i%2].remove(name)
		must(t, err)
		wantTexts(t, "warnings", said, []string{"the records of 10 backups go"})
	}
	for _, s := range replicas {
		s.wantRecords(t, etcd, "keep-0")
	}
}

// TestDeletionsSurprised shows that a backup goes with its location though it came when the location had been seen to have none, and
// that nobody waits for that.
func TestDeletionsSurprised(t *testing.T) {
	etcd := startEtcd(t)
	s := serveOn(t.Context(), t, etcd)
	s.makeLocations(t, []string{"primary default", "other"}, nil)
	s.makeBackups(t, "other", v1.BackupPhaseCompleted)
	ctx, r := request("ann")
	_, _, err := s.storage.Delete(ctx, "primary", func(context.Context, runtime.Object) error {
		s.makeBackups(t, "primary", v1.BackupPhaseCompleted)
		return nil
	}, &metav1.DeleteOptions{})
	must(t, err)
	wantTexts(t, "warnings", r.said, []string{"spec.default: no location"})
	s.wantRecords(t, etcd, "other-0")
}
