// Package backendtest gives tests of controllers an API with locations in it, and a simulated cloud behind these.
package backendtest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/controllers/internal/backend"
	"github.com/velero-locations/velero-locations/controllers/internal/index/indextest"
	"github.com/velero-locations/velero-locations/controllers/internal/mergepatch"
	"github.com/velero-locations/velero-locations/drivers/objectstore"
	"github.com/velero-locations/velero-locations/drivers/snapshotter"
	"github.com/velero-locations/velero-locations/drivers/snapshotter/ec2"
	"github.com/velero-locations/velero-locations/locations"
	"github.com/velero-locations/velero-locations/locations/provider"
	"github.com/velero-locations/velero-locations/simulator/ec2/ebs"
	"github.com/velero-locations/velero-locations/simulator/simulatortest"
)

// Namespace of everything.
const Namespace = "velero"

// World is an API that has a location of each kind, "primary" and "ebs", and the cloud that they are in.
type World struct {
	mergepatch.Writer

	Cloud   *simulatortest.Simulator
	Backend *backend.Backend
	// Store and Place are those of the backup storage location.
	Store objectstore.Store
	Place locations.Place

	tokens *simulatortest.Issuer
}

// New makes a world with objects of namespace Namespace in its API, whose calls are intercepted.
func New(tb testing.TB, calls interceptor.Funcs, objects ...client.Object) *World {
	tb.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, velerov1.AddToScheme} {
		if err := add(scheme); err != nil {
			tb.Fatal(err)
		}
	}
	w := &World{tokens: simulatortest.NewIssuer(tb, issuer)}
	w.Cloud = simulatortest.Start(tb, withRoles(w.tokens))
	w.Cloud.CreateBucket(tb, "velero")
	for _, object := range objects {
		object.SetNamespace(Namespace)
	}
	storage, volumes, secret := w.locations()
	w.Writer = mergepatch.Writer{FieldOwner: "test", Client: indextest.Fake(scheme).
		WithObjects(append(objects, storage, volumes, secret)...).WithInterceptorFuncs(calls).Build()}
	w.Backend = &backend.Backend{
		Secrets: w.Client, S3Endpoint: parse(tb, w.Cloud.S3), STSEndpoint: parse(tb, w.Cloud.EC2),
		SnapshotDrivers: snapshotter.Drivers{provider.AWS: ec2.Driver}, VolumeEndpoints: map[string]*url.URL{provider.AWS: parse(tb, w.Cloud.EC2)},
	}
	var err error
	if w.Store, w.Place, err = w.Backend.ObjectStore(tb.Context(), storage); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(w.Store.Close)
	return w
}

func parse(tb testing.TB, address string) *url.URL {
	tb.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		tb.Fatal(err)
	}
	return parsed
}

func (w *World) locations() (*velerov1.BackupStorageLocation, *velerov1.VolumeSnapshotLocation, *corev1.Secret) {
	config := map[string]string{"region": w.Cloud.Region}
	storage := &velerov1.BackupStorageLocation{
		ObjectMeta: metav1.ObjectMeta{Namespace: Namespace, Name: "primary"},
		Spec:       velerov1.BackupStorageLocationSpec{Provider: "aws", Config: config, ObjectStorage: &velerov1.ObjectStorageLocation{Bucket: "velero", Prefix: "team"}},
		Status:     velerov1.BackupStorageLocationStatus{Phase: velerov1.BackupStorageLocationAvailable},
	}
	volumes := &velerov1.VolumeSnapshotLocation{
		ObjectMeta: metav1.ObjectMeta{Namespace: Namespace, Name: "ebs"}, Spec: velerov1.VolumeSnapshotLocationSpec{Provider: "aws", Config: config},
	}
	key := fmt.Appendf(nil, "[default]\naws_access_key_id=%s\naws_secret_access_key=%s\n", w.Cloud.Key.ID, w.Cloud.Key.Secret)
	return storage, volumes, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: Namespace, Name: "cloud-credentials"}, Data: map[string][]byte{"cloud": key}}
}

// Reconcile has a controller look at an object.
func (w *World) Reconcile(tb testing.TB, controller reconcile.Reconciler, name string) (reconcile.Result, error) {
	tb.Helper()
	return controller.Reconcile(tb.Context(), reconcile.Request{NamespacedName: types.NamespacedName{Namespace: Namespace, Name: name}})
}

// Read reads an object, and says whether it is there.
func (w *World) Read(tb testing.TB, name string, object client.Object) bool {
	tb.Helper()
	err := w.Get(tb.Context(), types.NamespacedName{Namespace: Namespace, Name: name}, object)
	if client.IgnoreNotFound(err) != nil {
		tb.Fatal(err)
	}
	return err == nil
}

// Location changes the backup storage location.
func (w *World) Location(tb testing.TB, change func(*velerov1.BackupStorageLocation)) {
	tb.Helper()
	location := &velerov1.BackupStorageLocation{}
	w.Read(tb, "primary", location)
	change(location)
	if err := w.Update(tb.Context(), location); err != nil {
		tb.Fatal(err)
	}
}

// Snapshot takes a snapshot with tags through the volume snapshot location, and returns its id.
func (w *World) Snapshot(tb testing.TB, tags map[string]string) string {
	tb.Helper()
	location := &velerov1.VolumeSnapshotLocation{}
	w.Read(tb, "ebs", location)
	volumes, err := w.Backend.Snapshotter(tb.Context(), location)
	if err != nil {
		tb.Fatal(err)
	}
	defer volumes.Close()
	id, err := volumes.CreateSnapshot(tb.Context(), w.Cloud.CreateVolume(tb, "data"), "us-east-1a", tags)
	if err != nil {
		tb.Fatal(err)
	}
	return id
}

// Snapshots lists the ids of all snapshots that there are, in order.
func (w *World) Snapshots(tb testing.TB) []string {
	tb.Helper()
	all, _, err := w.Cloud.Volumes().Snapshots(ebs.Place{Account: simulatortest.Account, Region: w.Cloud.Region}, ebs.Query{})
	if err != nil {
		tb.Fatal(err)
	}
	ids := []string{}
	for _, snapshot := range all {
		ids = append(ids, snapshot.ID)
	}
	slices.Sort(ids)
	return ids
}

// Put stores a file of a backup: text as it is, other values as JSON, compressed unless it is the metadata.
func (w *World) Put(tb testing.TB, file backups.File, name string, content any) {
	tb.Helper()
	text, isText := content.(string)
	data, err := []byte(text), error(nil)
	switch {
	case isText:
	case file == backups.Metadata:
		data, err = json.Marshal(content)
	default:
		data, err = backups.Encode(content)
	}
	if err == nil {
		err = w.Store.Put(tb.Context(), file.Key(w.Place, name), strings.NewReader(string(data)))
	}
	if err != nil {
		tb.Fatal(err)
	}
}

// Compressed is a text under gzip, as logs are.
func Compressed(tb testing.TB, text string) string {
	tb.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(text))
	if err := errors.Join(err, w.Close()); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

// Keys lists what is in the bucket.
func (w *World) Keys(tb testing.TB) []string {
	tb.Helper()
	keys := []string{}
	for key, err := range w.Store.Keys(tb.Context(), "") {
		if err != nil {
			tb.Fatal(err)
		}
		keys = append(keys, key)
	}
	return keys
}
