// Package backend opens what locations name: object stores and volumes, with the credentials and
// certificates of the Secrets that they refer to.
//
// An error says on one line which field or Secret is wrong and what would be right, unless it is an
// *APIError, which says nothing about the location.
package backend

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/drivers/identity"
	"github.com/velero-locations/velero-locations/drivers/objectstore"
	"github.com/velero-locations/velero-locations/drivers/snapshotter"
	"github.com/velero-locations/velero-locations/locations"
	"github.com/velero-locations/velero-locations/locations/provider"
)

// Backend opens the storage of locations.
type Backend struct {
	// Secrets reads Secrets from the server, not from a cache: what was rotated is to be used at once.
	Secrets client.Reader
	// S3Endpoint is the storage of backup storage locations that name no s3Url. Nil: Amazon's. Requests name the bucket in
	// the path: this is often a Service, before whose name no other can stand.
	S3Endpoint *url.URL
	// STSEndpoint is where roles are assumed that name no other. Nil: Amazon's.
	STSEndpoint *url.URL
	// LendIdentity lets locations use the identity of this process's pod.
	LendIdentity bool
	// SnapshotDrivers reach the volumes of volume snapshot locations.
	SnapshotDrivers snapshotter.Drivers
	// VolumeEndpoints are those of providers of volumes, by the names that package provider knows them
	// by, where a location's credentials name no other. A provider that is not there has its own.
	VolumeEndpoints map[string]*url.URL
	// StallTimeout is how long a connection to object storage may carry nothing, and how long a provider of volumes may take to
	// answer. 0: a minute.
	StallTimeout time.Duration

	brief bool // set by Ask
}

// StorageEndpoint is the host of a location's storage, or its region where there is no URL.
func StorageEndpoint(location *velerov1.BackupStorageLocation) string {
	given := location.Spec.Config["s3Url"]
	if u, err := url.Parse(given); err == nil && u.Host != "" {
		return u.Host
	}
	return given + " " + location.Spec.Config["region"]
}

// Backups opens the backups of a location whose provider speaks S3. The caller closes them.
func (b *Backend) Backups(ctx context.Context, location *velerov1.BackupStorageLocation) (*backups.Store, error) {
	objects, place, err := b.ObjectStore(ctx, location)
	if err != nil {
		return nil, ofLocation(err)
	}
	return backups.NewStore(objects, place), nil
}

// ObjectStore opens the store of a location whose provider speaks S3, and says where in it the
// location's backups are. The caller closes it.
func (b *Backend) ObjectStore(ctx context.Context, location *velerov1.BackupStorageLocation) (objectstore.Bucket, locations.Place, error) {
	access, err := b.access(ctx, location)
	if err != nil {
		return nil, locations.Place{}, err
	}
	if access.opts.Writing, err = b.writing(ctx, location.Namespace, access.config); err != nil {
		return nil, locations.Place{}, err
	}
	return access.open()
}

// Listing is ObjectStore for those who only list: settings of how objects are written are not looked at,
// so that a location is not found wanting which Velero can write to, though nothing here could.
func (b *Backend) Listing(ctx context.Context, location *velerov1.BackupStorageLocation) (objectstore.Bucket, locations.Place, error) {
	access, err := b.access(ctx, location)
	if err != nil {
		return nil, locations.Place{}, err
	}
	return access.open()
}

// access is where the objects of a location are, and how to reach them.
type access struct {
	place  locations.Place
	config provider.AWSObjectStore
	opts   objectstore.S3Options
}

func (a *access) open() (objectstore.Bucket, locations.Place, error) {
	store, err := objectstore.NewS3(a.opts)
	if err != nil {
		return nil, locations.Place{}, err // not the store: a nil pointer in an interface is not nil
	}
	return store, a.place, nil
}

// writing turns settings into how objects are stored.
func (b *Backend) writing(ctx context.Context, namespace string, config provider.AWSObjectStore) (objectstore.Writing, error) {
	writing := objectstore.Writing{
		Encryption: config.ServerSideEncryption,
		KMSKeyID:   config.KMSKeyID,
		Tags:       config.Tags,
		Checksum:   config.ChecksumAlgorithm,
	}
	const field = "spec.config.customerKeyEncryptionSecret"
	switch name, key, _ := strings.Cut(config.CustomerKeySecret, "/"); {
	case config.CustomerKeyFile != "":
		return writing, fmt.Errorf("spec.config.customerKeyEncryptionFile names a file of Velero's server, which cannot be read from here: put the key in a Secret and name it in %s", field)
	case config.CustomerKeySecret != "":
		selector := corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: name}, Key: key}
		var err error
		if writing.CustomerKey, err = b.secretKey(ctx, namespace, selector, field); err != nil {
			return writing, err
		}
	}
	return writing, nil
}

// access turns a location into where its objects are and how to reach them; not yet into how they are written.
func (b *Backend) access(ctx context.Context, location *velerov1.BackupStorageLocation) (*access, error) {
	if !provider.SpeaksS3(location.Spec.Provider) {
		return nil, fmt.Errorf("object storage of provider %q cannot be reached from here: only S3's protocol is spoken, by provider aws", location.Spec.Provider)
	}
	storage := location.Spec.ObjectStorage
	if storage == nil {
		return nil, errors.New("it has no spec.objectStorage: set spec.objectStorage.bucket")
	}
	place, err := locations.ParsePlace(storage.Bucket, storage.Prefix)
	if err != nil {
		return nil, err
	}
	config, err := provider.ParseAWSObjectStore(location.Spec.Config)
	if err != nil {
		return nil, err
	}
	opts := objectstore.S3Options{
		Bucket:                place.Bucket,
		Endpoint:              config.URL,
		Region:                config.Region,
		PathStyle:             config.PathStyle,
		InsecureSkipTLSVerify: config.InsecureSkipTLSVerify,
		PublicEndpoint:        config.PublicURL,
		StallTimeout:          b.StallTimeout,
		Brief:                 b.brief,
	}
	if opts.Endpoint == nil && b.S3Endpoint != nil {
		opts.Endpoint, opts.PathStyle = b.S3Endpoint, true
	}
	if err := b.addCertificates(ctx, &opts, location); err != nil {
		return nil, err
	}
	file, err := b.credentials(ctx, location.Namespace, location.Spec.Provider, location.Spec.Config, location.Spec.Credential)
	if err != nil {
		return nil, err
	}
	opts.Keys, err = identity.Open(file, config.Profile, identity.Options{
		Region: config.Region, Endpoint: b.STSEndpoint, Lend: b.LendIdentity, Timeout: b.StallTimeout,
		RootCAs: opts.RootCAs, InsecureSkipTLSVerify: opts.InsecureSkipTLSVerify,
	})
	if err != nil {
		return nil, inSecret(err, location.Spec.Credential)
	}
	return &access{place: place, config: config, opts: opts}, nil
}

func (b *Backend) addCertificates(ctx context.Context, opts *objectstore.S3Options, location *velerov1.BackupStorageLocation) error {
	storage := location.Spec.ObjectStorage
	field, certs := "spec.objectStorage.caCert", storage.CACert
	if ref := storage.CACertRef; ref != nil {
		if len(certs) > 0 {
			return errors.New("spec.objectStorage has both caCert and caCertRef: leave one of them out")
		}
		var err error
		field = fmt.Sprintf("Secret %q, key %q, named by spec.objectStorage.caCertRef", ref.Name, ref.Key)
		if certs, err = b.secretKey(ctx, location.Namespace, *ref, "spec.objectStorage.caCertRef"); err != nil {
			return err
		}
	} else if len(certs) == 0 {
		return nil
	}
	roots, err := objectstore.RootCAs(certs)
	if err != nil {
		return fmt.Errorf("%s: %w", field, err)
	}
	opts.RootCAs = roots
	return nil
}

func (b *Backend) volumeEndpoint(name string) *url.URL {
	return b.VolumeEndpoints[provider.Find(name, provider.VolumeSnapshotter).Name]
}

// Driver returns the driver of a provider of volumes, named in any form, if there is one.
func (b *Backend) Driver(name string) (snapshotter.Driver, bool) { return b.SnapshotDrivers.Find(name) }

// ErrNoDriver says that nothing here speaks to the volumes of a provider.
var ErrNoDriver = errors.New("there is no driver for it")

// Snapshotter opens the volumes of a location whose provider has a driver, else: ErrNoDriver. The caller closes it.
func (b *Backend) Snapshotter(ctx context.Context, location *velerov1.VolumeSnapshotLocation) (snapshotter.Snapshotter, error) {
	driver, found := b.Driver(location.Spec.Provider)
	if !found {
		return nil, fmt.Errorf("volumes of provider %q cannot be reached from here: %w", location.Spec.Provider, ErrNoDriver)
	}
	return b.open(ctx, driver, location)
}

func (b *Backend) open(ctx context.Context, driver snapshotter.Driver, location *velerov1.VolumeSnapshotLocation) (snapshotter.Snapshotter, error) {
	file, err := b.credentials(ctx, location.Namespace, location.Spec.Provider, location.Spec.Config, location.Spec.Credential)
	var missing *missingError
	if driver.CredentialsOptional && location.Spec.Credential == nil && errors.As(err, &missing) {
		file, err = nil, nil
	}
	if err != nil {
		return nil, err
	}
	s, err := driver.Open(snapshotter.Options{
		Config: location.Spec.Config, Credentials: file,
		Endpoint: b.volumeEndpoint(location.Spec.Provider), STSEndpoint: b.STSEndpoint, Lend: b.LendIdentity, Timeout: b.StallTimeout,
	})
	return s, b.NameCredentials(err, location.Spec.Credential)
}

// NameCredentials adds to an error of a store or of volumes, if other credentials would help, which
// ones a location used.
func (b *Backend) NameCredentials(err error, credential *corev1.SecretKeySelector) error {
	var refusal interface{ CredentialsRefused() bool }
	if !errors.As(err, &refusal) || !refusal.CredentialsRefused() {
		return err
	}
	selector, otherwise := credentialSelector(credential), ""
	if credential == nil && b.LendIdentity {
		otherwise = ", or where there is none of the controller's pod"
	}
	return fmt.Errorf("%w (the credentials are those of Secret %q, key %q%s)", err, selector.Name, selector.Key, otherwise)
}
