// Package datadir makes directories that hold all state of a server.
package datadir

import (
	"fmt"
	"io/fs"
	"os"

	"k8s.io/klog/v2"
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
	klog.InfoS("Closed the data directory to other users, who could write to it", "directory", dir, "mode", info.Mode().String())
	return nil
}
