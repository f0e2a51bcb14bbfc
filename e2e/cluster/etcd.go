package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Etcd is a cluster of etcd with several members, which do keep the disk's guarantees.
type Etcd struct {
	Members []*Replica
	urls    []string
	client  *http.Client
}

// StartEtcd starts a cluster of etcd.
func (c *Cluster) StartEtcd(tb testing.TB, members int) *Etcd {
	tb.Helper()
	e := &Etcd{client: &http.Client{Timeout: time.Second}}
	var peers, initial []string
	for i := range members {
		address, _ := freeAddress(tb)
		peer, _ := freeAddress(tb)
		e.urls, peers = append(e.urls, "http://"+address), append(peers, "http://"+peer)
		initial = append(initial, fmt.Sprintf("etcd-%d=%s", i, peers[i]))
	}
	for i := range members {
		name := fmt.Sprintf("etcd-%d", i)
		e.Members = append(e.Members, &Replica{
			Name: name,
			launch: func(tb testing.TB) *process {
				tb.Helper()
				return c.start(tb, name, Tool(tb, "etcd"), "--name", name, "--data-dir", c.Path(name), "--log-level", "warn",
					"--listen-client-urls", e.urls[i], "--advertise-client-urls", e.urls[i],
					"--listen-peer-urls", peers[i], "--initial-advertise-peer-urls", peers[i], "--initial-cluster", strings.Join(initial, ","))
			},
			ready: func() error { return ready(e.client, e.urls[i]+"/readyz") },
		})
	}
	startAll(tb, e.Members)
	return e
}

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
