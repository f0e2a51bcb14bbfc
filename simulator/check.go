package simulator

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/gofrs/flock"

	"github.com/velero-locations/velero-locations/internal/datadir"
	"github.com/velero-locations/velero-locations/internal/pki"
	"github.com/velero-locations/velero-locations/simulator/internal/records"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// Check looks for damage in a data directory that no simulator has open, and tells of each: in the index, in every content, which it
// reads whole, and in the records of volumes. It returns an error if it cannot look, and never changes anything.
func Check(dir string, tell func(problem string)) error {
	if _, err := os.Stat(dir); err != nil {
		return fmt.Errorf("checking the data directory: %w", err)
	}
	lock := flock.New(filepath.Join(dir, store.LockFile), flock.SetFlag(os.O_RDONLY))
	if locked, err := lock.TryLock(); err == nil && !locked {
		return fmt.Errorf("data directory %s is in use by a simulator: stop it first", dir)
	}
	defer func() { _ = lock.Close() }() // it goes with the process in any case
	if err := lost(dir); err != nil {
		tell(err.Error())
	}
	if !slices.ContainsFunc(stateFiles, func(file string) bool { return exists(filepath.Join(dir, file)) }) {
		return fmt.Errorf("%s is not the data directory of a simulator: it has none of its files", dir)
	}
	for _, problem := range checkFiles(dir) {
		tell(problem.Error())
	}
	store.Check(dir, tell)
	return nil
}

// lost is an error if a file is missing that was there. Earlier versions had no keysFile.
func lost(dir string) error {
	return datadir.Lost(dir, slices.Concat(stateFiles, datadir.Noted(dir, keysFile))...)
}

// checkFiles returns what is wrong with the files of a directory, apart from objects.
func checkFiles(dir string) (problems []error) {
	for file, check := range map[string]func(path string) error{
		volumesFile: checkRecords, azureFile: checkRecords, portworxFile: checkRecords, keysFile: checkRecords, authorityFile: checkAuthority,
	} {
		if path := filepath.Join(dir, file); exists(path) {
			if err := check(path); err != nil {
				problems = append(problems, err)
			}
		}
	}
	return problems
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func checkAuthority(path string) error {
	_, err := pki.Load(path, "", nil) // which writes nothing where there is a file
	return err
}

// checkRecords reads all records of a file.
func checkRecords(path string) error {
	file, err := records.OpenToRead(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	tables, err := file.Tables()
	if err != nil {
		return err
	}
	for _, name := range tables {
		if _, err := records.Load[json.RawMessage](file, name); err != nil {
			return err
		}
	}
	return nil
}
