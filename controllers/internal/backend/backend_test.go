package backend

import (
	"context"
	"errors"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/drivers/objectstore"
	"github.com/velero-locations/velero-locations/drivers/snapshotter"
	"github.com/velero-locations/velero-locations/drivers/snapshotter/ec2"
	"github.com/velero-locations/velero-locations/locations/credentials"
	"github.com/velero-locations/velero-locations/locations/provider"
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

// newLocation returns a location of bucket bbb, and changes it.
func newLocation(change ...func(*velerov1.BackupStorageLocation)) *velerov1.BackupStorageLocation {
	location := &velerov1.BackupStorageLocation{
		ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "main"},
		Spec: velerov1.BackupStorageLocationSpec{
			Provider:      "aws",
			ObjectStorage: &velerov1.ObjectStorageLocation{Bucket: "bbb"},
		},
	}
	for _, change := range change {
		change(location)
	}
	return location
}

func selector(name, key string) *corev1.SecretKeySelector {
	return &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: name}, Key: key}
}

// TestRefusals shows what is said of locations that cannot be opened.
func TestRefusals(t *testing.T) {
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
		want   string // empty: it can be opened
	}{
		"nothing wrong": {},
		"another provider": {
			change: func(l *velerov1.BackupStorageLocation) { l.Spec.Provider = "gcp" },
			want:   `object storage of provider "gcp" cannot be reached from here: only S3's protocol is spoken, by provider aws`,
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
			change: ref("none", "cloud"),
			want:   `there is no Secret "none" in namespace "velero": create it with key "cloud", or name another in spec.credential`,
		},
		"no such key": {
			change: ref("cloud-credentials", "bsl"),
			want:   `the Secret "cloud-credentials" in namespace "velero" has no key "bsl" (it has 2 others): add it, or name another in spec.credential`,
		},
		"an empty Secret":         {change: ref("void", "cloud"), want: `the Secret "void" in namespace "velero" has no key "cloud", nor any other: add it, or name another in spec.credential`},
		"a reference with no key": {change: ref("cloud-credentials", ""), want: "spec.credential does not say which key of which Secret: set its name and key"},
		"an empty file": {
			change: ref("cloud-credentials", "empty"),
			want:   `in Secret "cloud-credentials", key "empty": the credentials file has no profile "default", nor any other: begin it with a line [default]`,
		},
		"no such profile": {change: config("profile", "x"), want: `in Secret "cloud-credentials", key "cloud": the credentials file has no profile "x" (it has 2 others)`},
		"Secrets not allowed": {
			errors: map[string]error{"cloud-credentials": forbidden},
			want:   `reading Secret "cloud-credentials" in namespace "velero" is not allowed: allow to get Secrets there`,
		},
		"certificates twice": {
			change: func(l *velerov1.BackupStorageLocation) {
				l.Spec.ObjectStorage.CACert, l.Spec.ObjectStorage.CACertRef = []byte("x"), selector("ca", "crt")
			},
			want: "spec.objectStorage has both caCert and caCertRef: leave one of them out",
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
			b := Backend{Secrets: secrets{errors: tc.errors, data: map[string]map[string]string{
				"cloud-credentials": {"cloud": goodFile, "empty": ""}, "void": {}, "ca": {"bad": badPEM},
			}}}
			store, _, err := b.ObjectStore(t.Context(), location)
			if got := text(err); got != tc.want || (store == nil) != (err != nil) {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
			if strings.Contains(strings.ToLower(text(err)), "hidden") {
				t.Errorf("a secret shows: %v", err)
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

// TestAPIError shows that a failing API is not taken for a failing location.
func TestAPIError(t *testing.T) {
	b := Backend{Secrets: secrets{errors: map[string]error{"cloud-credentials": apierrors.NewInternalError(errors.New("x"))}}}
	var failure *APIError
	if _, _, err := b.ObjectStore(t.Context(), newLocation()); !errors.As(err, &failure) || !apierrors.IsInternalError(err) {
		t.Errorf("got %T %v", err, err)
	}
}

func TestOptionsOfStore(t *testing.T) {
	byDefault := &url.URL{Scheme: "http", Host: "127.0.0.1:9000"}
	for name, tc := range map[string]struct {
		config map[string]string
		want   objectstore.S3Options
	}{
		"nothing": {want: objectstore.S3Options{Bucket: "bbb", Endpoint: byDefault, PathStyle: true, Keys: goodKey}},
		"all": {
			config: map[string]string{"region": "us-west-1", "s3Url": "https://s3.example.com/", "publicUrl": "https://s3.example.org", "s3ForcePathStyle": "true", "insecureSkipTLSVerify": "true", "profile": "other"},
			want: objectstore.S3Options{
				Bucket: "bbb", Endpoint: &url.URL{Scheme: "https", Host: "s3.example.com"}, Region: "us-west-1", PathStyle: true,
				PublicEndpoint: &url.URL{Scheme: "https", Host: "s3.example.org"}, InsecureSkipTLSVerify: true, Keys: credentials.AWS{AccessKeyID: "AKIDHIDDEN2", SecretAccessKey: "hidden2"},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			location := newLocation(func(l *velerov1.BackupStorageLocation) {
				l.Spec.Config = tc.config
				l.Spec.ObjectStorage.Bucket, l.Spec.ObjectStorage.Prefix = "/bbb/", "/p/"
			})
			b := Backend{Secrets: secrets{data: map[string]map[string]string{"cloud-credentials": {"cloud": goodFile}}}, S3Endpoint: byDefault}
			got, err := b.access(t.Context(), location)
			if err != nil {
				t.Fatal(err)
			}
			if got.place.Root() != "p/" || !reflect.DeepEqual(got.opts, tc.want) {
				t.Errorf("got %+v; want %+v", got, tc.want)
			}
		})
	}
}

func TestObjectStoreSecrets(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*velerov1.BackupStorageLocation)
		want   []string
	}{
		"the default":       {func(*velerov1.BackupStorageLocation) {}, []string{"cloud-credentials"}},
		"its own":           {func(l *velerov1.BackupStorageLocation) { l.Spec.Credential = selector("s", "k") }, []string{"s"}},
		"with certificates": {func(l *velerov1.BackupStorageLocation) { l.Spec.ObjectStorage.CACertRef = selector("ca", "k") }, []string{"ca", "cloud-credentials"}},
		"no object storage": {func(l *velerov1.BackupStorageLocation) { l.Spec.ObjectStorage = nil }, []string{"cloud-credentials"}},
		"a name left empty": {func(l *velerov1.BackupStorageLocation) { l.Spec.Credential = selector("", "k") }, []string{}},
		"one Secret for all": {func(l *velerov1.BackupStorageLocation) {
			l.Spec.ObjectStorage.CACertRef = selector(credentials.DefaultSecret, "k")
		}, []string{"cloud-credentials"}},
	} {
		location := newLocation(tc.change)
		if got := ObjectStoreSecrets(location); !slices.Equal(got, tc.want) {
			t.Errorf("%s: got %q, want %q", name, got, tc.want)
		}
	}
}

// TestElsewhere shows which locations have credentials that only Velero's own pod can get at.
func TestElsewhere(t *testing.T) {
	own := func(l *velerov1.BackupStorageLocation) { l.Spec.Credential = selector("cloud-credentials", "cloud") }
	file := func(l *velerov1.BackupStorageLocation) { l.Spec.Config = map[string]string{"credentialsFile": "/f"} }
	const process = "[default]\ncredential_process = hidden"
	for name, tc := range map[string]struct {
		data      map[string]map[string]string
		change    func(*velerov1.BackupStorageLocation)
		want      string
		elsewhere bool
	}{
		"no Secret": {
			elsewhere: true, change: func(*velerov1.BackupStorageLocation) {},
			want: `only Velero's own pod can have credentials for it, as there is no Secret "cloud-credentials" in namespace "velero": create it with key "cloud", or name another in spec.credential`,
		},
		"no key in it": {
			elsewhere: true, change: func(*velerov1.BackupStorageLocation) {}, data: map[string]map[string]string{"cloud-credentials": {}},
			want: `only Velero's own pod can have credentials for it, as the Secret "cloud-credentials" in namespace "velero" has no key "cloud", nor any other: add it, or name another in spec.credential`,
		},
		"no Secret of its own": {change: own, want: `there is no Secret "cloud-credentials" in namespace "velero": create it with key "cloud", or name another in spec.credential`},
		"a process": {
			elsewhere: true, change: own, data: map[string]map[string]string{"cloud-credentials": {"cloud": process}},
			want: `in Secret "cloud-credentials", key "cloud": profile "default" of the credentials file gets its key by credential_process, which only Velero's own pod can run`,
		},
		"a file of the server": {
			elsewhere: true, change: file,
			want: "spec.config.credentialsFile names a file of Velero's server, which cannot be read from here: put the credentials in a Secret and name it in spec.credential",
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := Backend{Secrets: secrets{data: tc.data}}
			if _, _, err := b.Listing(t.Context(), newLocation(tc.change)); text(err) != tc.want || credentials.AreElsewhere(err) != tc.elsewhere {
				t.Errorf("got  %v, %v\nwant %s, %v", err, credentials.AreElsewhere(err), tc.want, tc.elsewhere)
			}
		})
	}
	b := Backend{
		Secrets:         secrets{data: map[string]map[string]string{"cloud-credentials": {"cloud": process}}},
		SnapshotDrivers: snapshotter.Drivers{provider.AWS: ec2.Driver},
	}
	if _, err := b.Snapshotter(t.Context(), volumeLocation()); !credentials.AreElsewhere(err) {
		t.Errorf("of volumes: got %v", err)
	}
}

// volumeLocation returns a volume snapshot location, and changes it.
func volumeLocation(change ...func(*velerov1.VolumeSnapshotLocation)) *velerov1.VolumeSnapshotLocation {
	location := &velerov1.VolumeSnapshotLocation{
		ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "main"},
		Spec:       velerov1.VolumeSnapshotLocationSpec{Provider: "aws", Config: map[string]string{"region": "us-east-1"}},
	}
	for _, change := range change {
		change(location)
	}
	return location
}

func TestSnapshotter(t *testing.T) {
	config := func(key, value string) func(*velerov1.VolumeSnapshotLocation) {
		return func(l *velerov1.VolumeSnapshotLocation) { l.Spec.Config[key] = value }
	}
	ref := func(name, key string) func(*velerov1.VolumeSnapshotLocation) {
		return func(l *velerov1.VolumeSnapshotLocation) { l.Spec.Credential = selector(name, key) }
	}
	for name, tc := range map[string]struct {
		change func(*velerov1.VolumeSnapshotLocation)
		want   string // empty: it can be opened
	}{
		"nothing wrong":   {change: config("profile", "other")},
		"no driver":       {change: func(l *velerov1.VolumeSnapshotLocation) { l.Spec.Provider = "gcp" }, want: `volumes of provider "gcp" cannot be reached from here: there is no driver for it`},
		"only simulated":  {change: func(l *velerov1.VolumeSnapshotLocation) { l.Spec.Provider = "azure" }, want: `volumes of provider "azure" cannot be reached from here: there is no driver for it`},
		"no region":       {change: config("region", ""), want: "spec.config.region is not set: set it to the region of the volumes, such as us-east-1"},
		"no such Secret":  {change: ref("none", "cloud"), want: `there is no Secret "none" in namespace "velero": create it with key "cloud", or name another in spec.credential`},
		"no such key":     {change: ref("cloud-credentials", "clod"), want: `the Secret "cloud-credentials" in namespace "velero" has no key "clod" (it has 1 other): add it, or name another in spec.credential`},
		"no such profile": {change: config("profile", "p"), want: `the credentials file has no profile "p" (it has 2 others) (the credentials are those of Secret "cloud-credentials", key "cloud")`},
		"a file of the server": {
			change: config("credentialsFile", "/f"),
			want:   "spec.config.credentialsFile names a file of Velero's server, which cannot be read from here: put the credentials in a Secret and name it in spec.credential",
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := Backend{
				Secrets:         secrets{data: map[string]map[string]string{"cloud-credentials": {"cloud": goodFile}}},
				SnapshotDrivers: snapshotter.Drivers{provider.AWS: ec2.Driver},
			}
			s, err := b.Snapshotter(t.Context(), volumeLocation(tc.change))
			if got := text(err); got != tc.want || (s == nil) != (err != nil) {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

// TestCredentialsOfVolumes shows which credentials and which endpoint a driver gets, and that one which needs none does
// without those that locations use by default.
func TestCredentialsOfVolumes(t *testing.T) {
	endpoint := &url.URL{Scheme: "http", Host: "ec2"}
	api := errors.New("x")
	for name, tc := range map[string]struct {
		location *velerov1.VolumeSnapshotLocation
		optional bool
		data     map[string]map[string]string
		errors   map[string]error
		want     string
		fails    bool
	}{
		"the default":            {location: volumeLocation(), data: map[string]map[string]string{"cloud-credentials": {"cloud": "a"}}, want: "a"},
		"its own":                {location: volumeLocation(func(l *velerov1.VolumeSnapshotLocation) { l.Spec.Credential = selector("own", "k") }), data: map[string]map[string]string{"own": {"k": "b"}}, want: "b"},
		"no default":             {location: volumeLocation(), fails: true},
		"none needed":            {location: volumeLocation(), optional: true},
		"none needed, but there": {location: volumeLocation(), optional: true, data: map[string]map[string]string{"cloud-credentials": {"cloud": "a"}}, want: "a"},
		"none needed, but named": {location: volumeLocation(func(l *velerov1.VolumeSnapshotLocation) { l.Spec.Credential = selector("own", "k") }), optional: true, fails: true},
		"the API fails":          {location: volumeLocation(), optional: true, errors: map[string]error{"cloud-credentials": api}, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			var got *snapshotter.Options
			driver := snapshotter.Driver{CredentialsOptional: tc.optional, Open: func(opts snapshotter.Options) (snapshotter.Snapshotter, error) {
				got = &opts
				return nil, nil
			}}
			b := Backend{Secrets: secrets{data: tc.data, errors: tc.errors}, VolumeEndpoints: map[string]*url.URL{"velero.io/aws": endpoint}}
			_, err := b.open(t.Context(), driver, tc.location)
			if (err != nil) != tc.fails || (got == nil) != tc.fails {
				t.Fatalf("got %v, %v", got, err)
			}
			if got != nil && (string(got.Credentials) != tc.want || got.Endpoint != endpoint || got.Config["region"] != "us-east-1") {
				t.Errorf("got %+v", got)
			}
		})
	}
	if got := SnapshotterSecrets(volumeLocation()); !slices.Equal(got, []string{"cloud-credentials"}) {
		t.Errorf("it reads %q", got)
	}
}

// TestWriting shows what of the settings says how objects are stored, and that listing alone does
// not stumble over it.
func TestWriting(t *testing.T) {
	b := Backend{Secrets: secrets{data: map[string]map[string]string{
		"cloud-credentials": {"cloud": goodFile}, "sse": {"key": strings.Repeat("k", 32), "short": "hidden"},
	}}}
	for name, tc := range map[string]struct {
		config map[string]string
		want   objectstore.Writing
		err    string
	}{
		"nothing": {want: objectstore.Writing{Checksum: "CRC32"}},
		"all": {
			config: map[string]string{"serverSideEncryption": "aws:kms", "kmsKeyId": "k", "checksumAlgorithm": "SHA256", "tagging": "a=1&b=2"},
			want:   objectstore.Writing{Encryption: "aws:kms", KMSKeyID: "k", Checksum: "SHA256", Tags: map[string]string{"a": "1", "b": "2"}},
		},
		"a key in a Secret": {
			config: map[string]string{"customerKeyEncryptionSecret": "sse/key", "checksumAlgorithm": ""},
			want:   objectstore.Writing{CustomerKey: []byte(strings.Repeat("k", 32))},
		},
		"a short key": {
			config: map[string]string{"customerKeyEncryptionSecret": "sse/short", "checksumAlgorithm": ""},
			want:   objectstore.Writing{CustomerKey: []byte("hidden")}, err: "the customer's key has 6 bytes: it must have 32",
		},
		"a key that is not there": {
			config: map[string]string{"customerKeyEncryptionSecret": "none/key"},
			want:   objectstore.Writing{Checksum: "CRC32"}, err: `there is no Secret "none" in namespace "velero": create it with key "key", or name another in spec.config.customerKeyEncryptionSecret`,
		},
		"a file of the server": {
			config: map[string]string{"customerKeyEncryptionFile": "/k"}, want: objectstore.Writing{Checksum: "CRC32"},
			err: "spec.config.customerKeyEncryptionFile names a file of Velero's server, which cannot be read from here: put the key in a Secret and name it in spec.config.customerKeyEncryptionSecret",
		},
	} {
		t.Run(name, func(t *testing.T) {
			location := newLocation(func(l *velerov1.BackupStorageLocation) { l.Spec.Config = tc.config })
			config, err := provider.ParseAWSObjectStore(tc.config)
			if err != nil {
				t.Fatal(err)
			}
			got, _ := b.writing(t.Context(), "velero", config)
			if !reflect.DeepEqual(got, tc.want) {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
			if _, _, err := b.ObjectStore(t.Context(), location); text(err) != tc.err {
				t.Errorf("got  %v\nwant %s", err, tc.err)
			}
			if _, _, err := b.Listing(t.Context(), location); err != nil {
				t.Errorf("who only lists: %v", err)
			}
		})
	}
}

func TestNameCredentials(t *testing.T) {
	other := errors.New("x")
	for name, tc := range map[string]struct {
		err        error
		credential *corev1.SecretKeySelector
		lent       bool
		want       string
	}{
		"nothing": {},
		"of a pod, perhaps": {
			err: &snapshotter.Error{Reason: snapshotter.Denied, Advice: "no"}, lent: true,
			want: `no (the credentials are those of Secret "cloud-credentials", key "cloud", or where there is none of the controller's pod)`,
		},
		"another error":            {err: other, want: "x"},
		"another error of a store": {err: &objectstore.Error{Code: "NoSuchBucket", Status: 404, Bucket: "bbb", Endpoint: "http://s3"}, want: `there is no bucket "bbb" at http://s3 (404 NoSuchBucket): create it, or correct spec.objectStorage.bucket`},
		"of a store": {
			err:  &objectstore.Error{Code: "InvalidAccessKeyId", Status: 403, Endpoint: "http://s3"},
			want: `http://s3 does not know the access key (403 InvalidAccessKeyId): correct aws_access_key_id in the credentials (the credentials are those of Secret "cloud-credentials", key "cloud")`,
		},
		"of volumes": {
			err: &snapshotter.Error{Reason: snapshotter.Denied, Advice: "no"}, credential: selector("s", "k"),
			want: `no (the credentials are those of Secret "s", key "k")`,
		},
	} {
		if got := text((&Backend{LendIdentity: tc.lent}).NameCredentials(tc.err, tc.credential)); got != tc.want {
			t.Errorf("%s: got %s, want %s", name, got, tc.want)
		}
	}
}
