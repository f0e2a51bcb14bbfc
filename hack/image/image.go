package main

import (
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/velero-locations/velero-locations/hack/internal/archive"
)

// user is who the program runs as: nobody whom another image has.
const user = "65532:65532"

// image is a container image of one layer. The same content makes the same image.
type image struct {
	name, architecture, entrypoint string
	arguments                      []string
	environment                    []string // NAME=value
	ports                          []string // that it serves
	health                         []string // arguments by which the program says whether it is well; none: nobody asks
	scratch                        string   // a folder that everybody may write to; empty: there is none
	files                          []archive.File
}

// descriptor points to a blob, in the words of the OCI image specification.
type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Platform    map[string]string `json:"platform,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// blobs are the files of an archive that are named by their digests.
type blobs []archive.File

// add returns the descriptor of a new blob.
func (b *blobs) add(mediaType string, data []byte) descriptor {
	digest := digest(data)
	*b = append(*b, archive.File{Path: blobPath(digest), Mode: 0o644, Data: data})
	return descriptor{MediaType: mediaType, Digest: digest, Size: len(data)}
}

func (b *blobs) addJSON(mediaType string, value any) (descriptor, error) {
	data, err := json.Marshal(value)
	if err != nil {
		return descriptor{}, err
	}
	return b.add(mediaType, data), nil
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func blobPath(digest string) string { return "blobs/" + strings.ReplaceAll(digest, ":", "/") }

// archive returns the image as a tar archive.
func (i image) archive() ([]byte, error) {
	content := i.files
	if i.scratch != "" {
		content = append(slices.Clone(content), archive.File{Path: i.scratch + "/", Mode: 0o1777})
	}
	layer, err := archive.Pack(content)
	if err != nil {
		return nil, err
	}
	packed, err := archive.Compress(layer)
	if err != nil {
		return nil, err
	}
	var b blobs
	layerBlob := b.add("application/vnd.oci.image.layer.v1.tar+gzip", packed)
	config, err := b.addJSON("application/vnd.oci.image.config.v1+json", map[string]any{
		"created": time.Unix(0, 0).UTC(), "architecture": i.architecture, "os": "linux",
		"config": i.config(),
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{digest(layer)}},
	})
	if err != nil {
		return nil, err
	}
	const manifestType = "application/vnd.oci.image.manifest.v1+json"
	manifest, err := b.addJSON(manifestType, map[string]any{
		"schemaVersion": 2, "mediaType": manifestType, "config": config, "layers": []descriptor{layerBlob},
	})
	if err != nil {
		return nil, err
	}
	manifest.Platform = map[string]string{"architecture": i.architecture, "os": "linux"}
	manifest.Annotations = map[string]string{"io.containerd.image.name": i.reference(), "org.opencontainers.image.ref.name": i.tag()}
	files, err := i.layout(manifest, config, layerBlob)
	if err != nil {
		return nil, err
	}
	return archive.Pack(append(files, b...))
}

// config is how the image is run.
func (i image) config() map[string]any {
	config := map[string]any{"Entrypoint": []string{i.entrypoint}, "User": user}
	if len(i.arguments) > 0 {
		config["Cmd"] = i.arguments
	}
	environment := i.environment
	if i.scratch != "" {
		environment = append([]string{"HOME=" + i.scratch}, environment...)
	}
	if len(environment) > 0 {
		config["Env"] = environment
	}
	if len(i.ports) > 0 {
		exposed := map[string]any{}
		for _, port := range i.ports {
			exposed[port+"/tcp"] = map[string]any{}
		}
		config["ExposedPorts"] = exposed
	}
	if len(i.health) > 0 {
		config["Healthcheck"] = i.healthcheck()
	}
	return config
}

// healthcheck is how Docker asks whether the program is well: often at first, so that nobody waits who waits for it. The specification of
// images does not have it; other engines leave it out.
func (i image) healthcheck() map[string]any {
	return map[string]any{
		"Test": append([]string{"CMD", i.entrypoint}, i.health...), "Interval": 10 * time.Second, "Timeout": 5 * time.Second, "Retries": 3,
		"StartPeriod": 10 * time.Second, "StartInterval": 250 * time.Millisecond,
	}
}

// layout returns what says where the image is: to readers of OCI layouts and, in manifest.json, to `docker load`.
func (i image) layout(manifest, config, layer descriptor) ([]archive.File, error) {
	var files []archive.File
	for _, content := range []struct {
		path  string
		value any
	}{
		{"oci-layout", map[string]string{"imageLayoutVersion": "1.0.0"}},
		{"index.json", map[string]any{"schemaVersion": 2, "manifests": []descriptor{manifest}}},
		{"manifest.json", []map[string]any{{"Config": blobPath(config.Digest), "RepoTags": []string{i.name}, "Layers": []string{blobPath(layer.Digest)}}}},
	} {
		data, err := json.Marshal(content.value)
		if err != nil {
			return nil, err
		}
		files = append(files, archive.File{Path: content.path, Mode: 0o644, Data: data})
	}
	return files, nil
}

func (i image) tag() string {
	_, tag, _ := strings.Cut(path.Base(i.name), ":")
	return tag
}

// reference is the name in full, as containerd knows images.
func (i image) reference() string {
	registry, _, found := strings.Cut(i.name, "/")
	switch {
	case !found:
		return "docker.io/library/" + i.name
	case !strings.ContainsAny(registry, ".:") && registry != "localhost":
		return "docker.io/" + i.name
	}
	return i.name
}

// checkStatic refuses a program that needs more than the kernel, which an image without a system could not run.
func checkStatic(program []byte) error {
	binary, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		return fmt.Errorf("is no Linux program: %w", err)
	}
	for _, segment := range binary.Progs {
		if segment.Type == elf.PT_INTERP {
			return errors.New("needs a dynamic linker: build it with CGO_ENABLED=0")
		}
	}
	return nil
}
