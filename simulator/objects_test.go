package simulator_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"

	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/s3"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
	"github.com/velero-locations/velero-locations/simulator/simulatortest"
)

// withObjects gives a cloud objects of every kind.
func withObjects(file string) func(*simulator.Config) {
	return func(config *simulator.Config) {
		config.Accounts[0].Buckets = []simulator.BucketConfig{{Name: "plain", Objects: []simulator.ObjectConfig{
			{Seed: s3.Seed{
				Key: "a/text", ContentType: "text/plain", Metadata: map[string]string{"Origin": "here"},
				Tags: map[string]string{"kind": "seed"}, StorageClass: "STANDARD_IA",
			}, Content: "hello"},
			{Seed: s3.Seed{Key: "a/file"}, File: file},
			{Seed: s3.Seed{Key: "empty"}},
		}}, {Name: "versioned", Versioning: store.VersioningEnabled, Objects: []simulator.ObjectConfig{
			{Seed: s3.Seed{Key: "k"}, Content: "first"}, {Seed: s3.Seed{Key: "k"}, Content: "second"},
		}}}
	}
}

// seeded is what clients find in the buckets, a line for each version.
func seeded(t *testing.T, sim *simulatortest.Simulator) string {
	t.Helper()
	client := minioClient(t, sim)
	var lines []string
	for _, bucket := range []string{"plain", "versioned"} {
		for object := range client.ListObjects(t.Context(), bucket, minio.ListObjectsOptions{Recursive: true, WithVersions: true}) {
			if object.Err != nil {
				t.Fatal(object.Err)
			}
			if object.IsDeleteMarker {
				lines = append(lines, bucket+"/"+object.Key+" is deleted")
				continue
			}
			content, err := client.GetObject(t.Context(), bucket, object.Key, minio.GetObjectOptions{VersionID: object.VersionID})
			if err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll(content)
			if err != nil {
				t.Fatal(err)
			}
			info, err := content.Stat()
			if err != nil {
				t.Fatal(err)
			}
			if err := content.Close(); err != nil {
				t.Fatal(err)
			}
			tags, err := client.GetObjectTagging(t.Context(), bucket, object.Key, minio.GetObjectTaggingOptions{VersionID: object.VersionID})
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, fmt.Sprintf("%s/%s %q %s %v [%s] %s", bucket, object.Key, data, info.ContentType, info.UserMetadata, tags, object.StorageClass))
		}
	}
	return strings.Join(lines, "\n")
}

const allSeeded = `plain/a/file "of a file" binary/octet-stream map[] [] STANDARD
plain/a/text "hello" text/plain map[Origin:here] [kind=seed] STANDARD_IA
plain/empty "" binary/octet-stream map[] [] STANDARD
versioned/k "second" binary/octet-stream map[] [] STANDARD
versioned/k "first" binary/octet-stream map[] [] STANDARD`

func writeFile(t *testing.T, content string, path ...string) string {
	t.Helper()
	name := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestObjects: objects of the configuration are there, come back by a reset, and only a reset undoes what clients did to them.
func TestObjects(t *testing.T) {
	file := writeFile(t, "of a file", t.TempDir(), "file")
	for name, place := range map[string]func(*simulator.Config){"memory": func(*simulator.Config) {}, "disk": onDisk(t)} {
		t.Run(name, func(t *testing.T) {
			sim := simulatortest.Start(t, withObjects(file), place)
			if got := seeded(t, sim); got != allSeeded {
				t.Errorf("there are\n%s\nwant\n%s", got, allSeeded)
			}
			client := minioClient(t, sim)
			if err := client.RemoveObject(t.Context(), "plain", "a/text", minio.RemoveObjectOptions{}); err != nil {
				t.Fatal(err)
			}
			if err := client.RemoveObject(t.Context(), "versioned", "k", minio.RemoveObjectOptions{}); err != nil {
				t.Fatal(err)
			}
			if err := put(t, client, "plain", "a/file", 3); err != nil {
				t.Fatal(err)
			}
			if err := sim.Reset(); err != nil {
				t.Fatal(err)
			}
			if got := seeded(t, sim); got != allSeeded {
				t.Errorf("after a reset there are\n%s\nwant\n%s", got, allSeeded)
			}
		})
	}
}

// TestObjectsAtAStart: a start creates what is missing, and leaves what is there.
func TestObjectsAtAStart(t *testing.T) {
	file, place := writeFile(t, "of a file", t.TempDir(), "file"), onDisk(t)
	t.Run("first", func(t *testing.T) {
		sim := simulatortest.Start(t, withObjects(file), place)
		client := minioClient(t, sim)
		if err := client.RemoveObject(t.Context(), "versioned", "k", minio.RemoveObjectOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := client.RemoveObject(t.Context(), "plain", "a/text", minio.RemoveObjectOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := put(t, client, "plain", "empty", 3); err != nil {
			t.Fatal(err)
		}
	})
	want := strings.Replace(strings.Replace(allSeeded, `empty "" binary`, `empty "\x00\x00\x00" application`, 1), "versioned/k \"sec", "versioned/k is deleted\nversioned/k \"sec", 1)
	if got := seeded(t, simulatortest.Start(t, withObjects(file), place)); got != want {
		t.Errorf("there are\n%s\nwant\n%s", got, want)
	}
}

// TestResetWithoutAFile: a reset that would lack a file changes nothing.
func TestResetWithoutAFile(t *testing.T) {
	file := writeFile(t, "of a file", t.TempDir(), "file")
	sim := simulatortest.Start(t, withObjects(file))
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := sim.Reset(); err == nil || !strings.Contains(err.Error(), "accounts[0].buckets[0].objects[1].file: ") {
		t.Errorf("without %s: %v", file, err)
	}
	if got := seeded(t, sim); got != allSeeded {
		t.Errorf("there are\n%s\nwant\n%s", got, allSeeded)
	}
}

func TestAddSeeds(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, "of a file", dir, "plain", "a", "file")
	writeFile(t, "more", dir, "more", "k")
	sim := simulatortest.Start(t, withObjects("/nowhere"), func(config *simulator.Config) {
		if err := config.AddSeeds(dir); err != nil {
			t.Fatal(err)
		}
	})
	if got := strings.Split(seeded(t, sim), "\n"); !slices.Equal(got, strings.Split(allSeeded, "\n")) {
		t.Errorf("there are\n%s", strings.Join(got, "\n"))
	}
	if _, err := minioClient(t, sim).StatObject(t.Context(), "more", "k", minio.StatObjectOptions{}); err != nil {
		t.Error(err)
	}
	config, err := simulator.Parse([]byte("apiVersion: "+simulator.APIVersion+"\nkind: "+simulator.Kind+"\n"), func(c *simulator.Config) error { return c.AddSeeds(dir) })
	if err != nil || config.Accounts[0].ID != simulator.FirstAccount || len(config.Accounts[0].Buckets) != 2 {
		t.Errorf("without accounts: %+v, %v", config, err)
	}
}

func TestAddSeedsRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		make func(t *testing.T, dir string)
		want string
	}{
		"file at the top": {func(t *testing.T, dir string) { t.Helper(); writeFile(t, "", dir, "notes.txt") }, "notes.txt is no folder: what is in "},
		"no bucket":       {func(t *testing.T, dir string) { t.Helper(); writeFile(t, "", dir, "My_Bucket", "k") }, "My_Bucket cannot be a bucket: a bucket name consists of"},
		"no key": {func(t *testing.T, dir string) {
			t.Helper()
			writeFile(t, "", dir, "bucket", "k\xff")
		}, `k\xff" cannot be an object: a key is UTF-8`},
		"link": {func(t *testing.T, dir string) {
			t.Helper()
			writeFile(t, "", dir, "bucket", "k")
			if err := os.Symlink("/etc/passwd", filepath.Join(dir, "bucket", "l")); err != nil {
				t.Fatal(err)
			}
		}, "l is neither a file nor a folder, and links are not followed"},
		"nothing": {func(t *testing.T, dir string) {
			t.Helper()
			if err := os.Remove(dir); err != nil {
				t.Fatal(err)
			}
		}, "no such file or directory"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			test.make(t, dir)
			err := (&simulator.Config{}).AddSeeds(dir)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}
