package clouds_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/azure"
	"github.com/velero-locations/velero-locations/simulator/internal/clouds"
	"github.com/velero-locations/velero-locations/simulator/policy"
	"github.com/velero-locations/velero-locations/simulator/portworx"
	"github.com/velero-locations/velero-locations/simulator/simulatortest"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(writerVariable); dir != "" {
		os.Exit(write(dir))
	}
	os.Exit(m.Run())
}

const (
	alice = "111111111111"
	bob   = "222222222222"

	aliceTenant = "aaaaaaaa-0000-0000-0000-000000000000"
	bobTenant   = "bbbbbbbb-0000-0000-0000-000000000000"

	first  = "aaaaaaaa-0000-0000-0000-000000000001" // subscriptions of alice
	second = "aaaaaaaa-0000-0000-0000-000000000002"
	third  = "bbbbbbbb-0000-0000-0000-000000000003" // and of bob

	home = "/subscriptions/" + first + "/resourceGroups/cluster/providers/Microsoft.Compute/"
	disk = home + "disks/orders"

	pxVolume, bobVolume = "100000000000000001", "100000000000000002"
)

var (
	aliceKey   = simulator.AccessKeyConfig{ID: "client-a", Secret: "alice secret"}
	bobKey     = simulator.AccessKeyConfig{ID: "client-b", Secret: "bob/secret+"}
	noBackups  = simulator.AccessKeyConfig{ID: "client-n", Secret: "n", Policy: policy.Policy{{Effect: policy.Allow, Actions: []string{"*"}}, {Effect: policy.Deny, Actions: []string{"azure:*"}, Resources: []string{"*/resourceGroups/backups/*"}}}}
	readerKey  = simulator.AccessKeyConfig{ID: "client-r", Secret: "r", Policy: policy.Policy{{Effect: policy.Allow, Actions: []string{"azure:Get*", "portworx:Get*"}}}}
	noDiskKey  = simulator.AccessKeyConfig{ID: "client-d", Secret: "d", Policy: policy.Policy{{Effect: policy.Allow, Actions: []string{"*"}}, {Effect: policy.Deny, Actions: []string{"azure:GetDisk"}}}}
	expiredKey = simulator.AccessKeyConfig{ID: "client-e", Secret: "e", Expires: time.Now().Add(-time.Hour)}
	tokenKey   = simulator.AccessKeyConfig{ID: "client-t", Secret: "t", SessionToken: "token"}
)

// twoAccounts has two tenants of Azure and two clusters of Portworx.
func twoAccounts(c *simulator.Config) {
	c.Accounts = []simulator.AccountConfig{
		{
			ID: alice, AccessKeys: []simulator.AccessKeyConfig{aliceKey, noBackups, readerKey, noDiskKey, expiredKey, tokenKey},
			Azure: azure.Tenant{ID: aliceTenant, Subscriptions: []azure.Subscription{
				{ID: first, ResourceGroups: []azure.ResourceGroup{
					{Name: "cluster", Location: "eastus", Disks: []azure.DiskConfig{
						{Name: "orders", Size: 8, SKU: "Premium_LRS", Zone: "1", Data: "hello", Tags: map[string]string{"app": "shop"}},
						{Name: "far", Size: 4, Location: "westus"},
					}},
					{Name: "backups", Location: "westus"},
				}},
				{ID: second, ResourceGroups: []azure.ResourceGroup{{Name: "vault", Location: "eastus"}}},
			}},
			Portworx: []portworx.Cluster{
				{Name: "px-a", Nodes: []string{"n1", "n2"}, Volumes: []portworx.VolumeConfig{{ID: pxVolume, Name: "carts", Node: "n1", Size: 8, Data: "hello"}}},
				{Name: "px-empty", Nodes: []string{"n1"}},
			},
		},
		{
			ID: bob, AccessKeys: []simulator.AccessKeyConfig{bobKey},
			Azure: azure.Tenant{ID: bobTenant, Subscriptions: []azure.Subscription{
				{ID: third, ResourceGroups: []azure.ResourceGroup{{Name: "cluster", Location: "eastus", Disks: []azure.DiskConfig{{Name: "orders", Size: 1}}}}},
			}},
			Portworx: []portworx.Cluster{{Name: "px-b", Nodes: []string{"n1"}, Volumes: []portworx.VolumeConfig{{ID: bobVolume, Node: "n1", Size: 1}}}},
		},
	}
}

func start(t *testing.T) *simulatortest.Simulator {
	t.Helper()
	return simulatortest.Start(t, twoAccounts)
}

// azurePath and portworxPath are the paths of what is in alice's tenant, and in a cluster.
func azurePath(id string) string { return "/azure/v1/tenants/" + aliceTenant + id }

func portworxPath(cluster, of string) string { return "/portworx/v1/clusters/" + cluster + of }

// answer is what a request was answered.
type answer struct {
	status int
	code   string
	body   string
}

// send sends a request with the credentials of a key; one without an id sends none.
func send(t *testing.T, url string, key simulator.AccessKeyConfig, method, path string, body any) (answer, error) {
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
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, err
	}
	out := answer{status: response.StatusCode, body: string(text)}
	if response.StatusCode >= 300 {
		var problem clouds.Problem
		if err := json.Unmarshal(text, &problem); err != nil {
			t.Fatalf("%s %s: %d %s", method, path, response.StatusCode, text)
		}
		out.code, out.body = problem.Error.Code, problem.Error.Message
	}
	return out, nil
}

// must sends a request that is to succeed, and reads its answer.
func must[T any](t *testing.T, sim *simulatortest.Simulator, key simulator.AccessKeyConfig, method, path string, body any) (out T) {
	t.Helper()
	got, err := send(t, sim.Clouds, key, method, path, body)
	if err != nil || got.status >= 300 {
		t.Fatalf("%s %s: %+v, %v", method, path, got, err)
	}
	if got.body == "" {
		return out
	}
	if err := json.Unmarshal([]byte(got.body), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func diskContent(t *testing.T, sim *simulator.Simulator, id string) string {
	t.Helper()
	for _, disk := range sim.Azure().Disks() {
		if disk.ID == id {
			return string(disk.Content)
		}
	}
	t.Fatalf("there is no disk %s", id)
	return ""
}

func volumeContent(t *testing.T, sim *simulator.Simulator, id string) string {
	t.Helper()
	for _, volume := range sim.Portworx().Volumes() {
		if volume.ID == id {
			return string(volume.Content)
		}
	}
	t.Fatalf("there is no volume %s", id)
	return ""
}
