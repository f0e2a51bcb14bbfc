package simulator_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/velero-locations/velero-locations/internal/damagetest"
	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/azure"
	"github.com/velero-locations/velero-locations/simulator/journal"
	"github.com/velero-locations/velero-locations/simulator/portworx"
)

const damagedAccount = "111111111111"

// keptWorld is what a simulator with a data directory holds.
func keptWorld(dir string) simulator.Config {
	const subscription, tenant = "10000000-0000-0000-0000-000000000001", "10000000-0000-0000-0000-000000000000"
	return simulator.Config{
		DataDir: dir,
		Accounts: []simulator.AccountConfig{{
			ID: damagedAccount, AccessKeys: []simulator.AccessKeyConfig{{ID: "AKIADAMAGED", Secret: "secret"}},
			Buckets: []simulator.BucketConfig{{Name: "velero"}},
			Azure: azure.Tenant{ID: tenant, Subscriptions: []azure.Subscription{{
				ID: subscription, ResourceGroups: []azure.ResourceGroup{{Name: "group", Location: "eastus"}},
			}}},
			Portworx: []portworx.Cluster{{Name: "px-1", Nodes: []string{"node-1"}}},
		}},
	}
}

// kept is what is there to be lost: objects of all sizes that are kept in different ways.
var kept = map[string]string{
	"empty": "", "small": strings.Repeat("small", 100), "file": strings.Repeat("file of a backup ", 4000), "large": strings.Repeat("large", 200_000),
}

// client returns a client of the objects of a simulator.
func client(tb testing.TB, sim *simulator.Simulator) *minio.Client {
	tb.Helper()
	server := httptest.NewServer(sim.Handler())
	tb.Cleanup(server.Close)
	c, err := minio.New(strings.TrimPrefix(server.URL, "http://"), &minio.Options{
		Creds: credentials.NewStaticV4("AKIADAMAGED", "secret", ""), Region: "us-east-1", MaxRetries: 1,
	})
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// fill makes a data directory with something in every file.
func fill(tb testing.TB, dir string) {
	tb.Helper()
	config := keptWorld(dir)
	config.Accounts[0].Volumes = []simulator.VolumeConfig{{ID: "vol-0123456789abcdef0", AvailabilityZone: "us-east-1a", Size: 8, Data: "hello"}}
	config.Accounts[0].Portworx[0].Volumes = []portworx.VolumeConfig{{ID: "123456789012345678", Name: "images", Node: "node-1", Size: 8}}
	config.Accounts[0].Azure.Subscriptions[0].ResourceGroups[0].Disks = []azure.DiskConfig{{Name: "search", Size: 8}}
	sim, err := simulator.New(config)
	if err != nil {
		tb.Fatal(err)
	}
	c := client(tb, sim)
	for key, text := range kept {
		_, err := c.PutObject(tb.Context(), "velero", key, strings.NewReader(text), int64(len(text)), minio.PutObjectOptions{UserMetadata: map[string]string{"Said": key}})
		if err != nil {
			tb.Fatal(err)
		}
	}
	if err := errors.Join(sim.Accounts().AddKey(damagedAccount, "AKIAADDED", "added"), sim.Close()); err != nil {
		tb.Fatal(err)
	}
}

// losses returns what of that which fill made is not as it was: told are those that a reader gets an error for, silent the others.
func losses(tb testing.TB, sim *simulator.Simulator) (told, silent []string) {
	tb.Helper()
	c := client(tb, sim)
	for key, text := range kept {
		object, err := c.GetObject(tb.Context(), "velero", key, minio.GetObjectOptions{})
		if err != nil {
			tb.Fatal(err)
		}
		defer object.Close()
		data, err := io.ReadAll(object)
		var refusal minio.ErrorResponse
		switch {
		case errors.As(err, &refusal) && refusal.Code == minio.NoSuchKey:
			silent = append(silent, key+" is gone")
		case err != nil:
			told = append(told, fmt.Sprintf("%s: %v", key, err))
		case string(data) != text:
			silent = append(silent, key+" has other bytes")
		default:
			if info, err := object.Stat(); err != nil || info.UserMetadata["Said"] != key {
				silent = append(silent, fmt.Sprintf("%s has other metadata: %v, %v", key, info.UserMetadata, err))
			}
		}
	}
	if _, err := sim.Volumes().FindVolume("vol-0123456789abcdef0"); err != nil {
		silent = append(silent, "the volume is gone")
	}
	if key, found := sim.Accounts().Key("AKIAADDED"); !found || key.Secret != "added" {
		silent = append(silent, "an access key is gone")
	}
	for name, volumes := range map[string]int{"azure": len(sim.Azure().Disks()), "portworx": len(sim.Portworx().Volumes())} {
		if volumes != 1 {
			silent = append(silent, fmt.Sprintf("%s has %d volumes", name, volumes))
		}
	}
	return told, silent
}

func checked(tb testing.TB, dir string) []string {
	tb.Helper()
	var problems []string
	if err := simulator.Check(dir, func(problem string) { problems = append(problems, problem) }); err != nil {
		problems = append(problems, err.Error())
	}
	return problems
}

// TestDamage damages each file of a data directory in each way. A start works and loses nothing in silence, or is refused on one
// line that names the file, and then nothing has changed. Check finds the damage before, and changes nothing either.
func TestDamage(t *testing.T) {
	good := filepath.Join(t.TempDir(), "good")
	fill(t, good)
	if problems := checked(t, good); len(problems) > 0 {
		t.Fatalf("what is good has problems: %v", problems)
	}
	variants := 0
	for _, file := range damagetest.Files(t, good) {
		for _, damage := range damagetest.All() {
			variants++
			t.Run(file+" "+damage.Name, func(t *testing.T) {
				dir := filepath.Join(t.TempDir(), "data")
				damagetest.Copy(t, good, dir)
				damage.Do(t, filepath.Join(dir, file))
				before := damagetest.Contents(t, dir)
				problems := checked(t, dir)
				if !maps.Equal(before, damagetest.Contents(t, dir)) {
					t.Error("check changes the directory")
				}
				sim, err := simulator.New(keptWorld(dir))
				if err != nil {
					if !strings.Contains(err.Error(), filepath.Join(dir, file)) || strings.Contains(err.Error(), "\n") {
						t.Errorf("not one line that names the file: %v", err)
					}
					if !maps.Equal(before, damagetest.Contents(t, dir)) {
						t.Error("the refused start changed the directory")
					}
					if len(problems) == 0 && file != "lock" {
						t.Errorf("check finds nothing, and the start says %v", err)
					}
					return
				}
				defer sim.Close()
				told, silent := losses(t, sim)
				if len(silent) > 0 {
					t.Errorf("lost in silence: %s", strings.Join(silent, "; "))
				}
				if len(told) > 0 && len(problems) == 0 {
					t.Errorf("check finds nothing, and a reader is told %s", told)
				}
			})
		}
	}
	t.Logf("%d variants of damage", variants)
	if variants < 60 {
		t.Errorf("%d variants of damage, want 60 at least", variants)
	}
}

// TestDamagedContent shows what a reader gets of contents in which a byte has changed: an error in place of small ones, and of large
// ones all but the end; and what the journal says.
func TestDamagedContent(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir)
	for _, file := range damagetest.Files(t, filepath.Join(dir, "content")) {
		damagetest.FlippedInTheMiddle().Do(t, filepath.Join(dir, "content", file))
	}
	sim, err := simulator.New(keptWorld(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer sim.Close()
	c := client(t, sim)
	get := func(key string, options minio.GetObjectOptions) ([]byte, error) {
		object, err := c.GetObject(context.Background(), "velero", key, options)
		if err != nil {
			t.Fatal(err)
		}
		defer object.Close()
		return io.ReadAll(object)
	}
	if data, err := get("file", minio.GetObjectOptions{}); minio.ToErrorResponse(err).Code != "InternalError" || len(data) > 0 {
		t.Errorf("small: got %d bytes and %v, want InternalError", len(data), err)
	}
	if data, err := get("large", minio.GetObjectOptions{}); !errors.Is(err, io.ErrUnexpectedEOF) || len(data) >= len(kept["large"]) {
		t.Errorf("large: got %d bytes and %v, want fewer and a connection that breaks off", len(data), err)
	}
	part := minio.GetObjectOptions{}
	if err := part.SetRange(0, 9); err != nil {
		t.Fatal(err)
	}
	if data, err := get("large", part); err != nil || !bytes.Equal(data, []byte("largelarge")) {
		t.Errorf("a range: got %q and %v; it cannot be checked", data, err)
	}
	for _, key := range []string{"file", "large"} {
		_, err := c.CopyObject(t.Context(), minio.CopyDestOptions{Bucket: "velero", Object: "copy"}, minio.CopySrcOptions{Bucket: "velero", Object: key})
		if minio.ToErrorResponse(err).Code != "InternalError" {
			t.Errorf("a copy of %s: got %v, want InternalError", key, err)
		}
	}
	var failed []string
	for _, entry := range sim.Journal().Entries(journal.Filter{}) {
		if entry.Error == "InternalError" {
			failed = append(failed, fmt.Sprintf("%s %s", entry.Operation, entry.Key))
		}
	}
	slices.Sort(failed)
	if got, want := strings.Join(slices.Compact(failed), ", "), "s3:CopyObject copy, s3:GetObject file, s3:GetObject large"; got != want {
		t.Errorf("the journal has errors of %s; want %s", got, want)
	}
}
