package backups

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/velero-locations/velero-locations/locations"
)

func TestKeys(t *testing.T) {
	outside, inside := locations.Place{Bucket: "b"}, locations.Place{Bucket: "b", Prefix: "team/a"}
	for _, tc := range []struct{ got, want string }{
		{Metadata.Key(outside, "n"), "backups/n/velero-backup.json"},
		{Contents.Key(inside, "n"), "team/a/backups/n/n.tar.gz"},
		{Log.Key(outside, "n"), "backups/n/n-logs.gz"},
		{Results.Key(outside, "n"), "backups/n/n-results.gz"},
		{ResourceList.Key(outside, "n"), "backups/n/n-resource-list.json.gz"},
		{PodVolumeBackups.Key(outside, "n"), "backups/n/n-podvolumebackups.json.gz"},
		{VolumeSnapshots.Key(outside, "n"), "backups/n/n-volumesnapshots.json.gz"},
		{VolumeInfos.Key(outside, "n"), "backups/n/n-volumeinfo.json.gz"},
		{ItemOperations.Key(outside, "n"), "backups/n/n-itemoperations.json.gz"},
		{directory(inside, "n"), "team/a/backups/n/"},
		{root(outside), "backups/"},
	} {
		if tc.got != tc.want {
			t.Errorf("got %s, want %s", tc.got, tc.want)
		}
	}
}

func TestTarget(t *testing.T) {
	place := locations.Place{Bucket: "b", Prefix: "p"}
	for kind, want := range map[string]string{
		"BackupLog":                       "p/backups/n/n-logs.gz",
		"BackupContents":                  "p/backups/n/n.tar.gz",
		"BackupVolumeSnapshots":           "p/backups/n/n-volumesnapshots.json.gz",
		"BackupItemOperations":            "p/backups/n/n-itemoperations.json.gz",
		"BackupResourceList":              "p/backups/n/n-resource-list.json.gz",
		"BackupResults":                   "p/backups/n/n-results.gz",
		"BackupVolumeInfos":               "p/backups/n/n-volumeinfo.json.gz",
		"CSIBackupVolumeSnapshots":        "p/backups/n/n-csi-volumesnapshots.json.gz",
		"CSIBackupVolumeSnapshotContents": "p/backups/n/n-csi-volumesnapshotcontents.json.gz",
		"RestoreLog":                      "p/restores/n/restore-n-logs.gz",
		"RestoreResults":                  "p/restores/n/restore-n-results.gz",
		"RestoreResourceList":             "p/restores/n/restore-n-resource-list.json.gz",
		"RestoreItemOperations":           "p/restores/n/restore-n-itemoperations.json.gz",
		"RestoreVolumeInfo":               "p/restores/n/n-volumeinfo.json.gz",
	} {
		file, found := Target(kind)
		if got := file.Key(place, "n"); !found || got != want || file.OfRestore() != strings.HasPrefix(kind, "Restore") {
			t.Errorf("%s: got %s, %v, of a restore %v; want %s", kind, got, found, file.OfRestore(), want)
		}
	}
	if _, found := Target("Nonsense"); found {
		t.Error("a kind that is none was found")
	}
}

// TestArchiveOfFailed adds to a tarball that cannot be written: it says so, and nothing goes on (leaktest.Main).
func TestArchiveOfFailed(t *testing.T) {
	failed := errors.New("the connection is gone")
	upload, w := io.Pipe()
	_ = upload.CloseWithError(failed)
	archive, err := NewArchive(w, time.Now())
	if err == nil {
		err = archive.Close()
	}
	if !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
	upload, w = io.Pipe()
	go func() { _, _ = io.CopyN(io.Discard, upload, 10); _ = upload.CloseWithError(failed) }() // breaks off later
	if archive, err = NewArchive(w, time.Now()); err != nil {
		t.Fatal(err)
	}
	for err == nil {
		err = archive.Add(Item{Name: "large"}, make([]byte, 1<<20))
	}
	if closed := archive.Close(); !errors.Is(err, failed) || !errors.Is(closed, failed) {
		t.Errorf("got %v, and at the end %v", err, closed)
	}
}

// TestArchive compares a tarball, entry by entry, with what Velero writes.
func TestArchive(t *testing.T) {
	now := time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC)
	var b bytes.Buffer
	archive, err := NewArchive(&b, now)
	if err != nil {
		t.Fatal(err)
	}
	resource := func(group, version, name string) schema.GroupVersionResource {
		return schema.GroupVersionResource{Group: group, Version: version, Resource: name}
	}
	for _, item := range []Item{
		{Resource: resource("", "v1", "configmaps"), Kind: "ConfigMap", Preferred: true, Namespace: "shop", Name: "settings"},
		{Resource: resource("apps", "v1", "deployments"), Kind: "Deployment", Preferred: true, Namespace: "shop", Name: "web"},
		{Resource: resource("apps", "v1beta2", "deployments"), Kind: "Deployment", Namespace: "shop", Name: "web"},
		{Resource: resource("", "v1", "persistentvolumes"), Kind: "PersistentVolume", Preferred: true, Name: "pv-1"},
		{Resource: resource("rbac.authorization.k8s.io", "v1alpha1", "clusterroles"), Kind: "ClusterRole", Name: "admin"},
	} {
		if err := archive.Add(item, []byte(`{"kind":"`+item.Kind+`"}`)); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}

	want := [][2]string{
		{"metadata/version", "1.1.0\n"},
		{"resources/configmaps/namespaces/shop/settings.json", `{"kind":"ConfigMap"}`},
		{"resources/configmaps/v1-preferredversion/namespaces/shop/settings.json", `{"kind":"ConfigMap"}`},
		{"resources/deployments.apps/namespaces/shop/web.json", `{"kind":"Deployment"}`},
		{"resources/deployments.apps/v1-preferredversion/namespaces/shop/web.json", `{"kind":"Deployment"}`},
		{"resources/deployments.apps/v1beta2/namespaces/shop/web.json", `{"kind":"Deployment"}`},
		{"resources/persistentvolumes/cluster/pv-1.json", `{"kind":"PersistentVolume"}`},
		{"resources/persistentvolumes/v1-preferredversion/cluster/pv-1.json", `{"kind":"PersistentVolume"}`},
		{"resources/clusterroles.rbac.authorization.k8s.io/v1alpha1/cluster/admin.json", `{"kind":"ClusterRole"}`},
	}
	plain, err := gzip.NewReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	entries := tar.NewReader(plain)
	for _, want := range want {
		header, err := entries.Next()
		if err != nil {
			t.Fatalf("before %s: %v", want[0], err)
		}
		content, err := io.ReadAll(entries)
		if err != nil {
			t.Fatal(err)
		}
		if header.Name != want[0] || string(content) != want[1] {
			t.Errorf("got %s: %s; want %s: %s", header.Name, content, want[0], want[1])
		}
		if header.Typeflag != tar.TypeReg || header.Mode != 0o755 || !header.ModTime.Equal(now) {
			t.Errorf("%s: unexpected header %+v", header.Name, header)
		}
	}
	if header, err := entries.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("after the last entry got %+v, %v", header, err)
	}
}

// TestFiles compares the files beside the tarball with what Velero writes.
func TestFiles(t *testing.T) {
	moment := metav1.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC)
	iops := int64(100)
	var outcome Outcome
	outcome.Errors.Add("shop", "e")
	outcome.Warnings.Add("", "w")
	outcome.Warnings.Velero = []string{"v"}
	if outcome.Errors.Len() != 1 || outcome.Warnings.Len() != 2 {
		t.Errorf("counted %d errors and %d warnings", outcome.Errors.Len(), outcome.Warnings.Len())
	}
	names := Names{}
	names.Add(Item{Resource: schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}, Kind: "Deployment", Namespace: "shop", Name: "web"})
	names.Add(Item{Resource: schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}, Kind: "Namespace", Name: "shop"})

	for _, tc := range []struct {
		value any
		want  string
	}{
		{
			[]Snapshot{{
				Spec: SnapshotSpec{
					BackupName: "b", BackupUID: "u", Location: "ebs", PersistentVolumeName: "pv", ProviderVolumeID: "vol-1",
					VolumeType: "io2", VolumeAZ: "us-east-1a", VolumeIOPS: &iops,
				},
				Status: SnapshotStatus{ProviderSnapshotID: "snap-1", Phase: SnapshotCompleted},
			}, {Status: SnapshotStatus{Phase: SnapshotFailed}}},
			`[{"spec":{"backupName":"b","backupUID":"u","location":"ebs","persistentVolumeName":"pv","providerVolumeID":"vol-1",
			   "volumeType":"io2","volumeAZ":"us-east-1a","volumeIOPS":100},"status":{"providerSnapshotID":"snap-1","phase":"Completed"}},
			  {"spec":{"backupName":"","backupUID":"","location":"","persistentVolumeName":"","providerVolumeID":"","volumeType":""},"status":{"phase":"Failed"}}]`,
		},
		{
			[]VolumeInfo{{
				PVCName: "data", PVCNamespace: "shop", PVName: "pv", BackupMethod: NativeSnapshot, StartTimestamp: &moment, CompletionTimestamp: &moment,
				Result:             "succeeded",
				NativeSnapshotInfo: &NativeSnapshotInfo{SnapshotHandle: "snap-1", VolumeType: "gp3", VolumeAZ: "us-east-1a", IOPS: "100", Phase: SnapshotCompleted},
				PVInfo:             &PVInfo{ReclaimPolicy: "Delete", Labels: map[string]string{"a": "b"}},
			}, {PVName: "pv-2", Skipped: true, SkippedReason: "r"}},
			`[{"pvcName":"data","pvcNamespace":"shop","pvName":"pv","backupMethod":"NativeSnapshot","snapshotDataMoved":false,"preserveLocalSnapshot":false,
			   "skipped":false,"startTimestamp":"2026-11-22T01:02:03Z","completionTimestamp":"2026-11-22T01:02:03Z","result":"succeeded",
			   "nativeSnapshotInfo":{"snapshotHandle":"snap-1","volumeType":"gp3","volumeAZ":"us-east-1a","iops":"100","Phase":"Completed"},
			   "pvInfo":{"reclaimPolicy":"Delete","labels":{"a":"b"}}},
			  {"pvName":"pv-2","snapshotDataMoved":false,"preserveLocalSnapshot":false,"skipped":true,"skippedReason":"r"}]`,
		},
		{outcome, `{"errors":{"namespaces":{"shop":["e"]}},"warnings":{"velero":["v"],"cluster":["w"]}}`},
		{names, `{"apps/v1/Deployment":["shop/web"],"v1/Namespace":["shop"]}`},
	} {
		data, err := Encode(tc.value)
		if err != nil {
			t.Fatal(err)
		}
		var got, want any
		if err := Decode(bytes.NewReader(data), &got); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(tc.want), &want); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%T: got %v, want %v", tc.value, got, want)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	var names Names
	if err := Decode(strings.NewReader("{}"), &names); err == nil {
		t.Error("what is not compressed was read")
	}
	data, err := Encode("text")
	if err != nil {
		t.Fatal(err)
	}
	if err := Decode(bytes.NewReader(data), &names); err == nil {
		t.Error("a text was read as names")
	}
	data, err = Encode(Names{"v1/Namespace": {"shop"}})
	if err != nil {
		t.Fatal(err)
	}
	for what, changed := range map[string][]byte{
		"a file without its end":       data[:len(data)-1],
		"another checksum":             append(data[:len(data)-8:len(data)-8], make([]byte, 8)...),
		"a file that is there twice":   append(data[:len(data):len(data)], data...),
		"a file with something behind": append(data[:len(data):len(data)], "etc"...),
	} {
		if err := Decode(bytes.NewReader(changed), &names); err == nil {
			t.Errorf("%s was read", what)
		}
	}
}
