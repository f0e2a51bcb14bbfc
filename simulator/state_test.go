package simulator_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/accounts"
	"github.com/velero-locations/velero-locations/simulator/control"
	"github.com/velero-locations/velero-locations/simulator/simulatortest"
)

// fixedKey gives the cloud a key that it has at each start, so that states can be compared.
func fixedKey(config *simulator.Config) {
	config.Accounts[0].AccessKeys = []simulator.AccessKeyConfig{{ID: "AKIAFIXED", Secret: "fixed-secret"}}
}

func startFixed(t *testing.T, change ...func(*simulator.Config)) *simulatortest.Simulator {
	t.Helper()
	sim := simulatortest.Start(t, append([]func(*simulator.Config){everywhere, fixedKey}, change...)...)
	sim.Key = accounts.Key{ID: "AKIAFIXED", Secret: "fixed-secret"}
	return sim
}

// fillAll gives a cloud some of everything, and returns an upload that is under way, with its part.
func fillAll(t *testing.T, sim *simulatortest.Simulator) (upload string, parts []minio.CompletePart) {
	t.Helper()
	changeAll(t, sim)
	if err := sim.Clock().SetOffset(time.Minute); err != nil {
		t.Fatal(err)
	}
	core := minio.Core{Client: minioClient(t, sim)}
	options := minio.PutObjectOptions{ContentType: "text/plain", UserMetadata: map[string]string{"Origin": "here"}, UserTags: map[string]string{"k": "v"}}
	for _, size := range []int{0, 20_000, 10} {
		if _, err := core.Client.PutObject(t.Context(), "velero", "versions/\u00e9 <&>", bytes.NewReader(make([]byte, size)), int64(size), options); err != nil {
			t.Fatal(err)
		}
	}
	if err := core.RemoveObject(t.Context(), "velero", "versions/\u00e9 <&>", minio.RemoveObjectOptions{}); err != nil {
		t.Fatal(err)
	}
	large := bytes.Repeat([]byte("0123456789abcdef"), 6<<20/16)
	if _, err := core.Client.PutObject(t.Context(), "velero", "parts", bytes.NewReader(large), int64(len(large)), minio.PutObjectOptions{PartSize: 5 << 20}); err != nil {
		t.Fatal(err)
	}
	upload, err := core.NewMultipartUpload(t.Context(), "velero", "under-way", options)
	if err != nil {
		t.Fatal(err)
	}
	part, err := core.PutObjectPart(t.Context(), "velero", "under-way", upload, 1, strings.NewReader("part"), 4, minio.PutObjectPartOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return upload, []minio.CompletePart{{PartNumber: 1, ETag: part.ETag}}
}

// described is all that a state is about, a line for each thing.
func described(t *testing.T, sim *simulatortest.Simulator) string {
	t.Helper()
	var lines []string
	for part, what := range contents(t, sim) {
		if part != control.Journal {
			lines = append(lines, string(part)+": "+what)
		}
	}
	client := minioClient(t, sim)
	buckets, err := client.ListBuckets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, bucket := range buckets {
		versioning, err := client.GetBucketVersioning(t.Context(), bucket.Name)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, fmt.Sprint(bucket.Name, bucket.CreationDate, versioning.Status))
		for o := range client.ListObjects(t.Context(), bucket.Name, minio.ListObjectsOptions{Recursive: true, WithVersions: true}) {
			if o.Err != nil {
				t.Fatal(o.Err)
			}
			line := fmt.Sprint(bucket.Name, o.Key, o.VersionID, o.IsLatest, o.IsDeleteMarker, o.LastModified, o.ETag, o.Size)
			if !o.IsDeleteMarker {
				line += readAll(t, client, bucket.Name, o)
			}
			lines = append(lines, line)
		}
		for upload := range client.ListIncompleteUploads(t.Context(), bucket.Name, "", true) {
			lines = append(lines, fmt.Sprint(bucket.Name, upload.Key, upload.UploadID, upload.Initiated, upload.Size))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// readAll is a digest of what a version holds, and what is said of it.
func readAll(t *testing.T, client *minio.Client, bucket string, o minio.ObjectInfo) string {
	t.Helper()
	object, err := client.GetObject(t.Context(), bucket, o.Key, minio.GetObjectOptions{VersionID: o.VersionID})
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, object); err != nil {
		t.Fatal(err)
	}
	info, err := object.Stat()
	if err = errors.Join(err, object.Close()); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(hex.EncodeToString(sum.Sum(nil)), info.ContentType, info.UserMetadata, info.UserTagCount, info.ChecksumCRC64NVME)
}

func save(t *testing.T, sim *simulatortest.Simulator) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := (&control.Client{Address: sim.Control}).SaveState(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func load(t *testing.T, sim *simulatortest.Simulator, state []byte) error {
	t.Helper()
	return (&control.Client{Address: sim.Control}).LoadState(t.Context(), bytes.NewReader(state))
}

// TestState saves a state and loads it into another simulator, in memory or on disk, where clients find all of it and go on.
func TestState(t *testing.T) {
	memory := func(*testing.T) func(*simulator.Config) { return func(*simulator.Config) {} }
	places := map[string]func(*testing.T) func(*simulator.Config){"memory": memory, "disk": onDisk}
	for from, fromPlace := range places {
		for to, toPlace := range places {
			t.Run(from+" to "+to, func(t *testing.T) {
				source := startFixed(t, fromPlace(t))
				upload, parts := fillAll(t, source)
				want, state := described(t, source), save(t, source)
				place := toPlace(t)
				t.Run("loaded", func(t *testing.T) {
					target := startFixed(t, place)
					fillAll(t, target) // which is all to go
					if err := load(t, target, state); err != nil {
						t.Fatal(err)
					}
					if got := described(t, target); got != want {
						t.Errorf("there is\n%s\nwant\n%s", got, want)
					}
					if again := save(t, target); !bytes.Equal(again, state) {
						t.Error("saved again it is another archive")
					}
				})
				if to == "disk" {
					target := startFixed(t, place)
					if err := target.Clock().SetOffset(time.Minute); err != nil {
						t.Fatal(err)
					}
					if got := withoutFaults(described(t, target)); got != withoutFaults(want) { // which a restart forgets
						t.Errorf("after a restart there is\n%s\nwant\n%s", got, want)
					}
					complete(t, target, upload, parts)
				}
			})
		}
	}
}

func withoutFaults(described string) string {
	lines := slices.DeleteFunc(strings.Split(described, "\n"), func(line string) bool { return strings.HasPrefix(line, "faults: ") })
	return strings.Join(lines, "\n")
}

// complete ends an upload that was under way when the state was saved.
func complete(t *testing.T, sim *simulatortest.Simulator, upload string, parts []minio.CompletePart) {
	t.Helper()
	core := minio.Core{Client: minioClient(t, sim)}
	if _, err := core.CompleteMultipartUpload(t.Context(), "velero", "under-way", upload, parts, minio.PutObjectOptions{}); err != nil {
		t.Fatal(err)
	}
	if info, err := core.StatObject(t.Context(), "velero", "under-way", minio.StatObjectOptions{}); err != nil || info.UserMetadata["Origin"] != "here" {
		t.Errorf("%+v %v", info, err)
	}
}

// TestBrokenState cuts and changes an archive everywhere. It is refused, and nothing is changed; a change in what fills a tar up to whole
// blocks is none.
func TestBrokenState(t *testing.T) {
	source := startFixed(t)
	if err := put(t, minioClient(t, source), "velero", "small", 10); err != nil {
		t.Fatal(err)
	}
	if err := put(t, minioClient(t, source), "velero", "large", 20_000); err != nil {
		t.Fatal(err)
	}
	state, loaded := save(t, source), described(t, source)
	for where, place := range map[string]func(*simulator.Config){"memory": func(*simulator.Config) {}, "disk": onDisk(t)} {
		t.Run(where, func(t *testing.T) {
			target := startFixed(t, place)
			fillAll(t, target)
			before := described(t, target)
			said := len(state) - 3*512 // the last block has little in it, and the two that end a tar say nothing
			for at := 0; at < said; at += 509 {
				if err := load(t, target, state[:at]); err == nil || !strings.Contains(err.Error(), "the archive is refused, and nothing is changed: ") {
					t.Fatalf("cut at %d of %d: %v", at, len(state), err)
				}
			}
			if now := described(t, target); now != before {
				t.Fatalf("there is\n%s\nwant\n%s", now, before)
			}
			for at := 3; at < said; at += 127 {
				changed := bytes.Clone(state)
				changed[at] ^= 1
				want := before
				if load(t, target, changed) == nil {
					want, before = loaded, loaded
				}
				if at%11 == 0 || want == loaded {
					if now := described(t, target); now != want {
						t.Fatalf("changed at %d: there is\n%s\nwant\n%s", at, now, want)
					}
				}
			}
		})
	}
}

func tarOf(t *testing.T, entries ...[2]string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, entry := range entries {
		if err := w.WriteHeader(&tar.Header{Name: entry[0], Size: int64(len(entry[1])), Mode: 0o600}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, entry[1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestForeignState loads what is no state, or not one of this cloud.
func TestForeignState(t *testing.T) {
	const head = `{"apiVersion":"simulator.velero-locations.io/v1alpha1","kind":"SimulatorState"}`
	other := func(change func(*simulator.Config)) []byte {
		sim := startFixed(t, change)
		return save(t, sim)
	}
	for name, test := range map[string]struct {
		state []byte
		want  string
	}{
		"nothing":                     {nil, "it is no tar archive"},
		"text":                        {[]byte(strings.Repeat("hello ", 200)), "it is no tar archive"},
		"another archive":             {tarOf(t, [2]string{"k", "v"}), "it is not the state of a simulator: state.json is not where it is to be"},
		"another kind":                {tarOf(t, [2]string{"state.json", strings.Replace(head, "v1alpha1", "v9", 1)}), `its apiVersion and kind are "simulator.velero-locations.io/v9" and "SimulatorState", expected`},
		"a large one of another kind": {append(tarOf(t, [2]string{"k", "v"}), make([]byte, 64<<20)...), "state.json is not where it is to be"},
		"only its head":               {tarOf(t, [2]string{"state.json", head}), "the archive is cut short"},
		"a bad clock":                 {tarOf(t, [2]string{"state.json", head}, [2]string{"clock.json", `{"offset":"9000000h"}`}), "clock.json: "},
		"another account": {other(func(c *simulator.Config) {
			c.Accounts = append(c.Accounts, simulator.AccountConfig{ID: "999999999999", Buckets: []simulator.BucketConfig{{Name: "theirs"}}})
		}), `bucket "theirs": it is of account "999999999999", which this simulator's configuration does not have`},
		"another region": {other(func(c *simulator.Config) {
			c.Regions = []string{"us-east-1", "mars-1"}
			c.Accounts[0].Buckets = []simulator.BucketConfig{{Name: "far", Region: "mars-1"}}
		}), `bucket "far": it is in region "mars-1", which this simulator's configuration does not have`},
		"a name in two regions": {other(func(c *simulator.Config) {
			c.BucketNames, c.Regions = simulator.RegionalBucketNames, []string{"us-east-1", "eu-west-1"}
			c.Accounts[0].Buckets = []simulator.BucketConfig{{Name: "twice"}, {Name: "twice", Region: "eu-west-1"}}
		}), `bucket "twice" in `},
	} {
		t.Run(name, func(t *testing.T) {
			sim := startFixed(t, func(c *simulator.Config) { c.Regions = []string{"us-east-1", "eu-west-1"} })
			before := described(t, sim)
			err := load(t, sim, test.state)
			if err == nil || !strings.Contains(err.Error(), "nothing is changed: "+test.want) && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
			if now := described(t, sim); now != before {
				t.Errorf("there is\n%s\nwant\n%s", now, before)
			}
		})
	}
}

// TestStateAndMemory: what is replaced does not count when a state is loaded, and one that does not fit is refused.
func TestStateAndMemory(t *testing.T) {
	sim := startFixed(t, func(config *simulator.Config) { config.MemoryLimit = "100Ki" })
	client := minioClient(t, sim)
	if err := put(t, client, "velero", "k", 60_000); err != nil {
		t.Fatal(err)
	}
	state := save(t, sim)
	for range 3 {
		if err := load(t, sim, state); err != nil {
			t.Fatal(err)
		}
	}
	if err := put(t, client, "velero", "l", 30_000); err != nil {
		t.Error(err)
	}
	small := startFixed(t, func(config *simulator.Config) { config.MemoryLimit = "20Ki" })
	if err := load(t, small, state); err == nil || !strings.Contains(err.Error(), "the memory for content is used up") {
		t.Errorf("a state that does not fit: %v", err)
	}
	if err := put(t, minioClient(t, small), "velero", "k", 10_000); err != nil {
		t.Error(err)
	}
}

// TestStateUnderLoad saves and loads while clients write. None of them is refused, and each state is a whole one.
func TestStateUnderLoad(t *testing.T) {
	sim := startFixed(t, onDisk(t))
	_, stop := writeBeside(t, sim, 4)
	for range 10 {
		if err := load(t, sim, save(t, sim)); err != nil {
			t.Error(err)
		}
	}
	stop()
	want := described(t, sim)
	if err := load(t, sim, save(t, sim)); err != nil {
		t.Fatal(err)
	}
	if got := described(t, sim); got != want {
		t.Errorf("there is\n%s\nwant\n%s", got, want)
	}
}

// TestStateToldToPages: no page of another site gets at the archive.
func TestStateToldToPages(t *testing.T) {
	sim := startFixed(t)
	if status, body := get(t, sim.Control+"/v1/state", "rebound.example.com"); status == http.StatusOK {
		t.Errorf("%d %s", status, body[:min(100, len(body))])
	}
}

// TestStateIsTakenBack: a disk that fails half way through a load leaves all as it was.
func TestStateIsTakenBack(t *testing.T) {
	source := startFixed(t)
	fillAll(t, source)
	state := save(t, source)
	sim := startFixed(t, onDisk(t))
	before := described(t, sim)
	if err := sim.Azure().Close(); err != nil { // whose file takes nothing any more
		t.Fatal(err)
	}
	if err := load(t, sim, state); err == nil || !strings.Contains(err.Error(), "loading the state: disks and snapshots of Azure: ") {
		t.Errorf("with a file that cannot be written: %v", err)
	}
	if now := described(t, sim); now != before {
		t.Errorf("there is\n%s\nwant\n%s", now, before)
	}
}
