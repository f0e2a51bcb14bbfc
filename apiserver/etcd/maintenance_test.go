package etcd

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/wait"
)

func TestNext(t *testing.T) {
	const mebi = int64(1 << 20)
	room := look{Usage: Usage{Size: 300 * mebi, Quota: 1000 * mebi}, limit: 1064 * mebi, revision: 7, compacted: 5, quiet: time.Minute}
	for name, test := range map[string]struct {
		change func(*look)
		want   step
	}{
		"room":                     {func(*look) {}, nothing},
		"waste":                    {func(l *look) { l.Free = 200 * mebi }, defragment},
		"waste, but busy":          {func(l *look) { l.Free, l.quiet = 200*mebi, time.Second }, nothing},
		"less than half is waste":  {func(l *look) { l.Free = 140 * mebi }, nothing},
		"a small database":         {func(l *look) { l.Size, l.Free = 60*mebi, 50*mebi }, nothing},
		"tight":                    {func(l *look) { l.Size = 900 * mebi }, compact},
		"tight and compacted":      {func(l *look) { l.Size, l.compacted = 900*mebi, 7 }, nothing},
		"tight, waste and busy":    {func(l *look) { l.Size, l.Free, l.quiet = 900*mebi, 50*mebi, 0 }, defragment},
		"tight, hardly any waste":  {func(l *look) { l.Size, l.Free, l.compacted = 900*mebi, 49*mebi, 7 }, nothing},
		"full, with an alarm":      {func(l *look) { l.Size, l.alarm = 1064*mebi, true }, compact},
		"nothing to give, alarm":   {func(l *look) { l.Size, l.alarm, l.compacted = 1064*mebi, true, 7 }, nothing},
		"room again, but an alarm": {func(l *look) { l.alarm = true }, disarm},
		"a larger quota, an alarm": {func(l *look) { l.Size, l.Quota, l.limit, l.alarm = 1064*mebi, 2000*mebi, 2125*mebi, true }, disarm},
	} {
		t.Run(name, func(t *testing.T) {
			seen := room
			test.change(&seen)
			if got := seen.next(); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}

// startSmall starts an etcd with a quota.
func startSmall(t *testing.T, dir, quota string) *Server {
	t.Helper()
	options := NewOptions()
	options.Dir, options.Prefix = dir, "/registry"
	options.Quota.Quantity = resource.MustParse(quota)
	server, err := Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	return server
}

// fill writes objects until etcd refuses them, and returns how many there are.
func fill(t *testing.T, etcd *clientv3.Client, format string) int {
	t.Helper()
	for i := range 1000 {
		_, err := etcd.Put(t.Context(), fmt.Sprintf(format, i), strings.Repeat("x", 256<<10))
		if errors.Is(err, rpctypes.ErrNoSpace) {
			return i
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Fatal("etcd is never full")
	return 0
}

func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), 10*time.Millisecond, 30*time.Second, true, func(context.Context) (bool, error) { return condition(), nil })
	if err != nil {
		t.Fatalf("waiting for %s: %v", what, err)
	}
}

func alarms(server *Server) []*pb.AlarmMember { return server.etcd.Server.Alarms() }

// TestRecovers fills an etcd up to its own limit, and shows that it takes writes again when objects were deleted, with nobody's help.
func TestRecovers(t *testing.T) {
	server := startSmall(t, t.TempDir(), "16Mi")
	defer server.Close()
	etcd := client(t, server)
	if _, err := etcd.Put(t.Context(), "/registry/secrets/velero/a", "x"); err != nil {
		t.Fatal(err)
	}
	const format = "/registry/velero.io/backups/velero/b-%d"
	written := fill(t, etcd, format)
	if !server.Usage().Full() || len(alarms(server)) == 0 {
		t.Fatalf("etcd refuses writes, but is not full: %+v", server.Usage())
	}
	await(t, "the largest kinds", func() bool { return len(server.Usage().Largest) > 0 })
	largest := server.Usage().Largest
	if len(largest) != 2 || largest[0].Group != "velero.io" || largest[0].Resource != "backups" || largest[0].Size < int64(written)*256<<10 || largest[1].Resource != "secrets" {
		t.Errorf("the largest kinds are %+v", largest)
	}
	want := regexp.MustCompile(`^the server's etcd is full \(\d\dMi of 16Mi\): delete objects, of which backups.velero.io take \d\dMi, secrets take less than 1Mi; deletions are accepted`)
	if got := server.Usage().Advice(); !want.MatchString(got) {
		t.Errorf("the advice is %q, want %s", got, want)
	}

	for i := range written * 3 / 4 {
		response, err := etcd.Txn(t.Context()).Then(clientv3.OpDelete(fmt.Sprintf(format, i))).Commit()
		if err != nil || !response.Succeeded {
			t.Fatalf("deleting while etcd is full: %+v, %v", response, err)
		}
	}
	await(t, "room", func() bool { return !server.Usage().Full() && len(alarms(server)) == 0 })
	if _, err := etcd.Put(t.Context(), "/registry/secrets/velero/b", "x"); err != nil {
		t.Error(err)
	}
	left, err := etcd.Get(t.Context(), "/registry/velero.io/backups/", clientv3.WithPrefix(), clientv3.WithCountOnly())
	if err != nil || left.Count != int64(written-written*3/4) {
		t.Errorf("%v objects are left, %v", left, err)
	}
}

// TestLargerQuota shows that an etcd that was full takes writes when it is started with a larger quota.
func TestLargerQuota(t *testing.T) {
	dir := t.TempDir()
	server := startSmall(t, dir, "16Mi")
	fill(t, client(t, server), "/registry/velero.io/backups/velero/b-%d")
	server.Close()

	server = startSmall(t, dir, "16Mi")
	if _, err := client(t, server).Put(t.Context(), "key", "value"); !errors.Is(err, rpctypes.ErrNoSpace) {
		t.Errorf("with the same quota: %v", err)
	}
	server.Close()

	server = startSmall(t, dir, "64Mi")
	defer server.Close()
	await(t, "the alarm to be disarmed", func() bool { return len(alarms(server)) == 0 })
	if _, err := client(t, server).Put(t.Context(), "key", "value"); err != nil {
		t.Error(err)
	}
}

// TestHistoryDoesNotFill changes one object again and again, which takes many times the quota: nobody has to delete anything.
func TestHistoryDoesNotFill(t *testing.T) {
	server := startSmall(t, t.TempDir(), "16Mi")
	defer server.Close()
	etcd := client(t, server)
	const size = 256 << 10
	value := strings.Repeat("x", size)
	for written := 0; written < 4*16<<20; written += size {
		await(t, "room", func() bool { return !server.Usage().Full() }) // as who is refused tries again
		if _, err := etcd.Put(t.Context(), "/registry/velero.io/backups/velero/b", value); err != nil {
			t.Fatal(err)
		}
	}
}

// BenchmarkDefragment measures how long a write takes at most while a database of 100 MB is defragmented.
func BenchmarkDefragment(b *testing.B) {
	options := NewOptions()
	options.Dir = b.TempDir()
	server, err := Start(b.Context(), options)
	if err != nil {
		b.Fatal(err)
	}
	defer server.Close()
	etcd, err := clientv3.New(clientv3.Config{Endpoints: []string{server.Endpoint()}})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = etcd.Close() }()
	const object = 10 << 10
	for i := range 100 << 20 / object {
		if _, err := etcd.Put(b.Context(), fmt.Sprintf("/registry/velero.io/backups/velero/b-%d", i), strings.Repeat("x", object)); err != nil {
			b.Fatal(err)
		}
	}
	var slowest, usual time.Duration
	for b.Loop() {
		usual = max(usual, timeWrite(b, etcd))
		done := make(chan error, 1)
		go func() { done <- server.etcd.Server.Defragment() }()
		for running := true; running; {
			slowest = max(slowest, timeWrite(b, etcd))
			select {
			case err := <-done:
				if err != nil {
					b.Fatal(err)
				}
				running = false
			default:
			}
		}
	}
	b.ReportMetric(float64(slowest.Milliseconds()), "ms/slowest-write")
	b.ReportMetric(float64(usual.Milliseconds()), "ms/other-write")
}

func timeWrite(b *testing.B, etcd *clientv3.Client) time.Duration {
	b.Helper()
	began := time.Now()
	if _, err := etcd.Put(b.Context(), "key", "value"); err != nil {
		b.Fatal(err)
	}
	return time.Since(began)
}
