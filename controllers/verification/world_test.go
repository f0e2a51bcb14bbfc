package verification

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	events "k8s.io/client-go/tools/record"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/controllers/internal/backend/backendtest"
	"github.com/velero-locations/velero-locations/drivers/objectstore"
)

// desk is a reconciler, and a world with backups in it.
type desk struct {
	*backendtest.World
	*reconciler

	clock  time.Time
	events <-chan string
	// items of backups, which have some text in them.
	items []backups.Item
	text  string
	// snapshots of volumes data-0 and data-1 of the last backup.
	snapshots []string
}

var start = time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC)

func newDesk(t *testing.T, objects ...client.Object) *desk {
	t.Helper()
	recorder := events.NewFakeRecorder(100)
	d := &desk{World: backendtest.New(t, interceptor.Funcs{}, objects...), clock: start, events: recorder.Events, items: items()}
	d.reconciler = &reconciler{
		Writer: d.World.Writer, live: d.World.Client, now: func() time.Time { return d.clock }, resting: map[types.NamespacedName]time.Time{},
		opts: Options{Backend: d.Backend, Events: recorder},
	}
	return d
}

// record is the Backup of what makeBackup makes.
func record(name string) *velerov1.Backup {
	at := metav1.NewTime(start.Add(-time.Hour))
	return &velerov1.Backup{
		TypeMeta:   metav1.TypeMeta{APIVersion: "velero.io/v1", Kind: "Backup"},
		ObjectMeta: metav1.ObjectMeta{Namespace: backendtest.Namespace, Name: name, UID: types.UID("uid-" + name), Labels: map[string]string{"team": "shop"}},
		Spec:       velerov1.BackupSpec{StorageLocation: "primary", VolumeGroupSnapshotLabelKey: "velero.io/volume-group"},
		Status: velerov1.BackupStatus{
			Phase: velerov1.BackupPhaseCompleted, FormatVersion: backups.FormatVersion, StartTimestamp: &at, CompletionTimestamp: &at,
			Progress: &velerov1.BackupProgress{TotalItems: 6, ItemsBackedUp: 6}, VolumeSnapshotsAttempted: 2, VolumeSnapshotsCompleted: 2,
		},
	}
}

// items of a backup: config maps, and the persistent volumes that there are snapshots of.
func items() []backups.Item {
	maps := schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
	volumes := schema.GroupVersionResource{Version: "v1", Resource: "persistentvolumes"}
	var all []backups.Item
	for _, name := range []string{"a", "b", "c"} {
		all = append(all, backups.Item{Resource: maps, Kind: "ConfigMap", Preferred: true, Namespace: "shop", Name: name})
	}
	for _, name := range []string{"data-0", "data-1"} {
		all = append(all, backups.Item{Resource: volumes, Kind: "PersistentVolume", Preferred: true, Name: name})
	}
	return append(all, backups.Item{Resource: schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}, Kind: "Deployment", Preferred: true, Namespace: "shop", Name: "web"})
}

func (d *desk) makeBackup(t *testing.T, name string) {
	t.Helper()
	d.snapshots = []string{d.Snapshot(t, nil), d.Snapshot(t, nil)}
	d.Cloud.Clock().Advance(time.Minute) // they are complete
	backup := record(name)
	store := backups.NewStore(d.Store, d.Place)
	log := []byte(backendtest.Compressed(t, "msg=begins uid="+string(backup.UID)+"\n"))
	names := backups.Names{}
	contents := func(w io.Writer) error {
		archive, err := backups.NewArchive(w, start)
		if err != nil {
			return err
		}
		for _, item := range d.items {
			names.Add(item)
			namespace := ""
			if item.Namespace != "" {
				namespace = fmt.Sprintf(`"namespace":%q,`, item.Namespace)
			}
			object := fmt.Sprintf(`{"apiVersion":%q,"kind":%q,"metadata":{%s"name":%q},"text":%q}`, item.Resource.GroupVersion(), item.Kind, namespace, item.Name, d.text)
			if err := archive.Add(item, []byte(object)); err != nil {
				return err
			}
		}
		return archive.Close()
	}
	var snapshots []backups.Snapshot
	var infos []backups.VolumeInfo
	for i, id := range d.snapshots {
		volume := fmt.Sprintf("data-%d", i)
		snapshots = append(snapshots, backups.Snapshot{
			Spec:   backups.SnapshotSpec{BackupName: name, BackupUID: string(backup.UID), Location: "ebs", PersistentVolumeName: volume},
			Status: backups.SnapshotStatus{ProviderSnapshotID: id, Phase: backups.SnapshotCompleted},
		})
		infos = append(infos, backups.VolumeInfo{PVName: volume, BackupMethod: backups.NativeSnapshot, Result: "succeeded"})
	}
	files := `[{"spec":{"uploaderType":"kopia","volume":"cache","pod":{"namespace":"shop","name":"web"}},"status":{"phase":"Completed","snapshotID":"k1"}},
		{"spec":{"uploaderType":"kopia","volume":"empty","pod":{"namespace":"new","name":"web"}},"status":{"phase":"Completed"}}]`
	err := errors.Join(store.Claim(t.Context(), name, log), store.Stream(t.Context(), backups.Contents, name, contents))
	for file, content := range map[backups.File]any{
		backups.VolumeSnapshots: snapshots, backups.VolumeInfos: infos, backups.PodVolumeBackups: json.RawMessage(files),
		backups.ItemOperations: []any{}, backups.ResourceList: names, backups.Results: backups.Outcome{},
	} {
		err = errors.Join(err, store.Write(t.Context(), file, name, content))
	}
	err = errors.Join(err, store.Publish(t.Context(), backup, log), d.Store.Put(t.Context(), d.Place.Root()+"kopia/shop/kopia.repository", strings.NewReader("{}")))
	if err != nil {
		t.Fatal(err)
	}
}

// ask has the controller verify a backup, and returns what it found out.
func (d *desk) ask(t *testing.T, name string) *backups.Report {
	t.Helper()
	backup := &velerov1.Backup{}
	d.Read(t, name, backup)
	if backup.Annotations == nil {
		backup.Annotations = map[string]string{}
	}
	backup.Annotations[backups.VerifyAnnotation] = "now"
	if err := d.World.Update(t.Context(), backup); err != nil {
		t.Fatal(err)
	}
	d.look(t)
	d.Read(t, name, backup)
	report, err := backups.ReportOf(backup)
	if err != nil || report == nil || backup.Annotations[backups.VerifyAnnotation] != "" {
		t.Fatalf("got %v, %v, annotations %v", report, err, backup.Annotations)
	}
	return report
}

// look has the controller do the next thing.
func (d *desk) look(t *testing.T) reconcile.Result {
	t.Helper()
	result, err := d.World.Reconcile(t, d.reconciler, "")
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func (d *desk) key(file backups.File) string { return file.Key(d.Place, "b") }

// edit changes the bytes of a file of the backup.
func (d *desk) edit(t *testing.T, file backups.File, change func([]byte) []byte) {
	t.Helper()
	content, err := objectstore.ReadAll(t.Context(), d.Store, d.key(file))
	if err == nil {
		err = d.Store.Put(t.Context(), d.key(file), bytes.NewReader(change(content)))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// replace changes text in a file, under gzip unless it is the metadata.
func (d *desk) replace(t *testing.T, file backups.File, from, to string) {
	t.Helper()
	d.edit(t, file, func(content []byte) []byte {
		text := string(content)
		if file != backups.Metadata {
			text = string(decompress(t, content))
		}
		if !strings.Contains(text, from) {
			t.Fatalf("%s has no %q: %s", file, from, text)
		}
		text = strings.ReplaceAll(text, from, to)
		if file != backups.Metadata {
			text = backendtest.Compressed(t, text)
		}
		return []byte(text)
	})
}

func decompress(t *testing.T, content []byte) []byte {
	t.Helper()
	plain, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(plain)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (d *desk) remove(t *testing.T, keys ...string) {
	t.Helper()
	for _, key := range keys {
		if err := d.Store.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
}

// retar writes the tarball anew, with each entry under the name and with the content that a function gives it. Without a name it is left out.
func (d *desk) retar(t *testing.T, change func(name, content string) (string, string)) {
	t.Helper()
	d.edit(t, backups.Contents, func(tarball []byte) []byte {
		var made bytes.Buffer
		from, to := tar.NewReader(bytes.NewReader(decompress(t, tarball))), tar.NewWriter(&made)
		for {
			header, err := from.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			content, readErr := io.ReadAll(from)
			if err := errors.Join(err, readErr); err != nil {
				t.Fatal(err)
			}
			name, text := change(header.Name, string(content))
			if name == "" {
				continue
			}
			header = &tar.Header{Name: name, Size: int64(len(text)), Typeflag: tar.TypeReg, Mode: 0o644}
			if err := to.WriteHeader(header); err != nil {
				t.Fatal(err)
			}
			if _, err := to.Write([]byte(text)); err != nil {
				t.Fatal(err)
			}
		}
		if err := to.Close(); err != nil {
			t.Fatal(err)
		}
		return []byte(backendtest.Compressed(t, made.String()))
	})
}

// proxy passes requests on to an address, and lets a function change the answers to those whose path ends in a text.
func proxy(t *testing.T, to *url.URL, path string, change func([]byte) []byte) *url.URL {
	t.Helper()
	server := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = r.In.Host // it is signed
		},
		ModifyResponse: func(resp *http.Response) error {
			if !strings.HasSuffix(resp.Request.URL.Path, path) || resp.StatusCode != http.StatusOK {
				return nil
			}
			content, err := io.ReadAll(resp.Body)
			content = change(content)
			resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(content)), int64(len(content))
			resp.Header.Set("Content-Length", strconv.Itoa(len(content)))
			return err
		},
	})
	t.Cleanup(server.Close)
	address, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return address
}
