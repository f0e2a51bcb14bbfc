package location

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/controllers/internal/backend"
	"github.com/velero-locations/velero-locations/controllers/internal/metrics"
	"github.com/velero-locations/velero-locations/drivers/objectstore"
	"github.com/velero-locations/velero-locations/drivers/snapshotter"
	"github.com/velero-locations/velero-locations/locations/provider"
)

// kind is what is particular to one kind of location.
type kind[L client.Object] struct {
	// name of the kind, which messages begin with.
	name string
	// object and list return empty ones.
	object func() L
	list   func() client.ObjectList
	// spec is what a check depends on, beside Secrets.
	spec func(L) any
	// phase and message as they are stored.
	phase, message func(L) string
	// frequency is what the location says about how often it is checked; nil: nothing.
	frequency func(L) *metav1.Duration
	// endpoint is where a check asks, as far as the location says: what is behind one endpoint answers alike.
	endpoint func(L) string
	// secrets are the names of those, in the location's namespace, that a check reads.
	secrets func(L) []string
	// unchecked says that nothing here can check the location, and what its status is to say about
	// that; empty: it is left alone.
	unchecked func(opener, L) (message string, unchecked bool)
	// check returns why the location cannot be used; nil if it can.
	check func(context.Context, opener, L) error
	// write returns why a location that passes the check cannot be written to, nil if it can, or need not be; and why something may be
	// left there. Nil: nothing is written to locations of the kind.
	write func(context.Context, opener, L) (refused, left error)
	// tell reports the phase of a location of a name, or that there is none.
	tell func(m *metrics.Metrics, name, phase string)
}

// opener is how a check gets at the storage of a location.
type opener interface {
	Driver(provider string) (snapshotter.Driver, bool)
	List(context.Context, *velerov1.BackupStorageLocation) error
	Write(context.Context, *velerov1.BackupStorageLocation) (refused, left error)
	Snapshotter(context.Context, *velerov1.VolumeSnapshotLocation) (snapshotter.Snapshotter, error)
	NameCredentials(err error, credential *corev1.SecretKeySelector) error
}

var _ opener = (*backend.Backend)(nil)

// backupStorage are checked if their provider speaks S3. Others are left to Velero's server, which writes the same status.
var backupStorage = kind[*velerov1.BackupStorageLocation]{
	name:      "BackupStorageLocation",
	object:    func() *velerov1.BackupStorageLocation { return &velerov1.BackupStorageLocation{} },
	list:      func() client.ObjectList { return &velerov1.BackupStorageLocationList{} },
	spec:      func(l *velerov1.BackupStorageLocation) any { return l.Spec },
	phase:     func(l *velerov1.BackupStorageLocation) string { return string(l.Status.Phase) },
	message:   func(l *velerov1.BackupStorageLocation) string { return l.Status.Message },
	frequency: func(l *velerov1.BackupStorageLocation) *metav1.Duration { return l.Spec.ValidationFrequency },
	endpoint:  backend.StorageEndpoint,
	secrets:   backend.ObjectStoreSecrets,
	unchecked: outOfReach,
	check:     checkDirectories,
	write:     writeUpload,
	tell:      (*metrics.Metrics).Location,
}

// outOfReach is about locations that Velero may reach, but nothing here.
func outOfReach(_ opener, location *velerov1.BackupStorageLocation) (string, bool) {
	if !provider.SpeaksS3(location.Spec.Provider) {
		return leaveToVelero(location), true
	}
	reason := backend.OutOfReach(location)
	if reason == "" {
		return "", false
	}
	return fmt.Sprintf("BackupStorageLocation %q is not checked: %s, which says nothing about whether Velero can use it", location.Name, reason), true
}

// leaveToVelero says of a location that Velero's server checks where it runs, with a plugin for the provider, that nothing here
// does; nothing where it has checked the location.
func leaveToVelero(location *velerov1.BackupStorageLocation) string {
	if location.Status.Phase != "" {
		return ""
	}
	return fmt.Sprintf("BackupStorageLocation %q is not checked: no controller here knows the storage of provider %q; Velero's server checks it, where it runs with a plugin for that", location.Name, location.Spec.Provider)
}

// checkDirectories makes the check that Velero makes: one listing.
func checkDirectories(ctx context.Context, storage opener, location *velerov1.BackupStorageLocation) error {
	err := storage.List(ctx, location)
	var refusal *objectstore.Error
	if errors.As(err, &refusal) && refusal.Overloaded() {
		return fmt.Errorf("%w, or check less often with spec.validationFrequency", err)
	}
	return err
}

// volumeSnapshot are checked if their provider has a driver that reaches something. No release of Velero writes their
// status, so those of other providers can say that nobody looks.
var volumeSnapshot = kind[*velerov1.VolumeSnapshotLocation]{
	name:      "VolumeSnapshotLocation",
	object:    func() *velerov1.VolumeSnapshotLocation { return &velerov1.VolumeSnapshotLocation{} },
	list:      func() client.ObjectList { return &velerov1.VolumeSnapshotLocationList{} },
	spec:      func(l *velerov1.VolumeSnapshotLocation) any { return l.Spec },
	phase:     func(l *velerov1.VolumeSnapshotLocation) string { return string(l.Status.Phase) },
	message:   func(l *velerov1.VolumeSnapshotLocation) string { return l.Status.Message },
	frequency: func(*velerov1.VolumeSnapshotLocation) *metav1.Duration { return nil },
	endpoint: func(l *velerov1.VolumeSnapshotLocation) string {
		return l.Spec.Provider + " " + l.Spec.Config["region"]
	},
	secrets:   backend.SnapshotterSecrets,
	unchecked: withoutDriver,
	check:     checkVolumes,
	tell:      (*metrics.Metrics).SnapshotLocation,
}

func withoutDriver(storage opener, location *velerov1.VolumeSnapshotLocation) (string, bool) {
	if _, found := storage.Driver(location.Spec.Provider); found {
		return "", false
	}
	return fmt.Sprintf("VolumeSnapshotLocation %q is not checked: there is no driver for provider %q here, which says nothing about whether Velero can use it",
		location.Name, location.Spec.Provider), true
}

// checkVolumes makes one request to the provider, with the location's credentials in its region.
func checkVolumes(ctx context.Context, storage opener, location *velerov1.VolumeSnapshotLocation) error {
	volumes, err := storage.Snapshotter(ctx, location)
	if err != nil {
		return err
	}
	defer volumes.Close()
	return storage.NameCredentials(volumes.Check(ctx), location.Spec.Credential)
}

// secretReader reads Secrets, and notes which versions it saw.
type secretReader struct {
	client.Reader
	seen secretVersions
}

// Get notes a Secret that is not there, too, by an empty version.
func (r secretReader) Get(ctx context.Context, name client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
	err := r.Reader.Get(ctx, name, obj, opts...)
	if _, isSecret := obj.(*corev1.Secret); isSecret && client.IgnoreNotFound(err) == nil {
		r.seen[name.Name] = obj.GetResourceVersion()
	}
	return err
}
