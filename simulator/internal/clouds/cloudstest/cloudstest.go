// Package cloudstest starts a cloud with disks of Azure and volumes of Portworx for a test, and sends it requests.
package cloudstest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/azure"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/internal/clouds"
	"github.com/velero-locations/velero-locations/simulator/policy"
	"github.com/velero-locations/velero-locations/simulator/portworx"
	"github.com/velero-locations/velero-locations/simulator/simulatortest"
)

// What is there from the start, in two accounts.
const (
	Alice = "111111111111"
	bob   = "222222222222"

	AliceTenant = "aaaaaaaa-0000-0000-0000-000000000000"
	BobTenant   = "bbbbbbbb-0000-0000-0000-000000000000"

	AliceSubscription      = "aaaaaaaa-0000-0000-0000-000000000001"
	AliceOtherSubscription = "aaaaaaaa-0000-0000-0000-000000000002"
	BobSubscription        = "bbbbbbbb-0000-0000-0000-000000000003"

	Home = "/subscriptions/" + AliceSubscription + "/resourceGroups/cluster/providers/Microsoft.Compute/"
	Disk = Home + "disks/orders"

	Volume    = "100000000000000001"
	BobVolume = "100000000000000002"
)

// The access keys of the accounts. All but the first two may do less than everything, or nothing at all.
var (
	AliceKey     = simulator.AccessKeyConfig{ID: "client-a", Secret: "alice secret"}
	BobKey       = simulator.AccessKeyConfig{ID: "client-b", Secret: "bob/secret+"}
	NoBackupsKey = simulator.AccessKeyConfig{ID: "client-n", Secret: "n", Policy: policy.Policy{{Effect: policy.Allow, Actions: []string{"*"}}, {Effect: policy.Deny, Actions: []string{"azure:*"}, Resources: []string{"*/resourceGroups/backups/*"}}}}
	ReaderKey    = simulator.AccessKeyConfig{ID: "client-r", Secret: "r", Policy: policy.Policy{{Effect: policy.Allow, Actions: []string{"azure:Get*", "portworx:Get*"}}}}
	NoDiskKey    = simulator.AccessKeyConfig{ID: "client-d", Secret: "d", Policy: policy.Policy{{Effect: policy.Allow, Actions: []string{"*"}}, {Effect: policy.Deny, Actions: []string{"azure:GetDisk"}}}}
	ExpiredKey   = simulator.AccessKeyConfig{ID: "client-e", Secret: "e", Expires: time.Now().Add(-time.Hour)}
	TokenKey     = simulator.AccessKeyConfig{ID: "client-t", Secret: "t", SessionToken: "token"}
)

// TwoAccounts is a cloud that has two tenants of Azure and two clusters of Portworx.
func TwoAccounts(c *simulator.Config) {
	c.Accounts = []simulator.AccountConfig{
		{
			ID: Alice, AccessKeys: []simulator.AccessKeyConfig{AliceKey, NoBackupsKey, ReaderKey, NoDiskKey, ExpiredKey, TokenKey},
			Azure: azure.Tenant{ID: AliceTenant, Subscriptions: []azure.Subscription{
				{ID: AliceSubscription, ResourceGroups: []azure.ResourceGroup{
					{Name: "cluster", Location: "eastus", Disks: []azure.DiskConfig{
						{Name: "orders", Size: 8, SKU: "Premium_LRS", Zone: "1", Data: "hello", Tags: map[string]string{"app": "shop"}},
						{Name: "far", Size: 4, Location: "westus"},
					}},
					{Name: "backups", Location: "westus"},
				}},
				{ID: AliceOtherSubscription, ResourceGroups: []azure.ResourceGroup{{Name: "vault", Location: "eastus"}}},
			}},
			Portworx: []portworx.Cluster{
				{Name: "px-a", Nodes: []string{"n1", "n2"}, Volumes: []portworx.VolumeConfig{{ID: Volume, Name: "carts", Node: "n1", Size: 8, Data: "hello"}}},
				{Name: "px-empty", Nodes: []string{"n1"}},
			},
		},
		{
			ID: bob, AccessKeys: []simulator.AccessKeyConfig{BobKey},
			Azure: azure.Tenant{ID: BobTenant, Subscriptions: []azure.Subscription{
				{ID: BobSubscription, ResourceGroups: []azure.ResourceGroup{{Name: "cluster", Location: "eastus", Disks: []azure.DiskConfig{{Name: "orders", Size: 1}}}}},
			}},
			Portworx: []portworx.Cluster{{Name: "px-b", Nodes: []string{"n1"}, Volumes: []portworx.VolumeConfig{{ID: BobVolume, Node: "n1", Size: 1}}}},
		},
	}
}

// Kept is TwoAccounts with its state in a directory.
func Kept(dir string) simulator.Config {
	var config simulator.Config
	TwoAccounts(&config)
	config.DataDir, config.S3.Address, config.Clouds.Address = dir, "127.0.0.1:0", "127.0.0.1:0"
	return config
}

// Start serves TwoAccounts until the test ends.
func Start(t *testing.T) *simulatortest.Simulator {
	t.Helper()
	return simulatortest.Start(t, TwoAccounts)
}

// AzurePath is the path of what is in alice's tenant.
func AzurePath(id string) string { return "/azure/v1/tenants/" + AliceTenant + id }

// PortworxPath is the path of what is in a cluster.
func PortworxPath(cluster, of string) string { return "/portworx/v1/clusters/" + cluster + of }

// Answer is what a request was answered.
type Answer struct {
	Status int
	// Code is that of a refusal, whose message Body is.
	Code string
	Body string
}

// Send sends a request with the credentials of a key; one without an id sends none.
func Send(t *testing.T, url string, key simulator.AccessKeyConfig, method, path string, body any) (Answer, error) {
	t.Helper()
	data, ok := body.(string)
	if !ok && body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		data = string(encoded)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, url+path, bytes.NewReader([]byte(data)))
	if err != nil {
		t.Fatal(err)
	}
	if key.ID != "" {
		r.SetBasicAuth(key.ID, key.Secret)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return Answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return Answer{}, err
	}
	out := Answer{Status: response.StatusCode, Body: string(text)}
	if response.StatusCode >= 300 {
		var problem clouds.Problem
		if err := json.Unmarshal(text, &problem); err != nil {
			t.Fatalf("%s %s: %d %s", method, path, response.StatusCode, text)
		}
		out.Code, out.Body = problem.Error.Code, problem.Error.Message
	}
	return out, nil
}

// Must sends a request that is to succeed, and reads its answer.
func Must[T any](t *testing.T, sim *simulatortest.Simulator, key simulator.AccessKeyConfig, method, path string, body any) (out T) {
	t.Helper()
	got, err := Send(t, sim.Clouds, key, method, path, body)
	if err != nil || got.Status >= 300 {
		t.Fatalf("%s %s: %+v, %v", method, path, got, err)
	}
	if got.Body == "" {
		return out
	}
	if err := json.Unmarshal([]byte(got.Body), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// DiskContent identifies what a disk holds.
func DiskContent(t *testing.T, sim *simulator.Simulator, id string) string {
	t.Helper()
	for _, disk := range sim.Azure().Disks() {
		if disk.ID == id {
			return string(disk.Content)
		}
	}
	t.Fatalf("there is no disk %s", id)
	return ""
}

// VolumeContent identifies what a volume holds.
func VolumeContent(t *testing.T, sim *simulator.Simulator, id string) string {
	t.Helper()
	for _, volume := range sim.Portworx().Volumes() {
		if volume.ID == id {
			return string(volume.Content)
		}
	}
	t.Fatalf("there is no volume %s", id)
	return ""
}

// Refusal is a request, and what it is to be answered.
type Refusal struct {
	Name         string
	Key          simulator.AccessKeyConfig
	Method, Path string
	Body         any
	Fault        faults.Fault
	Status       int
	Code         string
	Message      string
}

// Check sends the request and compares the answer.
func (r Refusal) Check(t *testing.T, url string) {
	t.Helper()
	got, err := Send(t, url, r.Key, r.Method, r.Path, r.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got.Status != r.Status || got.Code != r.Code || !strings.Contains(got.Body, r.Message) {
		t.Errorf("%d %s %q, want %d %s %q", got.Status, got.Code, got.Body, r.Status, r.Code, r.Message)
	}
}
