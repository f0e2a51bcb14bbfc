// Package datadir makes directories that hold all state of a server, and notices when some of it is gone.
package datadir

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// writable by others: they could put files of their own in the place of those that the server reads.
const writable = 0o022

// Make makes a directory that only its owner may open, where there is none. One that others may write to is closed to them. One that
// is shared on purpose, as /tmp is, by its sticky bit, is an error: others would miss it.
func Make(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the data directory: %w", err)
	}
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		return fmt.Errorf("looking at the data directory: %w", err)
	case info.Mode().Perm()&writable == 0:
		return nil
	case info.Mode()&fs.ModeSticky != 0:
		return fmt.Errorf("the data directory %s is shared with other users (mode %s): choose one below it", dir, info.Mode())
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return fmt.Errorf("the data directory is writable by other users (mode %s), and cannot be closed to them: have its owner do it, or choose another: %w", info.Mode(), err)
	}
	slog.Info("Closed the data directory to other users, who could write to it", "directory", dir, "mode", info.Mode().String())
	return nil
}

// marker is the file that says that all files of a directory have been made: from then on one that is missing was lost, and is not
// to be made anew in silence.
const marker = "complete"

// Complete says that all files of a data directory have been made. It notes the names of those that earlier versions did not make, so
// that Noted knows whether they ever were there.
func Complete(dir string, later ...string) error {
	if IsComplete(dir) && len(Noted(dir, later...)) == len(later) {
		return nil
	}
	path := filepath.Join(dir, marker)
	if info, err := os.Lstat(path); err == nil && info.IsDir() {
		return nil // it is there
	}
	if err := WriteFile(path, []byte(strings.Join(later, "\n"))); err != nil {
		return fmt.Errorf("marking the data directory as complete: %w", err)
	}
	return nil
}

// Noted returns those of the names that Complete noted.
func Noted(dir string, later ...string) []string {
	data, err := os.ReadFile(filepath.Join(dir, marker))
	if err != nil {
		return nil
	}
	noted := strings.Split(string(data), "\n")
	return slices.DeleteFunc(slices.Clone(later), func(name string) bool { return !slices.Contains(noted, name) })
}

// IsComplete says whether all files of a data directory had been made.
func IsComplete(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, marker))
	return err == nil
}

// Lost is an error if one of the files, or directories, of a directory that was complete is missing.
func Lost(dir string, names ...string) error {
	if !IsComplete(dir) {
		return nil
	}
	for _, name := range names {
		lost := filepath.Join(dir, name)
		if _, err := os.Lstat(lost); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s is missing, which was there: restore it from a copy of %s, or remove %s to start without what it held", lost, dir, filepath.Join(dir, marker))
		}
	}
	return nil
}
