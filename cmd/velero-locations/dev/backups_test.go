package dev_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev"
	"github.com/velero-locations/velero-locations/simulator/control"
)

// laptop is a development server in this process, with clients of all that it serves.
type laptop struct {
	client.Client
	info    dev.Info
	dir     string
	s3      *minio.Client
	control *control.Client
}

const bucket = "velero-backups"

func start(t *testing.T, change ...func(*dev.Options)) *laptop {
	t.Helper()
	options := dev.NewOptions()
	for _, change := range change {
		change(options)
	}
	options.DataDir, options.Port = t.TempDir(), 0
	const anyPort = "127.0.0.1:0"
	options.S3Address, options.EC2Address, options.CloudsAddress, options.SimulatorControlAddress = anyPort, anyPort, anyPort, anyPort
	ready := make(chan dev.Info, 1)
	options.OnReady = func(info dev.Info) { ready <- info }
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- dev.Run(ctx, options) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("dev: %v", err)
		}
	})
	select {
	case info := <-ready:
		return connect(t, options.DataDir, info)
	case err := <-ended:
		ended <- err
		t.Fatal("dev ended before it was ready")
	}
	return nil
}

func connect(t *testing.T, dir string, info dev.Info) *laptop {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", info.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, velerov1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	api, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	endpoint, err := url.Parse(info.S3)
	if err != nil {
		t.Fatal(err)
	}
	s3, err := minio.New(endpoint.Host, &minio.Options{Region: "us-east-1", Creds: credentials.NewFileAWSCredentials(filepath.Join(dir, "credentials"), "default")})
	if err != nil {
		t.Fatal(err)
	}
	return &laptop{Client: api, info: info, dir: dir, s3: s3, control: &control.Client{Address: info.SimulatorControl}}
}

func (l *laptop) create(t *testing.T, objects ...client.Object) {
	t.Helper()
	for _, object := range objects {
		object.SetNamespace("velero")
		if err := l.Create(t.Context(), object); err != nil {
			t.Fatal(err)
		}
	}
}

func poll(t *testing.T, what string, ok func(context.Context) bool) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, 3*time.Minute, true, func(ctx context.Context) (bool, error) { return ok(ctx), nil })
	if err != nil {
		t.Fatalf("waiting for %s: %v", what, err)
	}
}

// ended waits until a backup has ended.
func (l *laptop) ended(t *testing.T, name string) *velerov1.Backup {
	t.Helper()
	backup := &velerov1.Backup{}
	poll(t, "the end of backup "+name, func(ctx context.Context) bool {
		err := l.Get(ctx, client.ObjectKey{Namespace: "velero", Name: name}, backup)
		return err == nil && backup.Status.CompletionTimestamp != nil || backup.Status.Phase == velerov1.BackupPhaseFailedValidation
	})
	return backup
}

func (l *laptop) gone(t *testing.T, object client.Object) {
	t.Helper()
	poll(t, "the end of "+object.GetName(), func(ctx context.Context) bool {
		return apierrors.IsNotFound(l.Get(ctx, client.ObjectKeyFromObject(object), object))
	})
}

func (l *laptop) keys(t *testing.T) []string {
	t.Helper()
	return l.keysIn(t, "us-east-1")
}

func (l *laptop) keysIn(t *testing.T, region string) []string {
	t.Helper()
	s3, err := minio.New(l.s3.EndpointURL().Host, &minio.Options{Region: region, Creds: credentials.NewFileAWSCredentials(filepath.Join(l.dir, "credentials"), "default")})
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for entry := range s3.ListObjectsIter(t.Context(), bucket, minio.ListObjectsOptions{Recursive: true}) {
		if entry.Err != nil {
			t.Fatal(entry.Err)
		}
		keys = append(keys, entry.Key)
	}
	return keys
}

func storage(name, prefix string, isDefault bool) *velerov1.BackupStorageLocation {
	return &velerov1.BackupStorageLocation{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: velerov1.BackupStorageLocationSpec{
			Provider: "aws", Default: isDefault, Config: map[string]string{"region": "us-east-1"},
			ObjectStorage:    &velerov1.ObjectStorageLocation{Bucket: bucket, Prefix: prefix},
			BackupSyncPeriod: &metav1.Duration{Duration: time.Second},
		},
	}
}

func backup(name string, change ...func(*velerov1.Backup)) *velerov1.Backup {
	b := &velerov1.Backup{ObjectMeta: metav1.ObjectMeta{Name: name}}
	for _, change := range change {
		change(b)
	}
	return b
}

// TestLifeOfBackup follows a backup from its creation, without a word of where to, to its deletion.
func TestLifeOfBackup(t *testing.T) {
	l := start(t)
	l.create(t, storage("primary", "team", true),
		&velerov1.VolumeSnapshotLocation{ObjectMeta: metav1.ObjectMeta{Name: "ebs"}, Spec: velerov1.VolumeSnapshotLocationSpec{Provider: "aws", Config: map[string]string{"region": "us-east-1"}}},
		backup("b", func(b *velerov1.Backup) { b.Spec.IncludedNamespaces = []string{"shop"} }))

	made := l.ended(t, "b")
	if made.Status.Phase != velerov1.BackupPhaseCompleted || made.Spec.StorageLocation != "primary" || !slices.Equal(made.Spec.VolumeSnapshotLocations, []string{"ebs"}) ||
		made.Labels["velero.io/storage-location"] != "primary" || made.Status.VolumeSnapshotsCompleted == 0 {
		t.Errorf("got %+v, %+v", made.Spec, made.Status)
	}
	keys := l.keys(t)
	if len(keys) != 9 || !slices.Contains(keys, "team/backups/b/velero-backup.json") || slices.ContainsFunc(keys, func(key string) bool { return !strings.HasPrefix(key, "team/backups/b/") }) {
		t.Errorf("got keys %q", keys)
	}

	if log := l.download(t, "BackupLog", "b"); !strings.Contains(log, "Backup begins") || !strings.Contains(log, "Backup ends") {
		t.Errorf("got log %s", log)
	}
	l.syncs(t, made)

	l.create(t, &velerov1.DeleteBackupRequest{ObjectMeta: metav1.ObjectMeta{GenerateName: "b-"}, Spec: velerov1.DeleteBackupRequestSpec{BackupName: "b"}})
	l.gone(t, backup("b", func(b *velerov1.Backup) { b.Namespace = "velero" }))
	if keys := l.keys(t); len(keys) > 0 {
		t.Errorf("after its deletion there are %q", keys)
	}
	snapshots, err := l.control.Snapshots(t.Context())
	if err != nil || len(snapshots) > 0 {
		t.Errorf("after its deletion there are snapshots %+v, %v", snapshots, err)
	}
	poll(t, "the end of the request", func(ctx context.Context) bool {
		var list velerov1.DeleteBackupRequestList
		return l.List(ctx, &list) == nil && len(list.Items) == 0
	})
}

// download asks for a file of a backup and reads it.
func (l *laptop) download(t *testing.T, kind velerov1.DownloadTargetKind, name string) string {
	t.Helper()
	request := &velerov1.DownloadRequest{ObjectMeta: metav1.ObjectMeta{Name: strings.ToLower(string(kind)) + "-" + name}, Spec: velerov1.DownloadRequestSpec{Target: velerov1.DownloadTarget{Kind: kind, Name: name}}}
	l.create(t, request)
	poll(t, "the address", func(ctx context.Context) bool {
		return l.Get(ctx, client.ObjectKeyFromObject(request), request) == nil && request.Status.Phase == velerov1.DownloadRequestPhaseProcessed
	})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, request.Status.DownloadURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	plain, err := gzip.NewReader(resp.Body)
	if err != nil {
		t.Fatalf("status %s: %v", resp.Status, err)
	}
	content, err := io.ReadAll(plain)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// syncs shows that a Backup that gets lost comes back from the bucket, with the pod volume backups that are there.
func (l *laptop) syncs(t *testing.T, made *velerov1.Backup) {
	t.Helper()
	copies, err := backups.Encode([]velerov1.PodVolumeBackup{{
		ObjectMeta: metav1.ObjectMeta{Namespace: "theirs", Name: "b-1", UID: "theirs", ResourceVersion: "1"},
		Spec: velerov1.PodVolumeBackupSpec{
			Node: "n", Volume: "data", BackupStorageLocation: "theirs", UploaderType: "kopia",
			Pod: corev1.ObjectReference{Kind: "Pod", Namespace: "shop", Name: "web"},
		},
		Status: velerov1.PodVolumeBackupStatus{Phase: velerov1.DataMovePhaseCompleted, SnapshotID: "s"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.s3.PutObject(t.Context(), bucket, "team/backups/b/b-podvolumebackups.json.gz", bytes.NewReader(copies), int64(len(copies)), minio.PutObjectOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := l.Delete(t.Context(), made.DeepCopy()); err != nil {
		t.Fatal(err)
	}
	back := &velerov1.Backup{}
	poll(t, "the backup to come back", func(ctx context.Context) bool {
		return l.Get(ctx, client.ObjectKeyFromObject(made), back) == nil && back.UID != made.UID
	})
	if back.Status.Phase != made.Status.Phase || back.Spec.StorageLocation != "primary" || !maps.Equal(back.Labels, made.Labels) {
		t.Errorf("what came back is %+v", back)
	}
	one := &velerov1.PodVolumeBackup{}
	poll(t, "the pod volume backup to come", func(ctx context.Context) bool {
		return l.Get(ctx, client.ObjectKey{Namespace: "velero", Name: "b-1"}, one) == nil
	})
	if len(one.OwnerReferences) != 1 || one.OwnerReferences[0].UID != back.UID || one.Labels["velero.io/backup-uid"] != string(back.UID) ||
		one.Spec.BackupStorageLocation != "primary" || one.Status.SnapshotID != "s" {
		t.Errorf("what came is %+v", one)
	}
}

// TestOrphans shows that a Backup goes when its data does, and another does when its time is over.
func TestOrphans(t *testing.T) {
	l := start(t)
	l.create(t, storage("primary", "", true), backup("kept"), backup("lost"))
	l.create(t, backup("short", func(b *velerov1.Backup) { b.Spec.TTL.Duration = time.Second }))
	l.ended(t, "kept")
	lost, short := l.ended(t, "lost"), backup("short", func(b *velerov1.Backup) { b.Namespace = "velero" })
	for _, key := range l.keys(t) {
		if strings.HasPrefix(key, "backups/lost/") {
			if err := l.s3.RemoveObject(t.Context(), bucket, key, minio.RemoveObjectOptions{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	l.gone(t, lost)
	l.gone(t, short)
	for _, key := range l.keys(t) {
		if !strings.HasPrefix(key, "backups/kept/") {
			t.Errorf("%s is still there", key)
		}
	}
	if err := l.Get(t.Context(), client.ObjectKey{Namespace: "velero", Name: "kept"}, &velerov1.Backup{}); err != nil {
		t.Error(err)
	}
}

// TestSchedules shows that two schedules that differ only in their location fill both buckets.
func TestSchedules(t *testing.T) {
	l := start(t)
	west := storage("us-west-1", "", false)
	west.Spec.Config["region"] = west.Name
	l.create(t, storage("us-east-1", "", true), west)
	regions := []string{"us-east-1", "us-west-1"}
	for _, region := range regions {
		schedule := &velerov1.Schedule{ObjectMeta: metav1.ObjectMeta{Name: region}, Spec: velerov1.ScheduleSpec{Schedule: "@every 1s"}}
		schedule.Spec.Template.IncludedNamespaces = []string{"blog"}
		schedule.Spec.Template.StorageLocation = region
		l.create(t, schedule)
	}
	poll(t, "backups in both buckets", func(context.Context) bool {
		filled := true
		for _, region := range regions {
			found := 0
			for _, key := range l.keysIn(t, region) {
				if !strings.HasPrefix(key, "backups/"+region+"-") {
					t.Fatalf("key %s is in the bucket of %s", key, region)
				}
				if strings.HasSuffix(key, "/velero-backup.json") {
					found++
				}
			}
			filled = filled && found > 1
		}
		return filled
	})
}

// TestMetrics shows that Prometheus hears of the backups of a schedule, of the deletion of one, and of locations.
func TestMetrics(t *testing.T) {
	address := freeAddress(t)
	l := start(t, func(o *dev.Options) { o.Controllers.MetricsAddress = address })
	l.create(t, storage("metrics-location", "", true),
		&velerov1.VolumeSnapshotLocation{ObjectMeta: metav1.ObjectMeta{Name: "ebs"}, Spec: velerov1.VolumeSnapshotLocationSpec{Provider: "aws", Config: map[string]string{"region": "us-east-1"}}},
		backup("b", func(b *velerov1.Backup) {
			b.Labels, b.Spec.IncludedNamespaces = map[string]string{"velero.io/schedule-name": "metrics"}, []string{"shop"}
		}))
	made := l.ended(t, "b")
	l.create(t, &velerov1.DeleteBackupRequest{ObjectMeta: metav1.ObjectMeta{GenerateName: "b-"}, Spec: velerov1.DeleteBackupRequestSpec{BackupName: "b"}})
	l.gone(t, made.DeepCopy())

	want := []string{
		`velero_backup_last_successful_timestamp{schedule="metrics"} ` + strconv.FormatFloat(float64(made.Status.CompletionTimestamp.Unix()), 'g', -1, 64),
		fmt.Sprintf(`velero_backup_items_total{schedule="metrics"} %d`, made.Status.Progress.TotalItems),
		fmt.Sprintf(`velero_volume_snapshot_success_total{schedule="metrics"} %d`, made.Status.VolumeSnapshotsCompleted),
		`velero_backup_location_status_gauge{backup_location_name="metrics-location"} 1`, `velero_backup_last_status{schedule="metrics"} 1`,
	}
	for _, counter := range []string{"attempt", "success", "deletion_attempt", "deletion_success"} {
		want = append(want, fmt.Sprintf(`velero_backup_%s_total{schedule="metrics"} 1`, counter))
	}
	poll(t, "the metrics", func(ctx context.Context) bool {
		page := read(ctx, t, "http://"+address+"/metrics")
		return strings.Contains(page, "\nvelero_backup_total ") && !slices.ContainsFunc(want, func(line string) bool { return !strings.Contains(page, line+"\n") })
	})
}

// freeAddress returns an address at which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

func read(ctx context.Context, t *testing.T, address string) string {
	t.Helper()
	return readBy(ctx, t, http.DefaultClient, address)
}

func readBy(ctx context.Context, t *testing.T, client *http.Client, address string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	content, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("got %s, %v", resp.Status, err)
	}
	return string(content)
}

// TestServerStatus shows that clients find a server.
func TestServerStatus(t *testing.T) {
	l := start(t)
	request := &velerov1.ServerStatusRequest{ObjectMeta: metav1.ObjectMeta{GenerateName: "velero-cli-"}}
	l.create(t, request)
	poll(t, "an answer", func(ctx context.Context) bool {
		return l.Get(ctx, client.ObjectKeyFromObject(request), request) == nil && request.Status.Phase == velerov1.ServerStatusRequestPhaseProcessed
	})
	if request.Status.ServerVersion == "" || !slices.Contains(request.Status.Plugins, velerov1.PluginInfo{Name: "velero.io/aws", Kind: "ObjectStore"}) {
		t.Errorf("got %+v", request.Status)
	}
}

// TestRefusedBackups shows why backups that cannot run end as they do.
func TestRefusedBackups(t *testing.T) {
	l := start(t)
	wrong := storage("wrong", "", false)
	wrong.Spec.ObjectStorage.Bucket = "no-such-bucket"
	l.create(t, storage("primary", "", true), wrong, backup("first"))
	l.ended(t, "first")
	l.create(t, backup("unavailable", func(b *velerov1.Backup) { b.Spec.StorageLocation = "wrong" }))
	refused := l.ended(t, "unavailable")
	if refused.Status.Phase != velerov1.BackupPhaseFailedValidation || len(refused.Status.ValidationErrors) != 1 || !strings.Contains(refused.Status.ValidationErrors[0], "no-such-bucket") {
		t.Errorf("got %+v", refused.Status)
	}
}
