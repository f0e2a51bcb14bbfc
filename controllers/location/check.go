package location

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/locations"
	"github.com/velero-locations/velero-locations/locations/credentials"
	"github.com/velero-locations/velero-locations/locations/provider"
	"github.com/velero-locations/velero-locations/objectstore"
)

// checker makes the check that Velero makes of a location.
type checker struct {
	// secrets reads Secrets from the server, not from a cache.
	secrets client.Reader
	// open returns the store; tests put another in its place.
	open            func(objectstore.S3Options) (objectstore.Store, error)
	defaultEndpoint *url.URL
}

func openS3(opts objectstore.S3Options) (objectstore.Store, error) {
	store, err := objectstore.NewS3(opts)
	if err != nil {
		return nil, err // not the store: a nil pointer in an interface is not nil
	}
	return store, nil
}

// apiFailure is an error of the Kubernetes API: it says nothing about the location.
type apiFailure struct{ error }

func (f *apiFailure) Unwrap() error { return f.error }

// check returns why a location cannot be used; nil if it can. It notes which versions of the
// Secrets it read.
func (c *checker) check(ctx context.Context, location *velerov1.BackupStorageLocation, read secretVersions) error {
	place, opts, err := c.options(ctx, location, read)
	if err != nil {
		return err
	}
	store, err := c.open(opts)
	if err != nil {
		return err
	}
	defer store.Close()

	names, err := store.CommonPrefixes(ctx, place.Root())
	if err != nil {
		var refusal *objectstore.Error
		if errors.As(err, &refusal) && refusal.CredentialsRefused() {
			secret := credentialSelector(location)
			return fmt.Errorf("%w (the credentials are those of Secret %q, key %q)", err, secret.Name, secret.Key)
		}
		return err
	}
	return locations.CheckDirectories(place, names)
}

// options turns a location into where its objects are and how to reach them.
func (c *checker) options(ctx context.Context, location *velerov1.BackupStorageLocation, read secretVersions) (locations.Place, objectstore.S3Options, error) {
	fail := func(err error) (locations.Place, objectstore.S3Options, error) {
		return locations.Place{}, objectstore.S3Options{}, err
	}
	storage := location.Spec.ObjectStorage
	if storage == nil {
		return fail(errors.New("it has no spec.objectStorage: set spec.objectStorage.bucket"))
	}
	place, err := locations.ParsePlace(storage.Bucket, storage.Prefix)
	if err != nil {
		return fail(err)
	}
	config, err := provider.ParseAWSObjectStore(location.Spec.Config)
	if err != nil {
		return fail(err)
	}
	if config.CredentialsFile != "" && location.Spec.Credential == nil {
		return fail(errors.New("spec.config.credentialsFile names a file of Velero's server, which cannot be read from here: put the credentials in a Secret and name it in spec.credential"))
	}

	opts := objectstore.S3Options{
		Bucket:                place.Bucket,
		Endpoint:              config.URL,
		Region:                config.Region,
		PathStyle:             config.PathStyle,
		InsecureSkipTLSVerify: config.InsecureSkipTLSVerify,
	}
	if opts.Endpoint == nil {
		opts.Endpoint = c.defaultEndpoint
	}
	if err := c.addCertificates(ctx, &opts, location, read); err != nil {
		return fail(err)
	}
	if err := c.addCredentials(ctx, &opts, location, config.Profile, read); err != nil {
		return fail(err)
	}
	return place, opts, nil
}

func (c *checker) addCertificates(ctx context.Context, opts *objectstore.S3Options, location *velerov1.BackupStorageLocation, read secretVersions) error {
	storage := location.Spec.ObjectStorage
	field, certs := "spec.objectStorage.caCert", storage.CACert
	if ref := storage.CACertRef; ref != nil {
		if len(certs) > 0 {
			return errors.New("spec.objectStorage has both caCert and caCertRef: leave one of them away")
		}
		var err error
		field = fmt.Sprintf("Secret %q, key %q, named by spec.objectStorage.caCertRef", ref.Name, ref.Key)
		if certs, err = c.secretKey(ctx, location.Namespace, *ref, "spec.objectStorage.caCertRef", read); err != nil {
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

func (c *checker) addCredentials(ctx context.Context, opts *objectstore.S3Options, location *velerov1.BackupStorageLocation, profile string, read secretVersions) error {
	selector := credentialSelector(location)
	file, err := c.secretKey(ctx, location.Namespace, selector, "spec.credential", read)
	if err != nil {
		return err
	}
	key, err := credentials.ParseAWS(file, profile)
	if err != nil {
		return fmt.Errorf("in Secret %q, key %q: %w", selector.Name, selector.Key, err)
	}
	opts.Credentials = key
	return nil
}

// credentialSelector says where the credentials of a location are. Its mark "optional" has no
// meaning, as with Velero.
func credentialSelector(location *velerov1.BackupStorageLocation) corev1.SecretKeySelector {
	if location.Spec.Credential != nil {
		return *location.Spec.Credential
	}
	return corev1.SecretKeySelector{
		LocalObjectReference: corev1.LocalObjectReference{Name: defaultSecret},
		Key:                  defaultSecretKey,
	}
}

// secretKey reads one key of a Secret. The field is the one of the location that may name it.
func (c *checker) secretKey(ctx context.Context, namespace string, selector corev1.SecretKeySelector, field string, read secretVersions) ([]byte, error) {
	if selector.Name == "" || selector.Key == "" {
		return nil, fmt.Errorf("%s does not say which key of which Secret: set its name and key", field)
	}
	var secret corev1.Secret
	err := c.secrets.Get(ctx, types.NamespacedName{Namespace: namespace, Name: selector.Name}, &secret)
	switch {
	case apierrors.IsNotFound(err):
		read[selector.Name] = ""
		return nil, fmt.Errorf("there is no Secret %q in namespace %q: create it with key %q, or name another in %s", selector.Name, namespace, selector.Key, field)
	case apierrors.IsForbidden(err):
		return nil, fmt.Errorf("the controller may not read Secret %q in namespace %q: allow it to get Secrets there", selector.Name, namespace)
	case err != nil:
		return nil, &apiFailure{fmt.Errorf("reading Secret %q: %w", selector.Name, err)}
	}
	read[selector.Name] = secret.ResourceVersion
	value, found := secret.Data[selector.Key]
	if !found {
		return nil, fmt.Errorf("the Secret %q in namespace %q has no key %q%s: add it, or name another in %s", selector.Name, namespace, selector.Key, keysOf(&secret), field)
	}
	return value, nil
}

// keysOf lists the keys of a Secret, never their values.
func keysOf(secret *corev1.Secret) string {
	if len(secret.Data) == 0 {
		return ", nor any other"
	}
	keys := make([]string, 0, len(secret.Data))
	for key := range secret.Data {
		keys = append(keys, fmt.Sprintf("%q", key))
	}
	slices.Sort(keys)
	const most = 5
	if len(keys) > most {
		keys = append(keys[:most], "...")
	}
	return " (it has " + strings.Join(keys, ", ") + ")"
}
