package clouds_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"k8s.io/kube-openapi/pkg/spec3"

	"github.com/velero-locations/velero-locations/simulator/azure"
	"github.com/velero-locations/velero-locations/simulator/call"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/journal"
	"github.com/velero-locations/velero-locations/simulator/portworx"
)

// TestAzureSnapshot: what a disk held when it was snapshotted survives its later writes and its deletion, in another
// resource group and another subscription.
func TestAzureSnapshot(t *testing.T) {
	sim := start(t)
	before := diskContent(t, sim.Simulator, disk)
	for id, incremental := range map[string]bool{
		home + "snapshots/near": false,
		home + "snapshots/less": true,
		strings.Replace(home, "/cluster/", "/backups/", 1) + "snapshots/s":                                   false,
		"/subscriptions/" + second + "/resourceGroups/vault/providers/Microsoft.Compute/snapshots/elsewhere": false,
	} {
		request := azure.NewSnapshot{Location: "eastus", Source: disk, Incremental: incremental, Tags: map[string]string{"velero-backup": "b"}}
		made := must[azure.SnapshotInfo](t, sim, aliceKey, "PUT", azurePath(id), request)
		if made.ID != id || made.Location != "eastus" || made.Size != 8 || made.Incremental != incremental || made.Tags["velero-backup"] != "b" {
			t.Errorf("%+v", made)
		}
	}
	snapshots := sim.Azure().Snapshots()
	if _, _, err := sim.Azure().Write(disk, []byte("more")); err != nil {
		t.Fatal(err)
	}
	if diskContent(t, sim.Simulator, disk) == before {
		t.Error("a write changes nothing")
	}
	must[any](t, sim, aliceKey, "DELETE", azurePath(disk), nil)
	for i, snapshot := range snapshots {
		id := home + "disks/restored-" + string(rune('a'+i))
		made := must[azure.DiskInfo](t, sim, aliceKey, "PUT", azurePath(id), azure.NewDisk{Location: "eastus", Source: snapshot.ID, Zone: "2"})
		if made.Size != 8 || made.Zone != "2" || made.SKU != azure.DefaultSKU || made.Source != snapshot.ID {
			t.Errorf("%+v", made)
		}
		if diskContent(t, sim.Simulator, id) != before {
			t.Errorf("%s does not hold what the disk held", id)
		}
	}
}

// TestAzureNames are the same in capitals, and making something twice makes it once.
func TestAzureNames(t *testing.T) {
	sim := start(t)
	shouted := "/subscriptions/" + strings.ToUpper(first) + "/resourceGroups/CLUSTER/providers/Microsoft.Compute/disks/ORDERS"
	if got := must[azure.DiskInfo](t, sim, aliceKey, "GET", azurePath(shouted), nil); got.ID != disk {
		t.Errorf("%+v", got)
	}
	request := azure.NewSnapshot{Location: "eastus", Source: shouted}
	one := must[azure.SnapshotInfo](t, sim, aliceKey, "PUT", azurePath(home+"snapshots/s"), request)
	two := must[azure.SnapshotInfo](t, sim, aliceKey, "PUT", azurePath(strings.Replace(home, "cluster", "Cluster", 1)+"snapshots/S"), request)
	if one.ID != two.ID || one.Source != disk || len(sim.Azure().Snapshots()) != 1 {
		t.Errorf("%+v, %+v", one, two)
	}
	must[any](t, sim, aliceKey, "DELETE", azurePath(home+"snapshots/S"), nil)
	must[any](t, sim, aliceKey, "DELETE", azurePath(home+"snapshots/S"), nil)
	if left := sim.Azure().Snapshots(); len(left) != 0 {
		t.Errorf("%+v", left)
	}
	group := must[azure.GroupInfo](t, sim, aliceKey, "GET", azurePath("/subscriptions/"+first+"/resourceGroups/BACKUPS"), nil)
	if group.Location != "westus" || !strings.HasSuffix(group.ID, "/backups") {
		t.Errorf("%+v", group)
	}
}

// TestTwoAccounts: each sees its own.
func TestTwoAccounts(t *testing.T) {
	sim := start(t)
	list := must[azure.DiskList](t, sim, aliceKey, "GET", azurePath(home+"disks"), nil)
	if len(list.Disks) != 2 || list.Disks[1].ID != disk || list.Disks[0].Location != "westus" {
		t.Errorf("alice sees %+v", list)
	}
	bobs := "/azure/v1/tenants/" + bobTenant + "/subscriptions/" + third + "/resourceGroups/cluster/providers/Microsoft.Compute/"
	if list := must[azure.DiskList](t, sim, bobKey, "GET", bobs+"disks", nil); len(list.Disks) != 1 || list.Disks[0].Size != 1 {
		t.Errorf("bob sees %+v", list)
	}
	must[azure.SnapshotInfo](t, sim, bobKey, "PUT", bobs+"snapshots/s", azure.NewSnapshot{Location: "eastus", Source: strings.Replace(disk, first, third, 1)})
	if list := must[azure.SnapshotList](t, sim, aliceKey, "GET", azurePath(home+"snapshots"), nil); len(list.Snapshots) != 0 {
		t.Errorf("alice sees %+v", list)
	}
	volumes := must[portworx.VolumeList](t, sim, aliceKey, "GET", portworxPath("px-a", "/volumes"), nil)
	if len(volumes.Volumes) != 1 || volumes.Volumes[0].ID != pxVolume {
		t.Errorf("alice sees %+v", volumes)
	}
	volumes = must[portworx.VolumeList](t, sim, bobKey, "GET", portworxPath("px-b", "/volumes"), nil)
	if len(volumes.Volumes) != 1 || volumes.Volumes[0].ID != bobVolume {
		t.Errorf("bob sees %+v", volumes)
	}
}

// TestPortworxNodeFails: local snapshots are lost with the node of their volume, cloud ones are not.
func TestPortworxNodeFails(t *testing.T) {
	sim := start(t)
	before := volumeContent(t, sim.Simulator, pxVolume)
	snapshots, volumes, credentials := portworxPath("px-a", "/snapshots"), portworxPath("px-a", "/volumes"), portworxPath("px-a", "/credentials")
	must[portworx.CredentialInfo](t, sim, aliceKey, "POST", credentials, portworx.NewCredential{Name: "s3", AccessKey: bobKey.ID, SecretKey: bobKey.Secret})
	local := must[portworx.SnapshotInfo](t, sim, aliceKey, "POST", snapshots, portworx.NewSnapshot{Volume: "carts"})
	cloud := must[portworx.SnapshotInfo](t, sim, aliceKey, "POST", snapshots, portworx.NewSnapshot{Volume: pxVolume, Type: portworx.Cloud})
	if local.Node != "n1" || cloud.Node != "" || cloud.Credential != "s3" || local.Volume != pxVolume {
		t.Errorf("%+v, %+v", local, cloud)
	}
	if _, _, err := sim.Portworx().Write(pxVolume, []byte("more")); err != nil {
		t.Fatal(err)
	}
	restored := must[portworx.VolumeInfo](t, sim, aliceKey, "POST", volumes, portworx.NewVolume{Snapshot: local.ID})
	if restored.Node != "n1" || volumeContent(t, sim.Simulator, restored.ID) != before {
		t.Errorf("%+v does not hold what the volume held", restored)
	}
	must[any](t, sim, aliceKey, "DELETE", volumes+"/"+restored.ID, nil)
	if _, found, err := sim.Portworx().FailNode("px-a", "n1"); !found || err != nil {
		t.Fatal(found, err)
	}
	cluster := must[portworx.ClusterInfo](t, sim, aliceKey, "GET", portworxPath("px-a", ""), nil)
	if !slices.Equal(cluster.Nodes, []portworx.NodeInfo{{Name: "n1", State: "failed"}, {Name: "n2", State: "online"}}) {
		t.Errorf("%+v", cluster)
	}
	for _, test := range []refusal{
		{key: aliceKey, method: "GET", path: volumes + "/" + pxVolume, status: 404, code: "NotFound", message: "no volume"},
		{key: aliceKey, method: "POST", path: volumes, body: portworx.NewVolume{Snapshot: local.ID}, status: 404, code: "NotFound", message: "no snapshot"},
		{key: aliceKey, method: "POST", path: volumes, body: portworx.NewVolume{Snapshot: cloud.ID, Node: "n1"}, status: 400, code: "FailedPrecondition", message: "Node n1 of cluster px-a has failed"},
	} {
		test.check(t, sim.Clouds)
	}
	restored = must[portworx.VolumeInfo](t, sim, aliceKey, "POST", volumes, portworx.NewVolume{Snapshot: cloud.ID})
	if restored.Node != "n2" || restored.Size != 8 || volumeContent(t, sim.Simulator, restored.ID) != before {
		t.Errorf("%+v does not hold what the volume held", restored)
	}
	checkReplaced(t, sim.Portworx(), func() portworx.VolumeInfo {
		return must[portworx.VolumeInfo](t, sim, aliceKey, "POST", volumes, portworx.NewVolume{Size: 1})
	})
}

// checkReplaced replaces the failed node, and wants volumes to be made there again.
func checkReplaced(t *testing.T, store *portworx.Store, create func() portworx.VolumeInfo) {
	t.Helper()
	if got := create(); got.Node != "n2" {
		t.Errorf("a volume is made on %s", got.Node)
	}
	node, found, err := store.ReplaceNode("px-a", "n1")
	if !found || err != nil || node.State != "online" {
		t.Fatal(node, found, err)
	}
	if got := create(); got.Node != "n1" {
		t.Errorf("a volume is made on %s", got.Node)
	}
	if _, found, err := store.FailNode("px-a", "n1"); !found || err != nil {
		t.Fatal(err)
	}
	if _, found, _ := store.FailNode("px-a", "n9"); found {
		t.Error("a node that there is not has failed")
	}
}

// TestPortworxCredentials are needed for as long as a cloud snapshot is, and must be named where there are several.
func TestPortworxCredentials(t *testing.T) {
	sim := start(t)
	snapshots, volumes, credentials := portworxPath("px-a", "/snapshots"), portworxPath("px-a", "/volumes"), portworxPath("px-a", "/credentials")
	for _, name := range []string{"one", "two"} {
		must[portworx.CredentialInfo](t, sim, aliceKey, "POST", credentials, portworx.NewCredential{Name: name, AccessKey: bobKey.ID, SecretKey: bobKey.Secret})
	}
	refusal{
		key: aliceKey, method: "POST", path: snapshots, body: portworx.NewSnapshot{Volume: pxVolume, Type: "cloud"}, status: 400, code: "InvalidArgument", message: "one, two",
	}.check(t, sim.Clouds)
	cloud := must[portworx.SnapshotInfo](t, sim, aliceKey, "POST", snapshots, portworx.NewSnapshot{Volume: pxVolume, Type: "cloud", Credential: "two"})
	if list := must[portworx.CredentialList](t, sim, aliceKey, "GET", credentials, nil); len(list.Credentials) != 2 || list.Credentials[0].AccessKey != bobKey.ID {
		t.Errorf("%+v", list)
	}
	sim.Accounts().RemoveKey(bobKey.ID)
	for _, test := range []refusal{
		{key: aliceKey, method: "POST", path: volumes, body: portworx.NewVolume{Snapshot: cloud.ID}, status: 400, code: "FailedPrecondition", message: `does not accept credentials "two"`},
		{key: aliceKey, method: "DELETE", path: snapshots + "/" + cloud.ID, status: 400, code: "FailedPrecondition", message: `does not accept credentials "two"`},
	} {
		test.check(t, sim.Clouds)
	}
	must[any](t, sim, aliceKey, "DELETE", credentials+"/two", nil)
	refusal{
		key: aliceKey, method: "POST", path: volumes, body: portworx.NewVolume{Snapshot: cloud.ID}, status: 400, code: "FailedPrecondition", message: `no credentials "two"`,
	}.check(t, sim.Clouds)
	must[portworx.CredentialInfo](t, sim, aliceKey, "POST", credentials, portworx.NewCredential{Name: "two", AccessKey: aliceKey.ID, SecretKey: aliceKey.Secret})
	must[portworx.VolumeInfo](t, sim, aliceKey, "POST", volumes, portworx.NewVolume{Snapshot: cloud.ID})
	must[any](t, sim, aliceKey, "DELETE", snapshots+"/"+cloud.ID, nil)
}

// TestFaultsAndJournal: faults strike by location, and by resource under its own id; the journal tells of it all.
func TestFaultsAndJournal(t *testing.T) {
	sim := start(t)
	far := azurePath(home + "disks/far")
	sim.Harm(t, faults.Rule{Name: "west-is-down", Match: faults.Match{Regions: []string{"westus"}}, Fault: faults.Outage{}})
	sim.Harm(t, faults.Rule{Name: "lost", Match: faults.Match{Operations: []string{"azure:CreateSnapshot"}}, Times: 1, Fault: faults.Reset{At: faults.Download}})
	sim.Harm(t, faults.Rule{Name: "volume", Match: faults.Match{Resources: []string{pxVolume}}, Times: 1, Fault: faults.Error{Code: "TooManyRequests"}})
	refusal{key: aliceKey, method: "GET", path: far, status: 503, code: "ServiceUnavailable"}.check(t, sim.Clouds)
	must[azure.DiskInfo](t, sim, aliceKey, "GET", azurePath(disk), nil)
	refusal{key: aliceKey, method: "GET", path: portworxPath("px-a", "/volumes/carts"), status: 429, code: "TooManyRequests"}.check(t, sim.Clouds)
	if got, err := send(t, sim.Clouds, aliceKey, "PUT", azurePath(home+"snapshots/s"), azure.NewSnapshot{Location: "eastus", Source: disk}); err == nil {
		t.Errorf("the answer was not lost: %+v", got)
	}
	if len(sim.Azure().Snapshots()) != 1 {
		t.Error("the snapshot whose answer was lost is not there")
	}

	var calls []call.Call
	var errors, names []string
	for entry := range sim.Journal().Follow(t.Context(), journal.Filter{Account: alice}) {
		calls, errors, names = append(calls, entry.Call), append(errors, entry.Error), append(names, strings.Join(entry.Faults, ","))
		if len(calls) == 4 {
			break // the last one is recorded when its client has lost the answer already
		}
	}
	by := call.Call{Account: alice, AccessKey: aliceKey.ID}
	want := []call.Call{by, by, by, by}
	want[0].Operation, want[0].Region, want[0].Resource = "azure:GetDisk", "westus", home+"disks/far"
	want[1].Operation, want[1].Region, want[1].Resource = "azure:GetDisk", "eastus", disk
	want[2].Operation, want[2].Region, want[2].Resource = "portworx:GetVolume", "px-a", pxVolume
	want[3].Operation, want[3].Region, want[3].Resource = "azure:CreateSnapshot", "eastus", home+"snapshots/s"
	if !slices.Equal(calls, want) {
		t.Errorf("the journal has %+v", calls)
	}
	if !slices.Equal(errors, []string{"ServiceUnavailable", "", "TooManyRequests", ""}) || !slices.Equal(names, []string{"west-is-down", "", "volume", "lost"}) {
		t.Errorf("the journal has errors %q and faults %q", errors, names)
	}
	if text, err := json.Marshal(sim.Journal().Entries(journal.Filter{})); err != nil || strings.Contains(string(text), aliceKey.Secret) {
		t.Errorf("the journal tells a secret: %s, %v", text, err)
	}
}

// TestDescriptions are read by Kubernetes' own tools, and leave nothing undescribed.
func TestDescriptions(t *testing.T) {
	sim := start(t)
	for name, operations := range map[string]int{"azure": 9, "portworx": 12} {
		got, err := send(t, sim.Clouds, aliceKey, "GET", "/"+name+"/v1/openapi.json", nil)
		if err != nil || got.status != 200 {
			t.Fatalf("%+v, %v", got, err)
		}
		var description spec3.OpenAPI
		if err := description.UnmarshalJSON([]byte(got.body)); err != nil {
			t.Fatal(err)
		}
		n := 0
		for path, item := range description.Paths.Paths {
			if !strings.HasPrefix(path, "/"+name+"/v1/") {
				t.Errorf("path %s", path)
			}
			for _, operation := range []*spec3.Operation{item.Get, item.Put, item.Post, item.Delete} {
				if operation != nil {
					n++
				}
			}
		}
		if n != operations {
			t.Errorf("%s has %d operations described, want %d", name, n, operations)
		}
		for schema, of := range description.Components.Schemas {
			for field, property := range of.Properties {
				if property.Description == "" {
					t.Errorf("%s.%s is not described", schema, field)
				}
			}
		}
	}
}
