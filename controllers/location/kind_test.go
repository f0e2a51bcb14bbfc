package location

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups/probe"
	"github.com/velero-locations/velero-locations/controllers/internal/backend"
	"github.com/velero-locations/velero-locations/drivers/objectstore"
	"github.com/velero-locations/velero-locations/drivers/snapshotter"
	"github.com/velero-locations/velero-locations/locations"
)

// newVolumeLocation returns a location of provider aws that was found available.
func newVolumeLocation() *velerov1.VolumeSnapshotLocation {
	return &velerov1.VolumeSnapshotLocation{
		ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "main"},
		Spec:       velerov1.VolumeSnapshotLocationSpec{Provider: "aws"},
		Status:     velerov1.VolumeSnapshotLocationStatus{Phase: velerov1.VolumeSnapshotLocationAvailable},
	}
}

type (
	volumes = snapshotter.Snapshotter
	store   = objectstore.Store
)

// storage is a store and volumes at once, which cannot be opened, or fail, or hold directories.
type storage struct {
	opener
	volumes
	store
	refusal, err error
	names        []string
	asked        []string
	closed       int
}

// List is the backend's, but for what it opens.
func (s *storage) List(ctx context.Context, location *velerov1.BackupStorageLocation) error {
	if s.refusal != nil {
		return s.refusal
	}
	defer s.Close()
	return s.NameCredentials(probe.List(ctx, s, locations.Place{Bucket: "bbb", Prefix: "p"}), location.Spec.Credential)
}

func (s *storage) Snapshotter(context.Context, *velerov1.VolumeSnapshotLocation) (snapshotter.Snapshotter, error) {
	return s, s.refusal
}

func (s *storage) NameCredentials(err error, credential *corev1.SecretKeySelector) error {
	return (&backend.Backend{}).NameCredentials(err, credential)
}

func (s *storage) CommonPrefixes(_ context.Context, prefix string) ([]string, error) {
	s.asked = append(s.asked, prefix)
	return s.names, s.err
}

func (s *storage) Check(context.Context) error {
	s.asked = append(s.asked, "volumes")
	return s.err
}

func (s *storage) Close() { s.closed++ }

func TestChecks(t *testing.T) {
	store := func(s *storage) error { return checkDirectories(t.Context(), s, newLocation()) }
	volumes := func(s *storage) error { return checkVolumes(t.Context(), s, newVolumeLocation()) }
	const named = ` (the credentials are those of Secret "cloud-credentials", key "cloud")`
	for name, tc := range map[string]struct {
		check   func(*storage) error
		storage storage
		asked   []string
		want    string // empty: available
	}{
		"a store":            {check: store, storage: storage{names: []string{"p/backups/"}}, asked: []string{"p/"}},
		"no store":           {check: store, storage: storage{refusal: errors.New("x")}, want: "x"},
		"a store that fails": {check: store, storage: storage{err: errors.New("x")}, asked: []string{"p/"}, want: "x"},
		"stray directories": {
			check: store, storage: storage{names: []string{"p/backups/", "p/team-b/"}}, asked: []string{"p/"},
			want: `the prefix "p" of bucket "bbb" has directories at its top that are not Velero's ("team-b"): give the location a prefix of its own in spec.objectStorage.prefix, or move them away`,
		},
		"a store that refuses the credentials": {
			check: store, storage: storage{err: &objectstore.Error{Code: "InvalidAccessKeyId", Status: 403, Endpoint: "http://s3"}}, asked: []string{"p/"},
			want: "http://s3 does not know the access key (403 InvalidAccessKeyId): correct aws_access_key_id in the credentials" + named,
		},
		"a store that is overloaded": {
			check: store, storage: storage{err: &objectstore.Error{Code: "SlowDown", Status: 503, Endpoint: "http://s3"}}, asked: []string{"p/"},
			want: "http://s3 is overloaded (503 SlowDown): wait, or check less often with spec.validationFrequency",
		},
		"volumes":           {check: volumes, asked: []string{"volumes"}},
		"no volumes":        {check: volumes, storage: storage{refusal: errors.New("x")}, want: "x"},
		"volumes that fail": {check: volumes, storage: storage{err: errors.New("x")}, asked: []string{"volumes"}, want: "x"},
		"volumes that refuse the credentials": {
			check: volumes, storage: storage{err: &snapshotter.Error{Reason: snapshotter.CredentialsRefused, Advice: "no"}}, asked: []string{"volumes"}, want: "no" + named,
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := tc.check(&tc.storage)
			if (err == nil) != (tc.want == "") || err != nil && err.Error() != tc.want {
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
			if !slices.Equal(tc.storage.asked, tc.asked) || tc.storage.closed != len(tc.asked) {
				t.Errorf("asked for %q, closed %d times", tc.storage.asked, tc.storage.closed)
			}
		})
	}
}

// TestOutOfReach shows which backup storage locations are left unchecked, and which of them are told why.
func TestOutOfReach(t *testing.T) {
	const path = `BackupStorageLocation "main" is not checked: spec.config.s3Url has a path, which the client here does not follow, which says nothing about whether Velero can use it`
	for name, tc := range map[string]struct {
		change    func(*velerov1.BackupStorageLocation)
		message   string
		unchecked bool
	}{
		"in reach": {change: func(*velerov1.BackupStorageLocation) {}},
		"another provider": {
			change: func(l *velerov1.BackupStorageLocation) {
				l.Spec.Provider, l.Status = "gcp", velerov1.BackupStorageLocationStatus{}
			},
			message:   `BackupStorageLocation "main" is not checked: no controller here knows the storage of provider "gcp"; Velero's server checks it, where it runs with a plugin for that`,
			unchecked: true,
		},
		"another provider, checked by others": {change: func(l *velerov1.BackupStorageLocation) { l.Spec.Provider = "gcp" }, unchecked: true},
		"no storage":                          {change: func(l *velerov1.BackupStorageLocation) { l.Spec.ObjectStorage = nil }},
		"no bucket":                           {change: func(l *velerov1.BackupStorageLocation) { l.Spec.ObjectStorage.Bucket = "/" }},
		"a path": {
			change: func(l *velerov1.BackupStorageLocation) {
				l.Spec.Config = map[string]string{"s3Url": "https://s3.example.com/s3"}
			},
			message: path, unchecked: true,
		},
	} {
		message, unchecked := outOfReach(nil, newLocation(tc.change))
		if message != tc.message || unchecked != tc.unchecked {
			t.Errorf("%s: got %q, %v", name, message, unchecked)
		}
	}
}

// TestSecretReader shows that versions of Secrets are noted, and that of one which is not there too,
// but nothing where the API did not say.
func TestSecretReader(t *testing.T) {
	seen := secretVersions{}
	r := secretReader{someSecrets{}, seen}
	for _, name := range []string{"there", "absent", "forbidden"} {
		_ = r.Get(t.Context(), types.NamespacedName{Name: name}, &corev1.Secret{})
	}
	if want := (secretVersions{"there": "7", "absent": ""}); !maps.Equal(seen, want) {
		t.Errorf("noted %v, want %v", seen, want)
	}
}

type someSecrets struct{ client.Reader }

func (someSecrets) Get(_ context.Context, name client.ObjectKey, obj client.Object, _ ...client.GetOption) error {
	switch name.Name {
	case "there":
		obj.SetResourceVersion("7")
		return nil
	case "absent":
		return apierrors.NewNotFound(corev1.Resource("secrets"), name.Name)
	}
	return apierrors.NewForbidden(corev1.Resource("secrets"), name.Name, errors.New("no"))
}
