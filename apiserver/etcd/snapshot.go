package etcd

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
	"go.etcd.io/etcd/etcdutl/v3/snapshot"
	"go.etcd.io/etcd/server/v3/embed"

	"github.com/velero-locations/velero-locations/internal/datadir"
)

// Snapshot writes the database as it is, in which all is that was acknowledged before, and its SHA-256: what `etcdctl snapshot save` saves.
// Until it ends the database is not defragmented.
func (s *Server) Snapshot(w io.Writer) error {
	s.reading.RLock()
	defer s.reading.RUnlock()
	database := s.etcd.Server.Backend().Snapshot()
	sum := sha256.New()
	_, err := database.WriteTo(io.MultiWriter(w, sum))
	if closeErr := database.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		_, err = w.Write(sum.Sum(nil))
	}
	if err != nil {
		return fmt.Errorf("writing a snapshot of etcd: %w", err)
	}
	return nil
}

const (
	// revisionBump is what a restored database is ahead of its snapshot, so that no client has seen a newer revision.
	revisionBump = 1_000_000_000
	// restoring is the directory that a restoration works in. One that is there was interrupted.
	restoring = "restoring"
)

// Restore makes the data of an etcd from a snapshot, in a directory that has none.
func Restore(file, dir string) error {
	if err := datadir.Make(dir); err != nil {
		return err
	}
	lock := flock.New(filepath.Join(dir, lockFile))
	locked, err := lock.TryLock()
	switch {
	case err != nil:
		return fmt.Errorf("locking the etcd directory: %w", err)
	case !locked:
		return fmt.Errorf("the etcd directory %s is in use by another process: stop it first", dir)
	}
	defer func() { _ = lock.Unlock() }()
	if err := wantEmpty(dir); err != nil {
		return err
	}
	if _, err := os.Stat(file); err != nil {
		return fmt.Errorf("reading the snapshot: %w", err)
	}

	work := filepath.Join(dir, restoring)
	if err := os.RemoveAll(work); err != nil {
		return fmt.Errorf("removing what an interrupted restoration left: %w", err)
	}
	config := embed.NewConfig()
	failures := newFailures()
	restored := make(chan error, 1)
	go func() {
		restored <- snapshot.NewV3(newLogger(failures)).Restore(snapshot.RestoreConfig{
			SnapshotPath: file, OutputDataDir: work, Name: config.Name, PeerURLs: []string{config.AdvertisePeerUrls[0].String()},
			InitialCluster: config.InitialCluster, InitialClusterToken: config.InitialClusterToken,
			RevisionBump: revisionBump, MarkCompacted: true,
		})
	}()
	select {
	case err = <-restored:
	case <-failures.failed:
		err = failures.err()
	}
	if err != nil {
		return fmt.Errorf("restoring %s: %w", file, err)
	}
	if err := os.Rename(work, filepath.Join(dir, dataDir)); err != nil {
		return fmt.Errorf("restoring %s: %w", file, err)
	}
	return datadir.SyncNames(dir)
}

func wantEmpty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("looking at the etcd directory: %w", err)
	}
	for _, entry := range entries {
		if name := entry.Name(); name != lockFile && name != restoring {
			return fmt.Errorf("the directory %s is not empty (there is %s): move it away, or restore to another", dir, name)
		}
	}
	return nil
}
