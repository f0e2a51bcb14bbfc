package verbs

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
)

// podVolume is a volume of a pod whose files are read, or written back.
type podVolume struct {
	uploader    v1.UploaderType
	pod, volume string
	phase       v1.DataMovePhase
	progress    v1.DataMoveOperationProgress
	incremental int64
}

func podVolumeBackup(b *v1.PodVolumeBackup) podVolume {
	return podVolume{
		uploader: b.Spec.UploaderType, pod: b.Spec.Pod.Namespace + "/" + b.Spec.Pod.Name, volume: b.Spec.Volume,
		phase: b.Status.Phase, progress: b.Status.Progress, incremental: b.Status.IncrementalBytes,
	}
}

func podVolumeRestore(r *v1.PodVolumeRestore) podVolume {
	return podVolume{
		uploader: r.Spec.UploaderType, pod: r.Spec.Pod.Namespace + "/" + r.Spec.Pod.Name, volume: r.Spec.Volume,
		phase: r.Status.Phase, progress: r.Status.Progress,
	}
}

// podVolumePhase has the volumes that are as far as one phase.
type podVolumePhase struct {
	name  string
	count int
	pods  []podVolumes
}

// podVolumes are the volumes of one pod, with what there is to say of their sizes.
type podVolumes struct {
	pod     string
	volumes []string
}

// inProgress is what Velero's client calls the phase InProgress.
const inProgress = "In Progress"

// The orders in which Velero's client tells of phases.
var (
	backupPhases = []string{
		string(v1.DataMovePhaseCompleted), string(v1.DataMovePhaseFailed), string(v1.DataMovePhaseCanceled), inProgress,
		string(v1.DataMovePhaseCanceling), string(v1.DataMovePhasePrepared), string(v1.DataMovePhaseAccepted), string(v1.DataMovePhaseNew),
	}
	restorePhases = []string{
		string(v1.DataMovePhaseCompleted), string(v1.DataMovePhaseCanceled), string(v1.DataMovePhaseFailed), inProgress,
		string(v1.DataMovePhaseCanceling), string(v1.DataMovePhasePrepared), string(v1.DataMovePhaseAccepted), string(v1.DataMovePhaseNew),
	}
)

// podVolumePhases groups by phase, and by pod.
func podVolumePhases(all []podVolume, order []string) []podVolumePhase {
	var phases []podVolumePhase
	for _, name := range order {
		phase := podVolumePhase{name: name}
		volumes := map[string][]string{}
		for i := range all {
			if one := &all[i]; phaseOf(one) == name {
				volumes[one.pod] = append(volumes[one.pod], one.volume+sizeOf(one))
				phase.count++
			}
		}
		for _, pod := range slices.Sorted(maps.Keys(volumes)) {
			phase.pods = append(phase.pods, podVolumes{pod, slices.Sorted(slices.Values(volumes[pod]))})
		}
		if phase.count > 0 {
			phases = append(phases, phase)
		}
	}
	return phases
}

func phaseOf(one *podVolume) string {
	if one.phase == v1.DataMovePhaseInProgress {
		return inProgress
	}
	return string(cmp.Or(one.phase, v1.DataMovePhaseNew))
}

// sizeOf says how much was copied so far, or in all.
func sizeOf(one *podVolume) string {
	switch progress := one.progress; {
	case one.phase == v1.DataMovePhaseInProgress && progress.TotalBytes > 0:
		return fmt.Sprintf(" (%.2f%%)", 100*float64(progress.BytesDone)/float64(progress.TotalBytes))
	case one.phase == v1.DataMovePhaseCompleted && one.incremental > 0:
		return fmt.Sprintf(" (size: %d, incremental size: %d)", progress.TotalBytes, one.incremental)
	case one.phase == v1.DataMovePhaseCompleted && progress.TotalBytes > 0:
		return fmt.Sprintf(" (size: %d)", progress.TotalBytes)
	default:
		return ""
	}
}

// podVolumes tells of volumes by how far they are, below a heading: counts, or with details each volume.
func (d *describer) podVolumes(heading string, all []podVolume, order []string, details bool) {
	indent := heading[:len(heading)-len(strings.TrimLeft(heading, "\t"))] + "\t"
	if !details {
		heading += " (" + forDetails + ")"
	}
	d.printf("%s:\n", heading)
	for _, phase := range podVolumePhases(all, order) {
		if !details {
			d.printf("%s%s:\t%d\n", indent, phase.name, phase.count)
			continue
		}
		d.printf("%s%s:\n", indent, phase.name)
		for _, of := range phase.pods {
			d.printf("%s\t%s: %s\n", indent, of.pod, strings.Join(of.volumes, ", "))
		}
	}
}
