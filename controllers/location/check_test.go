package location

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"reflect"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/locations/credentials"
	"github.com/velero-locations/velero-locations/objectstore"
)

const (
	goodFile = "[default]\naws_access_key_id=AKIDHIDDEN\naws_secret_access_key=hidden\n[other]\naws_access_key_id=AKIDHIDDEN2\naws_secret_access_key=hidden2\n"
	badPEM   = "-----BEGIN CERTIFICATE-----\naGlkZGVu\n-----END CERTIFICATE-----\n"
)

var goodKey = credentials.AWS{AccessKeyID: "AKIDHIDDEN", SecretAccessKey: "hidden"}

// secrets serves Secrets of namespace velero; an error by the name of a Secret goes first.
type secrets struct {
	client.Reader
	data   map[string]map[string]string
	errors map[string]error
}

func (s secrets) Get(_ context.Context, name client.ObjectKey, obj client.Object, _ ...client.GetOption) error {
	if err := s.errors[name.Name]; err != nil {
		return err
	}
	data, found := s.data[name.Name]
	if !found || name.Namespace != "velero" {
		return apierrors.NewNotFound(corev1.Resource("secrets"), name.Name)
	}
	secret := obj.(*corev1.Secret)
	*secret = corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: name.Namespace, Name: name.Name, ResourceVersion: "7"},
		Data:       map[string][]byte{},
	}
	for key, value := range data {
		secret.Data[key] = []byte(value)
	}
	return nil
}

// bucket is a store that holds directories, or that fails.
type bucket struct {
	objectstore.Store

	names  []string
	err    error
	closed int
	asked  []string
}

func (b *bucket) CommonPrefixes(_ context.Context, prefix string) ([]string, error) {
	b.asked = append(b.asked, prefix)
	return b.names, b.err
}

func (b *bucket) Close() { b.closed++ }

func TestCheck(t *testing.T) {
	forbidden := apierrors.NewForbidden(corev1.Resource("secrets"), "cloud-credentials", errors.New("no"))
	ref := func(name, key string) func(*velerov1.BackupStorageLocation) {
		return func(l *velerov1.BackupStorageLocation) { l.Spec.Credential = selector(name, key) }
	}
	ca := func(name, key string) func(*velerov1.BackupStorageLocation) {
		return func(l *velerov1.BackupStorageLocation) { l.Spec.ObjectStorage.CACertRef = selector(name, key) }
	}
	config := func(key, value string) func(*velerov1.BackupStorageLocation) {
		return func(l *velerov1.BackupStorageLocation) { l.Spec.Config = map[string]string{key: value} }
	}
	for name, tc := range map[string]struct {
		change func(*velerov1.BackupStorageLocation)
		errors map[string]error
		bucket bucket
		read   secretVersions
		want   string // empty: available
	}{
		"fine": {bucket: bucket{names: []string{"backups/"}}, read: secretVersions{"cloud-credentials": "7"}},
		"stray directories": {
			bucket: bucket{names: []string{"backups/", "team-b/"}},
			want:   `the bucket "bbb" has directories at its top that are not Velero's ("team-b"): give the location a prefix of its own in spec.objectStorage.prefix, or move them away`,
		},
		"no object storage": {
			change: func(l *velerov1.BackupStorageLocation) { l.Spec.ObjectStorage = nil },
			want:   "it has no spec.objectStorage: set spec.objectStorage.bucket",
		},
		"a path in the bucket": {
			change: func(l *velerov1.BackupStorageLocation) { l.Spec.ObjectStorage.Bucket = "b/x" },
			want:   `the bucket "b/x" has a path in it: set spec.objectStorage.bucket to "b" and put "x" in spec.objectStorage.prefix`,
		},
		"a setting that cannot be read": {change: config("s3ForcePathStyle", "yes"), want: `spec.config.s3ForcePathStyle is "yes", but must be "true" or "false"`},
		"a file of the server": {
			change: config("credentialsFile", "/credentials/cloud"),
			want:   "spec.config.credentialsFile names a file of Velero's server, which cannot be read from here: put the credentials in a Secret and name it in spec.credential",
		},
		"no such Secret": {
			change: ref("none", "cloud"), read: secretVersions{"none": ""},
			want: `there is no Secret "none" in namespace "velero": create it with key "cloud", or name another in spec.credential`,
		},
		"no such key": {
			change: ref("cloud-credentials", "bsl"), read: secretVersions{"cloud-credentials": "7"},
			want: `the Secret "cloud-credentials" in namespace "velero" has no key "bsl" (it has "cloud", "empty"): add it, or name another in spec.credential`,
		},
		"an empty Secret":         {change: ref("void", "cloud"), want: `the Secret "void" in namespace "velero" has no key "cloud", nor any other: add it, or name another in spec.credential`},
		"a reference with no key": {change: ref("cloud-credentials", ""), want: "spec.credential does not say which key of which Secret: set its name and key"},
		"an empty file": {
			change: ref("cloud-credentials", "empty"),
			want:   `in Secret "cloud-credentials", key "empty": the credentials file has no profile "default", nor any other: begin it with a line [default]`,
		},
		"no such profile": {change: config("profile", "x"), want: `in Secret "cloud-credentials", key "cloud": the credentials file has no profile "x"; it has "default", "other"`},
		"Secrets not allowed": {
			errors: map[string]error{"cloud-credentials": forbidden},
			want:   `the controller may not read Secret "cloud-credentials" in namespace "velero": allow it to get Secrets there`,
		},
		"refused credentials": {
			bucket: bucket{err: &objectstore.Error{Code: "InvalidAccessKeyId", Status: 403, Endpoint: "http://s3"}},
			want:   `http://s3 does not know the access key: correct aws_access_key_id in the credentials (the credentials are those of Secret "cloud-credentials", key "cloud")`,
		},
		"no such bucket": {
			bucket: bucket{err: &objectstore.Error{Code: "NoSuchBucket", Status: 404, Bucket: "bbb", Endpoint: "http://s3"}},
			want:   `there is no bucket "bbb" at http://s3: create it, or correct spec.objectStorage.bucket`,
		},
		"certificates twice": {
			change: func(l *velerov1.BackupStorageLocation) {
				l.Spec.ObjectStorage.CACert, l.Spec.ObjectStorage.CACertRef = []byte("x"), selector("ca", "crt")
			},
			want: "spec.objectStorage has both caCert and caCertRef: leave one of them away",
		},
		"certificates that are none": {
			change: func(l *velerov1.BackupStorageLocation) { l.Spec.ObjectStorage.CACert = []byte("hidden") },
			want:   "spec.objectStorage.caCert: no PEM-encoded certificate (-----BEGIN CERTIFICATE-----) is in it",
		},
		"certificates not there":       {change: ca("none", "crt"), want: `there is no Secret "none" in namespace "velero": create it with key "crt", or name another in spec.objectStorage.caCertRef`},
		"a certificate not to be read": {change: ca("ca", "bad"), want: `Secret "ca", key "bad", named by spec.objectStorage.caCertRef: certificate 1 cannot be read: x509: malformed certificate`},
	} {
		t.Run(name, func(t *testing.T) {
			location := newLocation()
			if tc.change != nil {
				tc.change(location)
			}
			c := checker{
				secrets: secrets{errors: tc.errors, data: map[string]map[string]string{
					"cloud-credentials": {"cloud": goodFile, "empty": ""}, "void": {}, "ca": {"bad": badPEM},
				}},
				open: func(objectstore.S3Options) (objectstore.Store, error) { return &tc.bucket, nil },
			}
			read := secretVersions{}
			err := c.check(t.Context(), location, read)
			if got := text(err); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
			if tc.read != nil && !maps.Equal(read, tc.read) {
				t.Errorf("read %v, want %v", read, tc.read)
			}
			if strings.Contains(strings.ToLower(text(err)), "hidden") {
				t.Errorf("a secret shows: %v", err)
			}
			if len(tc.bucket.asked) != tc.bucket.closed {
				t.Errorf("listed %d times, closed %d times", len(tc.bucket.asked), tc.bucket.closed)
			}
		})
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestCheckAPIFailure shows that a failing API is not taken for a failing location.
func TestCheckAPIFailure(t *testing.T) {
	c := checker{secrets: secrets{errors: map[string]error{"cloud-credentials": apierrors.NewInternalError(errors.New("x"))}}}
	var failure *apiFailure
	if err := c.check(t.Context(), newLocation(), secretVersions{}); !errors.As(err, &failure) || !apierrors.IsInternalError(err) {
		t.Errorf("got %T %v", err, err)
	}
}

func TestOptionsOfStore(t *testing.T) {
	byDefault := &url.URL{Scheme: "http", Host: "127.0.0.1:9000"}
	yes := true
	for name, tc := range map[string]struct {
		config map[string]string
		want   objectstore.S3Options
	}{
		"nothing": {want: objectstore.S3Options{Bucket: "bbb", Endpoint: byDefault, Credentials: goodKey}},
		"all": {
			config: map[string]string{"region": "us-west-1", "s3Url": "https://s3.example.com/", "s3ForcePathStyle": "true", "insecureSkipTLSVerify": "true", "profile": "other"},
			want: objectstore.S3Options{
				Bucket: "bbb", Endpoint: &url.URL{Scheme: "https", Host: "s3.example.com"}, Region: "us-west-1", PathStyle: &yes,
				InsecureSkipTLSVerify: true, Credentials: credentials.AWS{AccessKeyID: "AKIDHIDDEN2", SecretAccessKey: "hidden2"},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			location := newLocation(func(l *velerov1.BackupStorageLocation) {
				l.Spec.Config = tc.config
				l.Spec.ObjectStorage.Bucket, l.Spec.ObjectStorage.Prefix = "/bbb/", "/p/"
			})
			c := checker{secrets: secrets{data: map[string]map[string]string{"cloud-credentials": {"cloud": goodFile}}}, defaultEndpoint: byDefault}
			place, got, err := c.options(t.Context(), location, secretVersions{})
			if err != nil {
				t.Fatal(err)
			}
			if place.Root() != "p/" || !reflect.DeepEqual(got, tc.want) {
				t.Errorf("got %+v, %+v; want %+v", place, got, tc.want)
			}
		})
	}
}
