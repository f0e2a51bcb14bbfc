package store

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/simulator/s3/lifecycle"
)

// TestLifecycleSteps moves one clock day by day and another at once, under random rules over random objects: what is left is the same.
func TestLifecycleSteps(t *testing.T) {
	changed := 0
	for seed := range uint64(200) {
		daily, atOnce := newAging(t, seed), newAging(t, seed)
		before := daily.String()
		for range 120 {
			daily.now = daily.now.Add(24 * time.Hour)
			daily.store.KeepLifecycle(daily.now)
		}
		atOnce.now = daily.now
		if err := atOnce.store.ApplyLifecycle(); err != nil {
			t.Fatal(err)
		}
		if daily, atOnce := daily.String(), atOnce.String(); daily != atOnce {
			t.Fatalf("seed %d: day by day %s\nat once %s", seed, daily, atOnce)
		}
		if daily.String() != before {
			changed++
		}
	}
	if changed < 100 {
		t.Errorf("rules acted in %d buckets only", changed)
	}
}

// aging is a bucket with rules.
type aging struct {
	store  *Store
	bucket *Bucket
	now    time.Time
}

func newAging(t *testing.T, seed uint64) *aging {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 0))
	a := &aging{now: time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)}
	var err error
	if a.store, err = Open(Options{Now: func() time.Time { return a.now }}); err != nil {
		t.Fatal(err)
	}
	versioning := []Versioning{"", VersioningEnabled, VersioningSuspended}[random.IntN(3)]
	if a.bucket, err = a.store.CreateBucket("b", "r", "1", Settings{Versioning: versioning}); err != nil {
		t.Fatal(err)
	}
	var rules []lifecycle.Rule
	for id := range 1 + random.IntN(3) {
		rules = append(rules, randomRule(random, strconv.Itoa(id)))
	}
	err = a.bucket.Configure(func(s *Settings) error {
		s.Lifecycle = lifecycle.Configuration{Rules: rules, MinimumSize: lifecycle.ByClass, Since: a.now}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 30 {
		key := []string{"a/1", "a/2", "b/1"}[random.IntN(3)]
		if random.IntN(5) == 0 {
			_, err = a.bucket.Delete(Deletion{Key: key})
		} else {
			_, err = a.bucket.Put(key, Write{Body: strings.NewReader(key), Attributes: Attributes{LegalHold: versioning == VersioningEnabled && random.IntN(10) == 0}})
		}
		if err != nil {
			t.Fatal(err)
		}
		a.now = a.now.Add(time.Duration(random.IntN(60)) * time.Second)
	}
	return a
}

func randomRule(random *rand.Rand, id string) lifecycle.Rule {
	days := func() *int { n := 1 + random.IntN(40); return &n }
	prefix := []string{"", "a/", "b/"}[random.IntN(3)]
	rule := lifecycle.Rule{ID: id, Status: lifecycle.Enabled, Filter: &lifecycle.Filter{Conditions: lifecycle.Conditions{Prefix: &prefix}}}
	if random.IntN(2) == 0 {
		rule.Transitions = []lifecycle.Transition{{Days: days(), StorageClass: "GLACIER"}, {Days: days(), StorageClass: "DEEP_ARCHIVE"}}
	}
	switch random.IntN(3) {
	case 0:
		rule.Expiration = &lifecycle.Expiration{Days: days()}
	case 1:
		yes := true
		rule.Expiration = &lifecycle.Expiration{DeleteMarker: &yes}
	}
	if random.IntN(2) == 0 {
		newer := 1 + random.IntN(3)
		rule.NoncurrentExpiration = &lifecycle.NoncurrentExpiration{Days: days()}
		if random.IntN(2) == 0 {
			rule.NoncurrentExpiration.Newer = &newer
		}
	}
	return rule
}

// String tells all versions, but for their ids.
func (a *aging) String() string {
	var out []string
	for _, o := range a.bucket.List(ListOptions{Max: 1000, Versions: true}).Objects {
		out = append(out, fmt.Sprintf("%s marker=%t %s %s", o.Key, o.DeleteMarker, o.StorageClass(), o.Modified.Format(time.RFC3339)))
	}
	return strings.Join(out, ", ")
}

// TestLifecycleClock shows when rules are looked at unasked: after a midnight, and when the clock went back.
func TestLifecycleClock(t *testing.T) {
	var runs lifecycleRuns
	at := func(text string) time.Time {
		out, err := time.Parse(time.DateTime, text)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	last := at("2026-11-30 12:00:00")
	if !runs.due(last) {
		t.Error("not due at the start")
	}
	runs.last.Store(&last)
	for text, want := range map[string]bool{
		"2026-11-30 12:00:00": false, "2026-11-30 23:59:59": false, "2026-12-01 00:00:00": true, "2027-01-01 00:00:00": true, "2026-11-30 11:59:59": true,
	} {
		if got := runs.due(at(text)); got != want {
			t.Errorf("%s: due %t, want %t", text, got, want)
		}
	}
}
