package portworx_test

import (
	"slices"
	"testing"

	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/internal/clouds/cloudstest"
	"github.com/velero-locations/velero-locations/simulator/portworx"
)

// TestNodeFails: local snapshots are lost with the node of their volume, cloud ones are not.
func TestNodeFails(t *testing.T) {
	sim := cloudstest.Start(t)
	before := cloudstest.VolumeContent(t, sim.Simulator, cloudstest.Volume)
	snapshots, volumes, credentials := cloudstest.PortworxPath("px-a", "/snapshots"), cloudstest.PortworxPath("px-a", "/volumes"), cloudstest.PortworxPath("px-a", "/credentials")
	cloudstest.Must[portworx.CredentialInfo](t, sim, cloudstest.AliceKey, "POST", credentials, portworx.NewCredential{Name: "s3", AccessKey: cloudstest.BobKey.ID, SecretKey: cloudstest.BobKey.Secret})
	local := cloudstest.Must[portworx.SnapshotInfo](t, sim, cloudstest.AliceKey, "POST", snapshots, portworx.NewSnapshot{Volume: "carts"})
	cloud := cloudstest.Must[portworx.SnapshotInfo](t, sim, cloudstest.AliceKey, "POST", snapshots, portworx.NewSnapshot{Volume: cloudstest.Volume, Type: portworx.Cloud})
	if local.Node != "n1" || cloud.Node != "" || cloud.Credential != "s3" || local.Volume != cloudstest.Volume {
		t.Errorf("%+v, %+v", local, cloud)
	}
	if _, _, err := sim.Portworx().Write(cloudstest.Volume, []byte("more")); err != nil {
		t.Fatal(err)
	}
	restored := cloudstest.Must[portworx.VolumeInfo](t, sim, cloudstest.AliceKey, "POST", volumes, portworx.NewVolume{Snapshot: local.ID})
	if restored.Node != "n1" || cloudstest.VolumeContent(t, sim.Simulator, restored.ID) != before {
		t.Errorf("%+v does not hold what the volume held", restored)
	}
	cloudstest.Must[any](t, sim, cloudstest.AliceKey, "DELETE", volumes+"/"+restored.ID, nil)
	if _, found, err := sim.Portworx().FailNode("px-a", "n1"); !found || err != nil {
		t.Fatal(found, err)
	}
	cluster := cloudstest.Must[portworx.ClusterInfo](t, sim, cloudstest.AliceKey, "GET", cloudstest.PortworxPath("px-a", ""), nil)
	if !slices.Equal(cluster.Nodes, []portworx.NodeInfo{{Name: "n1", State: "failed"}, {Name: "n2", State: "online"}}) {
		t.Errorf("%+v", cluster)
	}
	for _, test := range []cloudstest.Refusal{
		{Key: cloudstest.AliceKey, Method: "GET", Path: volumes + "/" + cloudstest.Volume, Status: 404, Code: "NotFound", Message: "no volume"},
		{Key: cloudstest.AliceKey, Method: "POST", Path: volumes, Body: portworx.NewVolume{Snapshot: local.ID}, Status: 404, Code: "NotFound", Message: "no snapshot"},
		{Key: cloudstest.AliceKey, Method: "POST", Path: volumes, Body: portworx.NewVolume{Snapshot: cloud.ID, Node: "n1"}, Status: 400, Code: "FailedPrecondition", Message: "Node n1 of cluster px-a has failed"},
	} {
		test.Check(t, sim.Clouds)
	}
	restored = cloudstest.Must[portworx.VolumeInfo](t, sim, cloudstest.AliceKey, "POST", volumes, portworx.NewVolume{Snapshot: cloud.ID})
	if restored.Node != "n2" || restored.Size != 8 || cloudstest.VolumeContent(t, sim.Simulator, restored.ID) != before {
		t.Errorf("%+v does not hold what the volume held", restored)
	}
	checkReplaced(t, sim.Portworx(), func() portworx.VolumeInfo {
		return cloudstest.Must[portworx.VolumeInfo](t, sim, cloudstest.AliceKey, "POST", volumes, portworx.NewVolume{Size: 1})
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

// TestCredentials are needed for as long as a cloud snapshot is, and must be named where there are several.
func TestCredentials(t *testing.T) {
	sim := cloudstest.Start(t)
	snapshots, volumes, credentials := cloudstest.PortworxPath("px-a", "/snapshots"), cloudstest.PortworxPath("px-a", "/volumes"), cloudstest.PortworxPath("px-a", "/credentials")
	for _, name := range []string{"one", "two"} {
		cloudstest.Must[portworx.CredentialInfo](t, sim, cloudstest.AliceKey, "POST", credentials, portworx.NewCredential{Name: name, AccessKey: cloudstest.BobKey.ID, SecretKey: cloudstest.BobKey.Secret})
	}
	cloudstest.Refusal{
		Key: cloudstest.AliceKey, Method: "POST", Path: snapshots, Body: portworx.NewSnapshot{Volume: cloudstest.Volume, Type: "cloud"}, Status: 400, Code: "InvalidArgument", Message: "one, two",
	}.Check(t, sim.Clouds)
	cloud := cloudstest.Must[portworx.SnapshotInfo](t, sim, cloudstest.AliceKey, "POST", snapshots, portworx.NewSnapshot{Volume: cloudstest.Volume, Type: "cloud", Credential: "two"})
	if list := cloudstest.Must[portworx.CredentialList](t, sim, cloudstest.AliceKey, "GET", credentials, nil); len(list.Credentials) != 2 || list.Credentials[0].AccessKey != cloudstest.BobKey.ID {
		t.Errorf("%+v", list)
	}
	if err := sim.Accounts().RemoveKey(cloudstest.BobKey.ID); err != nil {
		t.Fatal(err)
	}
	for _, test := range []cloudstest.Refusal{
		{Key: cloudstest.AliceKey, Method: "POST", Path: volumes, Body: portworx.NewVolume{Snapshot: cloud.ID}, Status: 400, Code: "FailedPrecondition", Message: `does not accept credentials "two"`},
		{Key: cloudstest.AliceKey, Method: "DELETE", Path: snapshots + "/" + cloud.ID, Status: 400, Code: "FailedPrecondition", Message: `does not accept credentials "two"`},
	} {
		test.Check(t, sim.Clouds)
	}
	cloudstest.Must[any](t, sim, cloudstest.AliceKey, "DELETE", credentials+"/two", nil)
	cloudstest.Refusal{
		Key: cloudstest.AliceKey, Method: "POST", Path: volumes, Body: portworx.NewVolume{Snapshot: cloud.ID}, Status: 400, Code: "FailedPrecondition", Message: `no credentials "two"`,
	}.Check(t, sim.Clouds)
	cloudstest.Must[portworx.CredentialInfo](t, sim, cloudstest.AliceKey, "POST", credentials, portworx.NewCredential{Name: "two", AccessKey: cloudstest.AliceKey.ID, SecretKey: cloudstest.AliceKey.Secret})
	cloudstest.Must[portworx.VolumeInfo](t, sim, cloudstest.AliceKey, "POST", volumes, portworx.NewVolume{Snapshot: cloud.ID})
	cloudstest.Must[any](t, sim, cloudstest.AliceKey, "DELETE", snapshots+"/"+cloud.ID, nil)
}

// TestRefusals is the table of what clients of Portworx are told when they ask for what they may not have.
func TestRefusals(t *testing.T) {
	sim := cloudstest.Start(t)
	local := cloudstest.Must[portworx.SnapshotInfo](t, sim, cloudstest.AliceKey, "POST", cloudstest.PortworxPath("px-a", "/snapshots"), portworx.NewSnapshot{Volume: cloudstest.Volume})
	credential := portworx.NewCredential{Name: "s3", AccessKey: cloudstest.AliceKey.ID, SecretKey: cloudstest.AliceKey.Secret}
	guessed := credential
	guessed.SecretKey = "guessed"
	snapshots, volumes := cloudstest.PortworxPath("px-a", "/snapshots"), cloudstest.PortworxPath("px-a", "/volumes")
	for _, test := range []cloudstest.Refusal{
		{Name: "no credentials", Method: "GET", Path: volumes, Status: 401, Code: "Unauthenticated", Message: "no credentials"},
		{Name: "unknown key", Key: simulator.AccessKeyConfig{ID: "nobody", Secret: "x"}, Method: "GET", Path: volumes, Status: 401, Code: "Unauthenticated", Message: `"nobody"`},
		{Name: "wrong secret", Key: simulator.AccessKeyConfig{ID: cloudstest.AliceKey.ID, Secret: "guessed"}, Method: "GET", Path: volumes, Status: 401, Code: "Unauthenticated", Message: "secret"},
		{Name: "expired", Key: cloudstest.ExpiredKey, Method: "GET", Path: volumes, Status: 401, Code: "Unauthenticated", Message: "expired"},
		{Name: "another account's cluster", Key: cloudstest.BobKey, Method: "GET", Path: volumes, Status: 404, Code: "ClusterNotFound", Message: `no cluster "px-a"`},
		{Name: "volume of another cluster", Key: cloudstest.AliceKey, Method: "GET", Path: cloudstest.PortworxPath("px-empty", "/volumes/"+cloudstest.Volume), Status: 404, Code: "NotFound", Message: "no volume"},
		{Name: "volume of another account", Key: cloudstest.AliceKey, Method: "GET", Path: volumes + "/" + cloudstest.BobVolume, Status: 404, Code: "NotFound", Message: "no volume"},
		{Name: "read only", Key: cloudstest.ReaderKey, Method: "POST", Path: snapshots, Body: portworx.NewSnapshot{Volume: cloudstest.Volume}, Status: 403, Code: "PermissionDenied", Message: "portworx:CreateSnapshot " + cloudstest.Volume},
		{Name: "unknown type", Key: cloudstest.AliceKey, Method: "POST", Path: snapshots, Body: portworx.NewSnapshot{Volume: cloudstest.Volume, Type: "remote"}, Status: 400, Code: "InvalidArgument", Message: `"local" and "cloud"`},
		{Name: "cloud snapshot without credentials", Key: cloudstest.AliceKey, Method: "POST", Path: snapshots, Body: portworx.NewSnapshot{Volume: cloudstest.Volume, Type: "cloud"}, Status: 400, Code: "FailedPrecondition", Message: "no credentials for object storage"},
		{Name: "cloud snapshot with unknown credentials", Key: cloudstest.AliceKey, Method: "POST", Path: snapshots, Body: portworx.NewSnapshot{Volume: cloudstest.Volume, Type: "cloud", Credential: "none"}, Status: 400, Code: "FailedPrecondition", Message: `no credentials "none"`},
		{Name: "local snapshot with credentials", Key: cloudstest.AliceKey, Method: "POST", Path: snapshots, Body: portworx.NewSnapshot{Volume: cloudstest.Volume, Credential: "s3"}, Status: 400, Code: "InvalidArgument", Message: "credential"},
		{Name: "credentials that object storage refuses", Key: cloudstest.AliceKey, Method: "POST", Path: cloudstest.PortworxPath("px-a", "/credentials"), Body: guessed, Status: 400, Code: "InvalidArgument", Message: "does not accept"},
		{Name: "snapshot of no volume", Key: cloudstest.AliceKey, Method: "POST", Path: snapshots, Body: portworx.NewSnapshot{Volume: "none"}, Status: 404, Code: "NotFound", Message: `no volume "none"`},
		{Name: "volume of no snapshot", Key: cloudstest.AliceKey, Method: "POST", Path: volumes, Body: portworx.NewVolume{Snapshot: "none"}, Status: 404, Code: "NotFound", Message: `no snapshot "none"`},
		{Name: "volume on another node than its local snapshot", Key: cloudstest.AliceKey, Method: "POST", Path: volumes, Body: portworx.NewVolume{Snapshot: local.ID, Node: "n2"}, Status: 400, Code: "InvalidArgument", Message: "on node n1"},
		{Name: "volume on no node", Key: cloudstest.AliceKey, Method: "POST", Path: volumes, Body: portworx.NewVolume{Size: 1, Node: "n9"}, Status: 404, Code: "NotFound", Message: `no node "n9"`},
		{Name: "volume of a name that is taken", Key: cloudstest.AliceKey, Method: "POST", Path: volumes, Body: portworx.NewVolume{Size: 1, Name: "carts"}, Status: 409, Code: "AlreadyExists", Message: "carts"},
		{Name: "volume without a size", Key: cloudstest.AliceKey, Method: "POST", Path: volumes, Body: portworx.NewVolume{}, Status: 400, Code: "InvalidArgument", Message: "sizeGiB"},
		{Name: "snapshot that is gone", Key: cloudstest.AliceKey, Method: "DELETE", Path: snapshots + "/1", Status: 404, Code: "NotFound", Message: "no snapshot"},
		{Name: "outage", Key: cloudstest.AliceKey, Method: "GET", Path: volumes, Fault: faults.Outage{}, Status: 503, Code: "ServiceUnavailable"},
	} {
		t.Run(test.Name, func(t *testing.T) {
			if test.Fault != nil {
				sim.Harm(t, faults.Rule{Match: faults.Match{Operations: []string{"portworx:*"}, Regions: []string{"px-a"}}, Fault: test.Fault})
				defer sim.Faults().Clear()
			}
			test.Check(t, sim.Clouds)
		})
	}
}

// TestKeptNodes: a node that has failed has done so after a restart, too, and nothing of it is back.
func TestKeptNodes(t *testing.T) {
	dir := t.TempDir()
	sim, err := simulator.New(cloudstest.Kept(dir))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := sim.Portworx().FailNode("px-a", "n1"); err != nil {
		t.Fatal(err)
	}
	if err := sim.Close(); err != nil {
		t.Fatal(err)
	}
	if sim, err = simulator.New(cloudstest.Kept(dir)); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sim.Close() }()
	if node := sim.Portworx().Nodes()[0]; node.State != "failed" || node.Name != "n1" {
		t.Errorf("%+v", node)
	}
	if volumes := sim.Portworx().Volumes(); len(volumes) != 1 || volumes[0].ID != cloudstest.BobVolume {
		t.Errorf("%+v", volumes)
	}
}
