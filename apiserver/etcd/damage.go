package etcd

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"
	"go.etcd.io/etcd/server/v3/storage/wal"
	"go.etcd.io/etcd/server/v3/storage/wal/walpb"
	"go.uber.org/zap"

	"github.com/velero-locations/velero-locations/internal/boltfile"
	"github.com/velero-locations/velero-locations/internal/datadir"
)

// The parts of etcd's data, below the directory of an embedded etcd.
var (
	logDir   = filepath.Join("data", "member", "wal")
	database = filepath.Join("data", "member", "snap", "db")
)

// inspect looks for damage before etcd opens its data: etcd goes on without a log that is lost, and accepts writes behind the end of
// one that was cut, which it then never makes; and a database whose pages are damaged ends the process. Nothing is changed.
func inspect(dir string) error {
	if err := datadir.Lost(dir, logDir, database); err != nil {
		return err
	}
	_, err := os.Lstat(filepath.Join(dir, database))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // a first start, perhaps one that was killed
	}
	for _, look := range []func(string) error{checkSums, checkLog} {
		if err := look(dir); err != nil {
			return explain(filepath.Join(dir, "data"), err)
		}
	}
	return nil
}

// checkLog checks the structure of the database, and that the log reaches as far as the database does.
func checkLog(dir string) error {
	path := filepath.Join(dir, logDir)
	logs, err := filepath.Glob(filepath.Join(path, "*.wal"))
	if err != nil {
		return err
	}
	applied, err := appliedIndex(filepath.Join(dir, database))
	switch {
	case len(logs) == 0 && applied == 0 && !datadir.IsComplete(dir):
		return nil // the first start was killed before there was a log, perhaps while it made the database
	case err != nil:
		return err
	case len(logs) == 0:
		return fmt.Errorf("%s: there is no log", path)
	}
	end := logs[len(logs)-1]
	last, err := lastIndex(path)
	switch {
	case err != nil:
		return fmt.Errorf("%s, or a log before it, is damaged: %w", end, err)
	case last < applied:
		return fmt.Errorf("%s is cut: it ends with entry %d, and the database holds entry %d", end, last, applied)
	}
	return nil
}

// appliedIndex is the last entry of the log that the database holds.
func appliedIndex(path string) (uint64, error) {
	db, err := boltfile.OpenToRead(path)
	var damage *boltfile.Damage
	if errors.As(err, &damage) {
		return 0, fmt.Errorf("%s: %s", damage.Path, damage.Wrong)
	}
	if err != nil {
		return 0, err
	}
	var applied uint64
	err = db.View(func(tx *bolt.Tx) error {
		if meta := tx.Bucket([]byte("meta")); meta != nil {
			if value := meta.Get([]byte("consistent_index")); len(value) == 8 {
				applied = binary.BigEndian.Uint64(value)
			}
		}
		return nil
	})
	return applied, errors.Join(err, db.Close())
}

// lastIndex is that of the last whole entry of a log. Package wal panics over records that are none.
func lastIndex(path string) (last uint64, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the log is damaged: %v", r)
		}
	}()
	snapshots, err := wal.ValidSnapshotEntries(zap.NewNop(), path)
	if err != nil {
		return 0, err
	}
	from := &walpb.Snapshot{}
	if len(snapshots) > 0 {
		from = snapshots[len(snapshots)-1]
	}
	log, err := wal.OpenForRead(zap.NewNop(), path, from)
	if err != nil {
		return 0, err
	}
	_, _, entries, err := log.ReadAll()
	_ = log.Close() // which it says is an invalid argument for a log that is only read
	if err != nil {
		return 0, err
	}
	if len(entries) == 0 {
		return from.GetIndex(), nil
	}
	return entries[len(entries)-1].GetIndex(), nil
}
