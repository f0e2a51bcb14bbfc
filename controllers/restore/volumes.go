package restore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/controllers/internal/backend"
	"github.com/velero-locations/velero-locations/controllers/internal/record"
	"github.com/velero-locations/velero-locations/drivers/snapshotter"
)

// volumes makes the volumes of a restore from their snapshots, and keeps account of them.
type volumes struct {
	restore   *velerov1.Restore
	backup    *velerov1.Backup
	snapshots map[string]backups.Snapshot   // by the name of the persistent volume
	infos     map[string]backups.VolumeInfo // likewise
	reader    client.Reader
	backend   *backend.Backend
	record    *record.Record
	// terminating is how long is waited for a volume that is on its way out, and ready for a snapshot that is not complete.
	terminating, ready time.Duration
	// dry has no volume made, and nothing waited for.
	dry bool

	mu        sync.Mutex // of the fields below
	opened    map[string]snapshotter.Snapshotter
	renamed   map[string]string // persistent volumes that are restored under another name
	provision map[string]bool   // persistent volumes whose claims are to get new ones from their storage class
	restored  []backups.RestoredVolume
}

// originalNameAnnotation names the volume that one is restored from under another name.
const originalNameAnnotation = "velero.io/original-pv-name"

// prepare turns a persistent volume of the backup into the one that is created. False: it is not restored, since its claim is to get
// a new, empty one.
func (v *volumes) prepare(ctx context.Context, object *unstructured.Unstructured) (create bool, err error) {
	name := object.GetName()
	switch method := v.method(name); {
	case method == backups.NativeSnapshot:
		return true, v.fromSnapshot(ctx, object)
	case method != "":
		v.toProvision(name)
		v.record.Info("Its claim gets a new volume", "persistentvolume", name, "method", method)
		return false, nil
	}
	if policy, _, _ := unstructured.NestedString(object.Object, "spec", "persistentVolumeReclaimPolicy"); policy == string(corev1.PersistentVolumeReclaimDelete) {
		v.toProvision(name)
		v.record.Info("There is no snapshot, and what it held went with it: its claim gets a new volume", "persistentvolume", name)
		return false, nil
	}
	unbind(object, v.restore.Spec.NamespaceMapping)
	return true, nil
}

// method is how the data of a volume was backed up. Empty: they were not.
func (v *volumes) method(name string) string {
	if info, found := v.infos[name]; found {
		return info.BackupMethod
	}
	if _, found := v.snapshots[name]; found {
		return backups.NativeSnapshot
	}
	return ""
}

func (v *volumes) toProvision(name string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.provision[name] = true
}

// bind has a claim find its volume again: under the name that it has now, or a new one.
func (v *volumes) bind(claim *unstructured.Unstructured) error {
	name, _, _ := unstructured.NestedString(claim.Object, "spec", "volumeName")
	v.mu.Lock()
	defer v.mu.Unlock()
	switch renamed := v.renamed[name]; {
	case v.provision[name]:
		unstructured.RemoveNestedField(claim.Object, "spec", "volumeName")
	case renamed != "":
		if err := unstructured.SetNestedField(claim.Object, renamed, "spec", "volumeName"); err != nil {
			return fmt.Errorf("naming its volume: %w", err)
		}
	}
	return nil
}

// unbind has a volume bound anew, to the claim of the same name in the namespace that it is restored into.
func unbind(object *unstructured.Unstructured, mapping map[string]string) {
	unstructured.RemoveNestedField(object.Object, "spec", "claimRef", "uid")
	unstructured.RemoveNestedField(object.Object, "spec", "claimRef", "resourceVersion")
	if namespace, _, _ := unstructured.NestedString(object.Object, "spec", "claimRef", "namespace"); mapping[namespace] != "" {
		_ = unstructured.SetNestedField(object.Object, mapping[namespace], "spec", "claimRef", "namespace") // it is there, and so has a parent
	}
	annotations := object.GetAnnotations()
	delete(annotations, "pv.kubernetes.io/bind-completed")
	delete(annotations, "pv.kubernetes.io/bound-by-controller")
	object.SetAnnotations(annotations)
}

// fromSnapshot makes a volume, unless there is a persistent volume of the name that stays: one that is bound to a claim of another
// namespace than the restored claim gets makes room by another name.
func (v *volumes) fromSnapshot(ctx context.Context, object *unstructured.Unstructured) error {
	name := object.GetName()
	namespace, _, _ := unstructured.NestedString(object.Object, "spec", "claimRef", "namespace")
	exists, err := v.stays(ctx, name)
	if err != nil {
		return err
	}
	rename := exists && v.restore.Spec.NamespaceMapping[namespace] != ""
	unbind(object, v.restore.Spec.NamespaceMapping)
	if exists && !rename {
		return nil // and so it is not created
	}
	if wanted := v.restore.Spec.RestorePVs; wanted == nil || *wanted {
		if err := v.make(ctx, object); err != nil {
			return err
		}
	}
	if rename {
		object.SetName("velero-clone-" + string(uuid.NewUUID()))
		annotations := object.GetAnnotations()
		if annotations == nil {
			annotations = map[string]string{}
		}
		annotations[originalNameAnnotation] = name
		object.SetAnnotations(annotations)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if rename {
		v.renamed[name] = object.GetName()
	}
	return nil
}

// stays says whether there is a persistent volume of a name. One that is on its way out is waited for.
func (v *volumes) stays(ctx context.Context, name string) (bool, error) {
	found := false
	err := wait.PollUntilContextTimeout(ctx, time.Second, v.terminating, true, func(ctx context.Context) (bool, error) {
		var there corev1.PersistentVolume
		err := v.reader.Get(ctx, types.NamespacedName{Name: name}, &there)
		found = err == nil
		switch {
		case apierrors.IsNotFound(err):
			return true, nil
		case err != nil:
			return false, err
		}
		gone := there.DeletionTimestamp != nil || there.Status.Phase == corev1.VolumeReleased
		if gone && v.dry {
			return false, errDeleted
		}
		return !gone, nil
	})
	switch {
	case wait.Interrupted(err) && ctx.Err() == nil:
		return true, fmt.Errorf("there is a persistent volume of this name that was released, or is being deleted, and did not go within %s: delete it, and restore again", v.terminating)
	case err != nil:
		return found, fmt.Errorf("looking whether there is such a persistent volume: %w", err)
	}
	return found, nil
}

// make makes a volume from the snapshot, in the zone and of the type of the one that it was taken of, and writes its id into the
// persistent volume.
func (v *volumes) make(ctx context.Context, object *unstructured.Unstructured) error {
	snapshot, found := v.snapshots[object.GetName()]
	if !found || snapshot.Status.ProviderSnapshotID == "" {
		return errors.New("the list of the backup's snapshots has none of it: its data cannot be restored (spec.restorePVs: false restores the rest)")
	}
	if v.dry {
		_, err := v.location(ctx, snapshot.Spec.Location)
		return err
	}
	location, err := v.open(ctx, snapshot.Spec.Location)
	if err != nil {
		return err
	}
	like := snapshotter.Volume{Type: snapshot.Spec.VolumeType, Zone: snapshot.Spec.VolumeAZ}
	if iops := snapshot.Spec.VolumeIOPS; iops != nil {
		like.IOPS = *iops
	}
	id, err := v.createVolume(ctx, location, snapshot.Status.ProviderSnapshotID, like)
	if err != nil {
		return fmt.Errorf("volume snapshot location %q: making a volume from snapshot %s: %w", snapshot.Spec.Location, snapshot.Status.ProviderSnapshotID, err)
	}
	v.record.Info("Volume made from its snapshot", "persistentvolume", object.GetName(), "volume", id, "snapshot", snapshot.Status.ProviderSnapshotID, "location", snapshot.Spec.Location)
	return typed(object, func(pv *corev1.PersistentVolume) error {
		if err := location.SetVolumeID(pv, id); err != nil {
			return err
		}
		v.account(pv, &snapshot)
		return nil
	})
}

// createVolume waits for a snapshot that its provider still copies.
func (v *volumes) createVolume(ctx context.Context, location snapshotter.Snapshotter, snapshot string, like snapshotter.Volume) (id string, err error) {
	waited := wait.PollUntilContextTimeout(ctx, time.Second, v.ready, true, func(ctx context.Context) (bool, error) {
		id, err = location.CreateVolume(ctx, snapshot, like)
		return snapshotter.ReasonOf(err) != snapshotter.NotReady, nil
	})
	return id, cmp.Or(err, waited)
}

// account notes what became of a volume.
func (v *volumes) account(pv *corev1.PersistentVolume, snapshot *backups.Snapshot) {
	restored := backups.RestoredVolume{
		PVName: pv.Name, RestoreMethod: backups.NativeSnapshot,
		NativeSnapshotInfo: &backups.NativeSnapshotInfo{
			SnapshotHandle: snapshot.Status.ProviderSnapshotID, VolumeType: snapshot.Spec.VolumeType, VolumeAZ: snapshot.Spec.VolumeAZ, Phase: snapshot.Status.Phase,
		},
	}
	if iops := snapshot.Spec.VolumeIOPS; iops != nil {
		restored.NativeSnapshotInfo.IOPS = strconv.FormatInt(*iops, 10)
	}
	if claim := pv.Spec.ClaimRef; claim != nil {
		restored.PVCNamespace, restored.PVCName = claim.Namespace, claim.Name
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.restored = append(v.restored, restored)
}

// open opens the volume snapshot location that a snapshot was taken in.
func (v *volumes) open(ctx context.Context, name string) (snapshotter.Snapshotter, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if opened := v.opened[name]; opened != nil {
		return opened, nil
	}
	location, err := v.location(ctx, name)
	if err != nil {
		return nil, err
	}
	opened, err := v.backend.Snapshotter(ctx, location)
	if err != nil {
		return nil, fmt.Errorf("volume snapshot location %q: %w", name, err)
	}
	v.opened[name] = opened
	return opened, nil
}

func (v *volumes) location(ctx context.Context, name string) (*velerov1.VolumeSnapshotLocation, error) {
	location := &velerov1.VolumeSnapshotLocation{}
	err := v.reader.Get(ctx, types.NamespacedName{Namespace: v.backup.Namespace, Name: name}, location)
	switch {
	case apierrors.IsNotFound(err):
		return nil, fmt.Errorf("there is no volume snapshot location %q, where its snapshot was taken: make it again", name)
	case err != nil:
		return nil, fmt.Errorf("reading volume snapshot location %q: %w", name, err)
	}
	return location, nil
}

func (v *volumes) close() {
	for _, opened := range v.opened {
		opened.Close()
	}
}
