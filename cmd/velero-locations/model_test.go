package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/tools/cache"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/generated/clientset/versioned"
	velerov1 "github.com/velero-locations/velero-locations/generated/clientset/versioned/typed/velero/v1"
	"github.com/velero-locations/velero-locations/generated/informers/externalversions"
)

var (
	modelTime = flag.Duration("model", 0, "how long TestModel changes things at random; 0: it is left out")
	modelSeed = flag.Uint64("model-seed", 0, "seed of TestModel; 0: another each time")
)

const (
	modelWorkers   = 4
	modelPlaces    = 3
	mostWaiting    = 20 // backups, which are made one after the other
	modelNamespace = "velero"
	modelBucket    = "velero-backups"
	storedAt       = "velero-locations.io/stored-at"
)

// model is what is known of locations and backups from what was asked for and acknowledged, beside a server that does it.
type model struct {
	t       *testing.T
	clients []versioned.Interface // of servers on one etcd

	mu      sync.Mutex
	epochs  map[string]int // of each location: how often its deletion was asked for
	backups map[string]*modelled
	done    map[string]int // operations, by what became of them
}

// modelled is a backup that was acknowledged.
type modelled struct {
	location string
	epoch    int  // of the location, before the backup was asked for
	mayGo    bool // its deletion was asked for
	seen     *v1.Backup
	gone     bool
}

// TestModel changes locations and backups at random, by several clients of two servers on one etcd, while the controllers run: locations
// are made, moved, deleted and made again, become the default, and backups are made and deleted. It shows that no backup is lost whose
// deletion nobody has asked for, that the data of each is where its location is, and that there are never two defaults.
func TestModel(t *testing.T) {
	if *modelTime == 0 {
		t.Skip("it takes its time: say how long with -model, as make e2e does")
	}
	seed := *modelSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("-model-seed %d", seed)
	dir, err := os.MkdirTemp("", "model") // short enough for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	one := startDev(t, dir)
	two := startAPIServer(t, one, "--etcd-servers", "unix://"+filepath.Join(dir, "etcd", "client.sock"))
	m := &model{t: t, clients: []versioned.Interface{one.client(t), two.client(t)}, epochs: map[string]int{}, backups: map[string]*modelled{}, done: map[string]int{}}
	m.watch()

	end := time.Now().Add(*modelTime)
	var workers sync.WaitGroup
	for worker := range modelWorkers {
		random := rand.New(rand.NewPCG(seed, uint64(worker))) //nolint:gosec // it is to repeat itself
		workers.Go(func() {
			for step := 0; time.Now().Before(end) && !t.Failed(); step++ {
				m.step(random, worker, step)
			}
		})
	}
	workers.Go(func() { m.countDefaults(end) })
	workers.Wait()
	m.settle()
	m.check(one)
	t.Logf("%d backups; %v", len(m.backups), m.done)
}

// watch follows all backups.
func (m *model) watch() {
	factory := externalversions.NewSharedInformerFactory(m.clients[1], 0)
	informer := factory.Velero().V1().Backups().Informer()
	see := func(object any, gone bool) {
		if unknown, of := object.(cache.DeletedFinalStateUnknown); of {
			object = unknown.Obj
		}
		b := object.(*v1.Backup)
		m.mu.Lock()
		defer m.mu.Unlock()
		known := m.backups[b.Name]
		if known == nil {
			known = &modelled{location: b.Spec.StorageLocation, epoch: -1} // until it is acknowledged
			m.backups[b.Name] = known
		}
		known.seen, known.gone = b, gone
		if gone && b.Status.Phase == v1.BackupPhaseCompleted && known.epoch >= 0 && !known.mayGo && known.epoch == m.epochs[known.location] {
			m.t.Errorf("backup %s was Completed, at %q, and is gone", b.Name, b.Annotations[storedAt])
		}
	}
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(o any) { see(o, false) }, UpdateFunc: func(_, o any) { see(o, false) }, DeleteFunc: func(o any) { see(o, true) },
	})
	if err != nil {
		m.t.Fatal(err)
	}
	factory.Start(m.t.Context().Done())
	factory.WaitForCacheSync(m.t.Context().Done())
}

// step does one thing at random. What is refused is as good as what is not.
func (m *model) step(random *rand.Rand, worker, step int) {
	client := m.clients[random.IntN(len(m.clients))].VeleroV1()
	location := fmt.Sprint("location-", random.IntN(3+step/10)) // there are ever more of them, some without backups
	prefix := fmt.Sprint(location, "-", random.IntN(modelPlaces))
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	switch dice := random.IntN(100); {
	case dice < 25:
		_, err := client.BackupStorageLocations(modelNamespace).Create(ctx, modelLocation(location, prefix), metav1.CreateOptions{})
		m.count("make a location", err)
	case dice < 45:
		m.move(ctx, client, location, prefix)
	case dice < 48:
		m.mu.Lock()
		m.epochs[location]++
		m.mu.Unlock()
		m.count("delete a location", client.BackupStorageLocations(modelNamespace).Delete(ctx, location, metav1.DeleteOptions{}))
	case dice < 55:
		_, err := client.BackupStorageLocations(modelNamespace).Patch(ctx, location, types.MergePatchType, []byte(`{"spec":{"default":true}}`), metav1.PatchOptions{})
		m.count("make it the default", err)
	case dice < 90 && m.waiting() < mostWaiting:
		m.backUp(ctx, client.Backups(modelNamespace), fmt.Sprintf("b-%d-%d", worker, step), location)
		for range random.IntN(4) { // while it is being made
			time.Sleep(time.Duration(random.IntN(100)) * time.Millisecond)
			m.move(ctx, client, location, fmt.Sprint(location, "-", random.IntN(modelPlaces)))
		}
	default:
		m.deleteBackup(ctx, client.DeleteBackupRequests(modelNamespace), random)
	}
}

func (m *model) move(ctx context.Context, client velerov1.VeleroV1Interface, location, prefix string) {
	patch := fmt.Sprintf(`{"spec":{"objectStorage":{"prefix":%q}}}`, prefix)
	_, err := client.BackupStorageLocations(modelNamespace).Patch(ctx, location, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	m.count("move a location", err)
}

func modelLocation(name, prefix string) *v1.BackupStorageLocation {
	return &v1.BackupStorageLocation{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: modelNamespace},
		Spec: v1.BackupStorageLocationSpec{
			Provider: "aws", Config: map[string]string{"region": "us-east-1"}, BackupSyncPeriod: &metav1.Duration{Duration: 10 * time.Second},
			ObjectStorage: &v1.ObjectStorageLocation{Bucket: modelBucket, Prefix: prefix},
		},
	}
}

func (m *model) backUp(ctx context.Context, client velerov1.BackupInterface, name, location string) {
	m.mu.Lock()
	epoch := m.epochs[location]
	m.mu.Unlock()
	_, err := client.Create(ctx, &v1.Backup{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: modelNamespace},
		Spec:       v1.BackupSpec{StorageLocation: location, IncludedNamespaces: []string{modelNamespace}},
	}, metav1.CreateOptions{})
	m.count("make a backup", err)
	if err != nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	known := m.backups[name]
	if known == nil {
		known = &modelled{}
		m.backups[name] = known
	}
	known.location, known.epoch = location, epoch
}

func (m *model) deleteBackup(ctx context.Context, client velerov1.DeleteBackupRequestInterface, random *rand.Rand) {
	m.mu.Lock()
	var names []string
	for name, known := range m.backups {
		if known.epoch >= 0 && known.seen != nil && known.seen.Status.Phase == v1.BackupPhaseCompleted && !known.mayGo {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		m.mu.Unlock()
		return
	}
	slices.Sort(names)
	name := names[random.IntN(len(names))]
	m.backups[name].mayGo = true
	m.mu.Unlock()
	_, err := client.Create(ctx, &v1.DeleteBackupRequest{
		ObjectMeta: metav1.ObjectMeta{GenerateName: name + "-", Namespace: modelNamespace}, Spec: v1.DeleteBackupRequestSpec{BackupName: name},
	}, metav1.CreateOptions{})
	m.count("delete a backup", err)
}

// count keeps what became of an operation. Servers may refuse, and must not fail.
func (m *model) count(what string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case err == nil:
		m.done[what]++
	case apierrors.IsInvalid(err), apierrors.IsNotFound(err), apierrors.IsAlreadyExists(err), apierrors.IsConflict(err):
		m.done[what+", refused"]++
	default:
		m.t.Errorf("%s: %v", what, err)
	}
}

// countDefaults looks all the time how many defaults there are.
func (m *model) countDefaults(end time.Time) {
	for i := 0; time.Now().Before(end) && !m.t.Failed(); i++ {
		if got := defaults(m.t, m.clients[i%2]); len(got) > 1 {
			m.t.Errorf("there are %d defaults: %v", len(got), got)
		}
	}
}

// waiting is how many backups have not ended.
func (m *model) waiting() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for _, known := range m.backups {
		if known.seen != nil && !known.gone && (known.seen.Status.Phase.Waiting() || known.seen.Status.Phase == v1.BackupPhaseInProgress) {
			n++
		}
	}
	return n
}

// settle waits until all backups have ended, and each location was synced since.
func (m *model) settle() {
	devtest.Poll(m.t, 5*time.Minute, "all backups to end", func() bool { return m.waiting() == 0 })
	since := metav1.NewTime(time.Now().Add(time.Second))
	devtest.Poll(m.t, 2*time.Minute, "all locations to be synced", func() bool {
		list, err := m.clients[0].VeleroV1().BackupStorageLocations(modelNamespace).List(m.t.Context(), metav1.ListOptions{})
		if err != nil {
			m.t.Fatal(err)
		}
		return !slices.ContainsFunc(list.Items, func(l v1.BackupStorageLocation) bool {
			return l.Status.Phase == v1.BackupStorageLocationAvailable && (l.Status.LastSyncedTime == nil || l.Status.LastSyncedTime.Before(&since))
		})
	})
}

// check compares what is there with what has to be.
func (m *model) check(s *server) {
	t, ctx := m.t, m.t.Context()
	places := map[string]string{}
	list, err := m.clients[0].VeleroV1().BackupStorageLocations(modelNamespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range list.Items {
		places[list.Items[i].Name] = modelBucket + "/" + list.Items[i].Spec.ObjectStorage.Prefix
	}
	env := (&lab{server: s}).variable(t, "AWS_ENDPOINT_URL_S3")
	storage, err := minio.New(strings.TrimPrefix(env, "http://"), &minio.Options{Region: "us-east-1", Creds: credentials.NewFileAWSCredentials(s.Path("credentials"), "default")})
	if err != nil {
		t.Fatal(err)
	}
	for name, known := range m.backups {
		if known.epoch < 0 || known.mayGo || known.epoch != m.epochs[known.location] || known.seen == nil {
			continue
		}
		var b *v1.Backup
		err := wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, 5*time.Second, true, func(ctx context.Context) (bool, error) {
			b, err = m.clients[1].VeleroV1().Backups(modelNamespace).Get(ctx, name, metav1.GetOptions{})
			return err == nil, nil
		})
		if err != nil {
			t.Errorf("backup %s in %s is gone: %v", name, known.location, err)
			continue
		}
		if b.Status.Phase != v1.BackupPhaseCompleted {
			continue
		}
		words := strings.Fields(b.Annotations[storedAt]) // provider, endpoint, place
		at := words[len(words)-1]
		if at != places[known.location] {
			t.Errorf("backup %s is at %q, its location %s at %q", name, at, known.location, places[known.location])
		}
		_, prefix, _ := strings.Cut(at, "/")
		if _, err := storage.StatObject(ctx, modelBucket, prefix+"/backups/"+name+"/velero-backup.json", minio.StatObjectOptions{}); err != nil {
			t.Errorf("backup %s is Completed, and its data is not at %q: %v", name, at, err)
		}
	}
}
