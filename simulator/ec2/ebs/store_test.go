package ebs

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/simulator/internal/content"
)

var home = Place{"111111111111", "us-east-1"}

func open(t testing.TB, options Options) *Store {
	t.Helper()
	store, err := Open(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

func createVolume(t testing.TB, s *Store, request VolumeRequest) *Volume {
	t.Helper()
	if request.Zone == "" {
		request.Zone, request.Size = "us-east-1a", 1
	}
	volume, err := s.CreateVolume(home, request)
	if err != nil {
		t.Fatal(err)
	}
	return volume
}

func createSnapshot(t testing.TB, s *Store, volume string, tags Tags) *Snapshot {
	t.Helper()
	snapshot, err := s.CreateSnapshot(home, volume, SnapshotRequest{Tags: tags})
	if err != nil {
		t.Fatal(err)
	}
	return snapshot
}

func code(err error) string {
	var refusal *Error
	if errors.As(err, &refusal) {
		return refusal.Code
	}
	return ""
}

// TestFiltersAgainstModel changes snapshots at random, and compares what filters find with what a look at each would.
func TestFiltersAgainstModel(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	now := time.Now()
	store := open(t, Options{SnapshotDuration: time.Minute, Now: func() time.Time { return now }})
	volumes := []string{createVolume(t, store, VolumeRequest{}).ID, createVolume(t, store, VolumeRequest{}).ID}
	pick := func(of ...string) string { return of[random.IntN(len(of))] }
	var model []string
	for step := range 2000 {
		switch random.IntN(6) {
		case 0, 1:
			model = append(model, createSnapshot(t, store, pick(volumes...), Tags{"k": pick("a", "b"), pick("x", "y"): ""}).ID)
		case 2:
			if len(model) > 0 {
				i := random.IntN(len(model))
				if err := store.DeleteSnapshot(home, model[i]); err != nil {
					t.Fatal(err)
				}
				model = slices.Delete(model, i, i+1)
			}
		case 3:
			if len(model) > 0 {
				tags := Tags{"k": pick("a", "b", "c")}
				_, err := store.ChangeSnapshot(home, pick(model...), func(s *Snapshot) error {
					s.Tags = s.Tags.With(tags)
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
			}
		case 4:
			now = now.Add(time.Duration(random.IntN(20)) * time.Second)
		}
		filters := []Filter{
			{"tag:k", []string{pick("a", "b", "c", "*")}},
			{"status", []string{pick("pending", "completed")}},
			{"volume-id", []string{pick(volumes...), pick(volumes...)}},
			{"tag-key", []string{pick("x", "?", "none")}},
		}[random.IntN(4):]
		checkAgainst(t, store, model, Query{Filters: filters, Limit: random.IntN(4)}, step)
	}
}

func checkAgainst(t *testing.T, store *Store, model []string, query Query, step int) {
	t.Helper()
	all, _, err := store.Snapshots(home, Query{IDs: model})
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, snapshot := range all {
		if len(model) > 0 && query.matches(snapshot) {
			want = append(want, snapshot.ID)
		}
	}
	for {
		page, more, err := store.Snapshots(home, query)
		if err != nil {
			t.Fatal(err)
		}
		for _, snapshot := range page {
			got = append(got, snapshot.ID)
			query.After = snapshot.Sequence
		}
		if !more {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Fatalf("step %d: %+v finds %v, want %v", step, query, got, want)
	}
}

// TestReopen finds what was there before, and goes on with other ids and the same order.
func TestReopen(t *testing.T) {
	now := time.Now()
	options := Options{Path: filepath.Join(t.TempDir(), "volumes.db"), SnapshotDuration: time.Minute, IDSeed: "seed", Now: func() time.Time { return now }}
	first := open(t, options)
	volume := createVolume(t, first, VolumeRequest{Zone: "us-east-1a", Performance: Performance{Size: 4, Type: "gp3"}, Tags: Tags{"a": "b"}, Token: "token", Data: []byte("x")})
	removed := createVolume(t, first, VolumeRequest{})
	old := createSnapshot(t, first, volume.ID, nil)
	now = now.Add(30 * time.Second)
	young := createSnapshot(t, first, volume.ID, Tags{"k": "v"})
	if _, err := first.Write(home, volume.ID, []byte("y")); err != nil {
		t.Fatal(err)
	}
	if err := first.DeleteVolume(home, removed.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(options); err == nil {
		t.Error("a second store opened the file")
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := first.CreateSnapshot(home, volume.ID, SnapshotRequest{}); err == nil {
		t.Error("a closed store took a snapshot")
	}

	now = now.Add(30 * time.Second)
	second := open(t, options)
	found, _, err := second.Snapshots(home, Query{})
	if err != nil || len(found) != 2 || found[0].ID != old.ID || found[1].ID != young.ID {
		t.Fatalf("%+v, %v", found, err)
	}
	if found[0].Status() != "completed" || found[1].Status() != "pending" || found[1].Progress(now) != "50%" || found[1].Tags["k"] != "v" {
		t.Errorf("%+v, %+v", found[0], found[1])
	}
	again := createVolume(t, second, VolumeRequest{Zone: "us-east-1a", Performance: Performance{Size: 4, Type: "gp3"}, Tags: Tags{"a": "b"}, Token: "token", Data: []byte("x")})
	if again.ID != volume.ID {
		t.Error("the token was forgotten")
	}
	if want := content.Empty.Written([]byte("x")).Written([]byte("y")); again.Content != want || found[0].Content == want {
		t.Errorf("the volume holds %s, its snapshot %s", again.Content, found[0].Content)
	}
	if _, err := second.FindVolume(removed.ID); code(err) != "InvalidVolume.NotFound" {
		t.Errorf("%v", err)
	}
	if next := createSnapshot(t, second, volume.ID, nil); next.Sequence <= young.Sequence || next.ID == young.ID {
		t.Errorf("%+v", next)
	}
}

// TestClockGoesBack leaves completed what was.
func TestClockGoesBack(t *testing.T) {
	now := time.Now()
	options := Options{Path: filepath.Join(t.TempDir(), "volumes.db"), SnapshotDuration: time.Minute, Now: func() time.Time { return now }}
	store := open(t, options)
	volume := createVolume(t, store, VolumeRequest{})
	now = now.Add(24 * time.Hour)
	createSnapshot(t, store, volume.ID, nil)
	now = now.Add(time.Minute)
	check := func(s *Store) {
		t.Helper()
		if found, _, err := s.Snapshots(home, Query{}); err != nil || found[0].Status() != "completed" {
			t.Errorf("%+v, %v", found[0], err)
		}
	}
	check(store)
	now = now.Add(-24 * time.Hour)
	check(store)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	check(open(t, options))
}

func TestVolumeTypes(t *testing.T) {
	for _, test := range []struct {
		performance Performance
		want        string
	}{
		{Performance{Size: 1, Type: "gp2"}, ""},
		{Performance{Size: 1, Type: "gp3", IOPS: 3000, Throughput: 1000}, ""},
		{Performance{Size: 4, Type: "io2", IOPS: 256000}, ""},
		{Performance{Size: 125, Type: "st1"}, ""},
		{Performance{Size: 1, Type: "gp9"}, "UnknownVolumeType"},
		{Performance{Size: 124, Type: "sc1"}, "InvalidParameterValue"},
		{Performance{Size: 1025, Type: "standard"}, "InvalidParameterValue"},
		{Performance{Size: 4, Type: "io1"}, "MissingParameter"},
		{Performance{Size: 4, Type: "io1", IOPS: 99}, "InvalidParameterValue"},
		{Performance{Size: 1, Type: "gp2", Throughput: 125}, "InvalidParameterCombination"},
		{Performance{Size: 1, Type: "gp3", Throughput: 1}, "InvalidParameterValue"},
	} {
		if err := test.performance.Validate(); code(err) != test.want {
			t.Errorf("%+v: %v, want %s", test.performance, err, test.want)
		}
	}
}

func TestTagLimits(t *testing.T) {
	long := func(n int) string { return fmt.Sprintf("%0*d", n, 0) }
	for _, test := range []struct {
		tags Tags
		want string
	}{
		{Tags{long(128): long(256)}, ""},
		{Tags{"": "x"}, "InvalidParameterValue"},
		{Tags{"AWS:x": ""}, "InvalidParameterValue"},
		{Tags{long(129): ""}, "InvalidParameterValue"},
		{Tags{"x": long(257)}, "InvalidParameterValue"},
	} {
		if err := test.tags.validate(); code(err) != test.want {
			t.Errorf("%v: %v", test.tags, err)
		}
	}
}

// TestNothingElseIsLookedAt counts what a query looks at among many: what it finds, and no more.
func TestNothingElseIsLookedAt(t *testing.T) {
	store := open(t, Options{})
	var volumes []string
	for i := range 2000 {
		if i%10 == 0 {
			volumes = append(volumes, createVolume(t, store, VolumeRequest{}).ID)
		}
		createSnapshot(t, store, volumes[len(volumes)-1], Tags{"backup": fmt.Sprintf("b-%d", i/10), "all": "yes"})
	}
	index := &store.look(home).snapshots
	for name, test := range map[string]struct {
		filters []Filter
		want    int
	}{
		"volume":           {[]Filter{{"volume-id", volumes[7:8]}}, 10},
		"volumes":          {[]Filter{{"volume-id", volumes[7:10]}}, 30},
		"tag":              {[]Filter{{"tag:backup", []string{"b-7"}}}, 10},
		"tag and status":   {[]Filter{{"status", []string{"completed"}}, {"tag:backup", []string{"b-7"}}, {"tag:all", []string{"*"}}}, 10},
		"status of no one": {[]Filter{{"status", []string{"pending"}}, {"owner-id", []string{home.Account}}}, 0},
		"tag of no one":    {[]Filter{{"tag:none", []string{"x"}}}, 0},
	} {
		if got := len(index.shortest(test.filters)); got != test.want {
			t.Errorf("%s: %d are looked at, want %d", name, got, test.want)
		}
	}
}
