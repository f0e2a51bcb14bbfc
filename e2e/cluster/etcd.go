package cluster

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/e2e/network"
)

// Etcd is a cluster of etcd with several members, which do keep the disk's guarantees.
type Etcd struct {
	Members []*Replica
	urls    []string
	client  *http.Client
	path    func(elem ...string) string // of files of the cluster
}

// diskSize in bytes is that of a member's disk where there can be small ones: etcd takes 128 MiB in advance.
const diskSize = 512 << 20

// StartEtcd starts a cluster of etcd.
func (c *Cluster) StartEtcd(tb testing.TB, members int) *Etcd {
	tb.Helper()
	e := &Etcd{client: &http.Client{Timeout: time.Second}}
	var hosts []*network.Host
	var peers, initial []string
	for i := range members {
		host := network.NewHost(tb, fmt.Sprintf("etcd-%d", i))
		hosts = append(hosts, host)
		address, _ := freeAddressOf(tb, host)
		peer, _ := freeAddressOf(tb, host)
		e.urls, peers = append(e.urls, "http://"+address), append(peers, "http://"+peer)
		initial = append(initial, fmt.Sprintf("etcd-%d=%s", i, peers[i]))
	}
	for i := range members {
		name := fmt.Sprintf("etcd-%d", i)
		e.Members = append(e.Members, &Replica{
			Name: name, Host: hosts[i],
			launch: func(tb testing.TB) *process {
				tb.Helper()
				return c.start(tb, name, Tool(tb, "etcd"), "--name", name, "--data-dir", c.Path(name), "--log-level", "warn",
					"--listen-client-urls", e.urls[i], "--advertise-client-urls", e.urls[i],
					"--listen-peer-urls", peers[i], "--initial-advertise-peer-urls", peers[i], "--initial-cluster", strings.Join(initial, ","))
			},
			ready: func() error { return ready(e.client, e.urls[i]+"/readyz") },
		})
	}
	if network.Missing() == nil {
		for _, member := range e.Members {
			network.Disk(tb, c.Path(member.Name), diskSize)
		}
	}
	e.path = c.Path
	startAll(tb, e.Members)
	return e
}

// FillDisk leaves no room on the disk of a member and writes until it ends of it. There is room again when the function is called that it
// returns. There has to be a network of the test's own.
func (e *Etcd) FillDisk(tb testing.TB, member *Replica) (empty func()) {
	tb.Helper()
	path := e.path(member.Name, "filling")
	file, err := os.Create(path) //nolint:gosec // a file of the test
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := io.Copy(file, zeros{}); !errors.Is(err, syscall.ENOSPC) {
		tb.Fatalf("filling a disk: %v", err)
	}
	if err := file.Close(); err != nil {
		tb.Fatal(err)
	}
	// There is room in the files that it has, which each write takes some of.
	body := fmt.Sprintf(`{"key": "Zmlsbg==", "value": %q}`, base64.StdEncoding.EncodeToString(make([]byte, 512<<10)))
	devtest.Poll(tb, patience, member.Name+" to end", func() bool {
		for _, url := range e.urls {
			if response, err := e.client.Post(url+"/v3/kv/put", "application/json", strings.NewReader(body)); err == nil { //nolint:noctx // the client has a time-out
				_ = response.Body.Close()
				break
			}
		}
		return member.Ended()
	})
	return func() {
		if err := os.Remove(path); err != nil {
			tb.Error(err)
		}
	}
}

// zeros is a file without end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// URLs are where the members answer, separated by commas.
func (e *Etcd) URLs() string { return strings.Join(e.urls, ",") }

// Leader returns the member that leads, and one that follows it.
func (e *Etcd) Leader(tb testing.TB) (leader, follower *Replica) {
	tb.Helper()
	var problems []error
	for i, url := range e.urls {
		leads, err := e.leads(url)
		switch {
		case err != nil:
			problems = append(problems, err)
		case leads:
			leader = e.Members[i]
		default:
			follower = e.Members[i]
		}
	}
	if leader == nil || follower == nil {
		tb.Fatalf("etcd has no leader with a follower: %v", errors.Join(problems...))
	}
	return leader, follower
}

func (e *Etcd) leads(url string) (bool, error) {
	response, err := e.client.Post(url+"/v3/maintenance/status", "application/json", strings.NewReader("{}")) //nolint:noctx // the client has a time-out
	if err != nil {
		return false, err
	}
	defer func() { _ = response.Body.Close() }()
	var status struct {
		Header struct {
			Member string `json:"member_id"`
		} `json:"header"`
		Leader string `json:"leader"`
	}
	if err := json.NewDecoder(response.Body).Decode(&status); err != nil {
		return false, fmt.Errorf("reading the status of %s: %w", url, err)
	}
	return status.Leader != "" && status.Leader == status.Header.Member, nil
}
