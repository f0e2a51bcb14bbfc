package clouds_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/azure"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/portworx"
)

// refusal is a request, and what it is to be answered.
type refusal struct {
	name         string
	key          simulator.AccessKeyConfig
	method, path string
	body         any
	fault        faults.Fault
	status       int
	code         string
	message      string
}

func (r refusal) check(t *testing.T, url string) {
	t.Helper()
	got, err := send(t, url, r.key, r.method, r.path, r.body)
	if err != nil {
		t.Fatal(err)
	}
	if got.status != r.status || got.code != r.code || !strings.Contains(got.body, r.message) {
		t.Errorf("%d %s %q, want %d %s %q", got.status, got.code, got.body, r.status, r.code, r.message)
	}
}

// TestAzureRefusals is the table of what clients of Azure are told when they ask for what they may not have.
func TestAzureRefusals(t *testing.T) {
	sim := start(t)
	const group = "/subscriptions/" + first + "/resourceGroups/cluster"
	vault := "/subscriptions/" + second + "/resourceGroups/vault/providers/Microsoft.Compute/snapshots/s"
	backup := strings.Replace(home, "/cluster/", "/backups/", 1) + "snapshots/s"
	there := home + "snapshots/there"
	must[azure.SnapshotInfo](t, sim, aliceKey, "PUT", azurePath(there), azure.NewSnapshot{Location: "eastus", Source: disk})
	snapshot := func(change func(*azure.NewSnapshot)) azure.NewSnapshot {
		s := azure.NewSnapshot{Location: "eastus", Source: disk}
		change(&s)
		return s
	}
	same := func(*azure.NewSnapshot) {}
	for _, test := range []refusal{
		{name: "no credentials", method: "GET", path: azurePath(disk), status: 401, code: "AuthenticationFailed", message: "Authorization"},
		{name: "unknown client", key: simulator.AccessKeyConfig{ID: "nobody", Secret: "x"}, method: "GET", path: azurePath(disk), status: 401, code: "unauthorized_client", message: "AADSTS700016: Application with identifier 'nobody'"},
		{name: "wrong secret", key: simulator.AccessKeyConfig{ID: aliceKey.ID, Secret: "guessed"}, method: "GET", path: azurePath(disk), status: 401, code: "invalid_client", message: "AADSTS7000215"},
		{name: "expired secret", key: expiredKey, method: "GET", path: azurePath(disk), status: 401, code: "invalid_client", message: "AADSTS7000222"},
		{name: "key with a session token", key: tokenKey, method: "GET", path: azurePath(disk), status: 401, code: "unauthorized_client"},
		{name: "another tenant", key: bobKey, method: "GET", path: azurePath(disk), status: 401, code: "unauthorized_client", message: "in the directory '" + aliceTenant + "'"},
		{name: "another tenant's subscription", key: bobKey, method: "GET", path: strings.Replace(azurePath(disk), aliceTenant, bobTenant, 1), status: 404, code: "SubscriptionNotFound", message: first},
		{name: "no such resource group", key: aliceKey, method: "GET", path: azurePath(strings.Replace(disk, "/cluster/", "/other/", 1)), status: 404, code: "ResourceGroupNotFound", message: "'other'"},
		{name: "no such disk", key: aliceKey, method: "GET", path: azurePath(home + "disks/none"), status: 404, code: "ResourceNotFound", message: "Microsoft.Compute/disks/none"},
		{name: "no such snapshot", key: aliceKey, method: "GET", path: azurePath(home + "snapshots/orders"), status: 404, code: "ResourceNotFound", message: "Microsoft.Compute/snapshots/orders"},
		{name: "no such operation", key: aliceKey, method: "POST", path: azurePath(disk), status: 404, code: "NoSuchOperation", message: "openapi.json"},
		{name: "read only", key: readerKey, method: "DELETE", path: azurePath(disk), status: 403, code: "AuthorizationFailed", message: "action 'azure:DeleteDisk' over scope '" + disk + "'"},
		{name: "denied resource group", key: noBackups, method: "PUT", path: azurePath(backup), body: snapshot(same), status: 403, code: "AuthorizationFailed", message: backup},
		{name: "denied resource group in capitals", key: noBackups, method: "PUT", path: azurePath(strings.Replace(backup, "backups", "BACKUPS", 1)), body: snapshot(same), status: 403, code: "AuthorizationFailed", message: backup},
		{name: "denied disk", key: noDiskKey, method: "PUT", path: azurePath(backup), body: snapshot(same), status: 403, code: "AuthorizationFailed", message: "'azure:GetDisk' over scope '" + disk + "'"},
		{name: "snapshot in another location", key: aliceKey, method: "PUT", path: azurePath(backup), body: snapshot(func(s *azure.NewSnapshot) { s.Location = "westus" }), status: 400, code: "InvalidParameter", message: "is in location eastus: a snapshot can't be made of it in location westus"},
		{name: "snapshot nowhere", key: aliceKey, method: "PUT", path: azurePath(backup), body: snapshot(func(s *azure.NewSnapshot) { s.Location = "" }), status: 400, code: "LocationRequired"},
		{name: "incremental snapshot in another subscription", key: aliceKey, method: "PUT", path: azurePath(vault), body: snapshot(func(s *azure.NewSnapshot) { s.Incremental = true }), status: 400, code: "OperationNotAllowed", message: second},
		{name: "snapshot of no disk", key: aliceKey, method: "PUT", path: azurePath(backup), body: snapshot(func(s *azure.NewSnapshot) { s.Source = there }), status: 400, code: "InvalidParameter", message: "Microsoft.Compute/disks"},
		{name: "snapshot of a disk of another tenant", key: aliceKey, method: "PUT", path: azurePath(backup), body: snapshot(func(s *azure.NewSnapshot) { s.Source = strings.Replace(disk, first, third, 1) }), status: 404, code: "SubscriptionNotFound"},
		{name: "another snapshot of that name", key: aliceKey, method: "PUT", path: azurePath(there), body: snapshot(func(s *azure.NewSnapshot) { s.Incremental = true }), status: 409, code: "PropertyChangeNotAllowed"},
		{name: "tag with a slash", key: aliceKey, method: "PUT", path: azurePath(backup), body: snapshot(func(s *azure.NewSnapshot) { s.Tags = map[string]string{"velero.io/backup": "b"} }), status: 400, code: "InvalidTagNameCharacters", message: "velero.io/backup"},
		{name: "malformed name", key: aliceKey, method: "PUT", path: azurePath(home + "snapshots/a%20b"), body: snapshot(same), status: 400, code: "InvalidResourceName", message: "a b"},
		{name: "unknown field", key: aliceKey, method: "PUT", path: azurePath(backup), body: `{"location": "eastus", "sku": "x"}`, status: 400, code: "InvalidRequestContent", message: "sku"},
		{name: "disk in another location than its snapshot", key: aliceKey, method: "PUT", path: azurePath(home + "disks/new"), body: azure.NewDisk{Location: "westus", Source: there}, status: 400, code: "InvalidParameter", message: "is in location eastus: a disk can't be made of it in location westus"},
		{name: "disk in a location that there is not", key: aliceKey, method: "PUT", path: azurePath(home + "disks/new"), body: azure.NewDisk{Location: "atlantis", Size: 1}, status: 400, code: "LocationNotAvailableForResourceType", message: "eastus,westus"},
		{name: "disk of an unknown SKU", key: aliceKey, method: "PUT", path: azurePath(home + "disks/new"), body: azure.NewDisk{Location: "eastus", Size: 1, SKU: "gp3"}, status: 400, code: "InvalidParameter", message: "Premium_LRS"},
		{name: "zone-redundant disk in a zone", key: aliceKey, method: "PUT", path: azurePath(home + "disks/new"), body: azure.NewDisk{Location: "eastus", Size: 1, SKU: "Premium_ZRS", Zone: "1"}, status: 400, code: "InvalidParameter", message: "zones"},
		{name: "disk smaller than its snapshot", key: aliceKey, method: "PUT", path: azurePath(home + "disks/new"), body: azure.NewDisk{Location: "eastus", Size: 4, Source: there}, status: 400, code: "InvalidParameter", message: "diskSizeGB"},
		{name: "disk without a size", key: aliceKey, method: "PUT", path: azurePath(home + "disks/new"), body: azure.NewDisk{Location: "eastus"}, status: 400, code: "InvalidParameter", message: "diskSizeGB"},
		{name: "throttled", key: aliceKey, method: "GET", path: azurePath(group), fault: faults.Error{Code: "TooManyRequests"}, status: 429, code: "TooManyRequests", message: "rate"},
		{name: "expired by a fault", key: aliceKey, method: "GET", path: azurePath(group), fault: faults.Expired{}, status: 401, code: "invalid_client", message: "AADSTS7000222"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.fault != nil {
				sim.Harm(t, faults.Rule{Match: faults.Match{Operations: []string{"azure:*"}}, Fault: test.fault})
				defer sim.Faults().Clear()
			}
			test.check(t, sim.Clouds)
		})
	}
}

// TestTooManyIncrementalSnapshots of one disk are refused.
func TestTooManyIncrementalSnapshots(t *testing.T) {
	sim := start(t)
	request := azure.NewSnapshot{Location: "eastus", Source: disk, Incremental: true}
	for i := range 500 {
		must[azure.SnapshotInfo](t, sim, aliceKey, "PUT", azurePath(fmt.Sprintf("%ssnapshots/s%d", home, i)), request)
	}
	refusal{
		key: aliceKey, method: "PUT", path: azurePath(home + "snapshots/more"), body: request, status: 400, code: "OperationNotAllowed", message: "500 incremental snapshots",
	}.check(t, sim.Clouds)
	must[any](t, sim, aliceKey, "DELETE", azurePath(home+"snapshots/s0"), nil)
	must[azure.SnapshotInfo](t, sim, aliceKey, "PUT", azurePath(home+"snapshots/more"), request)
}

// TestPortworxRefusals is the table of what clients of Portworx are told when they ask for what they may not have.
func TestPortworxRefusals(t *testing.T) {
	sim := start(t)
	local := must[portworx.SnapshotInfo](t, sim, aliceKey, "POST", portworxPath("px-a", "/snapshots"), portworx.NewSnapshot{Volume: pxVolume})
	credential := portworx.NewCredential{Name: "s3", AccessKey: aliceKey.ID, SecretKey: aliceKey.Secret}
	guessed := credential
	guessed.SecretKey = "guessed"
	snapshots, volumes := portworxPath("px-a", "/snapshots"), portworxPath("px-a", "/volumes")
	for _, test := range []refusal{
		{name: "no credentials", method: "GET", path: volumes, status: 401, code: "Unauthenticated", message: "no credentials"},
		{name: "unknown key", key: simulator.AccessKeyConfig{ID: "nobody", Secret: "x"}, method: "GET", path: volumes, status: 401, code: "Unauthenticated", message: `"nobody"`},
		{name: "wrong secret", key: simulator.AccessKeyConfig{ID: aliceKey.ID, Secret: "guessed"}, method: "GET", path: volumes, status: 401, code: "Unauthenticated", message: "secret"},
		{name: "expired", key: expiredKey, method: "GET", path: volumes, status: 401, code: "Unauthenticated", message: "expired"},
		{name: "another account's cluster", key: bobKey, method: "GET", path: volumes, status: 404, code: "ClusterNotFound", message: `no cluster "px-a"`},
		{name: "volume of another cluster", key: aliceKey, method: "GET", path: portworxPath("px-empty", "/volumes/"+pxVolume), status: 404, code: "NotFound", message: "no volume"},
		{name: "volume of another account", key: aliceKey, method: "GET", path: volumes + "/" + bobVolume, status: 404, code: "NotFound", message: "no volume"},
		{name: "read only", key: readerKey, method: "POST", path: snapshots, body: portworx.NewSnapshot{Volume: pxVolume}, status: 403, code: "PermissionDenied", message: "portworx:CreateSnapshot " + pxVolume},
		{name: "unknown type", key: aliceKey, method: "POST", path: snapshots, body: portworx.NewSnapshot{Volume: pxVolume, Type: "remote"}, status: 400, code: "InvalidArgument", message: `"local" and "cloud"`},
		{name: "cloud snapshot without credentials", key: aliceKey, method: "POST", path: snapshots, body: portworx.NewSnapshot{Volume: pxVolume, Type: "cloud"}, status: 400, code: "FailedPrecondition", message: "no credentials for object storage"},
		{name: "cloud snapshot with unknown credentials", key: aliceKey, method: "POST", path: snapshots, body: portworx.NewSnapshot{Volume: pxVolume, Type: "cloud", Credential: "none"}, status: 400, code: "FailedPrecondition", message: `no credentials "none"`},
		{name: "local snapshot with credentials", key: aliceKey, method: "POST", path: snapshots, body: portworx.NewSnapshot{Volume: pxVolume, Credential: "s3"}, status: 400, code: "InvalidArgument", message: "credential"},
		{name: "credentials that object storage refuses", key: aliceKey, method: "POST", path: portworxPath("px-a", "/credentials"), body: guessed, status: 400, code: "InvalidArgument", message: "does not accept"},
		{name: "snapshot of no volume", key: aliceKey, method: "POST", path: snapshots, body: portworx.NewSnapshot{Volume: "none"}, status: 404, code: "NotFound", message: `no volume "none"`},
		{name: "volume of no snapshot", key: aliceKey, method: "POST", path: volumes, body: portworx.NewVolume{Snapshot: "none"}, status: 404, code: "NotFound", message: `no snapshot "none"`},
		{name: "volume on another node than its local snapshot", key: aliceKey, method: "POST", path: volumes, body: portworx.NewVolume{Snapshot: local.ID, Node: "n2"}, status: 400, code: "InvalidArgument", message: "on node n1"},
		{name: "volume on no node", key: aliceKey, method: "POST", path: volumes, body: portworx.NewVolume{Size: 1, Node: "n9"}, status: 404, code: "NotFound", message: `no node "n9"`},
		{name: "volume of a name that is taken", key: aliceKey, method: "POST", path: volumes, body: portworx.NewVolume{Size: 1, Name: "carts"}, status: 409, code: "AlreadyExists", message: "carts"},
		{name: "volume without a size", key: aliceKey, method: "POST", path: volumes, body: portworx.NewVolume{}, status: 400, code: "InvalidArgument", message: "sizeGiB"},
		{name: "snapshot that is gone", key: aliceKey, method: "DELETE", path: snapshots + "/1", status: 404, code: "NotFound", message: "no snapshot"},
		{name: "outage", key: aliceKey, method: "GET", path: volumes, fault: faults.Outage{}, status: 503, code: "ServiceUnavailable"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.fault != nil {
				sim.Harm(t, faults.Rule{Match: faults.Match{Operations: []string{"portworx:*"}, Regions: []string{"px-a"}}, Fault: test.fault})
				defer sim.Faults().Clear()
			}
			test.check(t, sim.Clouds)
		})
	}
}
