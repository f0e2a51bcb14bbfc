package backup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/controller-runtime/pkg/client"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/controllers/backup/inventory"
	"github.com/velero-locations/velero-locations/controllers/backup/scope"
	"github.com/velero-locations/velero-locations/controllers/internal/backend"
	"github.com/velero-locations/velero-locations/internal/backups"
	"github.com/velero-locations/velero-locations/locations"
	"github.com/velero-locations/velero-locations/locations/provider"
	"github.com/velero-locations/velero-locations/locations/selection"
)

// plan is what was decided about a backup before it begins.
type plan struct {
	// apply writes what the backup left open into it.
	apply func(*velerov1.Backup)
	// problems are why it cannot run; undecided says that a location has not been checked yet, and all may be well in a moment.
	problems  []string
	undecided bool
	// warnings are for the results of the backup.
	warnings []string

	store             *backups.Store
	snapshotLocations []snapshotLocation
	resources         []inventory.Resource
	scope             *scope.Scope
}

func (p *plan) close() {
	if p.store != nil {
		p.store.Close()
	}
	for _, location := range p.snapshotLocations {
		location.Close()
	}
}

func (p *plan) problem(err error) { p.problems = append(p.problems, err.Error()) }

// prepare decides everything about a backup. An error means that nothing could be decided.
func (r *reconciler) prepare(ctx context.Context, backup *velerov1.Backup) (*plan, error) {
	p := &plan{}
	var storage velerov1.BackupStorageLocationList
	var snapshots velerov1.VolumeSnapshotLocationList
	for _, list := range []client.ObjectList{&storage, &snapshots} {
		if err := r.live.List(ctx, list, client.InNamespace(backup.Namespace)); err != nil {
			return nil, fmt.Errorf("listing locations: %w", err)
		}
	}
	selected := selection.Select(request(&backup.Spec), known(storage.Items, snapshots.Items), r.opts.Defaults, field.NewPath("spec"))
	for _, err := range selected.Errors {
		p.problem(err)
	}
	for _, warning := range selected.Warnings {
		if warning.Fails {
			p.problems = append(p.problems, warning.String())
		}
	}
	excluded, err := r.excludedNamespaces(ctx, p)
	switch {
	case apierrors.IsForbidden(err):
		p.problem(err)
	case err != nil:
		return nil, err
	}
	p.apply = r.defaults(backup, selected, excluded)
	prepared := backup.DeepCopy()
	p.apply(prepared)
	if p.scope, err = scope.New(&prepared.Spec, p.resources); err != nil {
		p.problem(err)
	}
	p.warnings = append(p.warnings, unfulfilled(&prepared.Spec)...)
	return p, r.open(ctx, p, selected, storage.Items, snapshots.Items)
}

// open opens the selected locations. What keeps one from being opened is a problem of the backup.
func (r *reconciler) open(ctx context.Context, p *plan, selected selection.Result, storage []velerov1.BackupStorageLocation, snapshots []velerov1.VolumeSnapshotLocation) error {
	for i := range storage {
		location := &storage[i]
		if location.Name != selected.StorageLocation {
			continue
		}
		reached := provider.SpeaksS3(location.Spec.Provider)
		p.undecided = reached && location.Status.Phase == "" // another is never checked here: opening it says why
		if reached && len(p.problems) > 0 {
			return nil
		}
		var err error
		if p.store, err = r.opts.Backend.Backups(ctx, location); err != nil {
			return p.refuse("backup storage location", location.Name, err)
		}
	}
	for i := range snapshots {
		location := &snapshots[i]
		if !slices.Contains(selected.SnapshotLocations, location.Name) {
			continue
		}
		if _, found := r.opts.Backend.Driver(location.Spec.Provider); !found {
			p.warnings = append(p.warnings, fmt.Sprintf("volume snapshot location %q: no volumes of provider %q are snapshotted: there is no driver for it here", location.Name, location.Spec.Provider))
			continue
		}
		opened, err := r.opts.Backend.Snapshotter(ctx, location)
		if err != nil {
			if err := p.refuse("volume snapshot location", location.Name, err); err != nil {
				return err
			}
			continue
		}
		p.snapshotLocations = append(p.snapshotLocations, snapshotLocation{name: location.Name, Snapshotter: opened})
	}
	return nil
}

// refuse makes a problem of the backup of what is one of a location, and an error of what is one of the API.
func (p *plan) refuse(kind, name string, err error) error {
	var failure *backend.APIError
	if errors.As(err, &failure) {
		return failure
	}
	p.problem(fmt.Errorf("%s %q: %w", kind, name, err))
	return nil
}

// unfulfilled says what a backup asks for that Velero's server does, but this controller does not.
func unfulfilled(spec *velerov1.BackupSpec) []string {
	isTrue := func(wish *bool) bool { return wish != nil && *wish }
	var all []string
	if n := len(spec.Hooks.Resources); n > 0 {
		all = append(all, fmt.Sprintf("spec.hooks: the %d hooks are not run: this controller has no access to the inside of pods", n))
	}
	if isTrue(spec.DefaultVolumesToFsBackup) || isTrue(spec.DefaultVolumesToRestic) {
		all = append(all, "spec.defaultVolumesToFsBackup: no files of volumes are in the backup: this controller has no access to the inside of pods")
	}
	if isTrue(spec.SnapshotMoveData) {
		all = append(all, "spec.snapshotMoveData: snapshots stay with their provider: this controller does not move their data")
	}
	if policy := spec.ResourcePolicy; policy != nil {
		all = append(all, fmt.Sprintf("spec.resourcePolicy: %s %q is not looked at: this controller knows no policies", policy.Kind, policy.Name))
	}
	return all
}

// excludedNamespaces discovers the API, and which namespaces are marked to be left out.
func (r *reconciler) excludedNamespaces(ctx context.Context, p *plan) ([]string, error) {
	var err error
	if p.resources, err = inventory.Resources(r.discovery); err != nil {
		if len(p.resources) == 0 {
			return nil, err
		}
		p.warnings = append(p.warnings, err.Error())
	}
	var excluded []string
	for i := range p.resources {
		if p.resources[i].GroupResource() != namespaceResource {
			continue
		}
		for namespace, err := range r.api.List(ctx, p.resources[i], "", scope.ExcludeLabel+"=true") {
			if err != nil {
				return nil, err
			}
			excluded = append(excluded, namespace.Meta.Name)
		}
	}
	return excluded, nil
}

// What Velero's server fills in by default.
const (
	csiSnapshotTimeout   = 10 * time.Minute
	itemOperationTimeout = 4 * time.Hour
	groupSnapshotLabel   = "velero.io/volume-group"
)

// defaults returns a function that fills in what a backup leaves open, as Velero's server does.
func (r *reconciler) defaults(backup *velerov1.Backup, selected selection.Result, excluded []string) func(*velerov1.Backup) {
	expiration := metav1.NewTime(r.now().Add(orDefault(backup.Spec.TTL, r.opts.TTL).Duration))
	annotations := r.clusterAnnotations()
	return func(b *velerov1.Backup) {
		b.Spec.TTL = orDefault(b.Spec.TTL, r.opts.TTL)
		b.Spec.CSISnapshotTimeout = orDefault(b.Spec.CSISnapshotTimeout, csiSnapshotTimeout)
		b.Spec.ItemOperationTimeout = orDefault(b.Spec.ItemOperationTimeout, itemOperationTimeout)
		if b.Spec.VolumeGroupSnapshotLabelKey == "" {
			b.Spec.VolumeGroupSnapshotLabelKey = groupSnapshotLabel
		}
		if len(b.Spec.IncludedNamespaces) == 0 {
			b.Spec.IncludedNamespaces = []string{"*"}
		}
		b.Spec.ExcludedNamespaces = adding(b.Spec.ExcludedNamespaces, excluded...)
		excludeIntermediate(&b.Spec)
		if selected.StorageLocation != "" {
			b.Spec.StorageLocation = selected.StorageLocation
			b.Labels = with(b.Labels, locations.StorageLocationLabel, locations.LabelValue(selected.StorageLocation))
		}
		if selected.SnapshotLocations != nil {
			b.Spec.VolumeSnapshotLocations = selected.SnapshotLocations
		}
		for key, value := range annotations {
			b.Annotations = with(b.Annotations, key, value)
		}
		b.Status.Version, b.Status.FormatVersion, b.Status.Expiration = 1, backups.FormatVersion, &expiration
		b.Status.QueuePosition = 0
	}
}

// Resources that stand for snapshots of CSI drivers, which whoever takes such a snapshot looks after.
const (
	csiSnapshots = "volumesnapshots.snapshot.storage.k8s.io"
	csiContents  = "volumesnapshotcontents.snapshot.storage.k8s.io"
)

// excludeIntermediate leaves those resources out, in the way in which the backup names resources.
func excludeIntermediate(spec *velerov1.BackupSpec) {
	if scope.OldFilters(spec) {
		spec.ExcludedResources = adding(spec.ExcludedResources, csiSnapshots, csiContents)
		return
	}
	spec.ExcludedNamespaceScopedResources = adding(spec.ExcludedNamespaceScopedResources, csiSnapshots)
	spec.ExcludedClusterScopedResources = adding(spec.ExcludedClusterScopedResources, csiContents)
}

// adding returns a list with names in it that it has only once.
func adding(list []string, names ...string) []string {
	for _, name := range names {
		if !slices.Contains(list, name) {
			list = append(slices.Clip(list), name)
		}
	}
	return list
}

// clusterAnnotations say which cluster the backup is of. A server that does not say its version is none the worse for it.
func (r *reconciler) clusterAnnotations() map[string]string {
	annotations := map[string]string{"velero.io/resource-timeout": "10m0s"}
	if version, err := r.discovery.ServerVersion(); err == nil {
		annotations["velero.io/source-cluster-k8s-gitversion"] = version.GitVersion
		annotations["velero.io/source-cluster-k8s-major-version"] = version.Major
		annotations["velero.io/source-cluster-k8s-minor-version"] = version.Minor
	}
	return annotations
}

func with(m map[string]string, key, value string) map[string]string {
	if m == nil {
		m = map[string]string{}
	}
	m[key] = value
	return m
}

func orDefault(given metav1.Duration, standard time.Duration) metav1.Duration {
	if given.Duration == 0 {
		return metav1.Duration{Duration: standard}
	}
	return given
}

func request(spec *velerov1.BackupSpec) selection.Request {
	return selection.Request{
		StorageLocation: spec.StorageLocation, VolumeSnapshotLocations: spec.VolumeSnapshotLocations, SnapshotVolumes: spec.SnapshotVolumes,
	}
}

func known(storage []velerov1.BackupStorageLocation, snapshots []velerov1.VolumeSnapshotLocation) selection.Locations {
	var all selection.Locations
	for _, l := range storage {
		all.Storage = append(all.Storage, selection.StorageLocation{
			Name: l.Name, Default: l.Spec.Default, ReadOnly: l.Spec.AccessMode == velerov1.AccessModeReadOnly,
			Status: selection.Status{Phase: string(l.Status.Phase), Message: l.Status.Message},
		})
	}
	for _, l := range snapshots {
		all.Snapshots = append(all.Snapshots, selection.SnapshotLocation{
			Name: l.Name, Provider: l.Spec.Provider, Config: l.Spec.Config, Status: selection.Status{Phase: string(l.Status.Phase)},
		})
	}
	return all
}
