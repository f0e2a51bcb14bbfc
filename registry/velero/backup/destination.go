package backup

import (
	"context"
	"slices"
	"time"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/velero-locations/velero-locations/apis/velero"
	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/apis/velero/validation"
	"github.com/velero-locations/velero-locations/locations"
	"github.com/velero-locations/velero-locations/registry/generic"
	"github.com/velero-locations/velero-locations/registry/velero/destination"
)

var spec = field.NewPath("spec")

// selects says whether the locations of a backup are selected in this write: of one that somebody asks for, and when
// other locations are asked for before it begins. The locations of all others are for whoever writes them to know.
func selects(b, old backup) bool {
	if old == nil {
		return isNew(b)
	}
	return b.Status.Phase.Waiting() && old.Status.Phase.Waiting() && !destination.Same(&b.Spec, &old.Spec)
}

func isNew(b backup) bool { return b.Status.Phase == "" || b.Status.Phase == v1.BackupPhaseNew }

// complete writes the selected locations into a backup. One that a schedule makes and that can never
// work is recorded as failed; others are refused for the same errors.
func complete(ctx context.Context, view *generic.View, b, old backup) {
	if !selects(b, old) {
		return
	}
	result, err := destination.Select(ctx, view, &b.Spec, spec)
	if err != nil {
		return
	}
	_, scheduled := b.Labels[velero.ScheduleNameLabel]
	if errs := slices.Concat(validation.BackupSpec(&b.Spec, spec), result.Errors); len(errs) > 0 {
		if !scheduled || old != nil {
			return
		}
		fail(b, errs)
	}
	if result.SnapshotLocations != nil {
		b.Spec.VolumeSnapshotLocations = result.SnapshotLocations
	}
	if result.StorageLocation == "" {
		return
	}
	b.Spec.StorageLocation = result.StorageLocation
	setLabel(b, locations.LabelValue(result.StorageLocation))
}

func setLabel(b backup, value string) {
	if b.Labels == nil {
		b.Labels = map[string]string{}
	}
	b.Labels[locations.StorageLocationLabel] = value
}

// failedTTL is how long the record of a failed backup is kept that does not say how long, as in Velero.
const failedTTL = 30 * 24 * time.Hour

func fail(b backup, errs field.ErrorList) {
	b.Status.Phase = v1.BackupPhaseFailedValidation
	for _, err := range errs {
		b.Status.ValidationErrors = append(b.Status.ValidationErrors, err.Error())
	}
	ttl := b.Spec.TTL.Duration
	if ttl <= 0 {
		ttl = failedTTL
	}
	expiration := metav1.NewTime(time.Now().Add(ttl))
	b.Status.Expiration = &expiration
}

// keep keeps the locations and the status of a backup that has begun where an update leaves them out, so that the manifest
// that a backup was made from can be applied again, or be put in its place.
func keep(b, old backup) {
	if old == nil || old.Status.Phase.Waiting() {
		return
	}
	if apiequality.Semantic.DeepEqual(b.Status, v1.BackupStatus{}) {
		old.Status.DeepCopyInto(&b.Status)
		if value := old.Labels[locations.StorageLocationLabel]; value != "" {
			setLabel(b, value)
		}
	}
	if b.Spec.StorageLocation == "" {
		b.Spec.StorageLocation = old.Spec.StorageLocation
	}
	for _, name := range b.Spec.VolumeSnapshotLocations {
		if !slices.Contains(old.Spec.VolumeSnapshotLocations, name) {
			return
		}
	}
	b.Spec.VolumeSnapshotLocations = old.Spec.VolumeSnapshotLocations
}
