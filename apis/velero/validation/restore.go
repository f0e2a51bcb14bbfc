package validation

import (
	"encoding/json"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	dns "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
)

var (
	restorePhases = []v1.RestorePhase{
		v1.RestorePhaseNew, v1.RestorePhaseFailedValidation, v1.RestorePhaseInProgress,
		v1.RestorePhaseWaitingForPluginOperations, v1.RestorePhaseWaitingForPluginOperationsPartiallyFailed,
		v1.RestorePhaseFinalizing, v1.RestorePhaseFinalizingPartiallyFailed,
		v1.RestorePhaseCompleted, v1.RestorePhasePartiallyFailed, v1.RestorePhaseFailed,
	}
	existingResourcePolicies = []v1.PolicyType{v1.PolicyTypeNone, v1.PolicyTypeUpdate}
)

// Restore returns all that is wrong with a restore. old is nil on creation.
func Restore(restore, old *v1.Restore) field.ErrorList {
	return unlessKnown(restore, old, checkRestore)
}

func checkRestore(restore *v1.Restore) field.ErrorList {
	spec := field.NewPath("spec")
	errs := slices.Concat(
		restoreShape(&restore.Spec, spec),
		oneOf(restore.Status.Phase, restorePhases, field.NewPath("status", "phase")),
	)
	// Of a restore that has begun, the controllers complete the spec.
	if restore.Status.Phase == "" || restore.Status.Phase == v1.RestorePhaseNew {
		errs = append(errs, restoreSpec(&restore.Spec, spec)...)
	}
	return errs
}

// restoreShape checks what Velero's CRD checks, of any restore.
func restoreShape(spec *v1.RestoreSpec, path *field.Path) field.ErrorList {
	return slices.Concat(
		localReference(spec.ResourceModifier, path.Child("resourceModifier")),
		localReference(spec.ResourcePolicy, path.Child("resourcePolicy")),
		each(spec.Hooks.Resources, path.Child("hooks", "resources"), restoreHook),
	)
}

func restoreHook(hook *v1.RestoreResourceHookSpec, path *field.Path) field.ErrorList {
	return slices.Concat(
		required(hook.Name, path.Child("name"), "give the hook a name"),
		each(hook.PostHooks, path.Child("postHooks"), restoreCommand),
	)
}

func restoreCommand(hook *v1.RestoreResourceHook, path *field.Path) field.ErrorList {
	if hook.Exec == nil {
		return nil
	}
	path = path.Child("exec")
	return slices.Concat(
		command(hook.Exec.Command, path.Child("command")),
		oneOf(hook.Exec.OnError, hookErrorModes, path.Child("onError")),
	)
}

// restoreSpec checks what can never work, of a restore that is asked for.
func restoreSpec(spec *v1.RestoreSpec, path *field.Path) field.ErrorList {
	filter := filter{path: path, included: "includedResources", excluded: "excludedResources"}
	errs := slices.Concat(
		restoreSource(spec, path),
		namespaces(spec.IncludedNamespaces, spec.ExcludedNamespaces, path),
		filter.check(spec.IncludedResources, spec.ExcludedResources, false),
		namespaceMapping(spec.NamespaceMapping, path.Child("namespaceMapping")),
		selectors(spec.LabelSelector, spec.OrLabelSelectors, path),
		oneOf(spec.ExistingResourcePolicy, existingResourcePolicies, path.Child("existingResourcePolicy")),
		period(&spec.ItemOperationTimeout, path.Child("itemOperationTimeout")),
		each(spec.Hooks.Resources, path.Child("hooks", "resources"), restoreHookSpec),
	)
	if spec.UploaderConfig != nil {
		errs = append(errs, count(spec.UploaderConfig.ParallelFilesDownload, path.Child("uploaderConfig", "parallelFilesDownload"))...)
	}
	return errs
}

func restoreSource(spec *v1.RestoreSpec, path *field.Path) field.ErrorList {
	switch {
	case spec.BackupName == "" && spec.ScheduleName == "":
		return field.ErrorList{field.Required(path.Child("backupName"), "name the backup to restore, or in scheduleName the schedule whose last backup to restore")}
	case spec.BackupName != "" && spec.ScheduleName != "":
		return field.ErrorList{field.Forbidden(path.Child("scheduleName"), "not together with backupName: leave one of them out")}
	}
	return nil
}

// namespaceMapping checks the names of namespaces, of which none is a pattern.
func namespaceMapping(mapping map[string]string, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, from := range slices.Sorted(maps.Keys(mapping)) {
		for _, name := range []string{from, mapping[from]} {
			if len(dns.IsDNS1123Label(name)) > 0 {
				errs = append(errs, field.Invalid(path.Key(from), name, "must be the name of a namespace"))
			}
		}
	}
	return errs
}

func restoreHookSpec(hook *v1.RestoreResourceHookSpec, path *field.Path) field.ErrorList {
	return slices.Concat(
		labelSelector(hook.LabelSelector, path.Child("labelSelector")),
		each(hook.PostHooks, path.Child("postHooks"), func(hook *v1.RestoreResourceHook, path *field.Path) field.ErrorList {
			var errs field.ErrorList
			if hook.Exec != nil {
				errs = append(errs, period(&hook.Exec.ExecTimeout, path.Child("exec", "execTimeout"))...)
				errs = append(errs, period(&hook.Exec.WaitTimeout, path.Child("exec", "waitTimeout"))...)
			}
			if hook.Init != nil {
				errs = append(errs, period(&hook.Init.Timeout, path.Child("init", "timeout"))...)
				errs = append(errs, each(hook.Init.InitContainers, path.Child("init", "initContainers"), initContainer)...)
			}
			return errs
		}),
	)
}

// initContainer checks what Velero needs of a container that it adds to pods.
func initContainer(raw *runtime.RawExtension, path *field.Path) field.ErrorList {
	var container corev1.Container
	if err := json.Unmarshal(raw.Raw, &container); err != nil {
		return field.ErrorList{field.Invalid(path, field.OmitValueType{}, "must be a container: "+err.Error())}
	}
	return slices.Concat(
		required(container.Name, path.Child("name"), "name the container"),
		required(container.Image, path.Child("image"), "name the image"),
		command(container.Command, path.Child("command")),
	)
}
