package azure_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/azure"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/internal/clouds/cloudstest"
)

// TestSnapshot: what a disk held when it was snapshotted survives its later writes and its deletion, in another
// resource group and another subscription.
func TestSnapshot(t *testing.T) {
	sim := cloudstest.Start(t)
	before := cloudstest.DiskContent(t, sim.Simulator, cloudstest.Disk)
	for id, incremental := range map[string]bool{
		cloudstest.Home + "snapshots/near":                                            false,
		cloudstest.Home + "snapshots/less":                                            true,
		strings.Replace(cloudstest.Home, "/cluster/", "/backups/", 1) + "snapshots/s": false,
		"/subscriptions/" + cloudstest.AliceOtherSubscription + "/resourceGroups/vault/providers/Microsoft.Compute/snapshots/elsewhere": false,
	} {
		request := azure.NewSnapshot{Location: "eastus", Source: cloudstest.Disk, Incremental: incremental, Tags: map[string]string{"velero-backup": "b"}}
		made := cloudstest.Must[azure.SnapshotInfo](t, sim, cloudstest.AliceKey, "PUT", cloudstest.AzurePath(id), request)
		if made.ID != id || made.Location != "eastus" || made.Size != 8 || made.Incremental != incremental || made.Tags["velero-backup"] != "b" {
			t.Errorf("%+v", made)
		}
	}
	snapshots := sim.Azure().Snapshots()
	if _, _, err := sim.Azure().Write(cloudstest.Disk, []byte("more")); err != nil {
		t.Fatal(err)
	}
	if cloudstest.DiskContent(t, sim.Simulator, cloudstest.Disk) == before {
		t.Error("a write changes nothing")
	}
	cloudstest.Must[any](t, sim, cloudstest.AliceKey, "DELETE", cloudstest.AzurePath(cloudstest.Disk), nil)
	for i, snapshot := range snapshots {
		id := cloudstest.Home + "disks/restored-" + string(rune('a'+i))
		made := cloudstest.Must[azure.DiskInfo](t, sim, cloudstest.AliceKey, "PUT", cloudstest.AzurePath(id), azure.NewDisk{Location: "eastus", Source: snapshot.ID, Zone: "2"})
		if made.Size != 8 || made.Zone != "2" || made.SKU != azure.DefaultSKU || made.Source != snapshot.ID {
			t.Errorf("%+v", made)
		}
		if cloudstest.DiskContent(t, sim.Simulator, id) != before {
			t.Errorf("%s does not hold what the disk held", id)
		}
	}
}

// TestNames are the same in capitals, and making something twice makes it once.
func TestNames(t *testing.T) {
	sim := cloudstest.Start(t)
	shouted := "/subscriptions/" + strings.ToUpper(cloudstest.AliceSubscription) + "/resourceGroups/CLUSTER/providers/Microsoft.Compute/disks/ORDERS"
	if got := cloudstest.Must[azure.DiskInfo](t, sim, cloudstest.AliceKey, "GET", cloudstest.AzurePath(shouted), nil); got.ID != cloudstest.Disk {
		t.Errorf("%+v", got)
	}
	request := azure.NewSnapshot{Location: "eastus", Source: shouted}
	one := cloudstest.Must[azure.SnapshotInfo](t, sim, cloudstest.AliceKey, "PUT", cloudstest.AzurePath(cloudstest.Home+"snapshots/s"), request)
	two := cloudstest.Must[azure.SnapshotInfo](t, sim, cloudstest.AliceKey, "PUT", cloudstest.AzurePath(strings.Replace(cloudstest.Home, "cluster", "Cluster", 1)+"snapshots/S"), request)
	if one.ID != two.ID || one.Source != cloudstest.Disk || len(sim.Azure().Snapshots()) != 1 {
		t.Errorf("%+v, %+v", one, two)
	}
	cloudstest.Must[any](t, sim, cloudstest.AliceKey, "DELETE", cloudstest.AzurePath(cloudstest.Home+"snapshots/S"), nil)
	cloudstest.Must[any](t, sim, cloudstest.AliceKey, "DELETE", cloudstest.AzurePath(cloudstest.Home+"snapshots/S"), nil)
	if left := sim.Azure().Snapshots(); len(left) != 0 {
		t.Errorf("%+v", left)
	}
	group := cloudstest.Must[azure.GroupInfo](t, sim, cloudstest.AliceKey, "GET", cloudstest.AzurePath("/subscriptions/"+cloudstest.AliceSubscription+"/resourceGroups/BACKUPS"), nil)
	if group.Location != "westus" || !strings.HasSuffix(group.ID, "/backups") {
		t.Errorf("%+v", group)
	}
}

// TestRefusals is the table of what clients of Azure are told when they ask for what they may not have.
func TestRefusals(t *testing.T) {
	sim := cloudstest.Start(t)
	const group = "/subscriptions/" + cloudstest.AliceSubscription + "/resourceGroups/cluster"
	vault := "/subscriptions/" + cloudstest.AliceOtherSubscription + "/resourceGroups/vault/providers/Microsoft.Compute/snapshots/s"
	backup := strings.Replace(cloudstest.Home, "/cluster/", "/backups/", 1) + "snapshots/s"
	there := cloudstest.Home + "snapshots/there"
	cloudstest.Must[azure.SnapshotInfo](t, sim, cloudstest.AliceKey, "PUT", cloudstest.AzurePath(there), azure.NewSnapshot{Location: "eastus", Source: cloudstest.Disk})
	snapshot := func(change func(*azure.NewSnapshot)) azure.NewSnapshot {
		s := azure.NewSnapshot{Location: "eastus", Source: cloudstest.Disk}
		change(&s)
		return s
	}
	same := func(*azure.NewSnapshot) {}
	for _, test := range []cloudstest.Refusal{
		{Name: "no credentials", Method: "GET", Path: cloudstest.AzurePath(cloudstest.Disk), Status: 401, Code: "AuthenticationFailed", Message: "Authorization"},
		{Name: "unknown client", Key: simulator.AccessKeyConfig{ID: "nobody", Secret: "x"}, Method: "GET", Path: cloudstest.AzurePath(cloudstest.Disk), Status: 401, Code: "unauthorized_client", Message: "AADSTS700016: Application with identifier 'nobody'"},
		{Name: "wrong secret", Key: simulator.AccessKeyConfig{ID: cloudstest.AliceKey.ID, Secret: "guessed"}, Method: "GET", Path: cloudstest.AzurePath(cloudstest.Disk), Status: 401, Code: "invalid_client", Message: "AADSTS7000215"},
		{Name: "expired secret", Key: cloudstest.ExpiredKey, Method: "GET", Path: cloudstest.AzurePath(cloudstest.Disk), Status: 401, Code: "invalid_client", Message: "AADSTS7000222"},
		{Name: "key with a session token", Key: cloudstest.TokenKey, Method: "GET", Path: cloudstest.AzurePath(cloudstest.Disk), Status: 401, Code: "unauthorized_client"},
		{Name: "another tenant", Key: cloudstest.BobKey, Method: "GET", Path: cloudstest.AzurePath(cloudstest.Disk), Status: 401, Code: "unauthorized_client", Message: "in the directory '" + cloudstest.AliceTenant + "'"},
		{Name: "another tenant's subscription", Key: cloudstest.BobKey, Method: "GET", Path: strings.Replace(cloudstest.AzurePath(cloudstest.Disk), cloudstest.AliceTenant, cloudstest.BobTenant, 1), Status: 404, Code: "SubscriptionNotFound", Message: cloudstest.AliceSubscription},
		{Name: "no such resource group", Key: cloudstest.AliceKey, Method: "GET", Path: cloudstest.AzurePath(strings.Replace(cloudstest.Disk, "/cluster/", "/other/", 1)), Status: 404, Code: "ResourceGroupNotFound", Message: "'other'"},
		{Name: "no such disk", Key: cloudstest.AliceKey, Method: "GET", Path: cloudstest.AzurePath(cloudstest.Home + "disks/none"), Status: 404, Code: "ResourceNotFound", Message: "Microsoft.Compute/disks/none"},
		{Name: "no such snapshot", Key: cloudstest.AliceKey, Method: "GET", Path: cloudstest.AzurePath(cloudstest.Home + "snapshots/orders"), Status: 404, Code: "ResourceNotFound", Message: "Microsoft.Compute/snapshots/orders"},
		{Name: "no such operation", Key: cloudstest.AliceKey, Method: "POST", Path: cloudstest.AzurePath(cloudstest.Disk), Status: 404, Code: "NoSuchOperation", Message: "openapi.json"},
		{Name: "read only", Key: cloudstest.ReaderKey, Method: "DELETE", Path: cloudstest.AzurePath(cloudstest.Disk), Status: 403, Code: "AuthorizationFailed", Message: "action 'azure:DeleteDisk' over scope '" + cloudstest.Disk + "'"},
		{Name: "denied resource group", Key: cloudstest.NoBackupsKey, Method: "PUT", Path: cloudstest.AzurePath(backup), Body: snapshot(same), Status: 403, Code: "AuthorizationFailed", Message: backup},
		{Name: "denied resource group in capitals", Key: cloudstest.NoBackupsKey, Method: "PUT", Path: cloudstest.AzurePath(strings.Replace(backup, "backups", "BACKUPS", 1)), Body: snapshot(same), Status: 403, Code: "AuthorizationFailed", Message: backup},
		{Name: "denied disk", Key: cloudstest.NoDiskKey, Method: "PUT", Path: cloudstest.AzurePath(backup), Body: snapshot(same), Status: 403, Code: "AuthorizationFailed", Message: "'azure:GetDisk' over scope '" + cloudstest.Disk + "'"},
		{Name: "snapshot in another location", Key: cloudstest.AliceKey, Method: "PUT", Path: cloudstest.AzurePath(backup), Body: snapshot(func(s *azure.NewSnapshot) { s.Location = "westus" }), Status: 400, Code: "InvalidParameter", Message: "is in location eastus: a snapshot can't be made of it in location westus"},
		{Name: "snapshot nowhere", Key: cloudstest.AliceKey, Method: "PUT", Path: cloudstest.AzurePath(backup), Body: snapshot(func(s *azure.NewSnapshot) { s.Location = "" }), Status: 400, Code: "LocationRequired"},
		{Name: "incremental snapshot in another subscription", Key: cloudstest.AliceKey, Method: "PUT", Path: cloudstest.AzurePath(vault), Body: snapshot(func(s *azure.NewSnapshot) { s.Incremental = true }), Status: 400, Code: "OperationNotAllowed", Message: cloudstest.AliceOtherSubscription},
		{Name: "snapshot of no disk", Key: cloudstest.AliceKey, Method: "PUT", Path: cloudstest.AzurePath(backup), Body: snapshot(func(s *azure.NewSnapshot) { s.Source = there }), Status: 400, Code: "InvalidParameter", Message: "Microsoft.Compute/disks"},
		{Name: "snapshot of a disk of another tenant", Key: cloudstest.AliceKey, Method: "PUT", Path: cloudstest.AzurePath(backup), Body: snapshot(func(s *azure.NewSnapshot) {
			s.Source = strings.Replace(cloudstest.Disk, cloudstest.AliceSubscription, cloudstest.BobSubscription, 1)
		}), Status: 404, Code: "SubscriptionNotFound"},
		{Name: "another snapshot of that name", Key: cloudstest.AliceKey, Method: "PUT", Path: cloudstest.AzurePath(there), Body: snapshot(func(s *azure.NewSnapshot) { s.Incremental = true }), Status: 409, Code: "PropertyChangeNotAllowed"},
		{Name: "tag with a slash", Key: cloudstest.AliceKey, Method: "PUT", Path: cloudstest.AzurePath(backup), Body: snapshot(func(s *azure.NewSnapshot) { s.Tags = map[string]string{"velero.io/backup": "b"} }), Status: 400, Code: "InvalidTagNameCharacters", Message: "velero.io/backup"},
		{Name: "malformed name", Key: cloudstest.AliceKey, Method: "PUT", Path: cloudstest.AzurePath(cloudstest.Home + "snapshots/a%20b"), Body: snapshot(same), Status: 400, Code: "InvalidResourceName", Message: "a b"},
		{Name: "unknown field", Key: cloudstest.AliceKey, Method: "PUT", Path: cloudstest.AzurePath(backup), Body: `{"location": "eastus", "sku": "x"}`, Status: 400, Code: "InvalidRequestContent", Message: "sku"},
		{Name: "disk in another location than its snapshot", Key: cloudstest.AliceKey, Method: "PUT", Path: cloudstest.AzurePath(cloudstest.Home + "disks/new"), Body: azure.NewDisk{Location: "westus", Source: there}, Status: 400, Code: "InvalidParameter", Message: "is in location eastus: a disk can't be made of it in location westus"},
		{Name: "disk in a location that there is not", Key: cloudstest.AliceKey, Method: "PUT", Path: cloudstest.AzurePath(cloudstest.Home + "disks/new"), Body: azure.NewDisk{Location: "atlantis", Size: 1}, Status: 400, Code: "LocationNotAvailableForResourceType", Message: "eastus,westus"},
		{Name: "disk of an unknown SKU", Key: cloudstest.AliceKey, Method: "PUT", Path: cloudstest.AzurePath(cloudstest.Home + "disks/new"), Body: azure.NewDisk{Location: "eastus", Size: 1, SKU: "gp3"}, Status: 400, Code: "InvalidParameter", Message: "Premium_LRS"},
		{Name: "zone-redundant disk in a zone", Key: cloudstest.AliceKey, Method: "PUT", Path: cloudstest.AzurePath(cloudstest.Home + "disks/new"), Body: azure.NewDisk{Location: "eastus", Size: 1, SKU: "Premium_ZRS", Zone: "1"}, Status: 400, Code: "InvalidParameter", Message: "zones"},
		{Name: "disk smaller than its snapshot", Key: cloudstest.AliceKey, Method: "PUT", Path: cloudstest.AzurePath(cloudstest.Home + "disks/new"), Body: azure.NewDisk{Location: "eastus", Size: 4, Source: there}, Status: 400, Code: "InvalidParameter", Message: "diskSizeGB"},
		{Name: "disk without a size", Key: cloudstest.AliceKey, Method: "PUT", Path: cloudstest.AzurePath(cloudstest.Home + "disks/new"), Body: azure.NewDisk{Location: "eastus"}, Status: 400, Code: "InvalidParameter", Message: "diskSizeGB"},
		{Name: "throttled", Key: cloudstest.AliceKey, Method: "GET", Path: cloudstest.AzurePath(group), Fault: faults.Error{Code: "TooManyRequests"}, Status: 429, Code: "TooManyRequests", Message: "rate"},
		{Name: "expired by a fault", Key: cloudstest.AliceKey, Method: "GET", Path: cloudstest.AzurePath(group), Fault: faults.Expired{}, Status: 401, Code: "invalid_client", Message: "AADSTS7000222"},
	} {
		t.Run(test.Name, func(t *testing.T) {
			if test.Fault != nil {
				sim.Harm(t, faults.Rule{Match: faults.Match{Operations: []string{"azure:*"}}, Fault: test.Fault})
				defer sim.Faults().Clear()
			}
			test.Check(t, sim.Clouds)
		})
	}
}

// TestTooManyIncrementalSnapshots of one disk are refused.
func TestTooManyIncrementalSnapshots(t *testing.T) {
	sim := cloudstest.Start(t)
	request := azure.NewSnapshot{Location: "eastus", Source: cloudstest.Disk, Incremental: true}
	for i := range 500 {
		cloudstest.Must[azure.SnapshotInfo](t, sim, cloudstest.AliceKey, "PUT", cloudstest.AzurePath(fmt.Sprintf("%ssnapshots/s%d", cloudstest.Home, i)), request)
	}
	cloudstest.Refusal{
		Key: cloudstest.AliceKey, Method: "PUT", Path: cloudstest.AzurePath(cloudstest.Home + "snapshots/more"), Body: request, Status: 400, Code: "OperationNotAllowed", Message: "500 incremental snapshots",
	}.Check(t, sim.Clouds)
	cloudstest.Must[any](t, sim, cloudstest.AliceKey, "DELETE", cloudstest.AzurePath(cloudstest.Home+"snapshots/s0"), nil)
	cloudstest.Must[azure.SnapshotInfo](t, sim, cloudstest.AliceKey, "PUT", cloudstest.AzurePath(cloudstest.Home+"snapshots/more"), request)
}
