package verbs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/velero-locations/velero-locations/apis/velero"
	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/locations"
)

// restoreCreation is a restore as flags describe it.
type restoreCreation struct {
	v1.RestoreSpec

	mappings                                                        mappings
	selector                                                        selector
	orSelectors                                                     selectors
	volumes, nodePorts, clusterResources, partiallyFailed, sparsely optionalBool
	status                                                          v1.RestoreStatusSpec
	policy, modifier, policies                                      string
	itemOperationTimeout                                            time.Duration
	parallelFilesDownload                                           count
	wait                                                            bool
}

func (r *restoreCreation) addFlags(c *connection, cmd *cobra.Command) {
	r.mappings = mappings{}
	flags := cmd.Flags()
	flags.StringVar(&r.BackupName, "from-backup", "", "Backup to restore")
	flags.StringVar(&r.ScheduleName, "from-schedule", "", "Schedule whose last complete backup to restore")
	r.partiallyFailed.addFlag(flags, "allow-partially-failed", "With --from-schedule: whether its last backup is restored even if it is PartiallyFailed")
	r.addFilters(cmd)
	flags.Var(r.mappings, "namespace-mappings", "Namespaces that get another name, as OLD:NEW,...")
	r.volumes.addFlag(flags, "restore-volumes", "Whether volumes are made from their snapshots. If absent: yes")
	r.nodePorts.addFlag(flags, "preserve-nodeports", "Whether services keep their node ports. If absent: only those that somebody chose")
	flags.StringVar(&r.policy, "existing-resource-policy", "", "What becomes of objects that are there and differ: none (they stay), or update (they get what is in the backup)")
	flags.StringSliceVar(&r.status.IncludedResources, "status-include-resources", nil, "Resources whose status is restored, too, as RESOURCE.GROUP; * for all")
	flags.StringSliceVar(&r.status.ExcludedResources, "status-exclude-resources", nil, "Of those, resources whose status is not")
	flags.DurationVar(&r.itemOperationTimeout, "item-operation-timeout", 0, "How long background operations of plugins may take")
	flags.StringVar(&r.modifier, "resource-modifier-configmap", "", "ConfigMap with patches of what is restored")
	flags.StringVar(&r.policies, "resource-policies-configmap", "", "ConfigMap with the policies of resources")
	r.sparsely.addFlag(flags, "write-sparse-files", "Whether files of volumes are written without the blocks that hold only zeros")
	flags.Var(&r.parallelFilesDownload, "parallel-files-download", "How many files of volumes are written at once. If absent: as many as the node has processors")
	flags.BoolVarP(&r.wait, "wait", "w", false, "Wait until the restore has ended, and fail unless it is complete")
	cmd.MarkFlagsOneRequired("from-backup", "from-schedule")
	cmd.MarkFlagsMutuallyExclusive("from-backup", "from-schedule")
	completeFlag(cmd, "existing-resource-policy", string(v1.PolicyTypeNone), string(v1.PolicyTypeUpdate))
	backup.completeNamesFlag(c, cmd, "from-backup")
	schedule.completeNamesFlag(c, cmd, "from-schedule")
}

// addFilters adds the flags that select objects.
func (r *restoreCreation) addFilters(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringSliceVar(&r.IncludedNamespaces, "include-namespaces", []string{"*"}, "Only these namespaces; * for all")
	flags.StringSliceVar(&r.ExcludedNamespaces, "exclude-namespaces", nil, "Not these namespaces")
	flags.StringSliceVar(&r.IncludedResources, "include-resources", nil, "Only these resources, as RESOURCE.GROUP; * for all")
	flags.StringSliceVar(&r.ExcludedResources, "exclude-resources", nil, "Not these resources, as RESOURCE.GROUP")
	r.clusterResources.addFlag(flags, "include-cluster-resources", "Whether to restore cluster-scoped resources. If absent: those that others need, and all if all namespaces are restored")
	flags.VarP(&r.selector, "selector", "l", "Only objects whose labels match this selector")
	flags.Var(&r.orSelectors, "or-selector", `Only objects whose labels match one of these selectors, with " or " between them`)
	cmd.MarkFlagsMutuallyExclusive("selector", "or-selector")
}

// nameOptional: a restore without a name is named after what it restores, and the time.
func (r *restoreCreation) nameOptional() bool { return true }

func (r *restoreCreation) object(cmd *cobra.Command, c *connection, name string) (*v1.Restore, error) {
	if name == "" {
		const second = "20060102150405"
		name = cmp.Or(r.ScheduleName, r.BackupName) + "-" + time.Now().Format(second)
	}
	object := &v1.Restore{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: r.spec()}
	if c.flags.RequireServer() != nil { // nobody can know whether the backup is there
		return object, nil
	}
	return object, r.find(cmd.Context(), c, &object.Spec)
}

// spec is called once the flags are parsed.
func (r *restoreCreation) spec() v1.RestoreSpec {
	spec := r.RestoreSpec
	if len(r.mappings) > 0 {
		spec.NamespaceMapping = r.mappings
	}
	spec.LabelSelector, spec.OrLabelSelectors = r.selector.LabelSelector, r.orSelectors
	spec.RestorePVs, spec.PreserveNodePorts, spec.IncludeClusterResources = r.volumes.value, r.nodePorts.value, r.clusterResources.value
	spec.ExistingResourcePolicy = v1.PolicyType(r.policy)
	spec.ItemOperationTimeout = metav1.Duration{Duration: r.itemOperationTimeout}
	if len(r.status.IncludedResources) > 0 { // as Velero has it: without it, what is excluded means nothing
		spec.RestoreStatus = &r.status
	}
	if r.modifier != "" {
		spec.ResourceModifier = &corev1.TypedLocalObjectReference{APIGroup: &corev1.SchemeGroupVersion.Group, Kind: configMapPolicy, Name: r.modifier}
	}
	if r.policies != "" {
		spec.ResourcePolicy = &corev1.TypedLocalObjectReference{Kind: configMapPolicy, Name: r.policies}
	}
	if r.sparsely.value != nil || r.parallelFilesDownload > 0 {
		spec.UploaderConfig = &v1.UploaderConfigForRestore{WriteSparseFiles: r.sparsely.value, ParallelFilesDownload: int(r.parallelFilesDownload)}
	}
	return spec
}

// find makes sure that there is something to restore. With --allow-partially-failed, it is the last backup of the schedule of which
// anything is there.
func (r *restoreCreation) find(ctx context.Context, c *connection, spec *v1.RestoreSpec) error {
	clientset, namespace, err := c.connect()
	if err != nil {
		return err
	}
	if spec.BackupName != "" {
		_, err := clientset.VeleroV1().Backups(namespace).Get(ctx, spec.BackupName, metav1.GetOptions{})
		return err
	}
	made := labels.SelectorFromSet(labels.Set{velero.ScheduleNameLabel: locations.LabelValue(spec.ScheduleName)})
	list, err := clientset.VeleroV1().Backups(namespace).List(ctx, metav1.ListOptions{LabelSelector: made.String()})
	switch {
	case err != nil:
		return err
	case len(list.Items) == 0:
		return fmt.Errorf("No backups found for the schedule %s", spec.ScheduleName) //nolint:staticcheck // in Velero's words
	case r.partiallyFailed.value == nil || !*r.partiallyFailed.value:
		return nil // the server takes the last that is complete
	}
	usable := slices.DeleteFunc(list.Items, func(b v1.Backup) bool {
		return b.Status.StartTimestamp == nil || !backups.Restorable(b.Status.Phase)
	})
	if len(usable) == 0 {
		return errors.New("no backup of schedule " + spec.ScheduleName + " has ended, or all failed")
	}
	last := slices.MaxFunc(usable, func(a, b v1.Backup) int { return a.Status.StartTimestamp.Compare(b.Status.StartTimestamp.Time) })
	spec.BackupName, spec.ScheduleName = last.Name, ""
	return nil
}

// follow tells what the restore would do, if it is only a trial; waits for its end, if asked to; or says how to look at it.
func (r *restoreCreation) follow(ctx context.Context, c *connection, created *v1.Restore, dry dryRun) error {
	switch {
	case bool(dry):
		return c.preview(ctx, created)
	case r.wait:
		return c.waitForRestore(ctx, created)
	default:
		fmt.Fprintf(c.Out, "Run `velero restore describe %s` or `velero restore logs %s` for more details.\n", created.Name, created.Name)
		return nil
	}
}
