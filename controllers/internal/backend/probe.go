package backend

import (
	"context"
	"errors"
	"net/http/httptrace"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/client"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups/probe"
	"github.com/velero-locations/velero-locations/drivers/objectstore"
	"github.com/velero-locations/velero-locations/locations"
	"github.com/velero-locations/velero-locations/locations/credentials"
	"github.com/velero-locations/velero-locations/locations/provider"
)

// OutOfReach says why nothing here asks the storage of a location that Velero may reach: a part of a sentence. Empty: it is asked, or
// the location has a mistake that opening it tells of.
func OutOfReach(location *velerov1.BackupStorageLocation) string {
	storage := location.Spec.ObjectStorage
	if !provider.SpeaksS3(location.Spec.Provider) || storage == nil {
		return ""
	}
	place, err := locations.ParsePlace(storage.Bucket, storage.Prefix)
	if err != nil {
		return ""
	}
	return objectstore.OutOfReach(place.Bucket, location.Spec.Config["s3Url"])
}

// List makes the check that Velero makes of a location.
func (b *Backend) List(ctx context.Context, location *velerov1.BackupStorageLocation) error {
	store, place, err := b.Listing(ctx, location)
	if err != nil {
		return err
	}
	defer store.Close()
	return b.NameCredentials(probe.List(ctx, store, place), location.Spec.Credential)
}

// Ask is List, briefly, on behalf of somebody who waits. Nothing but what the storage says is an answer, or that there is no way to it:
// storage that is there, and takes longer than the context lasts, may be good.
func (b *Backend) Ask(ctx context.Context, location *velerov1.BackupStorageLocation) error {
	if OutOfReach(location) != "" {
		return nil
	}
	brief := *b
	brief.brief = true
	store, place, err := brief.Listing(ctx, location)
	if err != nil {
		return nil
	}
	defer store.Close()
	var begun, connected atomic.Bool
	err = probe.List(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		ConnectStart: func(string, string) { begun.Store(true) },
		ConnectDone:  func(_, _ string, err error) { connected.CompareAndSwap(false, err == nil) },
	}), store, place)
	slow := errors.Is(err, context.DeadlineExceeded) && (connected.Load() || !begun.Load())
	if slow || credentials.AreElsewhere(err) || errors.Is(err, context.Canceled) {
		return nil
	}
	return b.NameCredentials(err, location.Spec.Credential)
}

// Write finds out whether a location can be written to, as probe.Write does. Where settings of how objects are written cannot be
// followed from here, that is not found out: Velero may be able to.
func (b *Backend) Write(ctx context.Context, location *velerov1.BackupStorageLocation) (refused, left error) {
	store, place, err := b.ObjectStore(ctx, location)
	if err != nil {
		return objectstore.ErrUnsupported, nil
	}
	defer store.Close()
	refused, left = probe.Write(ctx, store, place)
	return b.NameCredentials(refused, location.Spec.Credential), b.NameCredentials(left, location.Spec.Credential)
}

// Check tries what backups need of a location, of whose namespace the API has these records.
func (b *Backend) Check(ctx context.Context, location *velerov1.BackupStorageLocation, volumes []velerov1.VolumeSnapshotLocation, records probe.Records) probe.Report {
	subject := &probe.Subject{
		Location: location.Name, Namespace: location.Namespace, Records: records, Unreached: OutOfReach(location),
		Explain: func(err error) error { return b.NameCredentials(err, location.Spec.Credential) },
	}
	if subject.Unreached == "" {
		b.openSubject(ctx, subject, location)
	}
	if subject.Store != nil {
		defer subject.Store.Close()
	}
	for i := range volumes {
		opened := probe.Volumes{Name: volumes[i].Name}
		if opened.Snapshots, opened.Closed = b.Snapshotter(ctx, &volumes[i]); opened.Closed == nil {
			defer opened.Snapshots.Close()
		} else {
			opened.Snapshots = nil
		}
		if errors.Is(opened.Closed, ErrNoDriver) {
			opened.Closed = probe.ErrUnlisted
		}
		subject.Volumes = append(subject.Volumes, opened)
	}
	return probe.Check(ctx, subject)
}

// openSubject opens a location for all that can be done with it from here.
func (b *Backend) openSubject(ctx context.Context, subject *probe.Subject, location *velerov1.BackupStorageLocation) {
	store, place, err := b.ObjectStore(ctx, location)
	if err == nil {
		subject.Store, subject.Place = store, place
		if location.Spec.AccessMode == velerov1.AccessModeReadOnly {
			subject.Unwritable = "the location is read-only"
		}
		return
	}
	store, place, unlisted := b.Listing(ctx, location)
	switch {
	case unlisted == nil:
		subject.Store, subject.Place, subject.Unwritable = store, place, err.Error()
	case !provider.SpeaksS3(location.Spec.Provider), credentials.AreElsewhere(unlisted):
		subject.Unreached = unlisted.Error()
	default:
		subject.Closed = unlisted
	}
}

// SecretsOf reads Secrets by a client of Kubernetes' own kinds.
func SecretsOf(kubernetes kubernetes.Interface) client.Reader { return secretsOf{kubernetes} }

type secretsOf struct{ kubernetes kubernetes.Interface }

// Get reads a Secret.
func (s secretsOf) Get(ctx context.Context, name client.ObjectKey, object client.Object, _ ...client.GetOption) error {
	secret, ok := object.(*corev1.Secret)
	if !ok {
		return errors.ErrUnsupported
	}
	found, err := s.kubernetes.CoreV1().Secrets(name.Namespace).Get(ctx, name.Name, metav1.GetOptions{})
	if err == nil {
		*secret = *found
	}
	return err // as the API's own
}

// List is of no use here.
func (secretsOf) List(context.Context, client.ObjectList, ...client.ListOption) error {
	return errors.ErrUnsupported
}
