package restore

import (
	"context"

	"github.com/velero-locations/velero-locations/backups"
)

// store writes how the restore went beside its backup, as Velero lays it out: others read it by DownloadRequests.
func (r *run) store(ctx context.Context, store *backups.Store) error {
	restored := r.volumes.restored
	if restored == nil {
		restored = []backups.RestoredVolume{}
	}
	for _, part := range []struct {
		file    backups.File
		content any
	}{
		{backups.RestoreResults, r.record.Outcome()},
		{backups.RestoreResourceList, r.names()},
		{backups.RestoreItemOperations, []any{}},
		{backups.RestoreVolumeInfos, restored},
	} {
		if err := store.Write(ctx, part.file, r.restore.Name, part.content); err != nil {
			return err
		}
	}
	r.record.Info("Restore ends", "errors", r.record.Outcome().Errors.Len(), "warnings", r.record.Outcome().Warnings.Len())
	log, err := r.record.End()
	if err != nil {
		return err
	}
	return store.WriteLog(ctx, r.restore.Name, log)
}
