package browser_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/velero-locations/velero-locations/e2e/browser"
	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/azure"
	"github.com/velero-locations/velero-locations/simulator/control"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/journal"
	"github.com/velero-locations/velero-locations/simulator/portworx"
	"github.com/velero-locations/velero-locations/simulator/simulatortest"
)

const (
	stranger     = "stranger.example" // its name server says 127.0.0.1, too
	console      = "console.example"  // is in hosts
	tenant       = "10000000-0000-0000-0000-000000000000"
	subscription = "10000000-0000-0000-0000-000000000001"
	group        = "/azure/v1/tenants/" + tenant + "/subscriptions/" + subscription + "/resourceGroups/group/providers/Microsoft.Compute/"
	volume       = "vol-0123456789abcdef0"
	secret       = "what no page may read"
)

// target is a port, with what changes state there, or tells something, if it is done without a signature.
type target struct {
	name, url string
	requests  []browser.Request
}

// start starts a simulator with something in all that it has, for the API of which a page on console may be.
func start(t *testing.T) (*simulatortest.Simulator, []target) {
	t.Helper()
	role := "arn:aws:iam::" + simulatortest.Account + ":role/velero"
	sim := simulatortest.Start(t, func(c *simulator.Config) {
		c.Control.Hosts, c.Metadata.Hosts = []string{console}, []string{console}
		c.Metadata.InstanceRole, c.Metadata.ContainerRole = role, role
		account := &c.Accounts[0]
		account.Roles = []simulator.RoleConfig{{Name: "velero", Trust: []simulator.TrustConfig{{Services: []string{"ec2.amazonaws.com", "pods.eks.amazonaws.com"}}}}}
		for _, id := range []string{"AKIADISABLED", "AKIAROTATED", "AKIAREMOVED"} {
			account.AccessKeys = append(account.AccessKeys, simulator.AccessKeyConfig{ID: id, Secret: secret})
		}
		account.Buckets = []simulator.BucketConfig{{Name: "private"}}
		account.Volumes = []simulator.VolumeConfig{{ID: volume, AvailabilityZone: "us-east-1a", Size: 1, Data: secret}}
		account.Azure = azure.Tenant{ID: tenant, Subscriptions: []azure.Subscription{{
			ID: subscription, ResourceGroups: []azure.ResourceGroup{{Name: "group", Location: "eastus", Disks: []azure.DiskConfig{{Name: "disk", Size: 1}}}},
		}}}
		account.Portworx = []portworx.Cluster{{Name: "px", Nodes: []string{"one", "two"}, Volumes: []portworx.VolumeConfig{{ID: "100000000000000001", Name: "images", Node: "one", Size: 1}}}}
		c.Faults = []faults.Rule{{Name: "configured", Match: faults.Match{Buckets: []string{"other"}}, Fault: faults.Error{Code: "SlowDown"}}}
	})
	_, err := objects(t, sim).PutObject(t.Context(), "private", "k", strings.NewReader(secret), int64(len(secret)), minio.PutObjectOptions{})
	sim.Clock().Advance(time.Minute)
	_, _, failed := sim.Portworx().FailNode("px", "two")
	response, asked := http.Get(sim.Metadata + "/v1/credentials") // the key is there from now on
	if asked == nil {
		asked = response.Body.Close()
	}
	if err := errors.Join(err, failed, asked); err != nil {
		t.Fatal(err)
	}
	return sim, []target{
		{"control", sim.Control, controlling(sim.Region)},
		{"S3", sim.S3, []browser.Request{
			{Method: "GET", Path: "/private/k"},
			{Method: "GET", Path: "/private?list-type=2"},
			{Method: "PUT", Path: "/private/written", Body: "x"},
			{Method: "POST", Path: "/private", Body: "key=uploaded&file=x"},
			{Method: "DELETE", Path: "/private/k"},
			{Method: "POST", Path: "/private?delete", Body: "<Delete><Object><Key>k</Key></Object></Delete>"},
			{Method: "PUT", Path: "/another"},
		}},
		{"EC2", sim.EC2, []browser.Request{
			{Method: "POST", Path: "/", Body: "Action=CreateVolume&Version=2016-11-15&AvailabilityZone=us-east-1a&Size=1"},
			{Method: "POST", Path: "/", Body: "Action=GetSessionToken&Version=2011-06-15"},
			{Method: "POST", Path: "/", Body: "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleSessionName=s&WebIdentityToken=a.b.c&RoleArn=" + url.QueryEscape(role)},
			{Method: "GET", Path: "/?Action=DeleteVolume&Version=2016-11-15&VolumeId=" + volume},
		}},
		{"clouds", sim.Clouds, []browser.Request{
			{Method: "PUT", Path: group + "snapshots/s", Body: `{"location":"eastus","source":"` + strings.TrimPrefix(group, "/azure/v1/tenants/"+tenant) + `disks/disk"}`},
			{Method: "DELETE", Path: group + "disks/disk"},
			{Method: "GET", Path: group + "disks/disk"},
			{Method: "POST", Path: "/portworx/v1/clusters/px/snapshots", Body: `{"type":"local","volume":"images"}`},
			{Method: "GET", Path: "/portworx/v1/clusters/px/volumes"},
		}},
		{"metadata", sim.Metadata, []browser.Request{
			{Method: "PUT", Path: "/latest/api/token", Headers: map[string]string{"X-aws-ec2-metadata-token-ttl-seconds": "60"}},
			{Method: "GET", Path: "/latest/meta-data/iam/security-credentials/velero"},
			{Method: "GET", Path: "/v1/credentials"},
		}},
	}
}

// controlling is all that the control API can do, and what it tells.
func controlling(region string) []browser.Request {
	return []browser.Request{
		{Method: "GET", Path: "/v1/keys"},
		{Method: "GET", Path: "/v1/cloud"},
		{Method: "GET", Path: "/v1/objects?region=" + region + "&bucket=private"},
		{Method: "GET", Path: "/v1/objects/content?region=" + region + "&bucket=private&key=k"},
		{Method: "GET", Path: "/v1/journal"},
		{Method: "GET", Path: "/v1/journal/follow"},
		{Method: "GET", Path: "/metrics"},
		{Method: "POST", Path: "/v1/faults", Body: `{"name":"added","fault":{"type":"latency","delay":"1ms"}}`},
		{Method: "DELETE", Path: "/v1/faults/configured"},
		{Method: "DELETE", Path: "/v1/faults"},
		{Method: "DELETE", Path: "/v1/journal"},
		{Method: "POST", Path: "/v1/clock/advance", Body: `{"by":"1h"}`},
		{Method: "PUT", Path: "/v1/clock", Body: `{"now":"2030-01-01T00:00:00Z"}`},
		{Method: "DELETE", Path: "/v1/clock"},
		{Method: "POST", Path: "/v1/keys", Body: `{"id":"AKIAADDED","account":"` + simulatortest.Account + `"}`},
		{Method: "PATCH", Path: "/v1/keys/AKIADISABLED", Body: `{"active":false}`},
		{Method: "POST", Path: "/v1/keys/AKIAROTATED/rotate"},
		{Method: "DELETE", Path: "/v1/keys/AKIAREMOVED"},
		{Method: "POST", Path: "/v1/volumes/" + volume + "/write", Body: `{"data":"x"}`},
		{Method: "POST", Path: "/v1/nodes/px/one/fail"},
		{Method: "POST", Path: "/v1/nodes/px/two/replace"},
		{Method: "POST", Path: "/v1/reset"},
	}
}

func objects(t *testing.T, sim *simulatortest.Simulator) *minio.Client {
	t.Helper()
	client, err := minio.New(sim.Host(), &minio.Options{Creds: credentials.NewStaticV4(sim.Key.ID, sim.Key.Secret, ""), Region: sim.Region})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// state is all that a simulator has, secrets included.
func state(t *testing.T, sim *simulatortest.Simulator) string {
	t.Helper()
	client := &control.Client{Address: sim.Control}
	var list []string
	for object := range objects(t, sim).ListObjectsIter(t.Context(), "private", minio.ListObjectsOptions{}) {
		list = append(list, object.Key+" "+object.ETag)
	}
	clock, err := client.Clock(t.Context())
	volumes, volumesErr := client.Volumes(t.Context())
	snapshots, snapshotsErr := client.Snapshots(t.Context())
	if err := errors.Join(err, volumesErr, snapshotsErr); err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, key := range sim.Accounts().Keys() {
		keys = append(keys, fmt.Sprintln(key.ID, key.Secret, key.Active))
	}
	first := len(sim.Journal().Entries(journal.Filter{Operation: "s3:PutObject", Account: simulatortest.Account}))
	encoded, err := json.Marshal([]any{list, clock.Offset, volumes, snapshots, keys, sim.Faults().List(), sim.Portworx().Nodes(), first})
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

// site serves an empty page, and returns its port.
func site(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<!DOCTYPE html><title>A page</title><body>")
	}))
	t.Cleanup(server.Close)
	return port(t, server.URL)
}

func port(t *testing.T, address string) string {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Port()
}

// TestPages shows that a page that somebody happens to look at changes nothing in a simulator, and reads nothing, at any of its ports:
// not a page of another site, not one of another port of the same machine, and not one whose name leads to the simulator itself.
func TestPages(t *testing.T) {
	tabs := browser.Start(t, stranger, console)
	sim, targets := start(t)
	elsewhere := site(t)
	before := state(t, sim)
	for _, target := range targets {
		own := port(t, target.url)
		for name, attack := range map[string]struct{ page, base string }{
			"another site":         {stranger + ":" + elsewhere, target.url},
			"another port":         {"127.0.0.1:" + elsewhere, target.url},
			"localhost":            {"localhost:" + elsewhere, "http://localhost:" + own},
			"beside a host":        {console + ":" + elsewhere, "http://" + console + ":" + own},
			"a name of its own":    {stranger + ":" + own, ""},
			"a name from the side": {stranger + ":" + elsewhere, "http://" + stranger + ":" + own},
		} {
			t.Run(target.name+" from "+name, func(t *testing.T) {
				page := tabs.Open(t, "http://"+attack.page+"/")
				for _, request := range target.requests {
					for _, seen := range page.Attack(t, attack.base, request) {
						if attack.base != "" || seen.Status < http.StatusBadRequest && seen.Status != 0 || strings.Contains(seen.Text, secret) {
							t.Errorf("%s %s by %s: the page reads %d %q", request.Method, request.Path, seen.Way, seen.Status, seen.Text)
						}
					}
					if after := state(t, sim); after != before {
						t.Fatalf("%s %s: state was\n%s\nand is\n%s", request.Method, request.Path, before, after)
					}
				}
			})
		}
	}
}

// TestPagesOfHosts shows that a page on a host that the configuration names can do all of it, with the token of the console where it
// changes something: what TestPages tries is what works.
func TestPagesOfHosts(t *testing.T) {
	tabs := browser.Start(t, console)
	sim, targets := start(t)
	for _, target := range targets {
		if target.name != "control" && target.name != "metadata" {
			continue // what they answer depends on signatures, not on hosts
		}
		page := tabs.Open(t, "http://"+console+":"+port(t, target.url)+"/")
		for _, request := range target.requests {
			before := state(t, sim)
			changes := target.name == "control" && request.Method != http.MethodGet
			if changes {
				if seen := page.Call(t, "", request); len(seen) != 1 || seen[0].Status != http.StatusForbidden {
					t.Errorf("%s %s without the token: the page reads %v", request.Method, request.Path, seen)
				}
				_, token, _ := strings.Cut(sim.Console, "#token=")
				request.Headers = map[string]string{"Console-Token": token}
			}
			seen := page.Call(t, "", request)
			switch {
			case request.Path == "/latest/meta-data/iam/security-credentials/velero": // which wants the token
			case len(seen) != 1 || seen[0].Status >= http.StatusMultipleChoices:
				t.Errorf("%s %s: the page reads %v", request.Method, request.Path, seen)
			case changes && state(t, sim) == before:
				t.Errorf("%s %s changes nothing", request.Method, request.Path)
			}
		}
	}
}
