package main

import (
	"context"
	"flag"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
)

var (
	killRounds = flag.Int("kill", 3, "how often TestKill kills")
	killSeed   = flag.Uint64("kill-seed", 0, "seed of TestKill; 0: another each time")
)

const (
	writersOfStore = 2
	// mostBeforeKill is how many changes are acknowledged before a kill, at most.
	mostBeforeKill = 150
	// startsKilled is how many rounds there are for one in which the start is killed as well.
	startsKilled = 5
)

// TestKill kills dev at random moments, while clients change all that it keeps: objects of the API in etcd, objects in S3, volumes and
// snapshots of EC2 and of Azure, and access keys, under faults that come and go. After each start all of it is as it was acknowledged, what
// was deleted is gone, and what was not acknowledged is there as a whole or not at all.
func TestKill(t *testing.T) {
	t.Parallel()
	seed := *killSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("-kill-seed %d", seed)
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // it is to repeat itself
	stores, writes := newStores(), map[string]int{}
	for round := range *killRounds {
		if round%startsKilled == startsKilled-1 {
			killStart(t, dir, time.Duration(random.Int64N(int64(time.Second))))
		}
		s := startDev(t, dir)
		w := connect(t, s)
		for _, store := range stores {
			store.check(t, w)
		}
		w.checkFresh(t)
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
		writeUntilKilled(t, w, stores, random)
	}
	w := connect(t, startDev(t, dir))
	for _, store := range stores {
		store.check(t, w)
		for _, writer := range store.writers {
			writes[store.name] += writer.acknowledged
		}
	}
	t.Logf("%d rounds, acknowledged changes: %v", *killRounds, writes)
	for _, store := range stores {
		if writes[store.name] == 0 && *killRounds >= len(stores) {
			t.Errorf("%s: no change was acknowledged", store.name)
		}
	}
}

// killStart kills a server some time after its start.
func killStart(t *testing.T, dir string, after time.Duration) {
	t.Helper()
	process := devCommand(dir)
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(after) // no state that could be waited for is any better than another
	kill(t, process)
}

// writeUntilKilled kills the server in the midst of changes, and returns when all who make them have noticed.
func writeUntilKilled(t *testing.T, w *kept, stores []*killedStore, random *rand.Rand) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	left, enough := atomic.Int64{}, make(chan struct{})
	left.Store(1 + random.Int64N(mostBeforeKill))
	var group sync.WaitGroup
	start := func(change func(random *rand.Rand)) {
		own := rand.New(rand.NewPCG(random.Uint64(), 0)) //nolint:gosec // as above
		group.Go(func() {
			for ctx.Err() == nil {
				change(own)
			}
		})
	}
	for _, store := range stores {
		for _, writer := range store.writers {
			writer.done = func() {
				if left.Add(-1) == 0 {
					close(enough)
				}
			}
			start(func(random *rand.Rand) { store.change(ctx, w, writer, random) })
		}
	}
	start(func(random *rand.Rand) { w.misbehave(ctx, random) })
	select {
	case <-enough:
	case <-time.After(2 * time.Minute):
		t.Errorf("the server is too slow: %d changes are missing\n%s", left.Load(), w.output)
	}
	w.signal(t, syscall.SIGKILL)
	cancel()
	group.Wait()
}

// writer knows what it did to the things that are its own, by their names.
type writer struct {
	prefix string
	// may is what each thing may be now: a text, or nothing at all.
	may          map[string]map[string]bool
	ids          map[string]string // of things that have one
	made         int
	successors   int // that were asked for, of which nobody knows the names
	acknowledged int
	done         func() // is called for each change that was acknowledged
}

// try makes one thing of something else. Until that is acknowledged it may be either.
func (w *writer) try(name, text string, change func() error) {
	if w.may[name] == nil {
		w.may[name] = map[string]bool{"": true}
	}
	w.may[name][text] = true
	if change() != nil {
		return
	}
	w.may[name] = map[string]bool{text: true}
	w.acknowledged++
	w.done()
}

// killedStore is a kind of thing that dev keeps.
type killedStore struct {
	name    string
	writers []*writer
	// change changes something of a writer's own.
	change func(ctx context.Context, w *kept, writer *writer, random *rand.Rand)
	// read returns all things that there are, by their names, and their ids.
	read func(ctx context.Context, w *kept) (found, ids map[string]string, err error)
}

// check compares all that is there with what it may be, and takes it up.
func (s *killedStore) check(t *testing.T, w *kept) {
	t.Helper()
	found, ids, err := s.read(t.Context(), w)
	if err != nil {
		t.Errorf("%s: %v", s.name, err)
		return
	}
	for _, writer := range s.writers {
		for name, may := range writer.may {
			is := found[name]
			if !may[is] {
				t.Errorf("%s %s is %q, but may be %v", s.name, name, is, may)
			}
			writer.may[name] = map[string]bool{is: true}
			delete(found, name)
			if writer.ids[name] = ids[name]; is == "" {
				delete(writer.ids, name)
			}
		}
	}
	for name, is := range found {
		if !s.adopt(name, is, ids[name]) {
			t.Errorf("%s %s is %q, and nobody made it", s.name, name, is)
		}
	}
	for _, writer := range s.writers {
		writer.successors = 0
	}
}

// adopt gives what nobody knows by name to a writer who asked for it, if there is one.
func (s *killedStore) adopt(name, is, id string) bool {
	for _, writer := range s.writers {
		if writer.successors > 0 {
			writer.successors--
			writer.may[name], writer.ids[name] = map[string]bool{is: true}, id
			return true
		}
	}
	return false
}

// TestRotatedInDev shows that after a restart dev refuses a key that was rotated, and writes its successor into the files of credentials.
func TestRotatedInDev(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := startDev(t, dir)
	old, err := os.ReadFile(s.Path("accounts", "primary"))
	if err != nil {
		t.Fatal(err)
	}
	s.Must(t, `velero-locations simulator key rotate "$(sed -n 's/^aws_access_key_id = //p' "$(dirname "$KUBECONFIG")/accounts/primary")" > "$(dirname "$KUBECONFIG")/rotated"`)
	s.signal(t, syscall.SIGTERM)
	s = startDev(t, dir)
	devtest.WantContains(t, s.Must(t, `grep -c -F "$(sed -n 's/^aws_access_key_id=//p' "$(dirname "$KUBECONFIG")/rotated")" "$(dirname "$KUBECONFIG")/accounts/primary" "$(dirname "$KUBECONFIG")/credentials"`), "primary:1", "credentials:2")
	w := connect(t, s)
	if _, err := w.s3.ListBuckets(t.Context()); err != nil {
		t.Errorf("with the successor: %v", err)
	}
	if err := os.WriteFile(s.Path("credentials"), old, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := connect(t, s).s3.ListBuckets(t.Context()); err == nil {
		t.Error("the rotated key is accepted")
	}
}
