package etcd

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	"go.etcd.io/etcd/etcdutl/v3/snapshot"
	"go.etcd.io/etcd/server/v3/embed"

	"github.com/velero-locations/velero-locations/internal/bounded"
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

// CopySnapshot copies a snapshot, and returns an error unless it ends with the SHA-256 of all that is before.
func CopySnapshot(w io.Writer, r io.Reader) (size int64, err error) {
	sum := sha256.New()
	last := &tail{w: sum}
	if size, err = io.Copy(io.MultiWriter(w, last), bounded.NewReader(r, bounded.Archive)); err != nil {
		return size, fmt.Errorf("reading the snapshot: %w", err)
	}
	if size <= sha256.Size || string(last.held) != string(sum.Sum(nil)) {
		return size, fmt.Errorf("the snapshot is cut short or damaged: its checksum is wrong after %d bytes; save another", size)
	}
	return size, nil
}

// tail writes all but the checksum that a snapshot ends with, which it holds.
type tail struct {
	w    io.Writer
	held []byte
}

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.held = append(t.held, p...)
	if over := len(t.held) - sha256.Size; over > 0 {
		if _, err := t.w.Write(t.held[:over]); err != nil {
			return 0, err
		}
		t.held = append(t.held[:0], t.held[over:]...)
	}
	return len(p), nil
}

// readFunc is a reader.
type readFunc func([]byte) (int, error)

// Read implements io.Reader.
func (r readFunc) Read(p []byte) (int, error) { return r(p) }

// interruptible reads until the context ends.
func interruptible(ctx context.Context, from io.Reader) io.Reader {
	return readFunc(func(p []byte) (int, error) {
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		return from.Read(p)
	})
}

// Restore makes the data of an etcd from a snapshot, in a directory that has none. All of the snapshot is read before anything of it is
// written, and what cannot be restored whole is removed.
func Restore(ctx context.Context, file, dir string) (err error) {
	content, err := bounded.Open(file, bounded.Archive)
	if err != nil {
		return fmt.Errorf("reading the snapshot: %w", err)
	}
	defer func() { _ = content.Close() }() // it was only read
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
	work := filepath.Join(dir, restoring)
	if err := os.RemoveAll(work); err != nil {
		return fmt.Errorf("removing what an interrupted restoration left: %w", err)
	}
	_, err = CopySnapshot(io.Discard, interruptible(ctx, content))
	if err == nil {
		err = restore(ctx, file, work)
	}
	if err == nil {
		err = os.Rename(work, filepath.Join(dir, dataDir))
	}
	if err != nil {
		return fmt.Errorf("restoring %s: %w", file, errors.Join(err, os.RemoveAll(work)))
	}
	return datadir.SyncNames(dir)
}

// restore makes the data in a new directory.
func restore(ctx context.Context, file, dir string) error {
	config := embed.NewConfig()
	failures := newFailures()
	restored := make(chan error, 1)
	go func() {
		restored <- snapshot.NewV3(newLogger(failures)).Restore(snapshot.RestoreConfig{
			SnapshotPath: file, OutputDataDir: dir, Name: config.Name, PeerURLs: []string{config.AdvertisePeerUrls[0].String()},
			InitialCluster: config.InitialCluster, InitialClusterToken: config.InitialClusterToken,
			RevisionBump: revisionBump, MarkCompacted: true,
		})
	}()
	select {
	case err := <-restored:
		return err
	case <-failures.failed:
		return failures.err()
	case <-ctx.Done():
	}
	// etcd knows of no interruption. It fails once its files are gone, or is still copying into one, which is gone with the process.
	err := os.RemoveAll(dir)
	select {
	case <-restored: //nolint:errcheck // for want of its files
	case <-failures.failed:
	case <-time.After(headStart):
	}
	return errors.Join(context.Cause(ctx), err)
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
