package verbs

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
)

// veleroDataMover moves data unless another is named.
const veleroDataMover = "velero"

// backupSpec describes what is backed up and where to.
func (d *describer) backupSpec(spec v1.BackupSpec) {
	d.printf("Namespaces:\n")
	d.included("\t", spec.IncludedNamespaces, spec.ExcludedNamespaces)
	d.println()
	d.resources(spec)
	d.println()
	d.labelSelectors(spec.LabelSelector, spec.OrLabelSelectors)
	d.println()
	d.printf("Storage Location:\t%s\n", spec.StorageLocation)
	d.println()
	d.printf("Velero-Native Snapshot PVs:\t%s\n", choose(spec.SnapshotVolumes, "true", "false"))
	if spec.DefaultVolumesToFsBackup != nil {
		d.printf("File System Backup (Default):\t%t\n", *spec.DefaultVolumesToFsBackup)
	}
	d.printf("Snapshot Move Data:\t%s\n", choose(spec.SnapshotMoveData, "true", "false"))
	d.printf("Data Mover:\t%s\n", cmp.Or(spec.Datamover, veleroDataMover))
	d.println()
	if len(spec.VolumeSnapshotLocations) > 0 {
		d.printf("Volume Snapshot Locations:\t%s\n", strings.Join(spec.VolumeSnapshotLocations, ", "))
		d.println()
	}
	d.printf("TTL:\t%s\n", spec.TTL.Duration)
	d.println()
	d.printf("CSISnapshotTimeout:\t%s\n", spec.CSISnapshotTimeout.Duration)
	d.printf("ItemOperationTimeout:\t%s\n", spec.ItemOperationTimeout.Duration)
	d.println()
	d.hooks(spec.Hooks.Resources)
	if spec.OrderedResources != nil {
		d.println()
		d.printf("OrderedResources:\n")
		for _, key := range slices.Sorted(maps.Keys(spec.OrderedResources)) {
			d.printf("\t%s: %s\n", key, spec.OrderedResources[key])
		}
	}
}

// included describes a filter; what it does not name is included.
func (d *describer) included(indent string, included, excluded []string) {
	d.printf("%sIncluded:\t%s\n", indent, listOr(included, "*"))
	d.printf("%sExcluded:\t%s\n", indent, listOr(excluded, none))
}

// resources describes the filters of one of the two kinds that cannot be mixed; of that without
// scopes only if it is used, as Velero does.
func (d *describer) resources(spec v1.BackupSpec) {
	d.printf("Resources:\n")
	if len(spec.IncludedResources) > 0 || len(spec.ExcludedResources) > 0 || spec.IncludeClusterResources != nil {
		d.included("\t", spec.IncludedResources, spec.ExcludedResources)
		d.printf("\tCluster-scoped:\t%s\n", choose(spec.IncludeClusterResources, "included", "excluded"))
		return
	}
	d.printf("\tIncluded cluster-scoped:\t%s\n", listOr(spec.IncludedClusterScopedResources, none))
	d.printf("\tExcluded cluster-scoped:\t%s\n", listOr(spec.ExcludedClusterScopedResources, none))
	d.printf("\tIncluded namespace-scoped:\t%s\n", listOr(spec.IncludedNamespaceScopedResources, "*"))
	d.printf("\tExcluded namespace-scoped:\t%s\n", listOr(spec.ExcludedNamespaceScopedResources, none))
}

func (d *describer) hooks(hooks []v1.BackupResourceHookSpec) {
	if len(hooks) == 0 {
		d.printf("Hooks:\t%s\n", none)
		return
	}
	d.printf("Hooks:\n")
	d.printf("\tResources:\n")
	for _, hook := range hooks {
		d.printf("\t\t%s:\n", hook.Name)
		d.printf("\t\t\tNamespaces:\n")
		d.included("\t\t\t\t", hook.IncludedNamespaces, hook.ExcludedNamespaces)
		d.println()
		d.printf("\t\t\tResources:\n")
		d.included("\t\t\t\t", hook.IncludedResources, hook.ExcludedResources)
		d.println()
		d.printf("\t\t\tLabel selector:\t%s\n", metav1.FormatLabelSelector(hook.LabelSelector))
		d.execHooks("Pre", hook.Pre)
		d.execHooks("Post", hook.Post)
	}
}

func (d *describer) execHooks(when string, hooks []v1.BackupResourceHook) {
	for _, hook := range hooks {
		if hook.Exec == nil {
			continue
		}
		d.println()
		d.printf("\t\t\t%s Exec Hook:\n", when)
		d.printf("\t\t\t\tContainer:\t%s\n", hook.Exec.Container)
		d.printf("\t\t\t\tCommand:\t%s\n", strings.Join(hook.Exec.Command, " "))
		d.printf("\t\t\t\tOn Error:\t%s\n", hook.Exec.OnError)
		d.printf("\t\t\t\tTimeout:\t%s\n", hook.Exec.Timeout.Duration)
	}
}

// globalPolicies is where Velero's server notes the ConfigMap of the policies that it has for all backups.
const globalPolicies = "velero.io/global-backup-volume-policy-configmap"

// policies describes settings that Velero puts before the rest.
func (d *describer) policies(spec v1.BackupSpec, global string) {
	d.configMap("Resource policies", spec.ResourcePolicy)
	if global != "" {
		d.configMap("Global volume policies", &corev1.TypedLocalObjectReference{Kind: configMapPolicy, Name: global})
	}
	if uploader := spec.UploaderConfig; uploader != nil && uploader.ParallelFilesUpload > 0 {
		d.println()
		d.printf("Uploader config:\n")
		d.printf("\tParallel files upload:\t%d\n", uploader.ParallelFilesUpload)
	}
}

// configMap describes a reference to settings that are in a ConfigMap, if there is one.
func (d *describer) configMap(heading string, reference *corev1.TypedLocalObjectReference) {
	if reference == nil {
		return
	}
	d.println()
	d.printf("%s:\n", heading)
	d.printf("\tType:\t%s\n", reference.Kind)
	d.printf("\tName:\t%s\n", reference.Name)
}

// labelSelectors describes the selectors of a spec, of which at most one is given.
func (d *describer) labelSelectors(selector *metav1.LabelSelector, alternatives []*metav1.LabelSelector) {
	d.printf("Label selector:\t%s\n", metav1.FormatLabelSelector(selector))
	d.println()
	var texts []string
	for _, alternative := range alternatives {
		texts = append(texts, metav1.FormatLabelSelector(alternative))
	}
	d.printf("Or label selector:\t%s\n", orNone(strings.Join(texts, " or ")))
}

func (d *describer) validationErrors(messages []string) {
	if len(messages) == 0 {
		return
	}
	d.println()
	d.lines("", "Validation errors", messages)
}
