package verbs

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
)

// configMapPolicy is the kind, as Velero writes it, of what holds policies.
const configMapPolicy = "configmap"

// backupSpec is what to back up and where to, as flags describe it, of a backup or a schedule's template.
type backupSpec struct {
	v1.BackupSpec

	selector                                                     selector
	orSelectors                                                  selectors
	ordered                                                      lists
	snapshotVolumes, moveData, fsBackup, includeClusterResources optionalBool
	ttl, csiSnapshotTimeout, itemOperationTimeout                time.Duration
	resourcePolicies                                             string
	parallelFilesUpload                                          count
}

// The flags of resources are of two kinds that cannot be mixed: of all resources, or of those with and without a namespace.
var (
	plainFilters  = []string{"include-resources", "exclude-resources", "include-cluster-resources"}
	scopedFilters = []string{
		"include-cluster-scoped-resources", "exclude-cluster-scoped-resources",
		"include-namespace-scoped-resources", "exclude-namespace-scoped-resources",
	}
)

func (s *backupSpec) addFlags(c *connection, cmd *cobra.Command) {
	s.ordered = lists{}
	s.addFilters(cmd)
	flags := cmd.Flags()
	flags.StringVar(&s.StorageLocation, "storage-location", "", "Backup location to put the backup in. If absent: the default one")
	flags.StringSliceVar(&s.VolumeSnapshotLocations, "volume-snapshot-locations", nil, "Snapshot locations for snapshots of volumes, at most one per provider. For a provider not named here: its only location, or the server's default")
	flags.DurationVar(&s.ttl, "ttl", 0, "How long to keep the backup. If absent: as the server is set to")
	s.snapshotVolumes.addFlag(flags, "snapshot-volumes", "Whether volumes are snapshotted. If absent: yes")
	s.moveData.addFlag(flags, "snapshot-move-data", "Whether the data of snapshots is moved to the backup location")
	s.fsBackup.addFlag(flags, "default-volumes-to-fs-backup", "Whether volumes are backed up by reading their files, unless they say otherwise")
	flags.DurationVar(&s.csiSnapshotTimeout, "csi-snapshot-timeout", 0, "How long CSI snapshots may take")
	flags.DurationVar(&s.itemOperationTimeout, "item-operation-timeout", 0, "How long background operations of plugins may take")
	flags.StringVar(&s.Datamover, "data-mover", "", "What moves the data of snapshots. If absent, or velero: what Velero has built in")
	flags.StringVar(&s.resourcePolicies, "resource-policies-configmap", "", "ConfigMap with the policies of resources")
	flags.Var(&s.parallelFilesUpload, "parallel-files-upload", "How many files are read at once, where volumes are backed up by reading their files. If absent: as the server is set to")
	backupLocation.completeNamesFlag(c, cmd, "storage-location")
	snapshotLocation.completeNamesFlag(c, cmd, "volume-snapshot-locations")
}

// addFilters adds the flags that select objects.
func (s *backupSpec) addFilters(cmd *cobra.Command) {
	flags := cmd.Flags()
	const resources = " resources, as RESOURCE.GROUP; * for all"
	flags.StringSliceVar(&s.IncludedNamespaces, "include-namespaces", []string{"*"}, "Only these namespaces; * for all")
	flags.StringSliceVar(&s.ExcludedNamespaces, "exclude-namespaces", nil, "Not these namespaces")
	flags.StringSliceVar(&s.IncludedResources, "include-resources", nil, "Only these"+resources)
	flags.StringSliceVar(&s.ExcludedResources, "exclude-resources", nil, "Not these resources, as RESOURCE.GROUP")
	s.includeClusterResources.addFlag(flags, "include-cluster-resources", "Whether to back up cluster-scoped resources. If absent: those that belong to what is backed up")
	flags.StringSliceVar(&s.IncludedClusterScopedResources, "include-cluster-scoped-resources", nil, "These cluster-scoped"+resources)
	flags.StringSliceVar(&s.ExcludedClusterScopedResources, "exclude-cluster-scoped-resources", nil, "Not these cluster-scoped"+resources)
	flags.StringSliceVar(&s.IncludedNamespaceScopedResources, "include-namespace-scoped-resources", nil, "Only these namespace-scoped"+resources)
	flags.StringSliceVar(&s.ExcludedNamespaceScopedResources, "exclude-namespace-scoped-resources", nil, "Not these namespace-scoped"+resources)
	flags.VarP(&s.selector, "selector", "l", "Only objects whose labels match this selector")
	flags.Var(&s.orSelectors, "or-selector", `Only objects whose labels match one of these selectors, with " or " between them`)
	flags.Var(s.ordered, "ordered-resources", "Objects to back up first, in this order, as RESOURCE=NAMESPACE/NAME,...;RESOURCE=...")
	cmd.MarkFlagsMutuallyExclusive("selector", "or-selector")
	for _, plain := range plainFilters {
		for _, scoped := range scopedFilters {
			cmd.MarkFlagsMutuallyExclusive(plain, scoped)
		}
	}
}

// spec is called once the flags are parsed.
func (s *backupSpec) spec() v1.BackupSpec {
	spec := s.BackupSpec
	spec.LabelSelector, spec.OrLabelSelectors = s.selector.LabelSelector, s.orSelectors
	spec.SnapshotVolumes, spec.SnapshotMoveData = s.snapshotVolumes.value, s.moveData.value
	spec.DefaultVolumesToFsBackup, spec.IncludeClusterResources = s.fsBackup.value, s.includeClusterResources.value
	spec.TTL = metav1.Duration{Duration: s.ttl}
	spec.CSISnapshotTimeout = metav1.Duration{Duration: s.csiSnapshotTimeout}
	spec.ItemOperationTimeout = metav1.Duration{Duration: s.itemOperationTimeout}
	if len(s.ordered) > 0 {
		spec.OrderedResources = s.ordered
	}
	if s.resourcePolicies != "" {
		spec.ResourcePolicy = &corev1.TypedLocalObjectReference{Kind: configMapPolicy, Name: s.resourcePolicies}
	}
	if s.parallelFilesUpload > 0 {
		spec.UploaderConfig = &v1.UploaderConfigForBackup{ParallelFilesUpload: int(s.parallelFilesUpload)}
	}
	return spec
}

// checkLocations asks for the locations that a backup names, if there is an API to ask: without one, nobody can know.
func (c *connection) checkLocations(ctx context.Context, spec v1.BackupSpec) error {
	if spec.StorageLocation == "" && len(spec.VolumeSnapshotLocations) == 0 || c.flags.RequireServer() != nil {
		return nil
	}
	clientset, namespace, err := c.connect()
	if err != nil {
		return err
	}
	var errs []error
	if spec.StorageLocation != "" {
		_, err := clientset.VeleroV1().BackupStorageLocations(namespace).Get(ctx, spec.StorageLocation, metav1.GetOptions{})
		errs = append(errs, err)
	}
	for _, name := range spec.VolumeSnapshotLocations {
		_, err := clientset.VeleroV1().VolumeSnapshotLocations(namespace).Get(ctx, name, metav1.GetOptions{})
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
