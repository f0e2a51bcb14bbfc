package backupsync

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/controllers/internal/mergepatch"
)

// incompleteAnnotation marks a Backup whose PodVolumeBackups are still to be made. They name it by its UID, so that it has
// to be there first; the mark tells the next sync what one that was interrupted left to do.
const incompleteAnnotation = "velero-locations.io/import-incomplete"

// announce marks a Backup that is to be made, if it has PodVolumeBackups.
func announce(ctx context.Context, backup *velerov1.Backup, store *backups.Store) error {
	copies, err := readCopies(ctx, backup, store)
	if err != nil {
		return err
	}
	delete(backup.Annotations, incompleteAnnotation) // might come from the bucket
	if len(copies) > 0 {
		if backup.Annotations == nil {
			backup.Annotations = map[string]string{}
		}
		backup.Annotations[incompleteAnnotation] = "true"
	}
	return nil
}

func incomplete(backup *velerov1.Backup) bool {
	_, marked := backup.Annotations[incompleteAnnotation]
	return marked
}

// completeAll makes the PodVolumeBackups of those Backups that still lack them. What fails is tried again at the next
// sync, and does not hold up others.
func (r *reconciler) completeAll(ctx context.Context, taken []*velerov1.Backup, store *backups.Store) error {
	var problems []error
	for _, backup := range taken {
		if !incomplete(backup) {
			continue
		}
		if err := r.complete(ctx, backup, store); err != nil {
			problems = append(problems, fmt.Errorf("making the pod volume backups of backup %q: %w", backup.Name, err))
		}
	}
	return errors.Join(problems...)
}

func (r *reconciler) complete(ctx context.Context, backup *velerov1.Backup, store *backups.Store) error {
	copies, err := readCopies(ctx, backup, store)
	if err != nil {
		return err
	}
	for _, one := range copies {
		adoptCopy(one, backup)
		err := r.Create(ctx, one, client.FieldOwner(r.FieldOwner))
		switch {
		case apierrors.IsInvalid(err), apierrors.IsBadRequest(err):
			klog.FromContext(ctx).Error(err, "A pod volume backup in the bucket cannot be taken over", "backup", klog.KObj(backup), "podVolumeBackup", one.Name)
		case err != nil && !apierrors.IsAlreadyExists(err):
			return fmt.Errorf("%q: %w", one.Name, err)
		}
	}
	return mergepatch.Write(ctx, r.Writer, backup, func(b *velerov1.Backup) { delete(b.Annotations, incompleteAnnotation) })
}

// readCopies returns the PodVolumeBackups in a backup's folder that have ended; none if there is no list of them. A list,
// or an entry, that cannot be understood is passed over. So is one that has not ended: whoever copies volumes would take it
// for one to carry out.
func readCopies(ctx context.Context, backup *velerov1.Backup, store *backups.Store) ([]*velerov1.PodVolumeBackup, error) {
	log := klog.FromContext(ctx).WithValues("backup", klog.KObj(backup))
	var entries []json.RawMessage
	_, err := store.Read(ctx, backups.PodVolumeBackups, backup.Name, &entries)
	switch {
	case errors.Is(err, backups.ErrMalformed):
		log.Error(err, "What is in the bucket is not a list of pod volume backups")
		return nil, nil
	case err != nil:
		return nil, err
	}
	var copies []*velerov1.PodVolumeBackup
	for _, entry := range entries {
		one := &velerov1.PodVolumeBackup{}
		switch err := json.Unmarshal(entry, one); {
		case err != nil:
			log.Error(err, "What is in the bucket is not a pod volume backup")
		case !one.Status.Phase.Ended():
			log.V(2).Info("A pod volume backup in the bucket has not ended", "podVolumeBackup", one.Name, "phase", one.Status.Phase)
		default:
			copies = append(copies, one)
		}
	}
	return copies, nil
}

// adoptCopy fits what was read from a bucket into this cluster, next to the Backup, which owns it: it goes with that.
func adoptCopy(one *velerov1.PodVolumeBackup, backup *velerov1.Backup) {
	labels := one.Labels
	if labels == nil {
		labels = map[string]string{}
	}
	labels[backups.UIDLabel] = string(backup.UID)
	owner := *metav1.NewControllerRef(backup, velerov1.SchemeGroupVersion.WithKind("Backup"))
	owner.BlockOwnerDeletion = nil // as Velero has it
	one.ObjectMeta = metav1.ObjectMeta{
		Namespace: backup.Namespace, Name: one.Name, Labels: labels, Annotations: one.Annotations, OwnerReferences: []metav1.OwnerReference{owner},
	}
	one.Spec.BackupStorageLocation = backup.Spec.StorageLocation
}
