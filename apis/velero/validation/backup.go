package validation

import (
	"fmt"
	"slices"

	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	dns "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/velero-locations/velero-locations/apis/velero"
	"github.com/velero-locations/velero-locations/apis/velero/cronexpr"
	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
)

var (
	backupPhases = []v1.BackupPhase{
		v1.BackupPhaseNew, v1.BackupPhaseQueued, v1.BackupPhaseReadyToStart, v1.BackupPhaseFailedValidation,
		v1.BackupPhaseInProgress, v1.BackupPhaseWaitingForPluginOperations, v1.BackupPhaseWaitingForPluginOperationsPartiallyFailed,
		v1.BackupPhaseFinalizing, v1.BackupPhaseFinalizingPartiallyFailed,
		v1.BackupPhaseCompleted, v1.BackupPhasePartiallyFailed, v1.BackupPhaseFailed, v1.BackupPhaseDeleting,
	}
	schedulePhases = []v1.SchedulePhase{v1.SchedulePhaseNew, v1.SchedulePhaseEnabled, v1.SchedulePhaseFailedValidation}

	hookErrorModes = []v1.HookErrorMode{v1.HookErrorModeContinue, v1.HookErrorModeFail}
)

// Backup returns all that is wrong with a backup. old is nil on creation.
func Backup(backup, old *v1.Backup) field.ErrorList {
	errs := unlessKnown(backup, old, checkBackup)
	// Until a backup has begun its spec is open, in the write that lets it begin too: with that, Velero's server fills in its defaults.
	if old != nil && !old.Status.Phase.Waiting() {
		errs = append(errs, sameDestination(&backup.Spec, &old.Spec, field.NewPath("spec"))...)
	}
	return errs
}

// sameDestination refuses to move a backup on paper, while its data and its snapshots stay where they are.
func sameDestination(spec, old *v1.BackupSpec, path *field.Path) field.ErrorList {
	const advice = "fixed once the backup has begun: make another backup to have one elsewhere"
	var errs field.ErrorList
	if spec.StorageLocation != old.StorageLocation {
		errs = append(errs, field.Invalid(path.Child("storageLocation"), spec.StorageLocation, fmt.Sprintf("must stay %q, %s", old.StorageLocation, advice)))
	}
	if !slices.Equal(spec.VolumeSnapshotLocations, old.VolumeSnapshotLocations) {
		errs = append(errs, field.Invalid(path.Child("volumeSnapshotLocations"), spec.VolumeSnapshotLocations, fmt.Sprintf("must stay %q, %s", old.VolumeSnapshotLocations, advice)))
	}
	return errs
}

func checkBackup(backup *v1.Backup) field.ErrorList {
	spec := field.NewPath("spec")
	errs := slices.Concat(
		backupShape(&backup.Spec, spec),
		oneOf(backup.Status.Phase, backupPhases, field.NewPath("status", "phase")),
	)
	if isAskedFor(backup) {
		errs = append(errs, BackupSpec(&backup.Spec, spec)...)
	}
	return errs
}

// isAskedFor says whether somebody asks for a backup to be made. Others are records: of a backup that
// was found in a bucket or has begun, whose spec the controllers complete, or of one that a schedule
// makes, which is to be recorded, with what is wrong in its status, rather than lost.
func isAskedFor(backup *v1.Backup) bool {
	_, scheduled := backup.Labels[velero.ScheduleNameLabel]
	return !scheduled && (backup.Status.Phase == "" || backup.Status.Phase == v1.BackupPhaseNew)
}

// backupShape checks what Velero's CRDs check, of any backup.
func backupShape(spec *v1.BackupSpec, path *field.Path) field.ErrorList {
	return slices.Concat(
		localReference(spec.ResourcePolicy, path.Child("resourcePolicy")),
		each(spec.Hooks.Resources, path.Child("hooks", "resources"), backupHook),
	)
}

func backupHook(hook *v1.BackupResourceHookSpec, path *field.Path) field.ErrorList {
	return slices.Concat(
		required(hook.Name, path.Child("name"), "give the hook a name"),
		each(hook.Pre, path.Child("pre"), backupCommand),
		each(hook.Post, path.Child("post"), backupCommand),
	)
}

func backupCommand(hook *v1.BackupResourceHook, path *field.Path) field.ErrorList {
	path = path.Child("exec")
	if hook.Exec == nil {
		return field.ErrorList{field.Required(path, "say what to run")}
	}
	return slices.Concat(
		command(hook.Exec.Command, path.Child("command")),
		oneOf(hook.Exec.OnError, hookErrorModes, path.Child("onError")),
	)
}

func command(words []string, path *field.Path) field.ErrorList {
	if len(words) == 0 {
		return field.ErrorList{field.Required(path, `list the command and its arguments, such as ["/sbin/fsfreeze", "--freeze", "/data"]`)}
	}
	return nil
}

// BackupSpec returns what can never work in the spec of a backup that is asked for.
func BackupSpec(spec *v1.BackupSpec, path *field.Path) field.ErrorList {
	errs := slices.Concat(
		metav1validation.ValidateLabels(spec.Metadata.Labels, path.Child("metadata", "labels")),
		namespaces(spec.IncludedNamespaces, spec.ExcludedNamespaces, path),
		resources(spec, path),
		selectors(spec.LabelSelector, spec.OrLabelSelectors, path),
		period(&spec.TTL, path.Child("ttl")),
		period(&spec.CSISnapshotTimeout, path.Child("csiSnapshotTimeout")),
		period(&spec.ItemOperationTimeout, path.Child("itemOperationTimeout")),
		each(spec.Hooks.Resources, path.Child("hooks", "resources"), backupHookSpec),
	)
	if spec.VolumeGroupSnapshotLabelKey != "" {
		errs = append(errs, metav1validation.ValidateLabelName(spec.VolumeGroupSnapshotLabelKey, path.Child("volumeGroupSnapshotLabelKey"))...)
	}
	if spec.UploaderConfig != nil {
		errs = append(errs, count(spec.UploaderConfig.ParallelFilesUpload, path.Child("uploaderConfig", "parallelFilesUpload"))...)
	}
	return errs
}

// resources checks the filters of resources. There are two sets of them, of which one may be used.
func resources(spec *v1.BackupSpec, path *field.Path) field.ErrorList {
	every := filter{path: path, included: "includedResources", excluded: "excludedResources"}
	cluster := filter{path: path, included: "includedClusterScopedResources", excluded: "excludedClusterScopedResources"}
	namespaced := filter{path: path, included: "includedNamespaceScopedResources", excluded: "excludedNamespaceScopedResources"}
	errs := slices.Concat(
		every.check(spec.IncludedResources, spec.ExcludedResources, false),
		cluster.check(spec.IncludedClusterScopedResources, spec.ExcludedClusterScopedResources, true),
		namespaced.check(spec.IncludedNamespaceScopedResources, spec.ExcludedNamespaceScopedResources, true),
	)
	if spec.IncludeClusterResources == nil && len(spec.IncludedResources) == 0 && len(spec.ExcludedResources) == 0 {
		return errs
	}
	for _, list := range []struct {
		field string
		items []string
	}{
		{cluster.included, spec.IncludedClusterScopedResources},
		{cluster.excluded, spec.ExcludedClusterScopedResources},
		{namespaced.included, spec.IncludedNamespaceScopedResources},
		{namespaced.excluded, spec.ExcludedNamespaceScopedResources},
	} {
		if len(list.items) > 0 {
			errs = append(errs, field.Forbidden(path.Child(list.field), "not together with includedResources, excludedResources or includeClusterResources: use the lists for cluster-scoped and namespaced resources, or those for all"))
		}
	}
	return errs
}

func backupHookSpec(hook *v1.BackupResourceHookSpec, path *field.Path) field.ErrorList {
	timeout := func(hook *v1.BackupResourceHook, path *field.Path) field.ErrorList {
		if hook.Exec == nil {
			return nil
		}
		return period(&hook.Exec.Timeout, path.Child("exec", "timeout"))
	}
	return slices.Concat(
		labelSelector(hook.LabelSelector, path.Child("labelSelector")),
		each(hook.Pre, path.Child("pre"), timeout),
		each(hook.Post, path.Child("post"), timeout),
	)
}

// Schedule returns all that is wrong with a schedule. Its template is checked as a backup is that
// somebody asks for. old is nil on creation.
func Schedule(schedule, old *v1.Schedule) field.ErrorList {
	return unlessKnown(schedule, old, checkSchedule)
}

func checkSchedule(schedule *v1.Schedule) field.ErrorList {
	spec := field.NewPath("spec")
	return slices.Concat(
		cronExpression(schedule.Spec.Schedule, spec.Child("schedule")),
		backupShape(&schedule.Spec.Template, spec.Child("template")),
		BackupSpec(&schedule.Spec.Template, spec.Child("template")),
		oneOf(schedule.Status.Phase, schedulePhases, field.NewPath("status", "phase")),
	)
}

// ScheduleName returns what is wrong with the name of a new schedule, or with the prefix of one, which is cut if it is long.
func ScheduleName(name string, prefix bool) []string {
	// The name of a backup is that of its schedule, followed by a time.
	const most = dns.DNS1123SubdomainMaxLength - len("-20060102150405")
	if errs := apivalidation.NameIsDNSSubdomain(name, prefix); len(errs) > 0 || prefix || len(name) <= most {
		return errs
	}
	return []string{fmt.Sprintf("must be no more than %d characters: its backups are named after it, followed by a time", most)}
}

func cronExpression(expression string, path *field.Path) field.ErrorList {
	if expression == "" {
		return field.ErrorList{field.Required(path, `give a cron expression, such as "0 1 * * *" or "@every 6h"`)}
	}
	if _, err := cronexpr.Parse(expression); err != nil {
		return field.ErrorList{field.Invalid(path, expression, fmt.Sprintf(
			`must be minute, hour, day, month and weekday, such as "0 1 * * *", or @daily and its like, or "@every 6h", with CRON_TZ=Europe/Berlin in front for a time zone: %v`, err))}
	}
	return nil
}
