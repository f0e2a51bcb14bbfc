package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	clientv3 "go.etcd.io/etcd/client/v3"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/velero-locations/velero-locations/apiserver/etcd"
	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
)

// runEtcd runs one of the commands about etcd.
func (s *server) runEtcd(args ...string) (output string, err error) {
	cmd := program(context.Background(), append([]string{"etcd"}, args...)...)
	cmd.Env = append(cmd.Env, "KUBECONFIG="+s.Path("kubeconfig"))
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestSnapshotsOfKilled takes snapshots while clients write, and kills the server at moments that are spread over twice the time that the
// first one took, which is left alone: a snapshot that was saved has all that was acknowledged before it was begun, and one that was not
// is no file.
func TestSnapshotsOfKilled(t *testing.T) {
	t.Parallel()
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "snapshot")
	saved, writes, whole := 0, 0, time.Duration(0)
	for round := range kills {
		s := startDev(t, dir)
		load := startLoad(t, s, round)
		devtest.Poll(t, time.Minute, "some writes", func() bool { return load.written().Len() >= before/2 })
		acknowledged := load.written()
		begun := time.Now()
		if round > 0 {
			time.AfterFunc(time.Duration(round-1)*2*whole/kills, func() { _ = s.process.Process.Signal(syscall.SIGKILL) })
		}
		output, err := s.runEtcd("snapshot", file)
		if round == 0 {
			whole = time.Since(begun)
		}
		s.signal(t, syscall.SIGKILL)
		load.group.Wait()
		writes += load.written().Len()
		if err != nil {
			if round == 0 {
				t.Fatalf("the snapshot of a server that nobody kills: %v: %s", err, output)
			}
			if _, err := os.Stat(file); err == nil {
				t.Fatalf("round %d: the snapshot failed, but there is a file: %s", round, output)
			}
			continue
		}
		saved++
		if lost := acknowledged.Difference(restoredNames(t, s, file)); lost.Len() > 0 {
			t.Errorf("round %d: %d of %d secrets that were acknowledged before are not in the snapshot", round, lost.Len(), acknowledged.Len())
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d rounds, %d snapshots saved, %d secrets acknowledged", kills, saved, writes)
	if saved == kills {
		t.Error("the server was killed before a snapshot began, which was saved nevertheless")
	}
}

// load is clients that write for as long as there is a server.
type load struct {
	mu    sync.Mutex
	names sets.Set[string]
	group sync.WaitGroup
}

func startLoad(t *testing.T, s *server, round int) *load {
	t.Helper()
	l := &load{names: sets.New[string]()}
	secrets := secretsOf(t, s)
	for n := range clients {
		l.group.Go(func() {
			for i := 0; ; i++ {
				secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("round-%d-client-%d-%d", round, n, i)}, Data: map[string][]byte{"filler": make([]byte, 4<<10)}}
				if _, err := secrets.Create(context.Background(), secret, metav1.CreateOptions{}); err != nil {
					return // the server is gone
				}
				l.mu.Lock()
				l.names.Insert(secret.Name)
				l.mu.Unlock()
			}
		})
	}
	return l
}

func (l *load) written() sets.Set[string] {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.names.Clone()
}

// restoredNames restores a snapshot, and returns the names of the objects in it.
func restoredNames(t *testing.T, s *server, file string) sets.Set[string] {
	t.Helper()
	options := etcd.NewOptions()
	options.Dir = filepath.Join(t.TempDir(), "etcd")
	if output, err := s.runEtcd("restore", file, "--embedded-etcd-dir", options.Dir); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	backend, err := etcd.Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Close()
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{backend.Endpoint()}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	list, err := client.Get(t.Context(), "/registry/", clientv3.WithPrefix(), clientv3.WithKeysOnly())
	if err != nil {
		t.Fatal(err)
	}
	names := sets.New[string]()
	for _, kv := range list.Kvs {
		names.Insert(string(kv.Key[strings.LastIndex(string(kv.Key), "/")+1:]))
	}
	return names
}

// TestRestore takes a server back to a snapshot, and shows what is refused.
func TestRestore(t *testing.T) {
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "snapshot")
	s := startDev(t, dir)
	s.KubectlWith(t, devtest.Location("kept", "us-east-1", "", ""), "apply", "-f", "-")
	if output, err := s.runEtcd("snapshot", file); err != nil || !strings.Contains(output, "their checksum is right") {
		t.Fatalf("%v: %s", err, output)
	}
	if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
		t.Errorf("the snapshot's mode is %v, %v: it has Secrets in it", info.Mode(), err)
	}
	if output, err := s.runEtcd("snapshot", file+"2", "--as", "nobody"); err == nil || !strings.Contains(output, `User "nobody" cannot get path "/etcd/snapshot"`) {
		t.Errorf("a snapshot for somebody who may not: %v, %s", err, output)
	}
	s.KubectlWith(t, devtest.Location("lost", "us-east-1", "", ""), "apply", "-f", "-")
	version := s.Kubectl(t, "get", "bsl", "lost", "-o", "jsonpath={.metadata.resourceVersion}")

	store := s.Path("etcd")
	wantRefused := func(file, dir, want string) {
		t.Helper()
		if output, err := s.runEtcd("restore", file, "--embedded-etcd-dir", dir); err == nil || !strings.Contains(output, want) {
			t.Errorf("restore: %v, %s, want %s", err, output, want)
		}
	}
	wantRefused(file, store, "is in use by another process: stop it first")
	s.signal(t, syscall.SIGTERM)
	wantRefused(file, store, "is not empty (there is complete): move it away, or restore to another")
	if err := os.RemoveAll(store); err != nil {
		t.Fatal(err)
	}
	wantRefused(file+"2", store, "no such file or directory")
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, damaged := range map[string][]byte{"cut": content[:len(content)/2], "changed": bytes.Replace(content, []byte("kept"), []byte("KEPT"), 1), "empty": nil} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		wantRefused(path, store, "restoring "+path)
		if _, err := os.Stat(filepath.Join(store, "data")); !os.IsNotExist(err) {
			t.Errorf("a snapshot that is %s was restored: %v", name, err)
		}
	}

	if output, err := s.runEtcd("restore", file, "--embedded-etcd-dir", store); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	s = startDev(t, dir)
	if got := s.Kubectl(t, "get", "bsl", "-o", "name"); got != "backupstoragelocation.velero.io/kept\n" {
		t.Errorf("there are %q", got)
	}
	s.KubectlWith(t, devtest.Location("new", "us-east-1", "", ""), "apply", "-f", "-")
	if now := s.Kubectl(t, "get", "bsl", "new", "-o", "jsonpath={.metadata.resourceVersion}"); len(now) <= len(version) {
		t.Errorf("the version of a new object is %s, of one that was lost %s", now, version)
	}
}

// TestKeepsSnapshots puts snapshots into object storage, of which the newest are kept, and nothing else is touched.
func TestKeepsSnapshots(t *testing.T) {
	l := startLab(t)
	file := filepath.Join(t.TempDir(), "snapshot")
	for key, content := range map[string]string{"etcd/2020-01-01T00-00-00Z.db": "old", "etcd/notes.db": "mine", "etcd/deeper/2020-01-01T00-00-00Z.db": "mine", "other/2020-01-01T00-00-00Z.db": "mine"} {
		if _, err := l.s3.PutObject(t.Context(), "velero-backups", key, strings.NewReader(content), int64(len(content)), minio.PutObjectOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", l.Path("credentials"))
	args := []string{"snapshot", file, "--bucket", "velero-backups", "--region", "us-east-1", "--s3-url", l.variable(t, "AWS_ENDPOINT_URL_S3"), "--keep", "2"}
	var stored []string
	for round := range 3 {
		output, err := l.runEtcd(args...)
		_, key, found := strings.Cut(output, "Stored it as ")
		if err != nil || !found {
			t.Fatalf("round %d: %v: %s", round, err, output)
		}
		if key, _, _ = strings.Cut(key, " "); !slices.Contains(stored, key) { // within one second the newer replaces the older
			stored = append(stored, key)
		}
	}
	want := append([]string{"etcd/deeper/2020-01-01T00-00-00Z.db", "etcd/notes.db", "other/2020-01-01T00-00-00Z.db"}, stored[max(0, len(stored)-2):]...)
	if len(stored) == 1 {
		want = append(want, "etcd/2020-01-01T00-00-00Z.db")
	}
	var keys []string
	for object := range l.s3.ListObjectsIter(t.Context(), "velero-backups", minio.ListObjectsOptions{Recursive: true}) {
		if object.Err != nil {
			t.Fatal(object.Err)
		}
		if !strings.HasPrefix(object.Key, "team/") {
			keys = append(keys, object.Key)
		}
	}
	slices.Sort(want)
	if !slices.Equal(keys, want) {
		t.Errorf("there are\n%q, want\n%q", keys, want)
	}
	if err := l.s3.FGetObject(t.Context(), "velero-backups", stored[len(stored)-1], file+"2", minio.GetObjectOptions{}); err != nil {
		t.Fatal(err)
	}
	if !restoredNames(t, l.server, file+"2").Has("primary") {
		t.Error("what was restored from object storage has not the location in it")
	}
	if output, err := l.runEtcd("snapshot", file, "--bucket", "none", "--keep", "0"); err == nil || !strings.Contains(output, "--keep is 0: it must be at least 1") {
		t.Errorf("%v: %s", err, output)
	}
}
