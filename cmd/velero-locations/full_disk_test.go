package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
)

// faultyDisk is where a server keeps its data until there is no more to be written.
type faultyDisk struct {
	dir string
	// limits are what the server's process gets from ulimit.
	limits string
	// spoil and mend switch the fault on and off; nil for what the limits do.
	spoil, mend func(t *testing.T)
	// cause and cure are what the server says, as expressions.
	cause, cure string
	// lies is whether the disk itself may lose what it takes while the fault begins.
	lies bool
}

// faultyDisks are the disks to test with. The size is what a server needs and little more; disks have twice that, since etcd makes room for
// another segment of its log meanwhile, and gives it back if there is none.
func faultyDisks(megabytes int) map[string]func(t *testing.T) faultyDisk {
	return map[string]func(t *testing.T) faultyDisk{
		// In place of a full disk where nothing may be mounted. The limit is in units of 512 bytes.
		"limit on the size of files": func(t *testing.T) faultyDisk {
			return faultyDisk{dir: t.TempDir(), limits: fmt.Sprintf("-f %d", megabytes<<11), cause: "file too large", cure: "raise the limit on the size of files \\(ulimit -f\\)"}
		},
		"full": func(t *testing.T) faultyDisk {
			dir := mounted(t, "-t", "tmpfs", "-o", fmt.Sprintf("size=%dm", 2*megabytes), "none")
			filler := filepath.Join(dir, "filler")
			return faultyDisk{
				dir: filepath.Join(dir, "data"), cause: "no space left on device", cure: "make room on its disk",
				spoil: func(t *testing.T) { fillDisk(t, filler) },
				mend: func(t *testing.T) { // etcd mends a torn log in a copy of it
					try(t, "mount", "-o", fmt.Sprintf("remount,size=%dm", 3*megabytes), dir)
					if err := os.Remove(filler); err != nil {
						t.Fatal(err)
					}
				},
			}
		},
		"turned read-only": func(t *testing.T) faultyDisk {
			image := filepath.Join(t.TempDir(), "disk")
			try(t, "truncate", "-s", fmt.Sprintf("%dM", 2*megabytes), image)
			try(t, "mkfs.ext4", "-q", image)
			dir := mounted(t, "-o", "loop,errors=remount-ro", image)
			return faultyDisk{
				// An fdatasync that is under way as ext4 turns read-only (Linux 6.18) succeeds now and then without having written anything.
				lies: true,
				dir:  filepath.Join(dir, "data"), cause: "(read-only file system|input/output error)", cure: "(have its disk mounted to be written to|check its disk)",
				spoil: func(t *testing.T) { failFilesystem(t, dir) },
				mend: func(t *testing.T) {
					try(t, "umount", dir)
					try(t, "mount", "-o", "loop", image, dir)
				},
			}
		},
	}
}

// mounted returns a directory on which something is mounted, for as long as the test lasts.
func mounted(t *testing.T, args ...string) string {
	t.Helper()
	dir := t.TempDir()
	try(t, "mount", append(args, dir)...)
	t.Cleanup(func() {
		if out, err := exec.CommandContext(context.Background(), "umount", "-l", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v\n%s", err, out)
		}
	})
	return dir
}

// try runs what not every user of every machine may do.
func try(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput(); err != nil {
		t.Skipf("the fault cannot be made here: %s %q: %v\n%s", name, args, err, out)
	}
}

func fillDisk(t *testing.T, filler string) {
	t.Helper()
	file, err := os.Create(filler)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if _, err := io.Copy(file, zeros{}); err == nil {
		t.Fatal("the disk is not full")
	}
}

type zeros struct{}

// Read reads what never ends.
func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// failFilesystem has ext4 find an error, upon which it turns read-only.
func failFilesystem(t *testing.T, dir string) {
	t.Helper()
	device, err := exec.CommandContext(t.Context(), "findmnt", "-n", "-o", "SOURCE", dir).Output()
	if err != nil {
		t.Skipf("the fault cannot be made here: findmnt: %v", err)
	}
	trigger := filepath.Join("/sys/fs/ext4", filepath.Base(strings.TrimSpace(string(device))), "trigger_fs_error")
	if err := os.WriteFile(trigger, []byte("test"), 0o200); err != nil {
		t.Skipf("the fault cannot be made here: %v", err)
	}
}

// limited has a command run with limits.
func limited(command *exec.Cmd, limits string) *exec.Cmd {
	if limits != "" {
		command.Args = append([]string{"sh", "-c", "ulimit " + limits + ` && exec "$0" "$@"`, command.Path}, command.Args[1:]...)
		command.Path = "/bin/sh"
	}
	return command
}

// TestFullDiskDev shows that a server whose disk cannot be written to says why, before anything else, and ends; and that what it has
// acknowledged is there when the disk is mended.
func TestFullDiskDev(t *testing.T) {
	t.Parallel()
	for name, setUp := range faultyDisks(100) {
		t.Run(name, func(t *testing.T) {
			disk := setUp(t)
			s := startDevCommand(t, disk.dir, limited(devCommand(disk.dir), disk.limits))
			created := createSecretsUntil(t, s, disk)
			select {
			case err := <-s.exited:
				if s.exited <- err; err == nil {
					t.Error("the server ended as if nothing were wrong")
				}
			case <-time.After(10 * time.Second):
				_ = s.process.Process.Signal(syscall.SIGQUIT)
				t.Fatalf("the server does not end\n%s", s.output)
			}
			_, said, _ := strings.Cut(s.output.String(), "\nReady. In another terminal:")
			_, said, _ = strings.Cut(said, "\n")
			want := regexp.MustCompile(`^\S+: the embedded etcd failed: cannot write to \S+ \(.*` + disk.cause + `\): ` + disk.cure + `, and start again; what was acknowledged is kept\n$`)
			if !want.MatchString(said) {
				t.Errorf("the server said\n%s\nwant %s", said, want)
			}
			if disk.mend != nil {
				disk.mend(t)
			}
			wantSecrets(t, startDev(t, disk.dir), created)
		})
	}
}

func secretsOf(t *testing.T, s *server) interface {
	Create(context.Context, *corev1.Secret, metav1.CreateOptions) (*corev1.Secret, error)
	List(context.Context, metav1.ListOptions) (*corev1.SecretList, error)
} {
	t.Helper()
	return s.core(t).CoreV1().Secrets("velero")
}

// createSecretsUntil makes Secrets with several clients until one cannot be made, and returns the names that were acknowledged. When
// there are some, the disk is spoilt; if it lies, those names are all.
func createSecretsUntil(t *testing.T, s *server, disk faultyDisk) sets.Set[string] {
	t.Helper()
	var (
		mu      sync.Mutex
		created = sets.New[string]()
		some    = make(chan struct{})
		group   errgroup.Group
		secrets = secretsOf(t, s)
	)
	for n := range clients {
		group.Go(func() error {
			for i := range 1000 {
				secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("client-%d-%d", n, i)}, Data: map[string][]byte{"filler": make([]byte, 100<<10)}}
				if _, err := secrets.Create(context.Background(), secret, metav1.CreateOptions{}); err != nil {
					return nil // the server is gone
				}
				mu.Lock()
				if created.Insert(secret.Name); created.Len() == before {
					close(some)
				}
				mu.Unlock()
			}
			return errors.New("the disk takes everything")
		})
	}
	kept := created
	if disk.spoil != nil {
		<-some
		if disk.lies {
			mu.Lock()
			kept = created.Clone()
			mu.Unlock()
		}
		disk.spoil(t)
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	return kept
}

func wantSecrets(t *testing.T, s *server, created sets.Set[string]) {
	t.Helper()
	list, err := secretsOf(t, s).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	there := sets.New[string]()
	for _, secret := range list.Items {
		there.Insert(secret.Name)
	}
	if lost := created.Difference(there); lost.Len() > 0 || created.Len() < before {
		t.Errorf("of %d acknowledged secrets %d are lost", created.Len(), lost.Len())
	}
	t.Logf("%d secrets were acknowledged, and are there", created.Len())
}

// TestFullDiskSimulator shows that a simulator whose disk cannot be written to refuses writes and says why, answers all else, stops when
// it is told to, and has everything that it has acknowledged afterwards.
func TestFullDiskSimulator(t *testing.T) {
	for name, setUp := range faultyDisks(16) {
		t.Run(name, func(t *testing.T) {
			disk := setUp(t)
			process, client, stderr := simulatorOn(t, disk.dir, disk.limits)
			kept := putObject(t, client, "first")
			if disk.spoil != nil {
				disk.spoil(t)
			}
			acknowledged := []string{kept}
			var refused error
			for i := 0; refused == nil && i < 1000; i++ {
				name := fmt.Sprintf("object-%d", i)
				size := []int{100, 100 << 10, 20 << 20}[i%3]
				if _, refused = client.PutObject(t.Context(), "velero", name, io.LimitReader(zeros{}, int64(size)), int64(size), minio.PutObjectOptions{}); refused == nil {
					acknowledged = append(acknowledged, name)
				}
			}
			if got := minio.ToErrorResponse(refused); got.StatusCode != http.StatusInternalServerError || got.Code != "InternalError" {
				t.Errorf("an upload is refused by %v", refused)
			}
			for _, want := range []string{"Request failed", disk.cause, disk.cure} {
				if !regexp.MustCompile(want).MatchString(stderr.String()) {
					t.Errorf("the simulator said\n%s\nwant %s", stderr, want)
				}
			}
			wantObjects(t, client, acknowledged)
			terminate(t, process)
			if disk.mend != nil {
				disk.mend(t)
			}
			process, client, _ = simulatorOn(t, disk.dir, "")
			wantObjects(t, client, append(acknowledged, putObject(t, client, "last")))
			t.Logf("%d objects were acknowledged, and are there", len(acknowledged))
			terminate(t, process)
		})
	}
}

// simulatorOn starts a simulator with data in a directory.
func simulatorOn(t *testing.T, dir, limits string) (*exec.Cmd, *minio.Client, *bytes.Buffer) {
	t.Helper()
	config := filepath.Join(t.TempDir(), "simulator.yaml")
	err := os.WriteFile(config, []byte("apiVersion: simulator.velero-locations.io/v1alpha1\nkind: Simulator\nregions: [us-east-1]\n"+
		"accounts: [{id: \"111111111111\", accessKeys: [{id: AKIA, secret: topsecret}], buckets: [{name: velero}]}]\n"), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	process := limited(program(context.Background(), "simulator", "--config", config, "--data-dir", dir, "--s3-address", "127.0.0.1:0"), limits)
	var stderr bytes.Buffer
	process.Stderr = &stderr
	out, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kill(t, process) })
	lines := bufio.NewScanner(out)
	lines.Scan()
	_, host, found := strings.Cut(lines.Text(), "//")
	if !found {
		t.Fatalf("the simulator printed %q\n%s", lines.Text(), &stderr)
	}
	client, err := minio.New(host, &minio.Options{Creds: credentials.NewStaticV4("AKIA", "topsecret", ""), Region: "us-east-1", MaxRetries: 1})
	if err != nil {
		t.Fatal(err)
	}
	return process, client, &stderr
}

func putObject(t *testing.T, client *minio.Client, name string) string {
	t.Helper()
	if _, err := client.PutObject(t.Context(), "velero", name, strings.NewReader(name), int64(len(name)), minio.PutObjectOptions{}); err != nil {
		t.Fatal(err)
	}
	return name
}

// wantObjects fails the test unless all of these can be read.
func wantObjects(t *testing.T, client *minio.Client, names []string) {
	t.Helper()
	for _, name := range names {
		object, err := client.GetObject(t.Context(), "velero", name, minio.GetObjectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, object); err != nil {
			t.Errorf("%s of %d acknowledged objects: %v", name, len(names), err)
		}
		_ = object.Close()
	}
}

// terminate asks a process to stop, which it does without an error.
func terminate(t *testing.T, process *exec.Cmd) {
	t.Helper()
	if err := process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(15*time.Second, func() { _ = process.Process.Signal(syscall.SIGQUIT) })
	defer timer.Stop()
	if err := process.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v\n%s", err, process.Stderr)
	}
}
