package verbs

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/generated/clientset/versioned"
	"github.com/velero-locations/velero-locations/locations"
)

var backup = kind[*v1.Backup, *v1.BackupList]{
	singular: "backup",
	plural:   "backups",
	short:    "backup",
	apiKind:  "Backup",
	created:  "Backup request %q submitted successfully%s.",
	deleted: "Request to delete backup %q submitted successfully%s.\n" +
		"The backup will be fully deleted after all associated data (disk snapshots, backup files, restores) are removed.",
	deletes: "Delete backups, with their files and snapshots",
	client: func(c versioned.Interface, namespace string) client[*v1.Backup, *v1.BackupList] {
		return c.VeleroV1().Backups(namespace)
	},
	newList:        func() *v1.BackupList { return &v1.BackupList{} },
	newCreation:    func() creation[*v1.Backup] { return &backupCreation{} },
	newDescription: func() description[*v1.Backup] { return &backupDescription{} },
	remove:         requestDeletion,
	compare:        compareBackups,
	columns:        backupColumns,
}

// requestDeletion asks for a backup's deletion, which takes its time: files, snapshots and records go.
func requestDeletion(ctx context.Context, clientset versioned.Interface, b *v1.Backup, dry dryRun) error {
	request := &v1.DeleteBackupRequest{
		ObjectMeta: metav1.ObjectMeta{
			GenerateName: b.Name + "-",
			Labels:       map[string]string{backups.NameLabel: locations.LabelValue(b.Name), backups.UIDLabel: string(b.UID)},
		},
		Spec: v1.DeleteBackupRequestSpec{BackupName: b.Name},
	}
	_, err := clientset.VeleroV1().DeleteBackupRequests(b.Namespace).Create(ctx, request, metav1.CreateOptions{DryRun: dry.option(), FieldManager: fieldManager})
	if err != nil {
		return fmt.Errorf("asking for the deletion of backup %q: %w", b.Name, readable(err))
	}
	return nil
}

var timestamp = regexp.MustCompile(`^(.*)-([0-9]{14})$`)

// compareBackups orders by name, but of those that have the same name and a time after it, as those of
// one schedule do, the newest comes first.
func compareBackups(a, b *v1.Backup) int {
	first, second := timestamp.FindStringSubmatch(a.Name), timestamp.FindStringSubmatch(b.Name)
	if first != nil && second != nil && first[1] == second[1] {
		return cmp.Compare(second[2], first[2])
	}
	return cmp.Compare(a.Name, b.Name)
}

func backupColumns([]*v1.Backup) []column[*v1.Backup] {
	return []column[*v1.Backup]{
		{"Status", func(b *v1.Backup) string {
			if b.DeletionTimestamp != nil {
				return string(v1.BackupPhaseDeleting)
			}
			return string(cmp.Or(b.Status.Phase, v1.BackupPhaseNew))
		}},
		{"Errors", func(b *v1.Backup) string { return strconv.Itoa(b.Status.Errors) }},
		{"Warnings", func(b *v1.Backup) string { return strconv.Itoa(b.Status.Warnings) }},
		{"Created", func(b *v1.Backup) string {
			if b.Status.StartTimestamp == nil {
				return "<nil>"
			}
			return b.Status.StartTimestamp.String()
		}},
		{"Expires", func(b *v1.Backup) string { return fromNow(expiration(b)) }},
		{"Storage Location", func(b *v1.Backup) string { return b.Spec.StorageLocation }},
		{"Queue Position", func(b *v1.Backup) string {
			if b.Status.QueuePosition == 0 {
				return ""
			}
			return strconv.Itoa(b.Status.QueuePosition)
		}},
		{"Selector", func(b *v1.Backup) string { return metav1.FormatLabelSelector(b.Spec.LabelSelector) }},
	}
}

// expiration is when a backup's time is over; before a controller has said so, as its TTL says. Zero: not known.
func expiration(b *v1.Backup) time.Time {
	switch ttl := b.Spec.TTL.Duration; {
	case b.Status.Expiration != nil:
		return b.Status.Expiration.Time
	case ttl > 0:
		return b.CreationTimestamp.Add(ttl)
	default:
		return time.Time{}
	}
}

// fromNow says how far away a time is, in one unit.
func fromNow(when time.Time) string {
	if when.IsZero() {
		return "n/a"
	}
	if left := time.Until(when); left >= 0 {
		return duration.ShortHumanDuration(left)
	}
	return duration.ShortHumanDuration(time.Since(when)) + " ago"
}

// backupFiles says whether a backup of that phase has files in its location.
func backupFiles(phase v1.BackupPhase) bool {
	switch phase {
	case "", v1.BackupPhaseNew, v1.BackupPhaseQueued, v1.BackupPhaseReadyToStart, v1.BackupPhaseFailedValidation, v1.BackupPhaseInProgress:
		return false
	default:
		return true
	}
}

// backupEnded says whether a backup stays as it is.
func backupEnded(phase v1.BackupPhase) bool {
	switch phase {
	case v1.BackupPhaseFailedValidation, v1.BackupPhaseCompleted, v1.BackupPhasePartiallyFailed, v1.BackupPhaseFailed:
		return true
	default:
		return false
	}
}
