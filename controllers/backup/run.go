package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/controllers/backup/inventory"
	"github.com/velero-locations/velero-locations/controllers/backup/scope"
	"github.com/velero-locations/velero-locations/controllers/internal/metrics"
	"github.com/velero-locations/velero-locations/controllers/internal/record"
	"github.com/velero-locations/velero-locations/resources"
)

var (
	namespaceResource = schema.GroupResource{Resource: "namespaces"}
	pvResource        = schema.GroupResource{Resource: "persistentvolumes"}
)

// run reads what belongs to a backup from the API, and writes it to object storage.
type run struct {
	backup    *velerov1.Backup
	api       *inventory.API
	resources resources.List
	scope     *scope.Scope
	store     *backups.Store
	volumes   *volumes
	record    *record.Record
	metrics   *metrics.Metrics
	now       func() time.Time
	// unmoved returns an error if what is in the store would not be found there.
	unmoved func(context.Context) error
	// progress is called with how many objects are in the backup so far, and how many there will be at least.
	progress func(done, total int)

	archive  *backups.Archive
	names    backups.Names
	done     int
	total    int             // as far as it is known yet
	occupied map[string]bool // namespaces of which something is in the backup
	added    map[object]bool // what is added out of turn, as others need it
	pvs      []*corev1.PersistentVolume
	roles    map[object][]object // that service accounts have, with what binds them; nil: not read yet
	// announced says that others may see the backup.
	announced bool
}

// newRun returns a run with nothing in it yet.
func newRun(r run) *run {
	r.names, r.occupied, r.added = backups.Names{}, map[string]bool{}, map[object]bool{}
	return &r
}

// object names one that can come up more than once.
type object struct {
	resource        schema.GroupResource
	namespace, name string
}

// leftError says why a backup failed, and why something of it is left in object storage.
type leftError struct{ cause, left error }

func (e *leftError) Error() string   { return e.cause.Error() + "\n" + e.left.Error() }
func (e *leftError) Unwrap() []error { return []error{e.cause, e.left} }

// do makes the backup, and returns it as it is in its bucket: with its final status. After an error nothing of it is
// left there, or it is a *leftError.
func (r *run) do(ctx context.Context) (*velerov1.Backup, error) {
	err := r.claim(ctx)
	claimed := err == nil
	if claimed {
		var final *velerov1.Backup
		if final, err = r.write(ctx); err == nil {
			return final, nil
		}
	}
	if errors.Is(err, backups.ErrTaken) { // what is there now is somebody else's, but the snapshots are ours
		return nil, errors.Join(err, r.discardSnapshots(ctx))
	}
	if left := r.discard(ctx, claimed); left != nil {
		return nil, &leftError{cause: err, left: left}
	}
	return nil, err
}

// claim takes the backup's name in object storage.
func (r *run) claim(ctx context.Context) error {
	log, err := r.record.Begin("Backup begins", r.backup.UID)
	if err != nil {
		return err
	}
	return r.store.Claim(ctx, r.backup.Name, log)
}

func (r *run) write(ctx context.Context) (*velerov1.Backup, error) {
	var written size
	produce := func(w io.Writer) error { return r.writeContents(ctx, io.MultiWriter(w, &written)) }
	if err := r.store.Stream(ctx, backups.Contents, r.backup.Name, produce); err != nil {
		return nil, err
	}
	r.metrics.TarballStored(r.backup, int64(written))
	if r.done == 0 {
		r.record.Doubtful("", "nothing is in the backup: no object matches what it includes, by namespaces, resources and labels")
	}
	for _, pv := range r.pvs {
		r.volumes.add(ctx, pv)
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("taking snapshots: %w", err)
	}
	final := r.conclude()
	for _, part := range []struct {
		file    backups.File
		content any
	}{
		// First, and at once: by this list the snapshots are found if the controller stops.
		{backups.VolumeSnapshots, orEmpty(r.volumes.snapshots)},
		{backups.VolumeInfos, orEmpty(r.volumes.infos)},
		{backups.PodVolumeBackups, []any{}},
		{backups.ItemOperations, []any{}},
		{backups.ResourceList, r.names},
		{backups.Results, r.record.Outcome()},
	} {
		if err := r.store.Write(ctx, part.file, r.backup.Name, part.content); err != nil {
			return nil, err
		}
	}
	r.record.Info("Backup ends", "phase", final.Status.Phase, "items", r.done)
	log, err := r.record.End()
	if err != nil {
		return nil, err
	}
	if err := r.unmoved(ctx); err != nil {
		return nil, err
	}
	r.announced = true
	return final, r.store.Publish(ctx, final, log)
}

// size counts what is written.
type size int64

func (s *size) Write(p []byte) (int, error) {
	*s += size(len(p))
	return len(p), nil
}

// discardTimeout is how long is spent on clearing away a backup that came to nothing, even if the controller is to stop.
const discardTimeout = 20 * time.Second

// discard takes back everything: first the metadata, by which others see the backup. As long as that stays, the rest
// does, so that nobody sees a backup whose snapshots are gone. A claim that failed may have succeeded all the same.
func (r *run) discard(ctx context.Context, claimed bool) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), discardTimeout)
	defer cancel()
	if !claimed {
		if claimed, err := r.store.Claimed(ctx, r.backup); err != nil || !claimed {
			return err
		}
	}
	if r.announced {
		if err := r.store.Withdraw(ctx, r.backup.Name); err != nil {
			return err
		}
	}
	if err := r.volumes.discard(ctx); err != nil {
		return err
	}
	return r.store.Delete(ctx, r.backup.Name)
}

// discardSnapshots deletes the snapshots alone.
func (r *run) discardSnapshots(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), discardTimeout)
	defer cancel()
	return r.volumes.discard(ctx)
}

// conclude returns the backup with the status in which it ends.
func (r *run) conclude() *velerov1.Backup {
	final := r.backup.DeepCopy()
	final.TypeMeta = metav1.TypeMeta{APIVersion: velerov1.SchemeGroupVersion.String(), Kind: "Backup"}
	final.ManagedFields = nil
	status := &final.Status
	status.Phase = velerov1.BackupPhaseCompleted
	if r.record.Outcome().Errors.Len() > 0 {
		status.Phase = velerov1.BackupPhasePartiallyFailed
	}
	end := metav1.NewTime(r.now())
	status.CompletionTimestamp = &end
	status.Errors, status.Warnings = r.record.Outcome().Errors.Len(), r.record.Outcome().Warnings.Len()
	status.VolumeSnapshotsAttempted, status.VolumeSnapshotsCompleted = len(r.volumes.snapshots), r.volumes.completed()
	status.Progress = &velerov1.BackupProgress{TotalItems: r.done, ItemsBackedUp: r.done}
	return final
}

func (r *run) writeContents(ctx context.Context, w io.Writer) error {
	var err error
	if r.archive, err = backups.NewArchive(w, r.now()); err != nil {
		return err
	}
	err = r.addContents(ctx)
	if closeErr := r.archive.Close(); err == nil {
		err = closeErr
	}
	return err
}

func (r *run) addContents(ctx context.Context) error {
	for i := range r.resources {
		resource := &r.resources[i]
		if resource.GroupResource() == namespaceResource || !r.scope.Resource(resource) {
			continue
		}
		before := r.done
		if err := r.addResource(ctx, resource); err != nil {
			return err
		}
		if r.done == before {
			continue
		}
		if err := r.addDefinition(ctx, resource); err != nil {
			return err
		}
	}
	// Namespaces come last, since those of objects that are in the backup are in it, too.
	return r.addNamespaces(ctx)
}

// addResource adds the objects of a resource. That they cannot be read makes the backup incomplete, but does not end it.
func (r *run) addResource(ctx context.Context, resource *resources.Resource) error {
	if err := r.addOrdered(ctx, resource); err != nil {
		return err
	}
	before := r.done
	defer func() {
		r.record.Info("Resource backed up", "resource", resource.GroupResource(), "items", r.done-before)
	}()
	places := []string{""}
	if chosen := r.scope.Namespaces(); resource.Namespaced && chosen != nil {
		places = chosen
	}
	for _, namespace := range places {
		for found, err := range r.api.List(ctx, *resource, namespace, r.scope.Selector()) {
			if err != nil {
				if ctx.Err() != nil {
					return err
				}
				r.record.Failed(namespace, err)
				break
			}
			if !r.scope.Object(&found.Meta) {
				continue
			}
			r.total = max(r.total, r.done+found.After)
			if err := r.add(ctx, resource, &found); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *run) resource(name schema.GroupResource) *resources.Resource {
	for i := range r.resources {
		if r.resources[i].GroupResource() == name {
			return &r.resources[i]
		}
	}
	return nil
}

// add adds an object, unless it is in the backup already, and after it what it needs.
func (r *run) add(ctx context.Context, resource *resources.Resource, found *inventory.Object) error {
	id := object{resource.GroupResource(), found.Meta.Namespace, found.Meta.Name}
	if r.added[id] {
		return nil
	}
	item := backups.Item{
		Resource: resource.GroupVersionResource, Kind: found.Meta.Kind, Preferred: true,
		Namespace: found.Meta.Namespace, Name: found.Meta.Name,
	}
	if err := r.archive.Add(item, found.JSON); err != nil {
		return err
	}
	r.names.Add(item)
	if item.Namespace != "" {
		r.occupied[item.Namespace] = true
	}
	r.done++
	r.total = max(r.total, r.done)
	r.progress(r.done, r.total)
	return r.addNeeds(ctx, id, found)
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
