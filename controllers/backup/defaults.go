package backup

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/controllers/backup/scope"
	"github.com/velero-locations/velero-locations/locations"
	"github.com/velero-locations/velero-locations/locations/selection"
)

// What Velero's server fills in by default.
const (
	csiSnapshotTimeout   = 10 * time.Minute
	itemOperationTimeout = 4 * time.Hour
	groupSnapshotLabel   = "velero.io/volume-group"
)

// defaults returns a function that fills in what a backup leaves open, as Velero's server does.
func (r *reconciler) defaults(backup *velerov1.Backup, selected selection.Result, excluded []string) func(*velerov1.Backup) {
	expiration := metav1.NewTime(r.now().Add(orDefault(backup.Spec.TTL, r.opts.TTL).Duration))
	annotations := r.clusterAnnotations()
	return func(b *velerov1.Backup) {
		b.Spec.TTL = orDefault(b.Spec.TTL, r.opts.TTL)
		b.Spec.CSISnapshotTimeout = orDefault(b.Spec.CSISnapshotTimeout, csiSnapshotTimeout)
		b.Spec.ItemOperationTimeout = orDefault(b.Spec.ItemOperationTimeout, itemOperationTimeout)
		if b.Spec.VolumeGroupSnapshotLabelKey == "" {
			b.Spec.VolumeGroupSnapshotLabelKey = groupSnapshotLabel
		}
		if len(b.Spec.IncludedNamespaces) == 0 {
			b.Spec.IncludedNamespaces = []string{"*"}
		}
		b.Spec.ExcludedNamespaces = adding(b.Spec.ExcludedNamespaces, excluded...)
		excludeIntermediate(&b.Spec)
		if selected.StorageLocation != "" {
			b.Spec.StorageLocation = selected.StorageLocation
			b.Labels = with(b.Labels, locations.StorageLocationLabel, locations.LabelValue(selected.StorageLocation))
		}
		if selected.SnapshotLocations != nil {
			b.Spec.VolumeSnapshotLocations = selected.SnapshotLocations
		}
		for key, value := range annotations {
			b.Annotations = with(b.Annotations, key, value)
		}
		b.Status.Version, b.Status.FormatVersion, b.Status.Expiration = 1, backups.FormatVersion, &expiration
		b.Status.QueuePosition = 0
	}
}

// Resources that stand for snapshots of CSI drivers, which whoever takes such a snapshot looks after.
const (
	csiSnapshots = "volumesnapshots.snapshot.storage.k8s.io"
	csiContents  = "volumesnapshotcontents.snapshot.storage.k8s.io"
)

// excludeIntermediate leaves those resources out, in the way in which the backup names resources.
func excludeIntermediate(spec *velerov1.BackupSpec) {
	if scope.OldFilters(spec) {
		spec.ExcludedResources = adding(spec.ExcludedResources, csiSnapshots, csiContents)
		return
	}
	spec.ExcludedNamespaceScopedResources = adding(spec.ExcludedNamespaceScopedResources, csiSnapshots)
	spec.ExcludedClusterScopedResources = adding(spec.ExcludedClusterScopedResources, csiContents)
}

// adding returns a list with names in it that it has only once.
func adding(list []string, names ...string) []string {
	for _, name := range names {
		if !slices.Contains(list, name) {
			list = append(slices.Clip(list), name)
		}
	}
	return list
}

// clusterAnnotations say which cluster the backup is of. A server need not say its version.
func (r *reconciler) clusterAnnotations() map[string]string {
	annotations := map[string]string{"velero.io/resource-timeout": "10m0s"}
	if version, err := r.discovery.ServerVersion(); err == nil {
		annotations["velero.io/source-cluster-k8s-gitversion"] = version.GitVersion
		annotations["velero.io/source-cluster-k8s-major-version"] = version.Major
		annotations["velero.io/source-cluster-k8s-minor-version"] = version.Minor
	}
	return annotations
}

func with(m map[string]string, key, value string) map[string]string {
	if m == nil {
		m = map[string]string{}
	}
	m[key] = value
	return m
}

func orDefault(given metav1.Duration, standard time.Duration) metav1.Duration {
	if given.Duration == 0 {
		return metav1.Duration{Duration: standard}
	}
	return given
}
