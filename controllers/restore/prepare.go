package restore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/velero-locations/velero-locations/apis/velero"
	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/controllers/internal/backend"
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

	backup *velerov1.Backup
	// files are those of the backup. The store has them, too, and those of the restore; it is nil if nothing is to be written.
	files     Files
	store     *backups.Store
	place     locations.Place
	snapshots []backups.Snapshot
	infos     []backups.VolumeInfo
	modifiers modifiers
	policies  *policies
}

func (p *plan) close() {
	if p.store != nil {
		p.store.Close()
	}
}

func (p *plan) problem(format string, args ...any) {
	p.problems = append(p.problems, fmt.Sprintf(format, args...))
}

// Files reads the files of a backup, as a *backups.Store does.
type Files interface {
	Snapshots(ctx context.Context, backup string) (list []backups.Snapshot, found bool, err error)
	Read(ctx context.Context, file backups.File, backup string, content any) (found bool, err error)
	Unpack(ctx context.Context, backup, folder string) (contents *backups.Unpacked, found bool, err error)
}

// preparer decides about restores before they begin.
type preparer struct {
	// live reads from the server: a restore is carried out once, whatever a cache still says of it.
	live client.Client
	// open sets where the plan reads the files of backups of a location.
	open func(context.Context, *plan, *velerov1.BackupStorageLocation) error
}

// prepare decides everything about a restore. An error means that nothing could be decided.
func (r *preparer) prepare(ctx context.Context, restore *velerov1.Restore) (*plan, error) {
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
	if err := r.readModifiers(ctx, p, restore); err != nil {
		return nil, err
	}
	if err := r.readPolicies(ctx, p, restore); err != nil {
		return nil, err
	}
	if err := r.findBackup(ctx, p, restore); err != nil {
		return nil, err
	}
	p.apply = defaults(p.backup)
	if p.backup == nil {
		return p, nil
	}
	if err := r.openLocation(ctx, p); err != nil {
		return nil, err
	}
	if p.files == nil || p.undecided || len(p.problems) > 0 {
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
	return all
}

// readModifiers reads the resource modifiers.
func (r *preparer) readModifiers(ctx context.Context, p *plan, restore *velerov1.Restore) error {
	return r.readConfig(ctx, p, restore, "spec.resourceModifier", restore.Spec.ResourceModifier, func(config *corev1.ConfigMap) (err error) {
		p.modifiers, err = parseModifiers(config)
		return err
	})
}

// readPolicies reads the resource policies.
func (r *preparer) readPolicies(ctx context.Context, p *plan, restore *velerov1.Restore) error {
	return r.readConfig(ctx, p, restore, "spec.resourcePolicy", restore.Spec.ResourcePolicy, func(config *corev1.ConfigMap) (err error) {
		p.policies, err = parsePolicies(config)
		return err
	})
}

// readConfig reads the ConfigMap that a field refers to. That it cannot be used is a problem of the restore.
func (r *preparer) readConfig(
	ctx context.Context, p *plan, restore *velerov1.Restore, field string, reference *corev1.TypedLocalObjectReference, parse func(*corev1.ConfigMap) error,
) error {
	if reference == nil {
		return nil
	}
	if !strings.EqualFold(reference.Kind, "configmap") {
		p.problem("%s.kind: %q is not supported: want configmap", field, reference.Kind)
		return nil
	}
	var config corev1.ConfigMap
	err := r.live.Get(ctx, types.NamespacedName{Namespace: restore.Namespace, Name: reference.Name}, &config)
	switch {
	case apierrors.IsNotFound(err):
		p.problem("%s: there is no ConfigMap %q in namespace %q", field, reference.Name, restore.Namespace)
		return nil
	case err != nil:
		return fmt.Errorf("reading the ConfigMap of %s: %w", field, err)
	}
	if err := parse(&config); err != nil {
		p.problem("%s: ConfigMap %q: %v", field, reference.Name, err)
	}
	return nil
}

// findBackup finds the backup, or the last of the schedule that is complete. That there is none is a problem of the restore.
func (r *preparer) findBackup(ctx context.Context, p *plan, restore *velerov1.Restore) error {
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

// openLocation opens the location of the backup. What keeps it from being opened is a problem of the restore.
func (r *preparer) openLocation(ctx context.Context, p *plan) error {
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
	err = r.open(ctx, p, location)
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
	if p.snapshots, _, err = p.files.Snapshots(ctx, p.backup.Name); err != nil {
		return fmt.Errorf("reading the list of its snapshots: %w", err)
	}
	if _, err = p.files.Read(ctx, backups.VolumeInfos, p.backup.Name, &p.infos); err != nil {
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
func newVolumes(v *volumes, p *plan) *volumes {
	v.backup, v.snapshots, v.infos = p.backup, map[string]backups.Snapshot{}, map[string]backups.VolumeInfo{}
	v.opened, v.renamed, v.provision = map[string]snapshotter.Snapshotter{}, map[string]string{}, map[string]bool{}
	for _, snapshot := range p.snapshots {
		v.snapshots[snapshot.Spec.PersistentVolumeName] = snapshot
	}
	for _, info := range p.infos {
		v.infos[info.PVName] = info
	}
	return v
}
