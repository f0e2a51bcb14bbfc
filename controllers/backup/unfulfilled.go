package backup

import (
	"fmt"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/locations"
)

// unfulfilled says what a backup asks for that Velero's server does, but this controller does not.
func unfulfilled(spec *velerov1.BackupSpec) []string {
	isTrue := func(wish *bool) bool { return wish != nil && *wish }
	var all []string
	if n := len(spec.Hooks.Resources); n > 0 {
		all = append(all, fmt.Sprintf("spec.hooks: %s left out: this controller has no access to the inside of pods", locations.Count(n, "hook")))
	}
	if isTrue(spec.DefaultVolumesToFsBackup) || isTrue(spec.DefaultVolumesToRestic) {
		all = append(all, "spec.defaultVolumesToFsBackup: no files of volumes are in the backup: this controller has no access to the inside of pods")
	}
	if isTrue(spec.SnapshotMoveData) {
		all = append(all, "spec.snapshotMoveData: snapshots stay with their provider: this controller does not move their data")
	}
	if policy := spec.ResourcePolicy; policy != nil {
		all = append(all, fmt.Sprintf("spec.resourcePolicy: %s %q is not looked at: this controller knows no policies", policy.Kind, policy.Name))
	}
	return all
}
