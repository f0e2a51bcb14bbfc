package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/controllers/backup/inventory"
	"github.com/velero-locations/velero-locations/generated/clientset/versioned"
	"github.com/velero-locations/velero-locations/resources"
	"github.com/velero-locations/velero-locations/simulator/control"
)

// lab is a development server that leaves backups to a controller in a process of its own, with clients of all it serves.
type lab struct {
	*server
	config  *rest.Config
	velero  versioned.Interface
	core    kubernetes.Interface
	s3      *minio.Client
	control *control.Client
}

func startLab(tb testing.TB) *lab {
	tb.Helper()
	l := &lab{server: startDev(tb, tb.TempDir(), "--controllers", "backup-location,namespace")}
	var err error
	if l.config, err = clientcmd.BuildConfigFromFlags("", l.Path("kubeconfig")); err != nil {
		tb.Fatal(err)
	}
	l.config.QPS = -1
	if l.velero, err = versioned.NewForConfig(l.config); err != nil {
		tb.Fatal(err)
	}
	if l.core, err = kubernetes.NewForConfig(l.config); err != nil {
		tb.Fatal(err)
	}
	l.s3, err = minio.New(strings.TrimPrefix(l.variable(tb, "AWS_ENDPOINT_URL_S3"), "http://"), &minio.Options{
		Region: "us-east-1", Creds: credentials.NewFileAWSCredentials(l.Path("credentials"), "default"),
	})
	if err != nil {
		tb.Fatal(err)
	}
	l.control = &control.Client{Address: l.variable(tb, "VELERO_LOCATIONS_SIMULATOR")}
	l.KubectlWith(tb, devtest.Location("primary", "us-east-1", "", "team")+`---
apiVersion: velero.io/v1
kind: VolumeSnapshotLocation
metadata: {name: ebs, namespace: velero}
spec: {provider: aws, config: {region: us-east-1}}
`, "apply", "-f", "-")
	l.Kubectl(tb, "wait", "-n", "velero", "backupstoragelocation/primary", "--for", "jsonpath={.status.phase}=Available", "--timeout", "1m")
	l.Kubectl(tb, "patch", "-n", "velero", "backupstoragelocation/primary", "--type=merge", "-p", `{"spec":{"default":true}}`)
	return l
}

// variable returns the value of one of the variables that the server has shells export.
func (l *lab) variable(tb testing.TB, name string) string {
	tb.Helper()
	env, err := os.ReadFile(l.Path("env"))
	if err != nil {
		tb.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(env), "export "+name+"='")
	value, _, found := strings.Cut(rest, "'")
	if !found {
		tb.Fatalf("there is no %s in\n%s", name, env)
	}
	return value
}

// startController starts the controllers of backups and restores in a process of its own.
func (l *lab) startController(tb testing.TB) *exec.Cmd {
	tb.Helper()
	cmd := program(context.Background(), "controller", "--kubeconfig", l.Path("kubeconfig"), "--controllers", "backup,restore",
		"--default-s3-endpoint", l.variable(tb, "AWS_ENDPOINT_URL_S3"), "--default-volume-endpoints", "aws="+l.variable(tb, "AWS_ENDPOINT_URL_EC2"),
		"--default-backup-storage-location", "primary")
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		kill(tb, cmd)
		if tb.Failed() {
			tb.Logf("the controller said\n%s", &output)
		}
	})
	return cmd
}

// kill ends a process without a warning. Twice does no harm.
func kill(tb testing.TB, cmd *exec.Cmd) {
	tb.Helper()
	if cmd.ProcessState != nil {
		return
	}
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		tb.Error(err)
	}
	_ = cmd.Wait() // says that it was killed
}

// create asks for a backup of namespaces.
func (l *lab) create(tb testing.TB, name string, namespaces ...string) {
	tb.Helper()
	backup := &v1.Backup{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1.BackupSpec{IncludedNamespaces: namespaces}}
	if _, err := l.velero.VeleroV1().Backups("velero").Create(context.Background(), backup, metav1.CreateOptions{}); err != nil {
		tb.Fatal(err)
	}
}

func (l *lab) backup(tb testing.TB, name string) *v1.Backup {
	tb.Helper()
	backup, err := l.velero.VeleroV1().Backups("velero").Get(context.Background(), name, metav1.GetOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	return backup
}

// ended waits for the end of a backup.
func (l *lab) ended(tb testing.TB, name string) (backup *v1.Backup) {
	tb.Helper()
	devtest.Poll(tb, 5*time.Minute, "the end of backup "+name, func() bool {
		backup = l.backup(tb, name)
		return backup.Status.CompletionTimestamp != nil || backup.Status.Phase == v1.BackupPhaseFailedValidation
	})
	return backup
}

// fill makes config maps in a namespace, from one number to another, whose content cannot be compressed much.
func (l *lab) fill(tb testing.TB, namespace string, from, to, size int) {
	tb.Helper()
	if from == 0 {
		ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
		if _, err := l.core.CoreV1().Namespaces().Create(context.Background(), ns, metav1.CreateOptions{}); err != nil {
			tb.Fatal(err)
		}
	}
	const writers = 32
	var group errgroup.Group
	for writer := range writers {
		group.Go(func() error {
			random := rand.NewChaCha8([32]byte{byte(writer)})
			content := make([]byte, size*3/4)
			for i := from + writer; i < to; i += writers {
				_, _ = random.Read(content) // always all, and no error
				object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("c-%06d", i)}, Data: map[string]string{"data": base64.StdEncoding.EncodeToString(content)}}
				if _, err := l.core.CoreV1().ConfigMaps(namespace).Create(context.Background(), object, metav1.CreateOptions{}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		tb.Fatal(err)
	}
}

// peak returns how much memory a process had at most while something happened.
func peak(tb testing.TB, pid int, do func()) float64 {
	tb.Helper()
	const forgetPeak = "5"
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte(forgetPeak), 0); err != nil {
		tb.Fatal(err)
	}
	do()
	return statusMiB(tb, pid, "VmHWM:")
}

// backUp makes a backup of a namespace with so many config maps in it, and waits until it is there.
func (l *lab) backUp(tb testing.TB, name, namespace string, count int) {
	tb.Helper()
	l.create(tb, name, namespace)
	if ended := l.ended(tb, name); ended.Status.Phase != v1.BackupPhaseCompleted || ended.Status.Progress.ItemsBackedUp != count+1 {
		tb.Fatalf("got %+v", ended.Status)
	}
}

// maxGrowth of the resident memory, in MiB, by a backup.
const maxGrowth = 100

// TestMemory shows that what a backup occupies does not depend on how much is backed up.
func TestMemory(t *testing.T) {
	t.Parallel()
	const (
		few, many, size = 3000, 9000, 10 << 10
		// noise is how much two runs over the same may differ: much less than the 60 MiB of content that the second has more,
		// which it reads once and writes twice.
		noise = 30
	)
	l := startLab(t)
	controller := l.startController(t)
	l.create(t, "first", "blog")
	l.ended(t, "first")

	before := residentMiB(t, controller.Process.Pid)
	l.fill(t, "many", 0, few, size)
	withFew := peak(t, controller.Process.Pid, func() { l.backUp(t, "few", "many", few) })
	l.fill(t, "many", few, many, size)
	withMany := peak(t, controller.Process.Pid, func() { l.backUp(t, "many", "many", many) })
	if withMany-before > maxGrowth || withMany-withFew > noise {
		t.Errorf("before there were %.0f MiB, then, with %d config maps, %.0f, and with %d %.0f", before, few, withFew, many, withMany)
	}
}

// BenchmarkBackup backs up a namespace of 20,000 config maps, 200 MiB. It reports by how many MiB the controller's resident
// memory grows, how many objects a second are backed up, from the request to the end, and how many of those that a client
// can do no more than list in the same time.
func BenchmarkBackup(b *testing.B) {
	const count, size = 20_000, 10 << 10
	l := startLab(b)
	controller := l.startController(b)
	l.create(b, "first", "blog")
	l.ended(b, "first")
	before := residentMiB(b, controller.Process.Pid)
	l.fill(b, "many", 0, count, size)
	api, err := inventory.NewAPI(l.config)
	if err != nil {
		b.Fatal(err)
	}
	configMaps := resources.Resource{GroupVersionResource: corev1.SchemeGroupVersion.WithResource("configmaps"), Kind: "ConfigMap", Namespaced: true}

	var listing, backingUp time.Duration
	var most float64
	for round := 0; b.Loop(); round++ {
		start := time.Now()
		listed := 0
		for _, err := range api.List(b.Context(), configMaps, "many", "") {
			if err != nil {
				b.Fatal(err)
			}
			listed++
		}
		if listed != count {
			b.Fatalf("%d config maps are listed", listed)
		}
		listing += time.Since(start)
		start = time.Now()
		most = max(most, peak(b, controller.Process.Pid, func() { l.backUp(b, fmt.Sprintf("many-%d", round), "many", count) }))
		backingUp += time.Since(start)
	}
	if most-before > maxGrowth {
		b.Errorf("the resident memory grew from %.0f to %.0f MiB", before, most)
	}
	b.ReportMetric(most-before, "MiB-more")
	b.ReportMetric(float64(count*b.N)/backingUp.Seconds(), "objects/s")
	b.ReportMetric(listing.Seconds()/backingUp.Seconds(), "of-listing")
	b.ReportMetric(0, "ns/op")
}
