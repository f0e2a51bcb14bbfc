package etcd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// sumsFile holds the checksums of etcd's files since it was stopped in good order, as its database has none of values. It stands
// beside the files that it is of, so that it goes with them, and goes away when etcd starts: who is killed leaves none.
var sumsFile = filepath.Join("data", "sums")

// fileSum is what is known of a file.
type fileSum struct {
	Size  int64  `json:"size"`
	CRC32 uint32 `json:"crc32c"`
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// computeSums returns the sums of the database, the logs and the snapshots, by path below the directory.
func computeSums(dir string) (map[string]fileSum, error) {
	sums := map[string]fileSum{}
	for _, pattern := range []string{database, filepath.Join(logDir, "*.wal"), filepath.Join(filepath.Dir(database), "*.snap")} {
		paths, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			name, err := filepath.Rel(dir, path)
			if err != nil {
				return nil, err
			}
			if sums[name], err = sumFile(path); err != nil {
				return nil, err
			}
		}
	}
	return sums, nil
}

func sumFile(path string) (fileSum, error) {
	file, err := os.Open(path)
	if err != nil {
		return fileSum{}, err
	}
	defer func() { _ = file.Close() }() // it was only read
	sum := crc32.New(castagnoli)
	size, err := io.Copy(sum, file)
	return fileSum{size, sum.Sum32()}, err
}

// checkSums compares the files with what they were when etcd was stopped. Sums that cannot be read are no reason not to start.
func checkSums(dir string) error {
	data, err := os.ReadFile(filepath.Join(dir, sumsFile))
	if err != nil {
		return nil
	}
	own, data, _ := bytes.Cut(data, []byte("\n"))
	var before map[string]fileSum
	if string(own) != ownSum(data) || json.Unmarshal(data, &before) != nil {
		return nil
	}
	now, err := computeSums(dir)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		path := filepath.Join(dir, name)
		switch sum, found := now[name]; {
		case !found:
			return fmt.Errorf("%s is missing", path)
		case sum.Size != before[name].Size:
			return fmt.Errorf("%s has %d bytes, and had %d when etcd was stopped", path, sum.Size, before[name].Size)
		case sum != before[name]:
			return fmt.Errorf("%s is not what it was when etcd was stopped: its checksum does not match", path)
		}
	}
	return nil
}

// ownSum is the first line of the file of sums, of what comes after.
func ownSum(data []byte) string { return fmt.Sprintf("%08x", crc32.Checksum(data, castagnoli)) }

// removeSums is to come before the files change.
func removeSums(dir string) error {
	if err := os.RemoveAll(filepath.Join(dir, sumsFile)); err != nil {
		return fmt.Errorf("removing the checksums of etcd's data: %w", err)
	}
	return nil
}

// writeSums is to come after etcd was stopped.
func writeSums(dir string) error {
	sums, err := computeSums(dir)
	if err != nil {
		return fmt.Errorf("computing the checksums of etcd's data: %w", err)
	}
	data, err := json.Marshal(sums)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, sumsFile)
	err = os.WriteFile(path+".new", fmt.Appendf(nil, "%s\n%s", ownSum(data), data), 0o600)
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		if gone := os.Remove(path + ".new"); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
		return fmt.Errorf("writing the checksums of etcd's data: %w", err)
	}
	return nil
}
