// Package validation says what is wrong with an object of group velero.io, judged by itself and,
// on update, by its old self. It does no I/O. Each error names the field and what would be right.
package validation

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	corev1 "k8s.io/api/core/v1"
	dns "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/locations"
	"github.com/velero-locations/velero-locations/locations/provider"
)

var (
	accessModes = []v1.BackupStorageLocationAccessMode{v1.AccessModeReadOnly, v1.AccessModeReadWrite}
	phases      = []v1.BackupStorageLocationPhase{v1.BackupStorageLocationAvailable, v1.BackupStorageLocationUnavailable}

	snapshotLocationPhases = []v1.VolumeSnapshotLocationPhase{v1.VolumeSnapshotLocationAvailable, v1.VolumeSnapshotLocationUnavailable}
)

// BackupStorageLocation returns all that is wrong with a location. old is nil on creation.
func (r Rules) BackupStorageLocation(location, old *v1.BackupStorageLocation) field.ErrorList {
	return unlessKnown(location, old, r.backupStorageLocation)
}

func (r Rules) backupStorageLocation(location *v1.BackupStorageLocation) field.ErrorList {
	spec, status := field.NewPath("spec"), field.NewPath("status")

	errs := providerName(location.Spec.Provider, spec.Child("provider"))
	errs = append(errs, r.enforced(provider.CheckConfig(location.Spec.Provider, provider.ObjectStore, location.Spec.Config, spec.Child("config")))...)
	errs = append(errs, secretKey(location.Spec.Credential, spec.Child("credential"))...)
	errs = append(errs, objectStorage(&location.Spec, spec.Child("objectStorage"))...)
	errs = append(errs, oneOf(location.Spec.AccessMode, accessModes, spec.Child("accessMode"))...)
	errs = append(errs, period(location.Spec.BackupSyncPeriod, spec.Child("backupSyncPeriod"))...)
	errs = append(errs, period(location.Spec.ValidationFrequency, spec.Child("validationFrequency"))...)
	errs = append(errs, oneOf(location.Status.Phase, phases, status.Child("phase"))...)
	return append(errs, oneOf(location.Status.AccessMode, accessModes, status.Child("accessMode"))...)
}

// VolumeSnapshotLocation returns all that is wrong with a location. old is nil on creation.
func (r Rules) VolumeSnapshotLocation(location, old *v1.VolumeSnapshotLocation) field.ErrorList {
	return unlessKnown(location, old, r.volumeSnapshotLocation)
}

func (r Rules) volumeSnapshotLocation(location *v1.VolumeSnapshotLocation) field.ErrorList {
	spec, status := field.NewPath("spec"), field.NewPath("status")

	errs := providerName(location.Spec.Provider, spec.Child("provider"))
	errs = append(errs, r.enforced(provider.CheckConfig(location.Spec.Provider, provider.VolumeSnapshotter, location.Spec.Config, spec.Child("config")))...)
	errs = append(errs, secretKey(location.Spec.Credential, spec.Child("credential"))...)
	return append(errs, oneOf(location.Status.Phase, snapshotLocationPhases, status.Child("phase"))...)
}

// providerName accepts what Velero accepts as the name of a plugin, and the short form of it.
func providerName(name string, path *field.Path) field.ErrorList {
	if name == "" {
		return field.ErrorList{field.Required(path, "name the storage provider, such as aws, azure or gcp")}
	}
	domain, plugin, _ := strings.Cut(provider.Normal(name), "/")
	if plugin == "" || strings.Contains(plugin, "/") || strings.ContainsFunc(plugin, notPrintable) || len(dns.IsDNS1123Subdomain(domain)) > 0 {
		return field.ErrorList{field.Invalid(path, provider.Shown(name), "must be the name of a plugin, such as aws or example.com/my-storage")}
	}
	return nil
}

func notPrintable(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }

func objectStorage(spec *v1.BackupStorageLocationSpec, path *field.Path) field.ErrorList {
	storage := spec.ObjectStorage
	if storage == nil {
		return field.ErrorList{field.Required(path, "name the bucket in objectStorage.bucket")}
	}
	errs := bucket(spec, path.Child("bucket"))
	if err := locations.CheckPrefix(storage.Prefix); err != nil {
		errs = append(errs, field.Invalid(path.Child("prefix"), provider.Shown(storage.Prefix), err.Error()))
	}
	if len(storage.CACert) > 0 {
		errs = append(errs, certificates(storage, path.Child("caCert"))...)
	}
	return append(errs, secretKey(storage.CACertRef, path.Child("caCertRef"))...)
}

// bucket checks the name without the slashes at its ends, which Velero trims.
func bucket(spec *v1.BackupStorageLocationSpec, path *field.Path) field.ErrorList {
	written := spec.ObjectStorage.Bucket
	if strings.Trim(written, "/") == "" {
		return field.ErrorList{field.Required(path, "name the bucket that backups are kept in")}
	}
	err := bucketName(spec)
	switch {
	case err == nil:
		return nil
	case provider.Shown(written) != written:
		return field.ErrorList{field.Invalid(path, field.OmitValueType{}, "must be the name of the bucket only, without @ and ?")}
	}
	return field.ErrorList{field.Invalid(path, written, err.Error())}
}

func bucketName(spec *v1.BackupStorageLocationSpec) error {
	if scheme, _, found := strings.Cut(spec.ObjectStorage.Bucket, "://"); found {
		return fmt.Errorf("must be the name of the bucket only, without %s://", scheme)
	}
	place, err := locations.ParsePlace(spec.ObjectStorage.Bucket, "")
	if err != nil {
		return err
	}
	if strings.ContainsFunc(place.Bucket, notPrintable) {
		return errors.New("must not have spaces or control characters")
	}
	return provider.CheckBucket(spec.Provider, place.Bucket, spec.Config)
}

// certificates does not repeat the text, which may be a private key by mistake.
func certificates(storage *v1.ObjectStorageLocation, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if storage.CACertRef != nil {
		errs = append(errs, field.Forbidden(path, "not together with caCertRef: leave one of them out"))
	}
	if _, err := locations.ParseCertificates(storage.CACert); err != nil {
		errs = append(errs, field.Invalid(path, field.OmitValueType{}, fmt.Sprintf("must be certificates, PEM-encoded and then in base64: %s", err)))
	}
	return errs
}

// secretKey checks that a selector names a Secret and a key. Velero's CRDs accept an empty name,
// which no Secret has. It repeats neither: the secret itself is sometimes written in their place.
func secretKey(selector *corev1.SecretKeySelector, path *field.Path) field.ErrorList {
	if selector == nil {
		return nil
	}
	var errs field.ErrorList
	switch {
	case selector.Name == "":
		errs = append(errs, field.Required(path.Child("name"), "name the Secret"))
	case len(dns.IsDNS1123Subdomain(selector.Name)) > 0:
		errs = append(errs, field.Invalid(path.Child("name"), field.OmitValueType{}, "must be the name of a Secret: lowercase letters, digits, dots and hyphens"))
	}
	switch {
	case selector.Key == "":
		errs = append(errs, field.Required(path.Child("key"), "name the key of the Secret"))
	case len(dns.IsConfigMapKey(selector.Key)) > 0:
		errs = append(errs, field.Invalid(path.Child("key"), field.OmitValueType{}, "must be the key of a Secret: letters, digits, dots, hyphens and underscores"))
	}
	return errs
}
