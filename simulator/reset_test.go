package simulator_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	miniocredentials "github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/accounts"
	"github.com/velero-locations/velero-locations/simulator/azure"
	"github.com/velero-locations/velero-locations/simulator/control"
	"github.com/velero-locations/velero-locations/simulator/ec2/ebs"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/journal"
	"github.com/velero-locations/velero-locations/simulator/portworx"
	"github.com/velero-locations/velero-locations/simulator/simulatortest"
)

// everywhere gives a cloud a bucket, and a volume of each provider.
func everywhere(config *simulator.Config) {
	config.EC2.IDSeed = "reset"
	account := &config.Accounts[0]
	account.Buckets = []simulator.BucketConfig{{Name: "velero"}}
	account.Volumes = []simulator.VolumeConfig{{ID: "vol-00000000000000001", AvailabilityZone: "us-east-1a", Size: 1, Data: "configured"}}
	account.Azure = azure.Tenant{ID: "10000000-0000-0000-0000-000000000000", Subscriptions: []azure.Subscription{{
		ID:             "10000000-0000-0000-0000-000000000001",
		ResourceGroups: []azure.ResourceGroup{{Name: "g", Location: "eastus", Disks: []azure.DiskConfig{{Name: "d", Size: 8}}}},
	}}}
	account.Portworx = []portworx.Cluster{{Name: "px", Nodes: []string{"n1"}, Volumes: []portworx.VolumeConfig{{ID: "100000000000000001", Node: "n1", Size: 4}}}}
	config.Faults = []faults.Rule{{Name: "configured", Match: faults.Match{Buckets: []string{"other"}}, Fault: faults.Outage{}}}
}

func onDisk(t *testing.T) func(*simulator.Config) {
	dir := t.TempDir()
	return func(config *simulator.Config) { config.DataDir = dir }
}

func minioClient(t *testing.T, sim *simulatortest.Simulator) *minio.Client {
	t.Helper()
	client, err := minio.New(sim.Host(), &minio.Options{Creds: miniocredentials.NewStaticV4(sim.Key.ID, sim.Key.Secret, ""), Region: sim.Region, MaxRetries: 1})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func put(t *testing.T, client *minio.Client, bucket, key string, size int) error {
	t.Helper()
	_, err := client.PutObject(t.Context(), bucket, key, bytes.NewReader(make([]byte, size)), int64(size), minio.PutObjectOptions{DisableMultipart: true})
	return err
}

// contents describes all that a reset is about, a line for each part.
func contents(t *testing.T, sim *simulatortest.Simulator) map[control.Part]string {
	t.Helper()
	client := minioClient(t, sim)
	buckets, err := client.ListBuckets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := map[control.Part]string{}
	for _, bucket := range buckets {
		out[control.Objects] += bucket.Name + ":"
		for object := range client.ListObjects(t.Context(), bucket.Name, minio.ListObjectsOptions{Recursive: true, WithVersions: true}) {
			out[control.Objects] += " " + object.Key
		}
	}
	for _, volume := range sim.Volumes().AllVolumes() {
		out[control.Volumes] += volume.ID + "=" + string(volume.Content) + " "
	}
	for _, snapshot := range sim.Volumes().AllSnapshots() {
		out[control.Volumes] += snapshot.ID + " "
	}
	for _, disk := range sim.Azure().Disks() {
		out[control.Volumes] += disk.ID + "=" + string(disk.Content) + " "
	}
	for _, node := range sim.Portworx().Nodes() {
		out[control.Volumes] += node.Name + "=" + node.State + " "
	}
	for _, volume := range sim.Portworx().Volumes() {
		out[control.Volumes] += volume.ID + " "
	}
	for _, key := range sim.Accounts().Keys() {
		out[control.Keys] += key.ID + " "
	}
	for _, rule := range sim.Faults().List() {
		out[control.Faults] += rule.Rule.Name + " "
	}
	out[control.Clock] = sim.Clock().Offset().String()
	out[control.Journal] = strconv.FormatBool(slices.ContainsFunc(sim.Journal().Entries(journal.Filter{}), func(e journal.Entry) bool { return e.Key == "changed" }))
	return out
}

// changeAll changes all that a reset is about.
func changeAll(t *testing.T, sim *simulatortest.Simulator) {
	t.Helper()
	client := minioClient(t, sim)
	_, writeErr := sim.Volumes().Write(ebs.Place{Account: simulatortest.Account, Region: sim.Region}, "vol-00000000000000001", []byte("x"))
	_, createErr := sim.Volumes().CreateSnapshot(ebs.Place{Account: simulatortest.Account, Region: sim.Region}, "vol-00000000000000001", ebs.SnapshotRequest{})
	_, _, failErr := sim.Portworx().FailNode("px", "n1")
	_, _, diskErr := sim.Azure().Write(sim.Azure().Disks()[0].ID, []byte("x"))
	key := accounts.NewKey()
	key.ID = "AKIAADDED"
	for _, err := range []error{
		put(t, client, "velero", "changed", 10), put(t, client, "velero", "large", 100_000), client.SetBucketVersioning(t.Context(), "velero", minio.BucketVersioningConfiguration{Status: "Enabled"}),
		client.MakeBucket(t.Context(), "made", minio.MakeBucketOptions{}), put(t, client, "made", "k", 10),
		writeErr, createErr, failErr, diskErr, sim.Accounts().Add(simulatortest.Account, key),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	sim.Faults().Clear()
	sim.Harm(t, faults.Rule{Name: "added", Match: faults.Match{Buckets: []string{"other"}}, Fault: faults.Outage{}})
	if err := sim.Clock().Advance(time.Minute); err != nil {
		t.Fatal(err)
	}
}

// TestReset changes everything, and resets all but one part, or all.
func TestReset(t *testing.T) {
	for _, where := range []string{"memory", "disk"} {
		for _, keep := range append(slices.Clone(control.Parts), "") {
			t.Run(where+"/"+string(keep), func(t *testing.T) {
				options := []func(*simulator.Config){everywhere}
				if where == "disk" {
					options = append(options, onDisk(t))
				}
				sim := simulatortest.Start(t, options...)
				configured := contents(t, sim)
				changeAll(t, sim)
				changed := contents(t, sim)
				client := &control.Client{Address: sim.Control}
				var parts []control.Part
				if keep != "" {
					parts = append(parts, keep)
				}
				if err := client.Reset(t.Context(), parts...); err != nil {
					t.Fatal(err)
				}
				now := contents(t, sim)
				for _, part := range control.Parts {
					want := configured[part]
					if part == keep {
						want = changed[part]
					}
					if configured[part] == changed[part] {
						t.Errorf("%s: nothing was changed: %q", part, changed[part])
					}
					if now[part] != want {
						t.Errorf("%s is %q, want %q", part, now[part], want)
					}
				}
				if keep != "" {
					return
				}
				changeAll(t, sim) // as the first time, with the same ids
				if again := contents(t, sim); again[control.Volumes] != changed[control.Volumes] {
					t.Errorf("after a reset volumes become %q, not %q", again[control.Volumes], changed[control.Volumes])
				}
			})
		}
	}
}

// TestResetIsKept resets what is on disk, and looks at it after a restart.
func TestResetIsKept(t *testing.T) {
	dir := t.TempDir()
	var configured map[control.Part]string
	t.Run("before", func(t *testing.T) {
		sim := simulatortest.Start(t, everywhere, func(config *simulator.Config) { config.DataDir = dir })
		configured = contents(t, sim)
		changeAll(t, sim)
		if err := sim.Reset(); err != nil {
			t.Fatal(err)
		}
	})
	if left := contentFiles(t, dir); len(left) > 0 {
		t.Errorf("content was left: %v", left)
	}
	sim := simulatortest.Start(t, everywhere, func(config *simulator.Config) { config.DataDir = dir })
	now := contents(t, sim)
	for _, part := range []control.Part{control.Objects, control.Volumes} {
		if now[part] != configured[part] {
			t.Errorf("%s is %q, want %q", part, now[part], configured[part])
		}
	}
}

func contentFiles(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "content", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestResetUnderLoad resets while clients write, all the time. A request is wholly before a reset or wholly after: none is refused,
// and what a reset has taken away nothing brings back.
func TestResetUnderLoad(t *testing.T) {
	for _, where := range []string{"memory", "disk"} {
		t.Run(where, func(t *testing.T) {
			dir := t.TempDir()
			sim := simulatortest.Start(t, everywhere, func(config *simulator.Config) {
				if where == "disk" {
					config.DataDir = dir
				}
			})
			written, stop := writeBeside(t, sim, 6)
			for range 20 {
				for before := written.Load(); written.Load() < before+10 && !t.Failed(); {
					time.Sleep(time.Millisecond)
				}
				if err := sim.Reset(control.Clock); err != nil {
					t.Error(err)
				}
			}
			stop()
			if err := sim.Reset(); err != nil {
				t.Fatal(err)
			}
			if entries := sim.Journal().Entries(journal.Filter{}); len(entries) > 0 {
				t.Errorf("the journal has %d requests of before", len(entries))
			}
			if now := contents(t, sim)[control.Objects]; now != "velero:" {
				t.Errorf("there are %s", now)
			}
			if left := contentFiles(t, dir); len(left) > 0 {
				t.Errorf("content was left: %v", left)
			}
		})
	}
}

// writeBeside has clients write small objects and large ones until it is told to stop, and counts those that are there. None may be refused.
func writeBeside(t *testing.T, sim *simulatortest.Simulator, clients int) (written *atomic.Int64, stop func()) {
	t.Helper()
	var writers sync.WaitGroup
	var stopped atomic.Bool
	written = &atomic.Int64{}
	for i := range clients {
		client := minioClient(t, sim)
		writers.Go(func() {
			for n := 0; !stopped.Load(); n++ {
				if err := put(t, client, "velero", fmt.Sprintf("%d/%d", i, n), []int{10, 100_000}[n%2]); err != nil {
					t.Errorf("a write: %v", err)
					return
				}
				written.Add(1)
			}
		})
	}
	return written, func() { stopped.Store(true); writers.Wait() }
}

// TestResetBreaksOff resets while a client sends a body that never ends, and while another waits for a fault that never ends.
func TestResetBreaksOff(t *testing.T) {
	sim := simulatortest.Start(t, everywhere, onDisk(t))
	client := minioClient(t, sim)
	body, writer := io.Pipe()
	sending := make(chan error, 2)
	go func() {
		_, err := client.PutObject(t.Context(), "velero", "endless", body, 1<<30, minio.PutObjectOptions{DisableMultipart: true})
		sending <- err
		_ = body.CloseWithError(errors.New("nobody reads"))
	}()
	if _, err := writer.Write(make([]byte, 200_000)); err != nil {
		t.Fatal(err)
	}
	go func() { // goes on as long as anyone reads, slowly enough not to come to an end
		for ; ; time.Sleep(time.Millisecond) {
			if _, err := writer.Write(make([]byte, 1000)); err != nil {
				return
			}
		}
	}()
	sim.Harm(t, faults.Rule{Match: faults.Match{Prefix: "hung"}, Fault: faults.Outage{Mode: faults.Hanging}})
	go func() { sending <- put(t, client, "velero", "hung", 10) }()
	for sim.Faults().List()[1].Injected == 0 {
		time.Sleep(time.Millisecond)
	}
	if err := sim.Reset(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := <-sending; err == nil {
			t.Error("a request that was broken off succeeded")
		}
	}
	if now := contents(t, sim)[control.Objects]; now != "velero:" {
		t.Errorf("there are %s", now)
	}
}

// TestHealth asks every address how it is.
func TestHealth(t *testing.T) {
	sim := simulatortest.Start(t, regional, func(config *simulator.Config) {
		config.EC2.RegionalAddresses = map[string]string{"us-east-1": "127.0.0.1:0"}
		config.Accounts[0].Buckets = []simulator.BucketConfig{{Name: "healthz"}, {Name: "velero"}}
	})
	if err := sim.Await(t.Context()); err != nil {
		t.Fatal(err)
	}
	if urls := sim.URLs(); len(urls) != 8 {
		t.Fatalf("there are %d addresses: %v", len(urls), urls)
	}
	for _, url := range sim.URLs() {
		for _, path := range []string{"/healthz", "/readyz"} {
			if status, body := get(t, url+path, ""); status != http.StatusOK || body != "ok\n" {
				t.Errorf("%s%s: %d %s", url, path, status, body)
			}
		}
	}
	client := minioClient(t, sim)
	if err := put(t, client, "healthz", "k", 10); err != nil {
		t.Errorf("a bucket of that name: %v", err)
	}
	for object := range client.ListObjects(t.Context(), "healthz", minio.ListObjectsOptions{}) {
		if object.Err != nil || object.Key != "k" {
			t.Errorf("a bucket of that name has %+v", object)
		}
	}
	for host, url := range map[string]string{"velero.localhost": sim.S3, "rebound.example.com": sim.Control} {
		if status, body := get(t, url+"/healthz", host); status == http.StatusOK {
			t.Errorf("host %s: %d %s", host, status, body)
		}
	}
	for _, entry := range sim.Journal().Entries(journal.Filter{}) {
		if entry.Bucket == "readyz" {
			t.Errorf("the journal has %+v", entry)
		}
	}
}

// TestNotReady shows that an address does not say that it is ready while another is not served.
func TestNotReady(t *testing.T) {
	sim, err := simulator.New(simulator.Config{S3: simulator.S3Config{Address: "127.0.0.1:0"}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	}()
	endpoints, err := sim.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := endpoints.Await(ctx); err == nil || !strings.Contains(err.Error(), "waiting for "+endpoints.S3) {
		t.Errorf("%v", err)
	}
}

func get(t *testing.T, url, host string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = host
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}
