package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"github.com/velero-locations/velero-locations/apis/velero"
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
	modelSecrets   = 2
	modelSchedules = 2
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
	secrets kubernetes.Interface
	keys    []byte // which open the bucket

	mu      sync.Mutex
	epochs  map[string]int       // of each location: how often its deletion was asked for
	asked   map[string]time.Time // when it was last
	backups map[types.UID]*modelled
	done    map[string]int // operations, by what became of them
}

// modelled is a backup that was acknowledged, or made by a schedule.
type modelled struct {
	location string
	epoch    int  // of the location, before the backup was asked for; -1: it is not known
	mayGo    bool // its deletion was asked for
	seen     *v1.Backup
	gone     bool
}

// unknown is the epoch of backups of which it is not known whether they go with the location that they are in.
const unknown = -1

// deletionTakes is for how long a location's deletion may take records along that are made meanwhile.
const deletionTakes = 20 * time.Second

// kept says whether a backup has to be there: it was completed, and nobody has asked for its deletion, or for that of its location.
func (m *model) kept(b *modelled) bool {
	if b.seen == nil || b.mayGo || b.epoch != m.epochs[b.location] {
		return false
	}
	expiration := b.seen.Status.Expiration
	return expiration == nil || time.Now().Before(expiration.Time)
}

// TestModel changes locations and backups at random, by several clients of two servers on one etcd, while the controllers run: locations
// are made, moved, deleted and made again, become the default, and lose their credentials; backups are made, by hand and by schedules, deleted,
// and expire. It shows that no backup is lost whose deletion nobody has asked for, that the data of each is where its location is, that
// no data stays of one that was deleted, and that there are never two defaults.
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
	keys, err := os.ReadFile(one.Path("credentials"))
	if err != nil {
		t.Fatal(err)
	}
	m := &model{
		t: t, clients: []versioned.Interface{one.client(t), two.client(t)}, secrets: one.core(t), keys: keys,
		epochs: map[string]int{}, asked: map[string]time.Time{}, backups: map[types.UID]*modelled{}, done: map[string]int{},
	}
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
		known := m.backups[b.UID]
		if known == nil {
			known = &modelled{location: b.Spec.StorageLocation, epoch: unknown} // until it is acknowledged
			if b.Labels[velero.ScheduleNameLabel] != "" && b.Status.Phase.Waiting() && time.Since(m.asked[known.location]) > deletionTakes {
				known.epoch = m.epochs[known.location]
			}
			m.backups[b.UID] = known
		}
		ended := known.seen != nil && slices.Contains([]v1.BackupPhase{v1.BackupPhaseCompleted, v1.BackupPhaseDeleting}, known.seen.Status.Phase)
		known.seen, known.gone = b, gone
		if gone && ended && m.kept(known) {
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
		_, err := client.BackupStorageLocations(modelNamespace).Create(ctx, modelLocation(location, prefix, random.IntN(2*modelSecrets)), metav1.CreateOptions{})
		m.count("make a location", err)
	case dice < 42:
		m.move(ctx, client, location, prefix)
	case dice < 45:
		m.mu.Lock()
		m.epochs[location]++
		m.asked[location] = time.Now()
		m.mu.Unlock()
		m.count("delete a location", client.BackupStorageLocations(modelNamespace).Delete(ctx, location, metav1.DeleteOptions{}))
	case dice < 51:
		_, err := client.BackupStorageLocations(modelNamespace).Patch(ctx, location, types.MergePatchType, []byte(`{"spec":{"default":true}}`), metav1.PatchOptions{})
		m.count("make it the default", err)
	case dice < 57:
		m.changeSecret(ctx, random)
	case dice < 60:
		m.changeSchedule(ctx, client.Schedules(modelNamespace), random, location)
	case dice < 90 && m.waiting() < mostWaiting:
		ttl := time.Duration(random.IntN(3)) * 8 * time.Second // 0: as long as usual
		m.backUp(ctx, client.Backups(modelNamespace), fmt.Sprintf("b-%d-%d", worker, step), location, ttl)
		for range random.IntN(4) { // while it is being made
			time.Sleep(time.Duration(random.IntN(100)) * time.Millisecond)
			m.move(ctx, client, location, fmt.Sprint(location, "-", random.IntN(modelPlaces)))
		}
	default:
		m.deleteBackup(ctx, client.DeleteBackupRequests(modelNamespace), random)
	}
}

// changeSecret makes, breaks, mends or deletes the credentials of locations.
func (m *model) changeSecret(ctx context.Context, random *rand.Rand) {
	client := m.secrets.CoreV1().Secrets(modelNamespace)
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: secretOf(random.IntN(modelSecrets))}, Data: map[string][]byte{secretKey: m.keys}}
	switch random.IntN(5) {
	case 0:
		m.count("delete a Secret", client.Delete(ctx, secret.Name, metav1.DeleteOptions{}))
		return
	case 1:
		secret.Data[secretKey] = []byte("[default]\naws_access_key_id = AKIANOBODY\naws_secret_access_key = of-nobody\n")
	}
	_, err := client.Update(ctx, secret, metav1.UpdateOptions{})
	if apierrors.IsNotFound(err) {
		_, err = client.Create(ctx, secret, metav1.CreateOptions{})
	}
	m.count("write a Secret", err)
}

const secretKey = "cloud"

func secretOf(number int) string { return fmt.Sprint("keys-", number) }

// changeSchedule makes or deletes a schedule.
func (m *model) changeSchedule(ctx context.Context, client velerov1.ScheduleInterface, random *rand.Rand, location string) {
	name := fmt.Sprint("schedule-", random.IntN(modelSchedules))
	if random.IntN(3) == 0 {
		m.count("delete a schedule", client.Delete(ctx, name, metav1.DeleteOptions{}))
		return
	}
	_, err := client.Create(ctx, &v1.Schedule{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: modelNamespace},
		Spec:       v1.ScheduleSpec{Schedule: "@every 2s", Template: modelBackup(location, time.Duration(random.IntN(3))*8*time.Second)},
	}, metav1.CreateOptions{})
	m.count("make a schedule", err)
}

func (m *model) move(ctx context.Context, client velerov1.VeleroV1Interface, location, prefix string) {
	patch := fmt.Sprintf(`{"spec":{"objectStorage":{"prefix":%q}}}`, prefix)
	_, err := client.BackupStorageLocations(modelNamespace).Patch(ctx, location, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	m.count("move a location", err)
}

// modelLocation has the credentials of a Secret, if there is one of that number.
func modelLocation(name, prefix string, secret int) *v1.BackupStorageLocation {
	l := &v1.BackupStorageLocation{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: modelNamespace},
		Spec: v1.BackupStorageLocationSpec{
			Provider: "aws", Config: map[string]string{"region": "us-east-1"}, BackupSyncPeriod: &metav1.Duration{Duration: 10 * time.Second},
			ObjectStorage: &v1.ObjectStorageLocation{Bucket: modelBucket, Prefix: prefix},
		},
	}
	if secret < modelSecrets {
		l.Spec.Credential = &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: secretOf(secret)}, Key: secretKey}
	}
	return l
}

func modelBackup(location string, ttl time.Duration) v1.BackupSpec {
	return v1.BackupSpec{StorageLocation: location, IncludedNamespaces: []string{modelNamespace}, TTL: metav1.Duration{Duration: ttl}}
}

func (m *model) backUp(ctx context.Context, client velerov1.BackupInterface, name, location string, ttl time.Duration) {
	m.mu.Lock()
	epoch := m.epochs[location]
	m.mu.Unlock()
	made, err := client.Create(ctx, &v1.Backup{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: modelNamespace}, Spec: modelBackup(location, ttl)}, metav1.CreateOptions{})
	m.count("make a backup", err)
	if err != nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	known := m.backups[made.UID]
	if known == nil {
		known = &modelled{}
		m.backups[made.UID] = known
	}
	known.location, known.epoch = location, epoch
}

func (m *model) deleteBackup(ctx context.Context, client velerov1.DeleteBackupRequestInterface, random *rand.Rand) {
	m.mu.Lock()
	var uids []types.UID
	for uid, known := range m.backups {
		if m.kept(known) && !known.gone && known.seen.Status.Phase == v1.BackupPhaseCompleted {
			uids = append(uids, uid)
		}
	}
	if len(uids) == 0 {
		m.mu.Unlock()
		return
	}
	slices.SortFunc(uids, func(a, b types.UID) int { return strings.Compare(m.backups[a].seen.Name, m.backups[b].seen.Name) })
	known := m.backups[uids[random.IntN(len(uids))]]
	known.mayGo = true
	name := known.seen.Name
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
	m.mu.Lock()
	defer m.mu.Unlock()
	for uid, known := range m.backups {
		if known.epoch != m.epochs[known.location] { // its record went with its location, the data stays
			continue
		}
		if known.seen == nil {
			t.Errorf("backup %s in %s was acknowledged, and nobody ever saw it", uid, known.location)
			continue
		}
		name, at := known.seen.Name, placeOf(known.seen)
		switch completed := known.seen.Status.Phase == v1.BackupPhaseCompleted; {
		case known.gone && m.kept(known):
			t.Errorf("backup %s in %s is gone", name, known.location)
		case known.gone && at != "" && hasData(t, storage, at, name):
			t.Errorf("backup %s was deleted, and its data is at %q", name, at)
		case !known.gone && completed && at != places[known.location]:
			t.Errorf("backup %s is at %q, its location %s at %q", name, at, known.location, places[known.location])
		case m.kept(known) && completed && !hasData(t, storage, at, name):
			t.Errorf("backup %s is Completed, and its data is not at %q", name, at)
		}
	}
}

// placeOf returns the bucket and the prefix that a backup was written to; empty: nothing was.
func placeOf(b *v1.Backup) string {
	words := strings.Fields(b.Annotations[storedAt]) // provider, endpoint, place
	if len(words) == 0 {
		return ""
	}
	return words[len(words)-1]
}

func hasData(t *testing.T, storage *minio.Client, at, backup string) bool {
	t.Helper()
	_, prefix, _ := strings.Cut(at, "/")
	_, err := storage.StatObject(t.Context(), modelBucket, prefix+"/backups/"+backup+"/velero-backup.json", minio.StatObjectOptions{})
	if err != nil && minio.ToErrorResponse(err).StatusCode != http.StatusNotFound {
		t.Fatal(err)
	}
	return err == nil
}
