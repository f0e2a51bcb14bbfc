package verbs

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
)

// fields of a JSON object. Their names, slips of the pen included, are those of Velero's client, and so is what is left out.
type fields map[string]any

// json tells a report as JSON.
func (r *backupReport) json() string {
	b := r.backup
	document := fields{
		"metadata": fields{"name": b.Name, "namespace": b.Namespace, "labels": b.Labels, "annotations": b.Annotations},
		"phase":    b.Status.Phase,
		"spec":     specFields(b.Spec),
		"status":   r.statusFields(),
	}
	if policy := b.Spec.ResourcePolicy; policy != nil {
		document["resourcePolicies"] = fields{"type": policy.Kind, "name": policy.Name}
	}
	if global := b.Annotations[globalPolicies]; global != "" {
		document["globalVolumePolicies"] = fields{"type": configMapPolicy, "name": global}
	}
	if len(b.Status.ValidationErrors) > 0 {
		document["validationErrors"] = b.Status.ValidationErrors
	}
	if b.Status.Warnings > 0 || b.Status.Errors > 0 {
		document["errors"], document["warnings"] = r.outcomeFields()
	}
	if len(r.deletions) > 0 {
		document["deletionAttempts"] = r.deletionFields()
	}
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "    ")
	_ = encoder.Encode(document) // strings and numbers, to memory
	return text.String()
}

// outcomeFields has errors and warnings, or their numbers if the file that has them cannot be read.
func (r *backupReport) outcomeFields() (errs, warnings fields) {
	status, outcome := r.backup.Status, r.outcome.value
	errs, warnings = fields{}, fields{}
	switch err := r.outcome.err; {
	case errors.Is(err, errNoFile):
		return fields{"count": status.Errors}, fields{"count": status.Warnings}
	case err != nil:
		return fields{"errorGettingErrors": fmt.Sprintf("<error getting errors: %v>", err)},
			fields{"errorGettingWarnings": fmt.Sprintf("<error getting warnings: %v>", err)}
	}
	if status.Errors > 0 {
		errs = messageFields(outcome.Errors)
	}
	if status.Warnings > 0 {
		warnings = messageFields(outcome.Warnings)
	}
	return errs, warnings
}

// messageFields has an empty list for what there is not, also where it would be a map.
func messageFields(messages backups.Messages) fields {
	all := fields{"velero": append([]string{}, messages.Velero...), "cluster": append([]string{}, messages.Cluster...), "namespace": []string{}}
	if len(messages.Namespaces) > 0 {
		all["namespace"] = messages.Namespaces
	}
	return all
}

func specFields(spec v1.BackupSpec) fields {
	resources := includedFields(spec.IncludedResources, spec.ExcludedResources)
	resources["clusterScoped"] = choose(spec.IncludeClusterResources, "included", "excluded")
	all := fields{
		"namespaces":              includedFields(spec.IncludedNamespaces, spec.ExcludedNamespaces),
		"resources":               resources,
		"labelSelector":           metav1.FormatLabelSelector(spec.LabelSelector),
		"storageLocation":         spec.StorageLocation,
		"veleroNativeSnapshotPVs": choose(spec.SnapshotVolumes, "true", "false"),
		"veleroSnapshotMoveData":  choose(spec.SnapshotMoveData, "true", "false"),
		"dataMover":               orNone(spec.Datamover),
		"TTL":                     spec.TTL.Duration.String(),
		"CSISnapshotTimeout":      spec.CSISnapshotTimeout.Duration.String(),
	}
	if len(spec.Hooks.Resources) > 0 {
		all["hooks"] = fields{"resources": hookFields(spec.Hooks.Resources)}
	}
	if spec.OrderedResources != nil {
		all["orderedResources"] = spec.OrderedResources
	}
	return all
}

func includedFields(included, excluded []string) fields {
	return fields{"included": listOr(included, "*"), "excluded": listOr(excluded, none)}
}

func hookFields(hooks []v1.BackupResourceHookSpec) fields {
	all := fields{}
	for _, hook := range hooks {
		all[hook.Name] = fields{
			"namespaces":    includedFields(hook.IncludedNamespaces, hook.ExcludedNamespaces),
			"resources":     includedFields(hook.IncludedResources, hook.ExcludedResources),
			"labelSelector": metav1.FormatLabelSelector(hook.LabelSelector),
			"preExecHook":   execFields(hook.Pre),
			"postExecHook":  execFields(hook.Post),
		}
	}
	return all
}

func execFields(hooks []v1.BackupResourceHook) []fields {
	all := []fields{}
	for _, hook := range hooks {
		if exec := hook.Exec; exec != nil {
			all = append(all, fields{
				"container": exec.Container, "command": strings.Join(exec.Command, " "), "onError:": exec.OnError, "timeout": exec.Timeout.Duration.String(),
			})
		}
	}
	return all
}

func (r *backupReport) statusFields() fields {
	status := r.backup.Status
	all := fields{
		"backupFormatVersion": status.FormatVersion,
		"started":             timeOr(status.StartTimestamp, "<n/a>"),
		"completed":           timeOr(status.CompletionTimestamp, "<n/a>"),
		"expiration":          timeOr(status.Expiration, "<nil>"),
		"backupVolumes":       r.volumeFields(),
	}
	switch progress := status.Progress; {
	case progress == nil:
	case status.Phase == v1.BackupPhaseInProgress:
		all["estimatedTotalItemsToBeBackedUp"], all["itemsBackedUpSoFar"] = progress.TotalItems, progress.ItemsBackedUp
	default:
		all["totalItemsToBeBackedUp"], all["itemsBackedUp"] = progress.TotalItems, progress.ItemsBackedUp
	}
	switch {
	case !r.details:
	case r.resources.err != nil:
		all["errorGettingResourceList"] = noResourceList("backup", r.resources.err)
	default:
		all["resourceList"] = r.resources.value
	}
	if hooks := status.HookStatus; hooks != nil {
		all["hooksAttempted"], all["hooksFailed"] = hooks.HooksAttempted, hooks.HooksFailed
	}
	return all
}

func (r *backupReport) volumeFields() fields {
	if r.volumes.err != nil {
		return fields{"errorGetBackupVolumeInfo": fmt.Sprintf("error getting backup volume info: %v", r.volumes.err)}
	}
	native, csi := fields{}, fields{}
	for _, info := range r.volumesBy(backups.NativeSnapshot) {
		native[info.PVName] = orForDetails(r.details, "", nativeFields(info))
	}
	for _, info := range r.volumesBy(backups.CSISnapshot) {
		one := fields{}
		if info.PreserveLocalSnapshot {
			one["snapshot"] = orForDetails(r.details, "included, ", localSnapshotFields(info))
		}
		if info.SnapshotDataMoved {
			one["dataMovement"] = orForDetails(r.details, "included, ", dataMovementFields(info))
		}
		csi[info.PVCNamespace+"/"+info.PVCName] = one
	}
	return fields{"nativeSnapshots": orAbsent(native, noneIncluded), "csiSnapshots": orAbsent(csi, r.noCSISnapshots()), "podVolumeBackups": r.podVolumeFields()}
}

func orAbsent(all fields, absent string) any {
	if len(all) == 0 {
		return absent
	}
	return all
}

func orForDetails(details bool, summary string, all fields) any {
	if !details {
		return summary + forDetails
	}
	return all
}

func nativeFields(info backups.VolumeInfo) fields {
	snapshot := cmp.Or(info.NativeSnapshotInfo, &backups.NativeSnapshotInfo{})
	return fields{
		"snapshotID": snapshot.SnapshotHandle, "type": snapshot.VolumeType, "availabilityZone": snapshot.VolumeAZ, "IOPS": snapshot.IOPS, "result": info.Result,
	}
}

func localSnapshotFields(info backups.VolumeInfo) fields {
	snapshot := cmp.Or(info.CSISnapshotInfo, &backups.CSISnapshotInfo{})
	all := fields{
		"snapshotContentName": snapshot.VSCName, "storageSnapshotID": snapshot.SnapshotHandle, "snapshotSize(bytes)": snapshot.Size,
		"csiDriver": snapshot.Driver, "result": info.Result,
	}
	if !info.SnapshotDataMoved {
		all["operationID"] = snapshot.OperationID
	}
	return all
}

func dataMovementFields(info backups.VolumeInfo) fields {
	movement := cmp.Or(info.SnapshotDataMovementInfo, &backups.SnapshotDataMovementInfo{})
	all := fields{
		"operationID": movement.OperationID, "dataMover": cmp.Or(movement.DataMover, veleroDataMover), "uploaderType": movement.UploaderType, "result": info.Result,
	}
	if movement.Size > 0 || movement.IncrementalSize > 0 {
		all["size"], all["incrementalSize"] = movement.Size, movement.IncrementalSize
	}
	return all
}

func (r *backupReport) podVolumeFields() any {
	switch {
	case r.podVolumes.err != nil:
		return noPodVolumes(r.podVolumes.err)
	case len(r.podVolumes.value) == 0:
		return noneIncluded
	}
	phases := fields{}
	for _, phase := range podVolumePhases(r.podVolumes.value, backupPhases) {
		pods := []fields{}
		for _, of := range phase.pods {
			pods = append(pods, fields{of.pod: strings.Join(of.volumes, ", ")})
		}
		if phases[phase.name] = phase.count; r.details {
			phases[phase.name] = pods
		}
	}
	return fields{"uploderType": r.podVolumes.value[0].uploader, "podVolumeBackupsDetails": phases}
}

func (r *backupReport) deletionFields() fields {
	requests := make([]fields, 0, len(r.deletions))
	for i := range r.deletions {
		one := &r.deletions[i]
		request := fields{"creationTimestamp": one.CreationTimestamp.String(), "phase": one.Status.Phase}
		if len(one.Status.Errors) > 0 {
			request["errors"] = one.Status.Errors
		}
		requests = append(requests, request)
	}
	all := fields{"deleteBackupRequests": requests}
	if failed := r.failedDeletions(); failed > 0 {
		all["failed"] = failed
	}
	return all
}
