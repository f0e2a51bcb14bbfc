package main

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/velero-locations/velero-locations/hack/internal/archive"
)

const (
	chart     = "deploy/chart"
	chartName = "velero-locations"
)

// pack returns the chart as Helm takes it, in a version such as v0.1.0, which is that of its image, too.
func pack(version string) ([]byte, error) {
	var files []archive.File
	err := filepath.WalkDir(chart, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(filepath.ToSlash(file), chart+"/")
		if name == "Chart.yaml" {
			text := strings.NewReplacer("\nversion: 0.0.0", "\nversion: "+strings.TrimPrefix(version, "v"), "\nappVersion: v0.0.0", "\nappVersion: "+version)
			data = []byte(text.Replace(string(data)))
		}
		files = append(files, archive.File{Path: path.Join(chartName, name), Mode: 0o644, Data: data})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the chart: %w", err)
	}
	packed, err := archive.Pack(files)
	if err != nil {
		return nil, fmt.Errorf("packing the chart: %w", err)
	}
	return archive.Compress(packed)
}
