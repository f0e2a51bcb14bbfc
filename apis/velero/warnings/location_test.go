package warnings

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/apis/velero/validation"
)

type settings = map[string]string

// location in bucket "backups"; changes make it particular.
func location(name, prefix string, changes ...func(*v1.BackupStorageLocation)) *v1.BackupStorageLocation {
	l := &v1.BackupStorageLocation{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "velero"},
		Spec: v1.BackupStorageLocationSpec{
			Provider: "aws", Config: settings{"region": "us-east-1"}, AccessMode: v1.AccessModeReadWrite,
			ObjectStorage: &v1.ObjectStorageLocation{Bucket: "backups", Prefix: prefix},
		},
	}
	for _, change := range changes {
		change(l)
	}
	return l
}

func readOnly(l *v1.BackupStorageLocation) { l.Spec.AccessMode = v1.AccessModeReadOnly }
func deleted(l *v1.BackupStorageLocation)  { l.DeletionTimestamp = &metav1.Time{} }

func with(config settings) func(*v1.BackupStorageLocation) {
	return func(l *v1.BackupStorageLocation) { l.Spec.Config = config }
}

func bucket(name string) func(*v1.BackupStorageLocation) {
	return func(l *v1.BackupStorageLocation) { l.Spec.ObjectStorage.Bucket = name }
}

func periods(d time.Duration) func(*v1.BackupStorageLocation) {
	return func(l *v1.BackupStorageLocation) {
		l.Spec.BackupSyncPeriod, l.Spec.ValidationFrequency = &metav1.Duration{Duration: d}, &metav1.Duration{Duration: d}
	}
}

func named(provider string) func(*v1.BackupStorageLocation) {
	return func(l *v1.BackupStorageLocation) { l.Spec.Provider = provider }
}

func TestNeighbours(t *testing.T) {
	all := func(locations ...*v1.BackupStorageLocation) []*v1.BackupStorageLocation { return locations }
	for name, test := range map[string]struct {
		own  *v1.BackupStorageLocation
		all  []*v1.BackupStorageLocation
		want []string
	}{
		"alone":                      {location("a", ""), nil, nil},
		"itself":                     {location("a", ""), all(location("a", "")), nil},
		"same place":                 {location("a", ""), all(location("b", "")), []string{`bucket "backups" is also the place of location "b"`}},
		"same place, slashes":        {location("a", "/x/"), all(location("b", "x")), []string{`prefix "x" of bucket "backups" is also the place of location "b"`}},
		"same place, slashes inside": {location("a", "x//y"), all(location("b", "x/y")), []string{"several slashes", `prefix "x/y" of bucket "backups" is also the place of location "b"`}},
		"same place, provider":       {location("a", ""), all(location("b", "", named("velero.io/aws"))), []string{`"b"`}},
		"same place, other region":   {location("a", ""), all(location("b", "", with(settings{"region": "us-west-1"}))), []string{`"b"`}},
		"inside":                     {location("a", "x"), all(location("b", "")), []string{`prefix "x" of bucket "backups" lies inside of location "b"`}},
		"around":                     {location("a", ""), all(location("b", "x/y")), []string{`bucket "backups" has location "b" inside`}},
		"inside and around":          {location("a", "x"), all(location("b", ""), location("c", "x/y")), []string{`inside of location "b"`, `has location "c" inside`}},
		"several":                    {location("a", ""), all(location("e", ""), location("d", ""), location("c", ""), location("b", "")), []string{`locations "b", "c", "d" and 1 more`}},
		"beside":                     {location("a", "x"), all(location("b", "xy")), nil},
		"other bucket":               {location("a", ""), all(location("b", "", func(l *v1.BackupStorageLocation) { l.Spec.ObjectStorage.Bucket = "other" })), nil},
		"other endpoint":             {location("a", ""), all(location("b", "", with(settings{"s3Url": "http://minio:9000"}))), nil},
		"other provider":             {location("a", ""), all(location("b", "", named("gcp"))), nil},
		"the other is read-only":     {location("a", ""), all(location("b", "", readOnly)), nil},
		"this one is read-only":      {location("a", "", readOnly), all(location("b", "")), nil},
		"the other is being deleted": {location("a", ""), all(location("b", "", deleted)), nil},
		"the other has no place":     {location("a", ""), all(location("b", "", func(l *v1.BackupStorageLocation) { l.Spec.ObjectStorage = nil })), nil},
	} {
		t.Run(name, func(t *testing.T) {
			wantWarnings(t, BackupStorageLocation(test.own, Surroundings{Near: test.all}), test.want)
		})
	}
	wantWarnings(t, BackupStorageLocation(location("a", "x"), Surroundings{NoDefault: true}), []string{`spec.default: no location of namespace "velero" is the default`})
	if got := BackupStorageLocation(location("a", "x"), Surroundings{}); len(got) > 0 {
		t.Errorf("of neighbours that are not known it says %q", got)
	}
}

func TestNest(t *testing.T) {
	for name, test := range map[string]struct {
		location *v1.BackupStorageLocation
		want     string
	}{
		"a bucket":         {location("a", ""), "velero.io/aws  backups"},
		"prefixes":         {location("a", "/x//y/z"), "velero.io/aws  backups|velero.io/aws  backups/x|velero.io/aws  backups/x/y|velero.io/aws  backups/x/y/z"},
		"another endpoint": {location("a", "x", with(settings{"s3Url": "http://minio:9000"})), "velero.io/aws minio:9000 backups|velero.io/aws minio:9000 backups/x"},
		"read-only":        {location("a", "x", readOnly), ""},
	} {
		if got := strings.Join(Nest(test.location), "|"); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

// TestNeighboursElsewhere shows what is said of locations in other namespaces: of those that the user may not see, nothing but that
// there is one in the very place that the user has typed.
func TestNeighboursElsewhere(t *testing.T) {
	other := func(prefix string, changes ...func(*v1.BackupStorageLocation)) []*v1.BackupStorageLocation {
		l := location("a", prefix, changes...)
		l.Namespace = "team-secret"
		return []*v1.BackupStorageLocation{l}
	}
	const unnamed = `prefix "x" of bucket "backups" is also the place of a location in another namespace, which is not shown to you`
	for name, test := range map[string]struct {
		around Surroundings
		want   []string
	}{
		"the same place, seen":     {Surroundings{Near: other("/x/")}, []string{`prefix "x" of bucket "backups" is also the place of location "team-secret/a"`}},
		"around, seen":             {Surroundings{Near: other("")}, []string{`lies inside of location "team-secret/a"`}},
		"the same place, hidden":   {Surroundings{Hidden: other("/x/")}, []string{unnamed}},
		"the same place, twice":    {Surroundings{Hidden: append(other("x"), other("x")...)}, []string{unnamed}},
		"read-only, hidden":        {Surroundings{Hidden: other("x", readOnly)}, nil},
		"around, hidden":           {Surroundings{Hidden: other("")}, nil},
		"inside, hidden":           {Surroundings{Hidden: other("x/y")}, nil},
		"another endpoint, hidden": {Surroundings{Hidden: other("x", with(settings{"s3Url": "http://minio:9000"}))}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := BackupStorageLocation(location("a", "x"), test.around)
			wantWarnings(t, got, test.want)
			if test.around.Hidden != nil && strings.Contains(strings.Join(got, ""), "team-secret") {
				t.Errorf("it gives away a name: %q", got)
			}
		})
	}
}

func TestSecrets(t *testing.T) {
	selector := func(name, key string) *corev1.SecretKeySelector {
		return &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: name}, Key: key}
	}
	for name, test := range map[string]struct {
		secrets map[string]sets.Set[string]
		want    []string
	}{
		"not told":       {nil, nil},
		"both there":     {map[string]sets.Set[string]{"ca": sets.New("ca.crt"), "keys": sets.New("x", "cloud")}, nil},
		"neither there":  {map[string]sets.Set[string]{"ca": nil, "keys": nil}, []string{`spec.objectStorage.caCertRef: there is no Secret "ca" in namespace "velero" yet`, `spec.credential: there is no Secret "keys"`}},
		"no key":         {map[string]sets.Set[string]{"keys": sets.New("x")}, []string{`spec.credential: Secret "keys" in namespace "velero" has no key "cloud" yet`}},
		"an empty one":   {map[string]sets.Set[string]{"keys": {}}, []string{`has no key "cloud" yet`}},
		"told of others": {map[string]sets.Set[string]{"others": nil}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			l := location("a", "")
			l.Spec.Credential, l.Spec.ObjectStorage.CACertRef = selector("keys", "cloud"), selector("ca", "ca.crt")
			wantWarnings(t, BackupStorageLocation(l, Surroundings{Secrets: test.secrets}), test.want)
		})
	}
	snapshots := &v1.VolumeSnapshotLocation{
		ObjectMeta: metav1.ObjectMeta{Namespace: "velero"},
		Spec:       v1.VolumeSnapshotLocationSpec{Provider: "gcp", Credential: selector("keys", "gcp")},
	}
	wantWarnings(t, VolumeSnapshotLocation(snapshots, Surroundings{Secrets: map[string]sets.Set[string]{"keys": nil}}), []string{`spec.credential: there is no Secret "keys"`})
}

func TestSettings(t *testing.T) {
	warn := Surroundings{Rules: validation.Rules{ProviderConfig: validation.Warn}}
	for name, test := range map[string]struct {
		location *v1.BackupStorageLocation
		around   Surroundings
		want     []string
	}{
		"nothing":             {location("a", ""), Surroundings{}, nil},
		"unknown provider":    {location("a", "", named("example.com/x")), Surroundings{}, []string{`spec.provider: "example.com/x" is not known here (known for backup storage locations: aws, azure, gcp)`}},
		"misspelt provider":   {location("a", "", named("asw")), Surroundings{}, []string{`did you mean "aws"?`}},
		"no such role":        {location("a", "", named("portworx")), Surroundings{}, []string{`"portworx" is not known here (known for backup storage locations`}},
		"region":              {location("a", "", with(settings{"region": "us-esat-1"})), Surroundings{}, []string{"spec.config[region]"}},
		"slashes at the ends": {location("a", "//x//"), Surroundings{}, nil},
		"slashes inside":      {location("a", "x//y"), Surroundings{}, []string{`spec.objectStorage.prefix: it has several slashes in a row: Velero keeps backups under "x/y/"`}},
		"all the time":        {location("a", "", periods(1)), Surroundings{}, []string{"spec.backupSyncPeriod: 1ns is shorter than Velero and the controllers here can keep to: it happens no more often than every 10s; 0s means never", "spec.validationFrequency: 1ns is shorter"}},
		"often":               {location("a", "", periods(10*time.Second)), Surroundings{}, nil},
		"never":               {location("a", "", periods(0)), Surroundings{}, nil},
		"access point":        {location("a", "", bucket("arn:aws:s3:us-west-2:111111111111:accesspoint:velero")), Surroundings{}, []string{"spec.objectStorage.bucket: it is in region us-west-2"}},
		"access points":       {location("a", "", bucket("arn:aws:s3::111111111111:accesspoint:mfzwi23gnjvgw.mrap")), Surroundings{}, nil},
		"in front of a host":  {location("a", "", with(settings{"region": "r", "s3Url": "http://minio:9000"}), bucket("/velero/")), Surroundings{}, []string{"(velero.minio)"}},
		"not before a host":   {location("a", "", with(settings{"region": "r", "s3Url": "http://minio:9000"}), bucket("My_Bucket")), Surroundings{}, nil},
		"certificate inline":  {location("a", "", func(l *v1.BackupStorageLocation) { l.Spec.ObjectStorage.CACert = []byte("x") }), Surroundings{}, []string{"spec.objectStorage.caCert: deprecated"}},
		"errors":              {location("a", "", with(settings{"regoin": "x", "s3ForcePathStyle": "yes"})), warn, []string{`spec.config[regoin]: Unsupported value: "regoin": did you mean "region"?`, "spec.config[s3ForcePathStyle]: Invalid value"}},
		"errors are not told": {location("a", "", with(settings{"regoin": "x"})), Surroundings{}, nil},
		"not printable":       {location("a", "", with(settings{"a\r\nb": "x"})), warn, []string{"spec.config[a  b]: Unsupported value"}},
	} {
		t.Run(name, func(t *testing.T) { wantWarnings(t, BackupStorageLocation(test.location, test.around), test.want) })
	}
}

func wantWarnings(t *testing.T, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d warnings %q, want %d: %q", len(got), got, len(want), want)
	}
	for i := range want {
		if !strings.Contains(got[i], want[i]) {
			t.Errorf("warning %d is %q, want %q in it", i, got[i], want[i])
		}
	}
}
