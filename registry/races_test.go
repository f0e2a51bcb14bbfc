package registry_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/registry/rest"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
)

// version of an object, which grows with each write in etcd.
func version(t *testing.T, object metav1.Object) int {
	t.Helper()
	n, err := strconv.Atoi(object.GetResourceVersion())
	must(t, err)
	return n
}

// TestMovesRaceWithBackups shows that no location moves once there is a backup that goes there, however close together both are asked
// for, and by different servers.
func TestMovesRaceWithBackups(t *testing.T) {
	const rounds = 60
	etcd := startEtcd(t)
	servers := []*server{serveOn(t.Context(), t, etcd), serveOn(t.Context(), t, etcd)}
	servers[0].makeLocations(t, []string{"default default"}, nil)
	moved, made := 0, 0
	for round := range rounds {
		name := fmt.Sprint("l", round)
		servers[0].makeLocations(t, []string{name}, nil)
		var wait sync.WaitGroup
		var location *v1.BackupStorageLocation
		var backup *v1.Backup
		var moveErr, makeErr error
		wait.Go(func() {
			time.Sleep(time.Duration(rand.IntN(3000)) * time.Microsecond)
			location, moveErr = change(t, servers[round%2].storage, name, func(l *v1.BackupStorageLocation) { l.Spec.ObjectStorage.Prefix = "moved" })
		})
		wait.Go(func() {
			time.Sleep(time.Duration(rand.IntN(3000)) * time.Microsecond)
			c := destinationCase{Name: name, Ask: v1.BackupSpec{StorageLocation: name}}
			backup, _, makeErr = create(servers[rand.IntN(2)].backups, c.backup())
		})
		wait.Wait()
		must(t, makeErr)
		made++
		if moveErr == nil {
			moved++
			if version(t, location) > version(t, backup) {
				t.Fatalf("round %d: the location moved at version %s, after its backup was made at %s", round, location.ResourceVersion, backup.ResourceVersion)
			}
		}
	}
	if moved == 0 || moved == made {
		t.Logf("of %d moves %d were accepted: the rounds did not meet", made, moved)
	}
}

// TestCancelledMovesAreTold shows that each change of a move of the default has a version of its own, even if whoever asked for it
// has gone: whoever watches from the version of one of them misses none.
func TestCancelledMovesAreTold(t *testing.T) {
	const rounds = 200
	s := serve(t)
	s.makeLocations(t, []string{"a", "b", "c"}, nil)
	names := []string{"a", "b", "c"}
	for round := range rounds {
		ctx, _ := request("ann")
		impatient, cancel := context.WithTimeout(ctx, time.Duration(rand.IntN(4000))*time.Microsecond)
		edit := func(_ context.Context, _, current runtime.Object) (runtime.Object, error) {
			l := current.DeepCopyObject().(*v1.BackupStorageLocation)
			l.Spec.Default = true
			return l, nil
		}
		_, _, _ = s.storage.Update(impatient, names[round%3], rest.DefaultUpdatedObjectInfo(nil, edit), rest.ValidateAllObjectFunc, rest.ValidateAllObjectUpdateFunc, false, &metav1.UpdateOptions{})
		cancel()
		seen := map[string]string{}
		for _, name := range names {
			object, err := s.storage.Get(ctx, name, &metav1.GetOptions{})
			must(t, err)
			l := object.(*v1.BackupStorageLocation)
			if other := seen[l.ResourceVersion]; other != "" {
				t.Fatalf("round %d: %s and %s have version %s", round, other, name, l.ResourceVersion)
			}
			seen[l.ResourceVersion] = name
		}
	}
}
