package clouds_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/velero-locations/velero-locations/simulator/azure"
	"github.com/velero-locations/velero-locations/simulator/call"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/internal/clouds/cloudstest"
	"github.com/velero-locations/velero-locations/simulator/journal"
	"github.com/velero-locations/velero-locations/simulator/portworx"
)

// TestTwoAccounts: each sees its own.
func TestTwoAccounts(t *testing.T) {
	sim := cloudstest.Start(t)
	list := cloudstest.Must[azure.DiskList](t, sim, cloudstest.AliceKey, "GET", cloudstest.AzurePath(cloudstest.Home+"disks"), nil)
	if len(list.Disks) != 2 || list.Disks[1].ID != cloudstest.Disk || list.Disks[0].Location != "westus" {
		t.Errorf("alice sees %+v", list)
	}
	bobs := "/azure/v1/tenants/" + cloudstest.BobTenant + "/subscriptions/" + cloudstest.BobSubscription + "/resourceGroups/cluster/providers/Microsoft.Compute/"
	if list := cloudstest.Must[azure.DiskList](t, sim, cloudstest.BobKey, "GET", bobs+"disks", nil); len(list.Disks) != 1 || list.Disks[0].Size != 1 {
		t.Errorf("bob sees %+v", list)
	}
	cloudstest.Must[azure.SnapshotInfo](t, sim, cloudstest.BobKey, "PUT", bobs+"snapshots/s", azure.NewSnapshot{Location: "eastus", Source: strings.Replace(cloudstest.Disk, cloudstest.AliceSubscription, cloudstest.BobSubscription, 1)})
	if list := cloudstest.Must[azure.SnapshotList](t, sim, cloudstest.AliceKey, "GET", cloudstest.AzurePath(cloudstest.Home+"snapshots"), nil); len(list.Snapshots) != 0 {
		t.Errorf("alice sees %+v", list)
	}
	volumes := cloudstest.Must[portworx.VolumeList](t, sim, cloudstest.AliceKey, "GET", cloudstest.PortworxPath("px-a", "/volumes"), nil)
	if len(volumes.Volumes) != 1 || volumes.Volumes[0].ID != cloudstest.Volume {
		t.Errorf("alice sees %+v", volumes)
	}
	volumes = cloudstest.Must[portworx.VolumeList](t, sim, cloudstest.BobKey, "GET", cloudstest.PortworxPath("px-b", "/volumes"), nil)
	if len(volumes.Volumes) != 1 || volumes.Volumes[0].ID != cloudstest.BobVolume {
		t.Errorf("bob sees %+v", volumes)
	}
}

// TestFaultsAndJournal: faults strike by location, and by resource under its own id; the journal tells of it all.
func TestFaultsAndJournal(t *testing.T) {
	sim := cloudstest.Start(t)
	far := cloudstest.AzurePath(cloudstest.Home + "disks/far")
	sim.Harm(t, faults.Rule{Name: "west-is-down", Match: faults.Match{Regions: []string{"westus"}}, Fault: faults.Outage{}})
	sim.Harm(t, faults.Rule{Name: "lost", Match: faults.Match{Operations: []string{"azure:CreateSnapshot"}}, Times: 1, Fault: faults.Reset{At: faults.Download}})
	sim.Harm(t, faults.Rule{Name: "volume", Match: faults.Match{Resources: []string{cloudstest.Volume}}, Times: 1, Fault: faults.Error{Code: "TooManyRequests"}})
	cloudstest.Refusal{Key: cloudstest.AliceKey, Method: "GET", Path: far, Status: 503, Code: "ServiceUnavailable"}.Check(t, sim.Clouds)
	cloudstest.Must[azure.DiskInfo](t, sim, cloudstest.AliceKey, "GET", cloudstest.AzurePath(cloudstest.Disk), nil)
	cloudstest.Refusal{Key: cloudstest.AliceKey, Method: "GET", Path: cloudstest.PortworxPath("px-a", "/volumes/carts"), Status: 429, Code: "TooManyRequests"}.Check(t, sim.Clouds)
	if got, err := cloudstest.Send(t, sim.Clouds, cloudstest.AliceKey, "PUT", cloudstest.AzurePath(cloudstest.Home+"snapshots/s"), azure.NewSnapshot{Location: "eastus", Source: cloudstest.Disk}); err == nil {
		t.Errorf("the answer was not lost: %+v", got)
	}
	if len(sim.Azure().Snapshots()) != 1 {
		t.Error("the snapshot whose answer was lost is not there")
	}

	var calls []call.Call
	var errors, names []string
	for entry := range sim.Journal().Follow(t.Context(), journal.Filter{Account: cloudstest.Alice}) {
		calls, errors, names = append(calls, entry.Call), append(errors, entry.Error), append(names, strings.Join(entry.Faults, ","))
		if len(calls) == 4 {
			break // the last one is recorded when its client has lost the answer already
		}
	}
	by := call.Call{Account: cloudstest.Alice, AccessKey: cloudstest.AliceKey.ID}
	want := []call.Call{by, by, by, by}
	want[0].Operation, want[0].Region, want[0].Resource = "azure:GetDisk", "westus", cloudstest.Home+"disks/far"
	want[1].Operation, want[1].Region, want[1].Resource = "azure:GetDisk", "eastus", cloudstest.Disk
	want[2].Operation, want[2].Region, want[2].Resource = "portworx:GetVolume", "px-a", cloudstest.Volume
	want[3].Operation, want[3].Region, want[3].Resource = "azure:CreateSnapshot", "eastus", cloudstest.Home+"snapshots/s"
	if !slices.Equal(calls, want) {
		t.Errorf("the journal has %+v", calls)
	}
	if !slices.Equal(errors, []string{"ServiceUnavailable", "", "TooManyRequests", ""}) || !slices.Equal(names, []string{"west-is-down", "", "volume", "lost"}) {
		t.Errorf("the journal has errors %q and faults %q", errors, names)
	}
	if text, err := json.Marshal(sim.Journal().Entries(journal.Filter{})); err != nil || strings.Contains(string(text), cloudstest.AliceKey.Secret) {
		t.Errorf("the journal tells a secret: %s, %v", text, err)
	}
}

// TestDescriptions leave nothing undescribed.
func TestDescriptions(t *testing.T) {
	sim := cloudstest.Start(t)
	for name, operations := range map[string]int{"azure": 9, "portworx": 12} {
		got, err := cloudstest.Send(t, sim.Clouds, cloudstest.AliceKey, "GET", "/"+name+"/v1/openapi.json", nil)
		if err != nil || got.Status != 200 {
			t.Fatalf("%+v, %v", got, err)
		}
		var description struct {
			Paths      map[string]map[string]any
			Components struct {
				Schemas map[string]struct {
					Properties map[string]struct{ Description string }
				}
			}
		}
		if err := json.Unmarshal([]byte(got.Body), &description); err != nil {
			t.Fatal(err)
		}
		n := 0
		for path, item := range description.Paths {
			if !strings.HasPrefix(path, "/"+name+"/v1/") {
				t.Errorf("path %s", path)
			}
			for _, method := range []string{"get", "put", "post", "delete"} {
				if item[method] != nil {
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
