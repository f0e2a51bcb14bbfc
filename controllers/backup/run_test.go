package backup

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/controllers/backup/inventory"
	"github.com/velero-locations/velero-locations/controllers/backup/scope"
	"github.com/velero-locations/velero-locations/controllers/internal/metrics"
	"github.com/velero-locations/velero-locations/controllers/internal/metrics/metricstest"
	"github.com/velero-locations/velero-locations/controllers/internal/record"
	"github.com/velero-locations/velero-locations/drivers/objectstore"
	"github.com/velero-locations/velero-locations/drivers/snapshotter"
	"github.com/velero-locations/velero-locations/locations"
	"github.com/velero-locations/velero-locations/locations/credentials"
	"github.com/velero-locations/velero-locations/resources"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/simulatortest"
)

var served = resources.List{
	{GroupVersionResource: schema.GroupVersionResource{Version: "v1", Resource: "pods"}, Kind: "Pod", Namespaced: true},
	{GroupVersionResource: schema.GroupVersionResource{Version: "v1", Resource: "persistentvolumeclaims"}, Kind: "PersistentVolumeClaim", Namespaced: true},
	{GroupVersionResource: schema.GroupVersionResource{Version: "v1", Resource: "persistentvolumes"}, Kind: "PersistentVolume"},
	{GroupVersionResource: schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}, Kind: "ConfigMap", Namespaced: true},
	{GroupVersionResource: schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}, Kind: "Namespace"},
	{GroupVersionResource: schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}, Kind: "Deployment", Namespaced: true},
}

// cluster answers lists and single reads; what whole suites do with real servers is in cmd/velero-locations.
type cluster map[string][]string // objects by resource

var application = cluster{
	"namespaces": {`{"metadata":{"name":"shop"}}`, `{"metadata":{"name":"other"}}`},
	"pods":       {`{"metadata":{"namespace":"shop","name":"web","labels":{"app":"web"}},"spec":{"volumes":[{"persistentVolumeClaim":{"claimName":"data"}}]}}`},
	"persistentvolumeclaims": {
		`{"metadata":{"namespace":"shop","name":"data"},"spec":{"volumeName":"pv-1"}}`,
		`{"metadata":{"namespace":"other","name":"data"},"spec":{"volumeName":"pv-2"}}`,
	},
	"persistentvolumes": {
		`{"metadata":{"name":"pv-1","labels":{"topology.kubernetes.io/zone":"us-east-1a"}},"spec":{"claimRef":{"namespace":"shop","name":"data"},"persistentVolumeReclaimPolicy":"Retain"}}`,
		`{"metadata":{"name":"pv-2"},"spec":{}}`,
	},
	"configmaps": {
		`{"metadata":{"namespace":"other","name":"a"}}`,
		`{"metadata":{"namespace":"shop","name":"b"},"data":{"k":"v"}}`,
		`{"metadata":{"namespace":"shop","name":"c","labels":{"velero.io/exclude-from-backup":"true"}}}`,
		`{"metadata":{"namespace":"shop","name":"d","deletionTimestamp":"2026-01-01T00:00:00Z"}}`,
		`{"metadata":{"namespace":"shop","name":"e","labels":{"app":"web"}}}`,
	},
	"deployments": {`{"metadata":{"namespace":"shop","name":"web"}}`},
}

func (c cluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	const groupAndVersion = 3 // what the path of a resource outside of the core group has in front of it
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/api/v1/"), "/")
	if strings.HasPrefix(r.URL.Path, "/apis/") {
		parts = parts[groupAndVersion+1:]
	}
	namespace, name := "", ""
	if parts[0] == "namespaces" && len(parts) > 2 {
		namespace, parts = parts[1], parts[2:]
	}
	if len(parts) > 1 {
		name = parts[1]
	}
	var found []string
	for _, content := range c[parts[0]] {
		var meta metav1.PartialObjectMetadata
		if err := json.Unmarshal([]byte(content), &meta); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		selector, err := metav1.ParseToLabelSelector(r.URL.Query().Get("labelSelector"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		matches, _ := metav1.LabelSelectorAsSelector(selector)
		if (namespace == "" || meta.Namespace == namespace) && (name == "" || meta.Name == name) && (name != "" || matches.Matches(labels.Set(meta.Labels))) {
			found = append(found, content)
		}
	}
	w.Header().Set("Content-Type", "application/json")
	switch {
	case c[parts[0]] == nil:
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","message":"not allowed","code":403}`)
	case name == "":
		fmt.Fprintf(w, `{"kind":"List","metadata":{},"items":[%s]}`, strings.Join(found, ","))
	case len(found) == 0:
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","message":"not found","code":404}`)
	default:
		fmt.Fprint(w, found[0])
	}
}

var place = locations.Place{Bucket: "velero", Prefix: "team"}

// world is a cluster, and a bucket to back it up to.
type world struct {
	run   *run
	store *objectstore.S3
	cloud *simulatortest.Simulator
}

func apiOf(t *testing.T, objects cluster) *inventory.API {
	t.Helper()
	server := httptest.NewServer(objects)
	t.Cleanup(server.Close)
	api, err := inventory.NewAPI(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	return api
}

func newWorld(t *testing.T, objects cluster, spec velerov1.BackupSpec, locationsOf ...snapshotLocation) *world {
	t.Helper()
	cloud := simulatortest.Start(t)
	cloud.CreateBucket(t, "velero")
	endpoint, err := url.Parse(cloud.S3)
	if err != nil {
		t.Fatal(err)
	}
	store, err := objectstore.NewS3(objectstore.S3Options{
		Bucket: "velero", Endpoint: endpoint, Region: cloud.Region, StallTimeout: 300 * time.Millisecond,
		Keys: credentials.AWS{AccessKeyID: cloud.Key.ID, SecretAccessKey: cloud.Key.Secret},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	backup := &velerov1.Backup{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "b", UID: "uid-1", Labels: map[string]string{"l": "v"}}, Spec: spec}
	selected, err := scope.New(&backup.Spec, served)
	if err != nil {
		t.Fatal(err)
	}
	notes, numbers := record.New("backup", "velero/b"), metrics.New()
	return &world{store: store, cloud: cloud, run: newRun(run{
		backup: backup, api: apiOf(t, objects), resources: served, scope: selected, record: notes, metrics: numbers, now: time.Now, progress: func(int, int) {},
		store:   backups.NewStore(store, place),
		unmoved: func(context.Context) error { return nil },
		volumes: &volumes{backup: backup, locations: locationsOf, record: notes, metrics: numbers, now: time.Now},
	})}
}

func (w *world) keys(t *testing.T) []string {
	t.Helper()
	var keys []string
	for key, err := range w.store.Keys(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	return keys
}

func (w *world) read(t *testing.T, file backups.File) []byte {
	t.Helper()
	content, err := objectstore.ReadAll(t.Context(), w.store, file.Key(place, "b"))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func (w *world) decode(t *testing.T, file backups.File, value any) {
	t.Helper()
	if err := backups.Decode(bytes.NewReader(w.read(t, file)), value); err != nil {
		t.Fatal(err)
	}
}

// items are the objects of the tarball, by the path without the version.
func (w *world) items(t *testing.T) []string {
	t.Helper()
	plain, err := gzip.NewReader(bytes.NewReader(w.read(t, backups.Contents)))
	if err != nil {
		t.Fatal(err)
	}
	var items []string
	for entries := tar.NewReader(plain); ; {
		header, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return items
		}
		if err != nil {
			t.Fatal(err)
		}
		if name, isItem := strings.CutPrefix(header.Name, "resources/"); isItem && !strings.Contains(name, "preferredversion") {
			items = append(items, strings.TrimSuffix(name, ".json"))
		}
	}
}

func TestRunSelects(t *testing.T) {
	everything := []string{
		"configmaps/namespaces/other/a", "configmaps/namespaces/shop/b", "configmaps/namespaces/shop/e", "deployments.apps/namespaces/shop/web",
		"namespaces/cluster/other", "namespaces/cluster/shop", "persistentvolumeclaims/namespaces/other/data", "persistentvolumeclaims/namespaces/shop/data",
		"persistentvolumes/cluster/pv-1", "persistentvolumes/cluster/pv-2", "pods/namespaces/shop/web",
	}
	no := false
	web := &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}
	for name, tc := range map[string]struct {
		spec velerov1.BackupSpec
		want []string
		errs int
	}{
		"all": {want: everything},
		"a namespace": {spec: velerov1.BackupSpec{IncludedNamespaces: []string{"other"}}, want: []string{
			"configmaps/namespaces/other/a", "namespaces/cluster/other", "persistentvolumeclaims/namespaces/other/data", "persistentvolumes/cluster/pv-2",
		}},
		"a namespace that is not there": {spec: velerov1.BackupSpec{IncludedNamespaces: []string{"othr"}}, errs: 1},
		"no cluster resources": {spec: velerov1.BackupSpec{IncludedNamespaces: []string{"oth*"}, IncludeClusterResources: &no}, want: []string{
			"configmaps/namespaces/other/a", "persistentvolumeclaims/namespaces/other/data",
		}},
		"what labels choose, and what that needs": {spec: velerov1.BackupSpec{LabelSelector: web}, want: []string{
			"configmaps/namespaces/shop/e", "namespaces/cluster/shop", "persistentvolumeclaims/namespaces/shop/data", "persistentvolumes/cluster/pv-1", "pods/namespaces/shop/web",
		}},
		"one of several selectors": {spec: velerov1.BackupSpec{OrLabelSelectors: []*metav1.LabelSelector{{MatchLabels: map[string]string{"app": "none"}}, web}, IncludedResources: []string{"configmaps"}}, want: []string{
			"configmaps/namespaces/shop/e",
		}},
		"a resource": {spec: velerov1.BackupSpec{ExcludedNamespaces: []string{"shop"}, IncludedNamespaceScopedResources: []string{"configmaps"}}, want: []string{
			"configmaps/namespaces/other/a", "namespaces/cluster/other",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, application, tc.spec)
			final, err := w.run.do(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			got := w.items(t)
			slices.Sort(got)
			if !slices.Equal(got, tc.want) {
				t.Errorf("got  %q\nwant %q", got, tc.want)
			}
			if final.Status.Errors != tc.errs || final.Status.Progress.ItemsBackedUp != len(tc.want) {
				t.Errorf("got status %+v", final.Status)
			}
		})
	}
}

func TestRunOrders(t *testing.T) {
	w := newWorld(t, application, velerov1.BackupSpec{OrderedResources: map[string]string{"configmaps": "shop/e, shop/none,shop/b"}, IncludedResources: []string{"configmaps"}})
	final, err := w.run.do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"configmaps/namespaces/shop/e", "configmaps/namespaces/shop/b", "configmaps/namespaces/other/a"}
	if got := w.items(t); !slices.Equal(got, want) || final.Status.Warnings != 1 {
		t.Errorf("got %q, %+v; want %q and a warning of what is not there", got, final.Status, want)
	}
}

// TestRunOrdersNoMore shows that what is to go first is in the backup only if it would be anyway, or others need it.
func TestRunOrdersNoMore(t *testing.T) {
	w := newWorld(t, application, velerov1.BackupSpec{
		OrderedResources: map[string]string{"configmaps": "other/a,shop/b,shop/e", "persistentvolumeclaims": "shop/data,other/data"},
		LabelSelector:    &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}, ExcludedNamespaces: []string{"other"},
		IncludedResources: []string{"configmaps", "persistentvolumeclaims", "pods"},
	})
	if _, err := w.run.do(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []string{"pods/namespaces/shop/web", "persistentvolumeclaims/namespaces/shop/data", "configmaps/namespaces/shop/e"}
	if got := w.items(t); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// brings runs a backup of a cluster that serves the resources, and compares the items in it whose names begin like that.
func (w *world) brings(t *testing.T, spec velerov1.BackupSpec, served resources.List, prefix string, want []string) {
	t.Helper()
	w.run.resources = served
	var err error
	if w.run.scope, err = scope.New(&spec, served); err != nil {
		t.Fatal(err)
	}
	final, err := w.run.do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := slices.DeleteFunc(w.items(t), func(item string) bool { return !strings.HasPrefix(item, prefix) })
	if !slices.Equal(got, want) || final.Status.Warnings+final.Status.Errors > 0 {
		t.Errorf("got %q, %+v; want %q", got, final.Status, want)
	}
}

// TestRunAddsDefinitions shows that custom resources bring their definitions along, unless these are left out.
func TestRunAddsDefinitions(t *testing.T) {
	definitions := resources.Resource{GroupVersionResource: definitionResource.WithVersion("v1"), Kind: "CustomResourceDefinition"}
	widgets := resources.Resource{GroupVersionResource: schema.GroupVersionResource{Group: "example.com", Version: "v1", Resource: "widgets"}, Kind: "Widget", Namespaced: true}
	gadgets := resources.Resource{GroupVersionResource: schema.GroupVersionResource{Group: "example.com", Version: "v1", Resource: "gadgets"}, Kind: "Gadget", Namespaced: true}
	objects := maps.Clone(application)
	objects["widgets"], objects["gadgets"] = []string{`{"metadata":{"namespace":"shop","name":"w"}}`}, []string{`{"metadata":{"namespace":"other","name":"g"}}`}
	objects["customresourcedefinitions"] = []string{`{"metadata":{"name":"widgets.example.com"}}`, `{"metadata":{"name":"gadgets.example.com"}}`}
	no := false
	for name, tc := range map[string]struct {
		spec velerov1.BackupSpec
		want []string
	}{
		"a namespace":          {velerov1.BackupSpec{IncludedNamespaces: []string{"shop"}}, []string{"customresourcedefinitions.apiextensions.k8s.io/cluster/widgets.example.com"}},
		"everything":           {want: []string{"customresourcedefinitions.apiextensions.k8s.io/cluster/widgets.example.com", "customresourcedefinitions.apiextensions.k8s.io/cluster/gadgets.example.com"}},
		"left out":             {spec: velerov1.BackupSpec{IncludedNamespaces: []string{"shop"}, ExcludedResources: []string{"customresourcedefinitions"}}},
		"no cluster resources": {spec: velerov1.BackupSpec{IncludedNamespaces: []string{"shop"}, IncludeClusterResources: &no}},
	} {
		t.Run(name, func(t *testing.T) {
			tc.spec.SnapshotVolumes = &no
			w := newWorld(t, objects, tc.spec)
			w.brings(t, tc.spec, append(slices.Clone(served), definitions, gadgets, widgets), "customresourcedefinitions", tc.want)
		})
	}
}

// TestRunAddsRoles shows that service accounts bring along the cluster roles that they have, once each, unless these are left out.
func TestRunAddsRoles(t *testing.T) {
	accounts := resources.Resource{GroupVersionResource: accountResource.WithVersion("v1"), Kind: "ServiceAccount", Namespaced: true}
	bindings := resources.Resource{GroupVersionResource: bindingResource.WithVersion("v1"), Kind: "ClusterRoleBinding"}
	roles := resources.Resource{GroupVersionResource: clusterRoleResource.WithVersion("v1"), Kind: "ClusterRole"}
	objects := cluster{
		"namespaces":      application["namespaces"],
		"serviceaccounts": {`{"metadata":{"namespace":"shop","name":"a"}}`, `{"metadata":{"namespace":"shop","name":"b"}}`, `{"metadata":{"namespace":"other","name":"c"}}`},
		"clusterrolebindings": {
			`{"metadata":{"name":"ours"},"roleRef":{"name":"both"},"subjects":[{"kind":"ServiceAccount","namespace":"shop","name":"a"},{"kind":"ServiceAccount","namespace":"shop","name":"b"},{"kind":"User","name":"a"}]}`,
			`{"metadata":{"name":"ours-too"},"roleRef":{"name":"both"},"subjects":[{"kind":"ServiceAccount","namespace":"shop","name":"b"}]}`,
			`{"metadata":{"name":"theirs"},"roleRef":{"name":"other"},"subjects":[{"kind":"ServiceAccount","namespace":"other","name":"c"},{"kind":"Group","name":"a"}]}`,
		},
		"clusterroles": {`{"metadata":{"name":"both"}}`, `{"metadata":{"name":"other"}}`},
	}
	no := false
	const group = ".rbac.authorization.k8s.io/cluster/"
	for name, tc := range map[string]struct {
		spec velerov1.BackupSpec
		want []string
	}{
		"a namespace":          {velerov1.BackupSpec{IncludedNamespaces: []string{"shop"}}, []string{"clusterrolebindings" + group + "ours", "clusterroles" + group + "both", "clusterrolebindings" + group + "ours-too"}},
		"everything":           {want: []string{"clusterrolebindings" + group + "ours", "clusterrolebindings" + group + "ours-too", "clusterrolebindings" + group + "theirs", "clusterroles" + group + "both", "clusterroles" + group + "other"}},
		"bindings left out":    {spec: velerov1.BackupSpec{IncludedNamespaces: []string{"shop"}, ExcludedResources: []string{"clusterrolebindings"}}},
		"no cluster resources": {spec: velerov1.BackupSpec{IncludedNamespaces: []string{"shop"}, IncludeClusterResources: &no}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, objects, tc.spec)
			w.brings(t, tc.spec, resources.List{accounts, *w.run.resource(namespaceResource), bindings, roles}, "clusterrole", tc.want)
		})
	}
}

// TestRunWrites compares what is in the bucket with what Velero writes.
func TestRunWrites(t *testing.T) {
	w := newWorld(t, application, velerov1.BackupSpec{IncludedNamespaces: []string{"shop"}, StorageLocation: "primary"},
		snapshotLocation{name: "none", Snapshotter: &disks{}}, snapshotLocation{name: "ebs", Snapshotter: &disks{volumes: map[string]string{"pv-1": "vol-1"}}})
	final, err := w.run.do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.expectSnapshots(t, "success")
	want := []string{}
	for _, file := range []string{
		"b-itemoperations.json.gz", "b-logs.gz", "b-podvolumebackups.json.gz", "b-resource-list.json.gz", "b-results.gz",
		"b-volumeinfo.json.gz", "b-volumesnapshots.json.gz", "b.tar.gz", "velero-backup.json",
	} {
		want = append(want, "team/backups/b/"+file)
	}
	if got := w.keys(t); !slices.Equal(got, want) {
		t.Errorf("got keys %q, want %q", got, want)
	}
	stored, err := w.run.store.Published(t.Context(), "b")
	if err != nil || stored.Status.Phase != velerov1.BackupPhaseCompleted || stored.Kind != "Backup" || stored.APIVersion != "velero.io/v1" || stored.UID != "uid-1" {
		t.Errorf("got metadata %+v, %v", stored, err)
	}
	if final.Status.VolumeSnapshotsAttempted != 1 || final.Status.VolumeSnapshotsCompleted != 1 || final.Status.CompletionTimestamp == nil {
		t.Errorf("got status %+v", final.Status)
	}

	var snapshots []backups.Snapshot
	w.decode(t, backups.VolumeSnapshots, &snapshots)
	iops := int64(3000)
	expectJSON(t, snapshots, []backups.Snapshot{{
		Spec: backups.SnapshotSpec{
			BackupName: "b", BackupUID: "uid-1", Location: "ebs", PersistentVolumeName: "pv-1", ProviderVolumeID: "vol-1",
			VolumeType: "gp3", VolumeAZ: "us-east-1a", VolumeIOPS: &iops,
		},
		Status: backups.SnapshotStatus{ProviderSnapshotID: "snap-of-vol-1", Phase: backups.SnapshotCompleted},
	}})
	var infos []backups.VolumeInfo
	w.decode(t, backups.VolumeInfos, &infos)
	if len(infos) != 1 || infos[0].Result != "succeeded" || infos[0].PVCNamespace != "shop" || infos[0].PVInfo.ReclaimPolicy != "Retain" ||
		infos[0].NativeSnapshotInfo.IOPS != "3000" || infos[0].BackupMethod != backups.NativeSnapshot || infos[0].CompletionTimestamp == nil {
		t.Errorf("got %+v", infos)
	}
	var names backups.Names
	w.decode(t, backups.ResourceList, &names)
	expectJSON(t, names, backups.Names{
		"apps/v1/Deployment": {"shop/web"}, "v1/ConfigMap": {"shop/b", "shop/e"}, "v1/Namespace": {"shop"}, "v1/PersistentVolume": {"pv-1"},
		"v1/PersistentVolumeClaim": {"shop/data"}, "v1/Pod": {"shop/web"},
	})
	var outcome, none any
	w.decode(t, backups.Results, &outcome)
	expectJSON(t, outcome, map[string]any{"errors": map[string]any{}, "warnings": map[string]any{}})
	w.decode(t, backups.ItemOperations, &none)
	expectJSON(t, none, []any{})

	plain, err := gzip.NewReader(bytes.NewReader(w.read(t, backups.Log)))
	if err != nil {
		t.Fatal(err)
	}
	log, err := io.ReadAll(plain)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`level=info msg="Backup begins" backup=velero/b uid=uid-1`, "resource=configmaps items=2", "snapshot=snap-of-vol-1", "phase=Completed items=7"} {
		if !strings.Contains(string(log), want) {
			t.Errorf("got log %s, want %q in it", log, want)
		}
	}
}

func expectJSON(t *testing.T, got, want any) {
	t.Helper()
	a, errA := json.Marshal(got)
	b, errB := json.Marshal(want)
	if errA != nil || errB != nil || !bytes.Equal(a, b) {
		t.Errorf("got  %s\nwant %s", a, b)
	}
}

// disks knows volumes by the names of persistent volumes.
type disks struct {
	volumes map[string]string
	fail    error
	lost    bool // the answer to a snapshot
	asked   int
	gone    []string
}

func (d *disks) Region() string                                     { return "us-east-1" }
func (d *disks) SetVolumeID(*corev1.PersistentVolume, string) error { return errors.ErrUnsupported }

func (d *disks) VolumeID(pv *corev1.PersistentVolume) (string, error) {
	return d.volumes[pv.Name], nil
}

func (d *disks) Volume(_ context.Context, id, zone string) (snapshotter.Volume, error) {
	d.asked++
	return snapshotter.Volume{ID: id, Type: "gp3", IOPS: 3000, Zone: zone}, d.fail
}

func (d *disks) CreateSnapshot(_ context.Context, id, _ string, tags map[string]string) (string, error) {
	if !maps.Equal(tags, map[string]string{"l": "v", "velero.io/backup": "b", "velero.io/backup-uid": "uid-1", "velero.io/pv": "pv-1"}) {
		return "", fmt.Errorf("unexpected tags %v", tags)
	}
	if d.lost {
		return "", &snapshotter.Error{Reason: snapshotter.Unreachable, Advice: "no answer"}
	}
	return "snap-of-" + id, nil
}

func (d *disks) FindSnapshots(_ context.Context, tags map[string]string) ([]string, error) {
	if !maps.Equal(tags, map[string]string{"velero.io/backup": "b", "velero.io/backup-uid": "uid-1", "velero.io/pv": "pv-1"}) {
		return nil, fmt.Errorf("unexpected tags %v", tags)
	}
	return []string{"snap-found"}, nil
}

func (d *disks) CreateVolume(context.Context, string, snapshotter.Volume) (string, error) {
	return "", errors.New("not asked for")
}

func (d *disks) DeleteSnapshot(_ context.Context, id string) error {
	d.gone = append(d.gone, id)
	return nil
}
func (d *disks) Check(context.Context) error                 { return nil }
func (d *disks) CheckSnapshot(context.Context, string) error { return nil }
func (d *disks) Close()                                      {}

// expectSnapshots checks that Prometheus hears of one snapshot, and how that went.
func (w *world) expectSnapshots(t *testing.T, outcome string) {
	t.Helper()
	got := slices.DeleteFunc(metricstest.Scrape(t, w.run.metrics), func(series string) bool { return !strings.HasPrefix(series, "volume_") })
	want := []string{`volume_snapshot_attempt_total{schedule=""} 1`, fmt.Sprintf(`volume_snapshot_%s_total{schedule=""} 1`, outcome)}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestRunFindsNothing shows that a backup of nothing says so.
func TestRunFindsNothing(t *testing.T) {
	w := newWorld(t, application, velerov1.BackupSpec{IncludedNamespaces: []string{"shop"}, IncludedResources: []string{"nosuch"}})
	final, err := w.run.do(t.Context())
	if err != nil || final.Status.Progress.ItemsBackedUp != 0 || final.Status.Warnings == 0 {
		t.Fatalf("got %+v, %v, want a warning about nothing", final, err)
	}
}

// TestRunIsIncomplete shows what makes a backup PartiallyFailed.
func TestRunIsIncomplete(t *testing.T) {
	hidden := maps.Clone(application)
	delete(hidden, "configmaps")
	for name, tc := range map[string]struct {
		objects cluster
		disks   *disks
		want    string
	}{
		"a resource that may not be read": {objects: hidden, disks: &disks{}, want: "listing configmaps: not allowed"},
		"a volume that is not there": {
			objects: application, disks: &disks{volumes: map[string]string{"pv-1": "vol-1"}, fail: errors.New("there is no volume")},
			want: `persistent volume "pv-1": volume snapshot location "ebs": there is no volume`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, tc.objects, velerov1.BackupSpec{IncludedNamespaces: []string{"shop"}}, snapshotLocation{name: "ebs", Snapshotter: tc.disks})
			final, err := w.run.do(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var outcome backups.Outcome
			w.decode(t, backups.Results, &outcome)
			if got := outcome.Errors.Namespaces["shop"]; !slices.Equal(got, []string{tc.want}) || final.Status.Phase != velerov1.BackupPhasePartiallyFailed {
				t.Errorf("got %s, errors %q; want %q", final.Status.Phase, outcome.Errors, tc.want)
			}
			if tc.disks.fail != nil {
				w.expectSnapshots(t, "failure")
			}
		})
	}
}

// TestRunFindsSnapshots shows that a snapshot is found of which the answer was lost.
func TestRunFindsSnapshots(t *testing.T) {
	w := newWorld(t, application, velerov1.BackupSpec{IncludedNamespaces: []string{"shop"}},
		snapshotLocation{name: "ebs", Snapshotter: &disks{volumes: map[string]string{"pv-1": "vol-1"}, lost: true}})
	final, err := w.run.do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var snapshots []backups.Snapshot
	w.decode(t, backups.VolumeSnapshots, &snapshots)
	if len(snapshots) != 1 || snapshots[0].Status.ProviderSnapshotID != "snap-found" || final.Status.Phase != velerov1.BackupPhaseCompleted {
		t.Errorf("got %+v, %+v", snapshots, final.Status)
	}
}

// TestRunLosesPatience shows that a provider that does not answer is not waited for as often as there are volumes, but that
// each of them is reported.
func TestRunLosesPatience(t *testing.T) {
	const count = 10
	disks := &disks{volumes: map[string]string{}, fail: &snapshotter.Error{Reason: snapshotter.Unreachable, Advice: "no answer"}}
	objects := cluster{"persistentvolumes": nil}
	for i := range count {
		name := fmt.Sprintf("pv-%d", i)
		disks.volumes[name] = "vol-" + name
		objects["persistentvolumes"] = append(objects["persistentvolumes"], fmt.Sprintf(`{"metadata":{"name":%q}}`, name))
	}
	w := newWorld(t, objects, velerov1.BackupSpec{IncludedResources: []string{"persistentvolumes"}}, snapshotLocation{name: "ebs", Snapshotter: disks})
	final, err := w.run.do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if disks.asked != patience || final.Status.Errors != count || final.Status.VolumeSnapshotsAttempted != count {
		t.Errorf("asked %d times, got %+v", disks.asked, final.Status)
	}
}

// TestRunWithoutSnapshots shows that volumes of which there is no snapshot are reported.
func TestRunWithoutSnapshots(t *testing.T) {
	no := false
	for name, tc := range map[string]struct {
		spec     velerov1.BackupSpec
		reason   string
		warnings int
	}{
		"no location of the provider": {reason: "no volume snapshot location of the backup is of the volume's provider", warnings: 1},
		"none wanted":                 {spec: velerov1.BackupSpec{SnapshotVolumes: &no}, reason: "spec.snapshotVolumes of the backup is false"},
	} {
		t.Run(name, func(t *testing.T) {
			tc.spec.IncludedNamespaces = []string{"shop"}
			w := newWorld(t, application, tc.spec, snapshotLocation{name: "ebs", Snapshotter: &disks{}})
			final, err := w.run.do(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var infos []backups.VolumeInfo
			w.decode(t, backups.VolumeInfos, &infos)
			if len(infos) != 1 || !infos[0].Skipped || infos[0].SkippedReason != tc.reason || final.Status.Warnings != tc.warnings {
				t.Errorf("got %+v, %+v", infos, final.Status)
			}
		})
	}
}

// TestRunUnderFaults shows that a backup whose upload fails leaves nothing, not even snapshots, wherever it fails.
func TestRunUnderFaults(t *testing.T) {
	for skip := range 10 {
		t.Run(fmt.Sprintf("after %d uploads", skip), func(t *testing.T) {
			t.Parallel()
			disks := &disks{volumes: map[string]string{"pv-1": "vol-1"}}
			w := newWorld(t, application, velerov1.BackupSpec{IncludedNamespaces: []string{"shop"}}, snapshotLocation{name: "ebs", Snapshotter: disks})
			w.cloud.Harm(t, faults.Rule{Match: faults.Match{Operations: []string{"s3:PutObject"}}, Skip: skip, Fault: faults.Error{Code: "AccessDenied"}})
			_, err := w.run.do(t.Context())
			if err == nil || !strings.Contains(err.Error(), "may not write") {
				t.Errorf("got %v", err)
			}
			if got := w.keys(t); len(got) > 0 {
				t.Errorf("%q is left", got)
			}
			if skip > 1 && !slices.Equal(disks.gone, []string{"snap-of-vol-1"}) {
				t.Errorf("deleted the snapshots %q", disks.gone)
			}
		})
	}
}

// TestRunUnderFaultsOfParts shows the same of a tarball that is uploaded in parts, while it is still written.
func TestRunUnderFaultsOfParts(t *testing.T) {
	objects := maps.Clone(application)
	random, content := rand.NewChaCha8([32]byte{}), make([]byte, 1<<20)
	for i := range 12 {
		_, _ = random.Read(content) // always all, and no error
		objects["configmaps"] = append(objects["configmaps"], fmt.Sprintf(`{"metadata":{"namespace":"shop","name":"large-%d"},"data":{"k":%q}}`, i, base64.StdEncoding.EncodeToString(content)))
	}
	for _, operation := range []string{"CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"} {
		t.Run(operation, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, objects, velerov1.BackupSpec{IncludedNamespaces: []string{"shop"}})
			w.cloud.Harm(t, faults.Rule{Match: faults.Match{Operations: []string{"s3:" + operation}}, Fault: faults.Error{Code: "AccessDenied"}})
			if _, err := w.run.do(t.Context()); err == nil || !strings.Contains(err.Error(), "may not write") {
				t.Errorf("got %v", err)
			}
			if got := w.keys(t); len(got) > 0 {
				t.Errorf("%q is left", got)
			}
		})
	}
}

// TestRunStops shows that a backup that is interrupted leaves nothing.
func TestRunStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	w := newWorld(t, application, velerov1.BackupSpec{})
	w.run.progress = func(int, int) { cancel() }
	if _, err := w.run.do(ctx); err == nil {
		t.Error("got no error")
	}
	if got := w.keys(t); len(got) > 0 {
		t.Errorf("%q is left", got)
	}
}

// TestRunOverwritesNothing shows that a name that is taken stays as it is.
func TestRunOverwritesNothing(t *testing.T) {
	w := newWorld(t, application, velerov1.BackupSpec{})
	const key = "team/backups/b/something"
	if err := w.store.Put(t.Context(), key, strings.NewReader("theirs")); err != nil {
		t.Fatal(err)
	}
	_, err := w.run.do(t.Context())
	want := `a backup of that name already exists in object storage: "team/backups/b/something" is in the prefix "team" of bucket "velero": give the backup another name`
	if err == nil || err.Error() != want || !errors.Is(err, backups.ErrTaken) {
		t.Errorf("got %v, want %s", err, want)
	}
	if got := w.keys(t); !slices.Equal(got, []string{key}) {
		t.Errorf("got keys %q", got)
	}
}

// TestRunGivesWay shows that to a backup of the name that somebody puts there who does not claim the name everything is
// left, but for the snapshots.
func TestRunGivesWay(t *testing.T) {
	disks := &disks{volumes: map[string]string{"pv-1": "vol-1"}}
	w := newWorld(t, application, velerov1.BackupSpec{IncludedNamespaces: []string{"shop"}}, snapshotLocation{name: "ebs", Snapshotter: disks})
	w.run.progress = func(int, int) {
		if err := w.store.Put(t.Context(), backups.Metadata.Key(place, "b"), strings.NewReader("theirs")); err != nil {
			t.Error(err)
		}
	}
	if _, err := w.run.do(t.Context()); !errors.Is(err, backups.ErrTaken) {
		t.Errorf("got %v", err)
	}
	if !slices.Equal(disks.gone, []string{"snap-of-vol-1"}) || string(w.read(t, backups.Metadata)) != "theirs" {
		t.Errorf("deleted the snapshots %q, there are %q", disks.gone, w.keys(t))
	}
}
