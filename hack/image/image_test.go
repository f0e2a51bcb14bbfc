package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/hack/internal/archive"
)

// unpack returns the files of an archive.
func unpack(t *testing.T, archive io.Reader) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	r := tar.NewReader(archive)
	for {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if folder := filepath.Dir(strings.TrimSuffix(header.Name, "/")) + "/"; folder != "./" && files[folder] == nil {
			t.Errorf("%s stands before its folder", header.Name)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[strings.TrimSuffix(header.Name, "/")+map[bool]string{true: "/"}[header.Typeflag == tar.TypeDir]] = append([]byte{}, data...)
	}
}

// blob returns what a descriptor points to, and fails the test unless it is what it says.
func blob(t *testing.T, files map[string][]byte, d descriptor) []byte {
	t.Helper()
	data, ok := files[blobPath(d.Digest)]
	if !ok || len(data) != d.Size || digest(data) != d.Digest {
		t.Errorf("%+v is not in the archive", d)
	}
	return data
}

func decode(t *testing.T, data []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%v: %s", err, data)
	}
}

// TestArchive follows the references of an image from index.json to the files, as a container engine does.
func TestArchive(t *testing.T) {
	made := image{
		name: "registry.example.org/team/program:v1", architecture: "arm64", entrypoint: "/program", arguments: []string{"serve"}, scratch: "/tmp",
		environment: []string{"A=b"}, ports: []string{"9000"}, health: []string{"ask"},
		files: []archive.File{
			{Path: "/program", Mode: 0o755, Data: []byte("code")}, {Path: authoritiesPath, Mode: 0o644, Data: []byte("authorities")},
		},
	}
	archive, err := made.archive()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := made.archive(); err != nil || !bytes.Equal(again, archive) {
		t.Errorf("the same content makes another image: %v", err)
	}
	files := unpack(t, bytes.NewReader(archive))
	var index struct{ Manifests []descriptor }
	decode(t, files["index.json"], &index)
	if len(index.Manifests) != 1 || index.Manifests[0].Annotations["io.containerd.image.name"] != made.name || index.Manifests[0].Platform["architecture"] != "arm64" {
		t.Fatalf("the index has %+v", index)
	}
	var manifest struct {
		Config descriptor
		Layers []descriptor
	}
	decode(t, blob(t, files, index.Manifests[0]), &manifest)
	var config struct {
		Config struct {
			Entrypoint, Cmd, Env []string
			User                 string
			ExposedPorts         map[string]struct{}
			Healthcheck          struct {
				Test     []string
				Interval time.Duration
			}
		}
		Rootfs struct {
			DiffIDs []string `json:"diff_ids"`
		}
	}
	decode(t, blob(t, files, manifest.Config), &config)
	if len(config.Config.Entrypoint) != 1 || config.Config.Entrypoint[0] != "/program" || strings.HasPrefix(config.Config.User, "0") {
		t.Errorf("the image runs %v as user %s", config.Config.Entrypoint, config.Config.User)
	}

	if got := config.Config; !slices.Equal(got.Cmd, []string{"serve"}) || !slices.Equal(got.Env, []string{"HOME=/tmp", "A=b"}) {
		t.Errorf("the image runs with the arguments %q in the environment %q", got.Cmd, got.Env)
	}
	if _, exposed := config.Config.ExposedPorts["9000/tcp"]; !exposed || !slices.Equal(config.Config.Healthcheck.Test, []string{"CMD", "/program", "ask"}) || config.Config.Healthcheck.Interval < time.Second {
		t.Errorf("the image serves and is asked by %+v", config.Config)
	}

	unzipped, err := gzip.NewReader(bytes.NewReader(blob(t, files, manifest.Layers[0])))
	if err != nil {
		t.Fatal(err)
	}
	layer, err := io.ReadAll(unzipped)
	if err != nil || len(config.Rootfs.DiffIDs) != 1 || digest(layer) != config.Rootfs.DiffIDs[0] {
		t.Errorf("the layer is not that of the configuration: %v", err)
	}
	if content := unpack(t, bytes.NewReader(layer)); string(content["program"]) != "code" || string(content["etc/ssl/certs/ca-certificates.crt"]) != "authorities" || content["tmp/"] == nil {
		t.Errorf("in the layer are %v", content)
	}
	var docker []struct {
		Config           string
		RepoTags, Layers []string
	}
	decode(t, files["manifest.json"], &docker)
	if len(docker) != 1 || docker[0].RepoTags[0] != made.name || files[docker[0].Config] == nil || files[docker[0].Layers[0]] == nil {
		t.Errorf("docker load would not find the image: %+v", docker)
	}
}

func TestReference(t *testing.T) {
	for name, want := range map[string]string{
		"velero-locations:latest": "docker.io/library/velero-locations:latest",
		"team/program:v1":         "docker.io/team/program:v1",
		"localhost:5000/a/b:v1":   "localhost:5000/a/b:v1",
		"r.example.org/b:v1":      "r.example.org/b:v1",
	} {
		if got := (image{name: name}).reference(); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

// TestRefusals shows that an image which could not run is not made.
func TestRefusals(t *testing.T) {
	script := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(script, []byte("#!/bin/sh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for program, want := range map[string]string{
		script:                             "is no Linux program",
		filepath.Join(t.TempDir(), "none"): "no such file",
	} {
		output := filepath.Join(t.TempDir(), "image.tar")
		err := options{program: program, authorities: script, name: "x:y", output: output}.run()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want %q in it", program, err, want)
		}
		if _, err := os.Stat(output); err == nil {
			t.Errorf("%s: an image was made", program)
		}
	}
}
