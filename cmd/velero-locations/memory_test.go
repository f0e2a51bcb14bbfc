package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/generated/clientset/versioned"
)

// TestMemoryLimit asks more of a server than its memory allows: it lives, refuses some of it with code 429 and a time to wait, lets deletions
// and probes through all the while, and serves as before when the load is gone.
func TestMemoryLimit(t *testing.T) {
	const limit = 280 << 20
	for name, command := range map[string]func(*testing.T, *exec.Cmd) *exec.Cmd{
		"GOMEMLIMIT": func(_ *testing.T, cmd *exec.Cmd) *exec.Cmd {
			cmd.Env = append(cmd.Env, fmt.Sprint("GOMEMLIMIT=", limit/10*9))
			return cmd
		},
		"cgroup": func(t *testing.T, cmd *exec.Cmd) *exec.Cmd { return inCgroup(t, cmd, limit) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := startDevCommand(t, dir, command(t, devCommand(dir, "--controllers", "namespace")))
			config := s.config(t)
			config.Timeout, config.NextProtos = 0, []string{"http/1.1"} // a connection for each watch
			refused := overload(t, s, config)
			t.Logf("%d requests were refused; the server takes %.0f MiB at most", refused, statusMiB(t, s.process.Process.Pid, "VmHWM:"))
			if refused == 0 {
				t.Error("no request was refused")
			}
			client := versioned.NewForConfigOrDie(config).VeleroV1().Schedules(modelNamespace)
			if err := client.DeleteCollection(t.Context(), metav1.DeleteOptions{}, metav1.ListOptions{}); err != nil {
				t.Error(err)
			}
			devtest.Poll(t, time.Minute, "the server to serve as before", func() bool {
				var created errgroup.Group
				for range 20 {
					created.Go(func() error {
						made, err := client.Create(t.Context(), sizedSchedule("", 1000), metav1.CreateOptions{})
						return errors.Join(err, client.Delete(t.Context(), made.Name, metav1.DeleteOptions{}))
					})
				}
				return created.Wait() == nil
			})
			metrics := watched{s, config, nil}.get(t, "/metrics")
			devtest.WantContains(t, string(metrics), "velero_locations_shed_requests_total{verb=")
		})
	}
}

// TestMemoryLimitSimulator fills the memory of a simulator with objects: it refuses more as S3 refuses what is too much, lets deletions
// through, and has room again after them.
func TestMemoryLimitSimulator(t *testing.T) {
	s3, _ := startSimulator(t, fmt.Sprint("GOMEMLIMIT=", 128<<20))
	_, host, _ := strings.Cut(s3, "//")
	client, err := minio.New(host, &minio.Options{Creds: credentials.NewStaticV4("AKIA", "topsecret", ""), Region: "us-east-1", MaxRetries: 1})
	if err != nil {
		t.Fatal(err)
	}
	put := func(i int) string {
		_, err := client.PutObject(t.Context(), "velero", strconv.Itoa(i), bytes.NewReader(make([]byte, 1<<20)), 1<<20, minio.PutObjectOptions{})
		return minio.ToErrorResponse(err).Code
	}
	stored := 0
	for ; stored < 256; stored++ {
		if code := put(stored); code == "SlowDown" {
			break
		} else if code != "" {
			t.Fatal(code)
		}
	}
	if stored < 16 || stored > 128 {
		t.Errorf("in 128 MiB there is room for %d objects of 1 MiB", stored)
	}
	for i := range stored {
		if err := client.RemoveObject(t.Context(), "velero", strconv.Itoa(i), minio.RemoveObjectOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	devtest.Poll(t, time.Minute, "room for objects", func() bool { return put(0) == "" })
}

// inCgroup runs a command in a cgroup with a limit of memory, of version 1 or 2. Root can make one.
func inCgroup(t *testing.T, cmd *exec.Cmd, limit int) *exec.Cmd {
	t.Helper()
	root, file := "/sys/fs/cgroup/memory", "memory.limit_in_bytes"
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err == nil {
		root, file = "/sys/fs/cgroup", "memory.max"
	}
	dir := filepath.Join(root, fmt.Sprint("velero-locations-", os.Getpid()))
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Skipf("no cgroup can be made here: %v", err)
	}
	t.Cleanup(func() {
		if err := os.Remove(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.WriteFile(filepath.Join(dir, file), fmt.Append(nil, limit), 0o600); err != nil {
		t.Skipf("the memory of a cgroup cannot be limited here: %v", err)
	}
	shell := exec.CommandContext(context.Background(), "sh", append([]string{"-c", `echo $$ > "$0" && exec "$@"`, filepath.Join(dir, "cgroup.procs")}, cmd.Args...)...)
	shell.Env = cmd.Env
	return shell
}

// overload creates large objects and watches them, for which there is not enough memory, and returns how many requests were refused.
func overload(t *testing.T, s *server, config *rest.Config) int64 {
	t.Helper()
	const small, requests = 40, 1000
	client := versioned.NewForConfigOrDie(config).VeleroV1()
	for i := range small {
		if _, err := client.Schedules(modelNamespace).Create(t.Context(), sizedSchedule(fmt.Sprint("small-", i), 1), metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var load errgroup.Group
	load.SetLimit(150)
	load.Go(func() error {
		for i := range small {
			err := client.Schedules(modelNamespace).Delete(ctx, fmt.Sprint("small-", i), metav1.DeleteOptions{})
			alive := client.RESTClient().Get().AbsPath("/livez").Param("exclude", "etcd").MaxRetries(0).Do(ctx).Error()
			if err := errors.Join(err, alive); err != nil {
				return fmt.Errorf("what must pass: %w", err)
			}
		}
		return nil
	})
	var refused atomic.Int64
	for i := range requests {
		load.Go(func() error {
			request := client.RESTClient().Post()
			if i%2 == 0 {
				request = client.RESTClient().Get()
			}
			request.Namespace(modelNamespace).Resource("schedules").MaxRetries(0)
			var err error
			if i%2 == 0 {
				var watcher watch.Interface
				if watcher, err = request.Param("watch", "1").Watch(ctx); err == nil {
					t.Cleanup(watcher.Stop)
				}
			} else {
				err = request.Body(sizedSchedule(fmt.Sprint("large-", i), 262_000)).Do(ctx).Error()
			}
			if !apierrors.IsTooManyRequests(err) {
				return err
			}
			if seconds, ok := apierrors.SuggestsClientDelay(err); !ok || seconds < 1 {
				return fmt.Errorf("no time to wait is given: %w", err)
			}
			refused.Add(1)
			return nil
		})
	}
	if err := load.Wait(); err != nil {
		t.Errorf("%v\n%s", err, s.output)
	}
	return refused.Load()
}

func sizedSchedule(name string, size int) *v1.Schedule {
	return &v1.Schedule{
		ObjectMeta: metav1.ObjectMeta{Name: name, GenerateName: "after-", Annotations: map[string]string{"example.org/size": strings.Repeat("a", size)}},
		Spec:       v1.ScheduleSpec{Schedule: "@every 24h", Paused: true},
	}
}
