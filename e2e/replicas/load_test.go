package replicas

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/e2e/cluster"
	"github.com/velero-locations/velero-locations/generated/clientset/versioned"
	client "github.com/velero-locations/velero-locations/generated/clientset/versioned/typed/velero/v1"
)

const (
	writers  = 8
	watchers = 50
	// pause is between two writes of a writer, and between two reads of the one who looks for defaults.
	pause = 200 * time.Millisecond
	// writeTimeout is how long a client waits for the answer to a write before it tries again.
	writeTimeout = 10 * time.Second
	// movesDefault is how often a writer makes its location the default: with each so-manieth change.
	movesDefault = 5
	bucket       = "velero-backups"
	// label of locations counts the changes that their writer has made.
	label = "change"
)

// change is one that a writer made to its location.
type change struct {
	location string
	number   int
}

// load is all that goes on while harm is done.
type load struct {
	locations client.BackupStorageLocationInterface
	followers []*follower

	mu         sync.Mutex
	unanswered map[change]bool // an attempt got no answer, and may be carried out at any time after
	measured
}

// measured is what one kind of harm did.
type measured struct {
	acknowledged []change
	versions     map[change]int64     // of the location, as the acknowledgement had it
	answered     map[string]time.Time // when the last acknowledged write of each location was begun
	last         time.Time            // when a write was last acknowledged
	silence      time.Duration        // the longest time without an acknowledged write
	slowest      time.Duration        // the longest time that a writer took for a write, with all attempts
	failed       []error              // what clients were told of requests that failed
	defaults     int                  // how often two were seen
}

// quietly returns a client that does not print warnings, of which each move of the default has one.
func quietly(t *testing.T, config *rest.Config) client.VeleroV1Interface {
	t.Helper()
	config = rest.CopyConfig(config)
	config.WarningHandler = rest.NoWarnings{}
	all, err := versioned.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return all.VeleroV1()
}

// startLoad starts writers and watchers, which go on until the test ends.
func startLoad(t *testing.T, config *rest.Config) *load {
	t.Helper()
	l := &load{locations: quietly(t, config).BackupStorageLocations(cluster.Namespace), unanswered: map[change]bool{}}
	l.begin()
	for i := range writers + 1 { // the last one is the beat's
		if _, err := l.locations.Create(t.Context(), location(i), metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	list, err := l.locations.List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	// What clients meet is counted, not logged.
	ctx, cancel := context.WithCancel(klog.NewContext(context.Background(), klog.Logger{}))
	var group sync.WaitGroup
	t.Cleanup(func() { cancel(); group.Wait() })
	for range watchers {
		f, err := startFollower(ctx, l.locations, list)
		if err != nil {
			t.Fatal(err)
		}
		l.followers = append(l.followers, f)
		group.Go(f.run)
	}
	for i := range writers {
		group.Go(func() { l.write(ctx, location(i).Name) })
	}
	group.Go(func() { l.beat(ctx, location(writers).Name) })
	group.Go(func() { l.look(ctx) })
	return l
}

func location(i int) *velerov1.BackupStorageLocation {
	name := "writer-" + strconv.Itoa(i)
	return &velerov1.BackupStorageLocation{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: velerov1.BackupStorageLocationSpec{
			Provider:      "aws",
			Config:        map[string]string{"region": "us-east-1"},
			ObjectStorage: &velerov1.ObjectStorageLocation{Bucket: bucket, Prefix: name},
		},
	}
}

// write changes a location again and again; each change until it is acknowledged.
func (l *load) write(ctx context.Context, name string) {
	for number := 1; wait(ctx); number++ {
		spec := ""
		if number%movesDefault == 0 {
			spec = `,"spec":{"default":true}`
		}
		patch := fmt.Appendf(nil, `{"metadata":{"labels":{%q:"%d"}}%s}`, label, number, spec)
		begun := time.Now()
		version, ok := l.patch(ctx, name, patch)
		for !ok {
			l.attempted(change{name, number})
			if !wait(ctx) {
				return
			}
			version, ok = l.patch(ctx, name, patch)
		}
		l.acknowledge(change{name, number}, version, begun)
	}
}

// patch returns the version of what it made.
func (l *load) patch(ctx context.Context, name string, patch []byte) (version int64, ok bool) {
	attempt, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	patched, err := l.locations.Patch(attempt, name, types.MergePatchType, patch, metav1.PatchOptions{})
	l.told(ctx, err)
	if err != nil {
		return 0, false
	}
	return versionOf(patched), true
}

// versionOf a location, which is a revision of etcd.
func versionOf(location *velerov1.BackupStorageLocation) int64 {
	version, _ := strconv.ParseInt(location.ResourceVersion, 10, 64)
	return version
}

func (l *load) attempted(c change) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unanswered[c] = true
}

// told keeps an error that a client was told, unless it comes of the end of the test.
func (l *load) told(ctx context.Context, err error) {
	if err == nil || ctx.Err() != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed = append(l.failed, err)
}

func (l *load) acknowledge(c change, version int64, begun time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acknowledged = append(l.acknowledged, c)
	l.versions[c] = version
	l.slowest = max(l.slowest, time.Since(begun))
	l.answered[c.location] = begun
}

// beat begins a write each moment, whatever becomes of those before: writers that wait for an answer cannot tell since when there are answers.
func (l *load) beat(ctx context.Context, name string) {
	var group sync.WaitGroup
	defer group.Wait()
	for number := 1; wait(ctx); number++ {
		patch := fmt.Appendf(nil, `{"metadata":{"annotations":{%q:"%d"}}}`, label, number)
		group.Go(func() {
			if _, ok := l.patch(ctx, name, patch); !ok {
				return
			}
			l.mu.Lock()
			defer l.mu.Unlock()
			l.silence, l.last = max(l.silence, time.Since(l.last)), time.Now()
		})
	}
}

// look lists the locations, from etcd and from a server's cache in turn, and counts defaults.
func (l *load) look(ctx context.Context) {
	for version := ""; wait(ctx); {
		attempt, cancel := context.WithTimeout(ctx, writeTimeout)
		list, err := l.locations.List(attempt, metav1.ListOptions{ResourceVersion: version})
		cancel()
		l.told(ctx, err)
		if err == nil && defaults(list.Items) > 1 {
			l.mu.Lock()
			l.defaults++
			l.mu.Unlock()
		}
		if version == "" {
			version = "0"
		} else {
			version = ""
		}
	}
}

func defaults(locations []velerov1.BackupStorageLocation) int {
	found := 0
	for _, each := range locations {
		if each.Spec.Default {
			found++
		}
	}
	return found
}

// wait waits a moment, and returns whether the test goes on.
func wait(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(pause):
		return true
	}
}

// begin begins to measure anew.
func (l *load) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.measured = measured{last: time.Now(), answered: map[string]time.Time{}, versions: map[change]int64{}}
}

// settled says whether a write that was begun after a time is acknowledged to each writer.
func (l *load) settled(after time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range writers {
		if !l.answered[location(i).Name].After(after) {
			return false
		}
	}
	return true
}

// end returns what was measured since begin, when all is well again and the watchers have had time to see it.
func (l *load) end(t *testing.T) result {
	t.Helper()
	ended := time.Now()
	devtest.Poll(t, time.Minute, "the writers to go on", func() bool { return l.settled(ended) })
	l.mu.Lock()
	m := l.measured
	m.silence = max(m.silence, time.Since(m.last))
	l.mu.Unlock()
	r := result{measured: m, rounds: 1, acknowledged: len(m.acknowledged)}
	// What comes does so within a second or two; a watcher that waits for a server to come back takes longer.
	deadline := time.Now().Add(30 * time.Second)
	for _, f := range l.followers {
		for len(f.missing(m.acknowledged)) > 0 && time.Now().Before(deadline) && f.alive() {
			time.Sleep(pause)
		}
		r.missed += len(f.missing(m.acknowledged))
		r.defaults += f.takeDefaults()
	}
	r.lost = l.lost(t, m)
	return r
}

// lost counts acknowledged changes that are neither in a location now, nor were seen by any watcher, and those that are gone from a location
// although nothing was written after them. An attempt that got no answer may be carried out later, and then takes back what was written
// since, as with every server: the location has the number of that attempt, and a later version than the change.
func (l *load) lost(t *testing.T, m measured) int {
	t.Helper()
	var list *velerov1.BackupStorageLocationList
	devtest.Poll(t, time.Minute, "the locations to be listed", func() (ok bool) {
		var err error
		list, err = l.locations.List(t.Context(), metav1.ListOptions{})
		return err == nil
	})
	now, versions := map[string]int{}, map[string]int64{}
	for _, each := range list.Items {
		now[each.Name], _ = strconv.Atoi(each.Labels[label])
		versions[each.Name] = versionOf(&each)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	count := 0
	for _, c := range m.acknowledged {
		there := change{c.location, now[c.location]}
		seen := slices.ContainsFunc(l.followers, func(f *follower) bool { return len(f.missing([]change{c})) == 0 })
		takenBack := there.number < c.number && !l.unanswered[there]
		if versions[c.location] < m.versions[c] || there != c && !seen || takenBack {
			t.Logf("%s has change %d at version %d; change %d was acknowledged at version %d, and seen by a watcher: %t",
				c.location, there.number, versions[c.location], c.number, m.versions[c], seen)
			count++
		}
	}
	return count
}

// objects are the names of locations, which errors are told apart by that are the same.
var objects = regexp.MustCompile(` ?"?writer-[0-9]+"?`)

// reasons are the errors, each kind once.
func reasons(failed []error) map[string]int {
	found := map[string]int{}
	for _, err := range failed {
		reason := string(apierrors.ReasonForError(err)) + " " + objects.ReplaceAllString(err.Error(), "")
		if errors.Is(err, context.DeadlineExceeded) {
			reason = "no answer within " + writeTimeout.String()
		}
		found[reason]++
	}
	return found
}
