package backend

import (
	"context"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/locations"
	"github.com/velero-locations/velero-locations/locations/credentials"
	"github.com/velero-locations/velero-locations/locations/provider"
)

// APIError is an error of the Kubernetes API: it says nothing about the location.
type APIError struct{ cause error }

// Error says what was being done.
func (e *APIError) Error() string { return e.cause.Error() }

// Unwrap returns the API's own error.
func (e *APIError) Unwrap() error { return e.cause }

// missingError is about a Secret, or a key of one, that is not there.
type missingError struct{ text string }

func (e *missingError) Error() string { return e.text }

// ObjectStoreSecrets returns the names of the Secrets, in the location's namespace, that opening its
// store reads.
func ObjectStoreSecrets(location *velerov1.BackupStorageLocation) []string {
	names := []string{credentialSelector(location.Spec.Credential).Name}
	if storage := location.Spec.ObjectStorage; storage != nil && storage.CACertRef != nil {
		names = append(names, storage.CACertRef.Name)
	}
	return normal(names)
}

// SnapshotterSecrets returns the names of the Secrets, in the location's namespace, that opening its
// volumes reads.
func SnapshotterSecrets(location *velerov1.VolumeSnapshotLocation) []string {
	return normal([]string{credentialSelector(location.Spec.Credential).Name})
}

// normal sorts names, each once and none empty.
func normal(names []string) []string {
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(name string) bool { return name == "" })
}

// credentials reads the credentials file of a location of a provider. Without the Secret that locations use which name none, Velero's
// plugins look for the identity of the pod that they run in, as after "velero install --no-secret".
func (b *Backend) credentials(ctx context.Context, namespace, of string, config map[string]string, credential *corev1.SecretKeySelector) ([]byte, error) {
	if config["credentialsFile"] != "" && credential == nil {
		return nil, credentials.Elsewhere("spec.config.credentialsFile names a file of Velero's server, which cannot be read from here: put the credentials in a Secret and name it in spec.credential")
	}
	file, err := b.secretKey(ctx, namespace, credentialSelector(credential), "spec.credential")
	var missing *missingError
	if credential == nil && errors.As(err, &missing) {
		if b.LendIdentity && provider.Normal(of) == provider.AWS && config["profile"] == "" {
			return ownIdentity, nil
		}
		return nil, credentials.Elsewhere("only Velero's own pod can have credentials for it, as %w", err)
	}
	return file, err
}

// ownIdentity is a credentials file that leaves it to the pod what identity there is.
var ownIdentity = []byte("[default]\n")

// credentialSelector says where the credentials of a location are. Its mark "optional" has no
// meaning, as with Velero.
func credentialSelector(credential *corev1.SecretKeySelector) corev1.SecretKeySelector {
	if credential != nil {
		return *credential
	}
	return corev1.SecretKeySelector{
		LocalObjectReference: corev1.LocalObjectReference{Name: credentials.DefaultSecret},
		Key:                  credentials.DefaultKey,
	}
}

// inSecret says of an error about credentials which they are.
func inSecret(err error, credential *corev1.SecretKeySelector) error {
	selector := credentialSelector(credential)
	return fmt.Errorf("in Secret %q, key %q: %w", selector.Name, selector.Key, err)
}

// secretKey reads one key of a Secret. The field is the one of the location that may name it.
func (b *Backend) secretKey(ctx context.Context, namespace string, selector corev1.SecretKeySelector, field string) ([]byte, error) {
	if selector.Name == "" || selector.Key == "" {
		return nil, fmt.Errorf("%s does not say which key of which Secret: set its name and key", field)
	}
	var secret corev1.Secret
	err := b.Secrets.Get(ctx, types.NamespacedName{Namespace: namespace, Name: selector.Name}, &secret)
	switch {
	case apierrors.IsNotFound(err):
		return nil, &missingError{fmt.Sprintf("there is no Secret %q in namespace %q: create it with key %q, or name another in %s", selector.Name, namespace, selector.Key, field)}
	case apierrors.IsForbidden(err):
		return nil, fmt.Errorf("reading Secret %q in namespace %q is not allowed: allow to get Secrets there", selector.Name, namespace)
	case err != nil:
		return nil, &APIError{fmt.Errorf("reading Secret %q: %w", selector.Name, err)}
	}
	value, found := secret.Data[selector.Key]
	if !found {
		return nil, &missingError{fmt.Sprintf("the Secret %q in namespace %q has no key %q%s: add it, or name another in %s", selector.Name, namespace, selector.Key, others(&secret), field)}
	}
	return value, nil
}

// others says how many keys a Secret has that was looked for one. Their names are for those who may read it.
func others(secret *corev1.Secret) string {
	if len(secret.Data) == 0 {
		return ", nor any other"
	}
	return fmt.Sprintf(" (it has %s)", locations.Count(len(secret.Data), "other"))
}
