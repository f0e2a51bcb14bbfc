package restore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/velero-locations/velero-locations/apis/velero"
	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/controllers/internal/backend"
	"github.com/velero-locations/velero-locations/controllers/internal/record"
	"github.com/velero-locations/velero-locations/drivers/snapshotter"
	"github.com/velero-locations/velero-locations/locations"
	"github.com/velero-locations/velero-locations/locations/provider"
	"github.com/velero-locations/velero-locations/patterns"
)

// plan is what was decided about a restore before it begins.
type plan struct {
	// apply writes what the restore left open into it.
	apply func(*velerov1.Restore)
	// problems are why it cannot run; undecided says that the location has not been checked yet, and all may be well in a moment.
	problems  []string
	undecided bool
	// warnings are for the results of the restore.
	warnings []string

	backup    *velerov1.Backup
	store     *backups.Store
	place     locations.Place
	snapshots []backups.Snapshot
	infos     []backups.VolumeInfo
}

func (p *plan) close() {
	if p.store != nil {
		p.store.Close()
	}
}

func (p *plan) problem(format string, args ...any) {
	p.problems = append(p.problems, fmt.Sprintf(format, args...))
}

// prepare decides everything about a restore. An error means that nothing could be decided.
func (r *reconciler) prepare(ctx context.Context, restore *velerov1.Restore) (*plan, error) {
	p := &plan{}
	for _, unfulfilled := range unfulfilled(&restore.Spec) {
		p.problem("%s", unfulfilled)
	}
	for _, resource := range restore.Spec.IncludedResources {
		if slices.Contains(never, resource) {
			p.problem("spec.includedResources: %s are never restored: leave them out", resource)
		}
	}
	if _, err := newScope(&restore.Spec, nil); err != nil {
		p.problem("spec: %v", err)
	}
	err := r.findBackup(ctx, p, restore)
	if err != nil {
		return nil, err
	}
	p.apply = defaults(p.backup)
	if p.backup == nil {
		return p, nil
	}
	if err := r.open(ctx, p); err != nil {
		return nil, err
	}
	if p.store == nil || p.undecided || len(p.problems) > 0 {
		return p, nil
	}
	if err := p.readVolumes(ctx, restore); err != nil {
		p.problem("backup %q: %v", p.backup.Name, err)
	}
	return p, nil
}

// itemOperationTimeout is Velero's default. Nothing here operates for so long, but others may read it.
const itemOperationTimeout = 4 * time.Hour

// defaults returns a function that completes a restore as Velero does.
func defaults(backup *velerov1.Backup) func(*velerov1.Restore) {
	return func(s *velerov1.Restore) {
		for _, resource := range never {
			if !slices.Contains(s.Spec.ExcludedResources, resource) {
				s.Spec.ExcludedResources = append(s.Spec.ExcludedResources, resource)
			}
		}
		if s.Spec.ItemOperationTimeout.Duration == 0 {
			s.Spec.ItemOperationTimeout.Duration = itemOperationTimeout
		}
		if backup == nil {
			return
		}
		s.Spec.BackupName = backup.Name
		if s.Spec.ScheduleName == "" {
			s.Spec.ScheduleName = backup.Labels[velero.ScheduleNameLabel]
		}
	}
}

// unfulfilled says what a restore asks for that Velero's server does, but this controller does not: it is not carried out without.
func unfulfilled(spec *velerov1.RestoreSpec) []string {
	var all []string
	if n := len(spec.Hooks.Resources); n > 0 {
		all = append(all, fmt.Sprintf("spec.hooks: the controllers here cannot run %s, for want of access to the inside of pods: leave them out, or have Velero's own server carry out the restore", locations.Count(n, "hook")))
	}
	if policy := spec.ResourcePolicy; policy != nil {
		all = append(all, fmt.Sprintf("spec.resourcePolicy: the controllers here know no policies, and so not %s %q: leave it out, or have Velero's own server carry out the restore", policy.Kind, policy.Name))
	}
	if modifier := spec.ResourceModifier; modifier != nil {
		all = append(all, fmt.Sprintf("spec.resourceModifier: the controllers here know no modifiers, and so not %s %q: leave it out, or have Velero's own server carry out the restore", modifier.Kind, modifier.Name))
	}
	return all
}

// findBackup finds the backup, or the last of the schedule that is complete. That there is none is a problem of the restore.
func (r *reconciler) findBackup(ctx context.Context, p *plan, restore *velerov1.Restore) error {
	if name := restore.Spec.BackupName; name != "" {
		backup := &velerov1.Backup{}
		err := r.live.Get(ctx, types.NamespacedName{Namespace: restore.Namespace, Name: name}, backup)
		switch {
		case apierrors.IsNotFound(err):
			p.problem("spec.backupName: there is no backup %q", name)
		case err != nil:
			return fmt.Errorf("reading backup %q: %w", name, err)
		case backup.Status.Phase.Running(), backup.Status.Phase == velerov1.BackupPhaseFailed, backup.Status.Phase == velerov1.BackupPhaseFailedValidation:
			p.problem("spec.backupName: there is nothing to restore in backup %q: its phase is %s", name, backup.Status.Phase)
		default:
			p.backup = backup
		}
		return nil
	}
	var all velerov1.BackupList
	labelled := client.MatchingLabels{velero.ScheduleNameLabel: locations.LabelValue(restore.Spec.ScheduleName)}
	if err := r.live.List(ctx, &all, client.InNamespace(restore.Namespace), labelled); err != nil {
		return fmt.Errorf("listing backups: %w", err)
	}
	for i := range all.Items {
		backup := &all.Items[i]
		if backup.Status.Phase == velerov1.BackupPhaseCompleted && (p.backup == nil || p.backup.Status.StartTimestamp.Before(backup.Status.StartTimestamp)) {
			p.backup = backup
		}
	}
	if p.backup == nil {
		p.problem("spec.scheduleName: there is no completed backup of a schedule %q", restore.Spec.ScheduleName)
	}
	return nil
}

// open opens the location of the backup. What keeps it from being opened is a problem of the restore.
func (r *reconciler) open(ctx context.Context, p *plan) error {
	location, name := &velerov1.BackupStorageLocation{}, p.backup.Spec.StorageLocation
	err := r.live.Get(ctx, types.NamespacedName{Namespace: p.backup.Namespace, Name: name}, location)
	switch {
	case apierrors.IsNotFound(err):
		p.problem("the backup storage location of the backup, %q, is not there: make it again", name)
		return nil
	case err != nil:
		return fmt.Errorf("reading backup storage location %q: %w", name, err)
	}
	if provider.SpeaksS3(location.Spec.Provider) {
		p.undecided = location.Status.Phase == "" && location.Status.Message == ""
	}
	if location.Status.Phase == velerov1.BackupStorageLocationUnavailable {
		p.problem("backup storage location %q is unavailable: %s", name, location.Status.Message)
		return nil
	}
	if p.place, err = locations.ParsePlace(location.Spec.ObjectStorage.Bucket, location.Spec.ObjectStorage.Prefix); err != nil {
		p.problem("backup storage location %q: %v", name, err)
		return nil
	}
	p.store, err = r.opts.Backend.Backups(ctx, location)
	var failure *backend.APIError
	switch {
	case errors.As(err, &failure):
		return failure
	case err != nil:
		p.problem("backup storage location %q: %v", name, err)
	}
	return nil
}

// readVolumes reads what the backup has of volumes, and refuses what cannot be restored from here.
func (p *plan) readVolumes(ctx context.Context, restore *velerov1.Restore) error {
	var err error
	if p.snapshots, _, err = p.store.Snapshots(ctx, p.backup.Name); err != nil {
		return fmt.Errorf("reading the list of its snapshots: %w", err)
	}
	if _, err = p.store.Read(ctx, backups.VolumeInfos, p.backup.Name, &p.infos); err != nil {
		return fmt.Errorf("reading what it has of volumes: %w", err)
	}
	namespaces := patterns.Filter{Include: restore.Spec.IncludedNamespaces, Exclude: restore.Spec.ExcludedNamespaces}
	for _, info := range p.infos {
		if info.BackupMethod == "" || info.BackupMethod == backups.NativeSnapshot && !info.SnapshotDataMoved || !namespaces.Match(info.PVCNamespace) {
			continue
		}
		text := fmt.Sprintf("the data of claim %s/%s were backed up by %s, which only Velero's own server restores", info.PVCNamespace, info.PVCName, info.BackupMethod)
		if wanted := restore.Spec.RestorePVs; wanted != nil && !*wanted {
			p.warnings = append(p.warnings, text+": the claim gets a new, empty volume")
			continue
		}
		p.problem("%s: set spec.restorePVs to false to restore objects alone, into new, empty volumes", text)
	}
	return nil
}

// newVolumes returns the volumes of a restore, none of which is made yet.
func newVolumes(restore *velerov1.Restore, p *plan, r *reconciler, notes *record.Record) *volumes {
	v := &volumes{
		restore: restore, backup: p.backup, snapshots: map[string]backups.Snapshot{}, infos: map[string]backups.VolumeInfo{},
		reader: r.live, backend: r.opts.Backend, record: notes, terminating: r.opts.TerminatingTimeout, ready: r.opts.ReadyTimeout,
		opened: map[string]snapshotter.Snapshotter{}, renamed: map[string]string{}, provision: map[string]bool{},
	}
	for _, snapshot := range p.snapshots {
		v.snapshots[snapshot.Spec.PersistentVolumeName] = snapshot
	}
	for _, info := range p.infos {
		v.infos[info.PVName] = info
	}
	return v
}
