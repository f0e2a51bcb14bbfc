package control

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/simulator/accounts"
	"github.com/velero-locations/velero-locations/simulator/azure"
	"github.com/velero-locations/velero-locations/simulator/call"
	"github.com/velero-locations/velero-locations/simulator/clock"
	"github.com/velero-locations/velero-locations/simulator/ec2/ebs"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/internal/content"
	"github.com/velero-locations/velero-locations/simulator/journal"
	"github.com/velero-locations/velero-locations/simulator/portworx"
)

const account = "111111111111"

// A tenant of Azure with a disk, and a cluster of Portworx with a volume.
const (
	disk     = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/disks/d"
	pxVolume = "100000000000000001"
)

var (
	tenant = azure.Tenant{ID: "t", Subscriptions: []azure.Subscription{{ID: "s", ResourceGroups: []azure.ResourceGroup{
		{Name: "g", Location: "eastus", Disks: []azure.DiskConfig{{Name: "d", Size: 8}}},
	}}}}
	cluster = portworx.Cluster{Name: "px", Nodes: []string{"n1", "n2"}, Volumes: []portworx.VolumeConfig{{ID: pxVolume, Node: "n1", Size: 4}}}
)

func start(t *testing.T) (*httptest.Server, Options) {
	t.Helper()
	options := Options{
		Accounts: accounts.NewDirectory(), Faults: faults.NewSet(0), Journal: journal.New(10), Clock: clock.New(nil), CertPEM: []byte("PEM"),
	}
	var err error
	if options.Volumes, err = ebs.Open(ebs.Options{}); err != nil {
		t.Fatal(err)
	}
	if options.Azure, err = azure.Open(azure.Options{Locations: []string{"eastus"}, Tenants: map[string]azure.Tenant{account: tenant}}); err != nil {
		t.Fatal(err)
	}
	if options.Portworx, err = portworx.Open(portworx.Options{Clusters: map[string][]portworx.Cluster{account: {cluster}}}); err != nil {
		t.Fatal(err)
	}
	if err := options.Accounts.AddAccount(accounts.Account{ID: account}); err != nil {
		t.Fatal(err)
	}
	if err := options.Accounts.AddKey(account, "AKIA", "topsecret"); err != nil {
		t.Fatal(err)
	}
	options.ClockMoved = func() error { return nil }
	options.Reset = func(keep ...Part) error {
		if !slices.Contains(keep, Faults) {
			options.Faults.Clear()
		}
		return nil
	}
	server := httptest.NewServer(New(options))
	t.Cleanup(server.Close)
	return server, options
}

func do(t *testing.T, server *httptest.Server, method, path, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	out, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(out)
}

// createVolume creates a volume with a snapshot.
func createVolume(t *testing.T, store *ebs.Store) string {
	t.Helper()
	place := ebs.Place{Account: account, Region: "us-east-1"}
	volume, err := store.CreateVolume(place, ebs.VolumeRequest{Zone: "us-east-1a", Performance: ebs.Performance{Size: 1}})
	if err == nil {
		_, err = store.CreateSnapshot(place, volume.ID, ebs.SnapshotRequest{})
	}
	if err != nil {
		t.Fatal(err)
	}
	return volume.ID
}

// TestRequests sends requests in order to one simulator.
func TestRequests(t *testing.T) {
	server, options := start(t)
	options.Journal.Record(journal.Entry{Call: call.Call{Operation: "s3:GetObject", Bucket: "velero", Key: "k"}, Status: 404, Error: "NoSuchKey"})
	volume := createVolume(t, options.Volumes)
	for _, test := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", "/v1/faults", "", 200, `"faults": []`},
		{"POST", "/v1/faults", `{"name":"slow","match":{"operations":["s3:*"]},"fault":{"type":"latency","delay":"1s"}}`, 201, `"delay": "1s"`},
		{"POST", "/v1/faults", `{"name":"slow","fault":{"type":"expired"}}`, 409, `fault \"slow\": the name is taken`},
		{"POST", "/v1/faults", `{"fault":{"type":"latency"}}`, 400, `fault.delay: it is not`},
		{"POST", "/v1/faults", `{"fault":{"type":"flood"}}`, 400, `\"flood\" is not one of`},
		{"POST", "/v1/faults", `{`, 400, `reading the body`},
		{"GET", "/v1/faults", "", 200, `"matched": 0`},
		{"DELETE", "/v1/faults/fast", "", 404, `fault \"fast\": not found`},
		{"DELETE", "/v1/faults/slow", "", 204, ""},
		{"POST", "/v1/faults", `{"fault":{"type":"expired"}}`, 201, `"name": "expired-1"`},
		{"DELETE", "/v1/faults", "", 204, ""},
		{"GET", "/v1/faults", "", 200, `"faults": []`},

		{"GET", "/v1/journal", "", 200, `"operation": "s3:GetObject"`},
		{"GET", "/v1/journal?error=NoSuch*&bucket=velero&prefix=k", "", 200, `"status": 404`},
		{"GET", "/v1/journal?resource=vol-*", "", 200, `"entries": []`},
		{"GET", "/v1/journal?bucket=other", "", 200, `"entries": []`},
		{"GET", "/v1/journal?after=1", "", 200, `"entries": []`},
		{"GET", "/v1/journal?after=x", "", 400, `after: \"x\"`},
		{"GET", "/v1/journal/follow?after=x", "", 400, `after: \"x\"`},
		{"DELETE", "/v1/journal", "", 204, ""},
		{"GET", "/v1/journal", "", 200, `"entries": []`},

		{"PUT", "/v1/clock", `{"now":"2030-01-01T00:00:00Z"}`, 200, `"now": "2030-01-01T00:00:0`},
		{"PUT", "/v1/clock", `{}`, 400, `now: there is none`},
		{"PUT", "/v1/clock", `{"now":"noon"}`, 400, `noon`},
		{"POST", "/v1/clock/advance", `{"by":"24h"}`, 200, `"now": "2030-01-02T00:00:0`},
		{"PUT", "/v1/clock", `{"now":"9999-01-01T00:00:00Z"}`, 400, `now: 9999-01-01T00:00:00Z is too far off: choose a time from 1970`},
		{"POST", "/v1/clock/advance", `{"by":"-2000000h"}`, 400, `by: it would be 180`},
		{"POST", "/v1/clock/advance", `{"by":"a day"}`, 400, `\"a day\" is not a duration`},
		{"DELETE", "/v1/clock", "", 204, ""},
		{"GET", "/v1/clock", "", 200, `"offset": "0s"`},

		{"GET", "/v1/keys", "", 200, `"id": "AKIA"`},
		{"POST", "/v1/keys", `{"account":"` + account + `"}`, 201, `"secret": "`},
		{"POST", "/v1/keys", `{"account":"` + account + `","id":"AKIA"}`, 409, `belongs to account`},
		{"POST", "/v1/keys", `{"account":"2"}`, 404, `there is no account 2`},
		{"POST", "/v1/keys", `{"account":"` + account + `","policy":[{"effect":"Maybe","actions":["*"]}]}`, 400, `policy[0].effect`},
		{"POST", "/v1/keys", `{"account":"` + account + `","id":"ASIA","secret":"s","sessionToken":"toktok","expires":"2030-01-01T00:00:00Z"}`, 201, `"sessionToken": "toktok"`},
		{"PATCH", "/v1/keys/ASIA", `{"active":false}`, 200, `"active": false`},
		{"PATCH", "/v1/keys/ASIA", `{}`, 400, `active: it is neither`},
		{"PATCH", "/v1/keys/NONE", `{"active":false}`, 404, `not found`},
		{"POST", "/v1/keys/AKIA/rotate", "", 200, `"secret": "`},
		{"POST", "/v1/keys/AKIA/rotate", "", 404, `not found`},
		{"DELETE", "/v1/keys/ASIA", "", 204, ""},
		{"DELETE", "/v1/keys/ASIA", "", 404, `not found`},

		{"GET", "/v1/volumes", "", 200, `"id": "` + volume + `"`},
		{"GET", "/v1/snapshots", "", 200, `"volume": "` + volume + `"`},
		{"POST", "/v1/volumes/" + volume + "/write", `{"data":"more"}`, 200, `"content": "` + string(content.Empty.Written([]byte("more")))},
		{"POST", "/v1/volumes/vol-none/write", `{"data":"more"}`, 404, `volume \"vol-none\": not found`},
		{"POST", "/v1/volumes/" + volume + "/write", `{"date":"more"}`, 400, `date`},

		{"POST", "/v1/faults", `{"fault":{"type":"expired"}}`, 201, ""},
		{"GET", "/v1/volumes", "", 200, `"provider": "azure"`},
		{"POST", "/v1/volumes/" + url.PathEscape(disk) + "/write", `{"data":"more"}`, 200, `"content": "` + string(content.Empty.Written([]byte("more")))},
		{"POST", "/v1/volumes/" + url.PathEscape(strings.ToUpper(disk)) + "/write", `{"data":"x"}`, 200, `"id": "` + disk},
		{"GET", "/v1/volumes", "", 200, `"provider": "portworx"`},
		{"POST", "/v1/volumes/" + pxVolume + "/write", `{"data":"more"}`, 200, `"availabilityZone": "n1"`},
		{"GET", "/v1/nodes", "", 200, `"name": "n2"`},
		{"POST", "/v1/nodes/px/n1/fail", "", 200, `"state": "failed"`},
		{"POST", "/v1/volumes/" + pxVolume + "/write", `{"data":"more"}`, 404, "not found"},
		{"POST", "/v1/nodes/px/n3/fail", "", 404, `node \"n3\" of cluster \"px\": not found`},
		{"POST", "/v1/nodes/px/n1/replace", "", 200, `"state": "online"`},

		{"POST", "/v1/faults", `{"name":"kept","fault":{"type":"expired"}}`, 201, ""},
		{"POST", "/v1/reset?keep=everything", "", 400, `keep: \"everything\" is not one of objects, volumes, keys, faults, journal, clock`},
		{"POST", "/v1/reset?kept=objects", "", 400, `kept: there is no such parameter`},
		{"POST", "/v1/reset?keep=objects,faults&keep=clock", "", 204, ""},
		{"GET", "/v1/faults", "", 200, `"name": "kept"`},
		{"POST", "/v1/reset", "", 204, ""},
		{"GET", "/v1/faults", "", 200, `"faults": []`},
		{"GET", "/ca.pem", "", 200, "PEM"},
		{"GET", "/metrics", "", 200, `velero_locations_simulator_requests_total{code="404"`},
		{"GET", "/v2", "", 404, ""},
		{"PUT", "/v1/faults", "", 405, ""},
	} {
		status, body := do(t, server, test.method, test.path, test.body)
		if status != test.status || !strings.Contains(body, test.want) {
			t.Errorf("%s %s %s: %d %s", test.method, test.path, test.body, status, body)
		}
		if test.path == "/v1/keys" && test.method == "GET" && strings.Contains(body, "secret") {
			t.Errorf("the list of keys tells secrets: %s", body)
		}
	}
	if _, found := options.Accounts.Key("AKIA"); found || len(options.Accounts.Keys()) != 2 {
		t.Errorf("keys: %v", options.Accounts.Keys())
	}
}

func TestPagesMayNotControl(t *testing.T) {
	server, _ := start(t)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/v1/faults", strings.NewReader(`{"fault":{"type":"expired"}}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Origin", "https://example.org")
	response, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusForbidden {
		t.Errorf("a page of another origin is answered %s", response.Status)
	}
}

func TestFollow(t *testing.T) {
	server, options := start(t)
	options.Journal.Record(journal.Entry{Call: call.Call{Operation: "s3:GetObject"}})
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/v1/journal/follow?operation=s3:*", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(response.Body)
	for i, operation := range []string{"s3:GetObject", "s3:PutObject", "s3:DeleteObject"} {
		if i > 0 {
			options.Journal.Record(journal.Entry{Call: call.Call{Operation: "ec2:CreateSnapshot"}})
			options.Journal.Record(journal.Entry{Call: call.Call{Operation: operation}})
		}
		if !lines.Scan() || !strings.Contains(lines.Text(), operation) {
			t.Errorf("got %s, want %s", lines.Text(), operation)
		}
	}
	_ = response.Body.Close()
}

// TestDescription compares the description with what the API reads and writes.
func TestDescription(t *testing.T) {
	server, _ := start(t)
	_, text := do(t, server, http.MethodGet, "/openapi.json", "")
	var description struct {
		OpenAPI    string
		Paths      map[string]map[string]json.RawMessage
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct {
					Description string
					OneOf       []map[string]string
				}
				Required []string
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &description); err != nil {
		t.Fatal(err)
	}
	for _, r := range routes {
		if description.Paths[r.path][strings.ToLower(r.method)] == nil {
			t.Errorf("%s %s is not described", r.method, r.path)
		}
	}
	schemas := description.Components.Schemas
	for name, schema := range schemas {
		for field, property := range schema.Properties {
			if property.Description == "" && field != "type" {
				t.Errorf("%s.%s is not described", name, field)
			}
		}
	}
	if n := len(schemas["Rule"].Properties["fault"].OneOf); n != len(faults.Types) {
		t.Errorf("%d types of faults are described, there are %d", n, len(faults.Types))
	}
	if !slices.Equal(schemas["LatencyFault"].Required, []string{"type", "delay"}) {
		t.Errorf("latency requires %v", schemas["LatencyFault"].Required)
	}
	for reference := range strings.SplitSeq(text, `"#/components/schemas/`) {
		if name, _, _ := strings.Cut(reference, `"`); name != "{" && !strings.HasPrefix(name, "{\n") {
			if _, found := schemas[name]; !found {
				t.Errorf("schema %s is missing", name)
			}
		}
	}
	entry := schemas["Entry"].Properties
	data, err := json.Marshal(journal.Entry{Call: call.Call{Account: "1", AccessKey: "1", Operation: "1", Region: "1", Bucket: "1", Key: "1", Resource: "1"}, Error: "1", RequestID: "1", Faults: []string{"1"}})
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(data, &fields); err != nil {
		t.Fatal(err)
	}
	if len(fields) != len(entry) {
		t.Errorf("an entry has %d fields, %d are described", len(fields), len(entry))
	}
}

func TestClient(t *testing.T) {
	server, options := start(t)
	_, host, _ := strings.Cut(server.URL, "//")
	client := &Client{Address: host}
	added, err := client.AddFault(t.Context(), faults.Rule{Fault: faults.Latency{Delay: faults.Duration(time.Second)}})
	if err != nil || added.Name != "latency-1" {
		t.Fatalf("%+v, %v", added, err)
	}
	if list, err := client.Faults(t.Context()); err != nil || len(list) != 1 {
		t.Errorf("%v, %v", list, err)
	}
	if err := client.RemoveFault(t.Context(), "a/b"); err == nil || !strings.Contains(err.Error(), "a/b") {
		t.Errorf("%v", err)
	}
	if err := client.ClearFaults(t.Context()); err != nil || !options.Faults.Empty() {
		t.Errorf("%v", err)
	}
	volume := createVolume(t, options.Volumes)
	before, err := client.Volumes(t.Context())
	if err != nil || len(before) != 3 {
		t.Fatalf("%+v, %v", before, err)
	}
	after, err := client.WriteVolume(t.Context(), volume, "data")
	if err != nil || after.ID != volume || after.Content == before[0].Content {
		t.Errorf("%+v, %v", after, err)
	}
	if snapshots, err := client.Snapshots(t.Context()); err != nil || len(snapshots) != 1 || snapshots[0].Content != before[0].Content {
		t.Errorf("%+v, %v", snapshots, err)
	}
	server.Close()
	if _, err := client.Journal(t.Context(), journal.Filter{}); err == nil {
		t.Error("a closed server answered")
	}
}
