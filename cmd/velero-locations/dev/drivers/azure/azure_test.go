package azure_test

import (
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/drivers/azure"
	"github.com/velero-locations/velero-locations/drivers/snapshotter"
	"github.com/velero-locations/velero-locations/simulator"
	azuresim "github.com/velero-locations/velero-locations/simulator/azure"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/policy"
	"github.com/velero-locations/velero-locations/simulator/simulatortest"
)

const (
	tenant      = "aaaaaaaa-0000-0000-0000-00000000000a"
	mine        = "aaaaaaaa-0000-0000-0000-000000000001" // subscriptions
	vault       = "aaaaaaaa-0000-0000-0000-000000000002"
	otherTenant = "bbbbbbbb-0000-0000-0000-00000000000b"
	others      = "bbbbbbbb-0000-0000-0000-000000000003"

	orders = "/subscriptions/" + mine + "/resourceGroups/cluster/providers/Microsoft.Compute/disks/orders"
)

var (
	key        = simulator.AccessKeyConfig{ID: "client-a", Secret: "secret of mine"}
	othersKey  = simulator.AccessKeyConfig{ID: "client-b", Secret: "secret of others"}
	readerKey  = simulator.AccessKeyConfig{ID: "client-r", Secret: "secret of a reader", Policy: policy.Policy{{Effect: policy.Allow, Actions: []string{"azure:Get*"}}}}
	expiredKey = simulator.AccessKeyConfig{ID: "client-e", Secret: "e", Expires: time.Now().Add(-time.Hour)}
)

// cloud has a tenant with two subscriptions, and another one with one.
func cloud(t *testing.T) *simulatortest.Simulator {
	t.Helper()
	return simulatortest.Start(t, func(c *simulator.Config) {
		c.Accounts = []simulator.AccountConfig{
			{ID: "111111111111", AccessKeys: []simulator.AccessKeyConfig{key, readerKey, expiredKey}, Azure: azuresim.Tenant{ID: tenant, Subscriptions: []azuresim.Subscription{
				{ID: mine, ResourceGroups: []azuresim.ResourceGroup{
					{Name: "cluster", Location: "eastus", Disks: []azuresim.DiskConfig{
						{Name: "orders", Size: 8, SKU: "Premium_LRS", Zone: "2", Tags: map[string]string{"team": "a", "of": "the disk"}, Data: "at first"},
						{Name: "everywhere", Size: 8, SKU: "Premium_ZRS", Location: "westus"},
					}},
					{Name: "backups", Location: "westus"},
				}},
				{ID: vault, ResourceGroups: []azuresim.ResourceGroup{{Name: "cluster", Location: "eastus"}, {Name: "safe", Location: "eastus"}}},
			}}},
			{ID: "222222222222", AccessKeys: []simulator.AccessKeyConfig{othersKey}, Azure: azuresim.Tenant{ID: otherTenant, Subscriptions: []azuresim.Subscription{
				{ID: others, ResourceGroups: []azuresim.ResourceGroup{{Name: "cluster", Location: "eastus", Disks: []azuresim.DiskConfig{{Name: "theirs", Size: 1}}}}},
			}}},
		}
	})
}

func file(tenant, subscription string, key simulator.AccessKeyConfig) string {
	return "AZURE_SUBSCRIPTION_ID=" + subscription + "\nAZURE_TENANT_ID=" + tenant + "\nAZURE_CLIENT_ID=" + key.ID +
		"\nAZURE_CLIENT_SECRET='" + key.Secret + "'\nAZURE_RESOURCE_GROUP=cluster\nAZURE_CLOUD_NAME=AzurePublicCloud\n"
}

// with are the options of a location whose settings are keys and values in turn.
func with(t *testing.T, address, credentials string, settings ...string) snapshotter.Options {
	t.Helper()
	endpoint, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	opts := snapshotter.Options{Config: map[string]string{}, Credentials: []byte(credentials), Endpoint: endpoint}
	for i := 0; i < len(settings); i += 2 {
		opts.Config[settings[i]] = settings[i+1]
	}
	return opts
}

func open(t *testing.T, opts snapshotter.Options) snapshotter.Snapshotter {
	t.Helper()
	s, err := azure.Driver.Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func find(t *testing.T, sim *simulatortest.Simulator, id string) *azuresim.Disk {
	t.Helper()
	for _, disk := range sim.Azure().Disks() {
		if disk.ID == id {
			return disk
		}
	}
	t.Fatalf("there is no disk %s", id)
	return nil
}

// TestBackupAndRestore takes a snapshot, writes to the disk, and makes another of what it held before: in the disk's
// resource group and in others.
func TestBackupAndRestore(t *testing.T) {
	for name, test := range map[string]struct {
		settings    []string
		in          string
		incremental bool
	}{
		"next to the disk":       {nil, mine + "/resourceGroups/cluster", false},
		"incremental":            {[]string{"incremental", "true"}, mine + "/resourceGroups/cluster", true},
		"another resource group": {[]string{"resourceGroup", "backups", "incremental", "true"}, mine + "/resourceGroups/backups", true},
		"another subscription":   {[]string{"subscriptionId", vault, "resourceGroup", "safe"}, vault + "/resourceGroups/safe", false},
		"of the same name":       {[]string{"subscriptionId", vault, "apiTimeout", "10s"}, vault + "/resourceGroups/cluster", false},
	} {
		t.Run(name, func(t *testing.T) {
			sim := cloud(t)
			s := open(t, with(t, sim.Clouds, file(tenant, mine, key), append(test.settings, "tags", "of=the location,kept=yes")...))
			if err := s.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
			volume, err := s.Volume(t.Context(), "orders", "eastus-2")
			if want := (snapshotter.Volume{ID: "orders", Type: "Premium_LRS", Zone: "eastus-2", Region: "eastus"}); err != nil || volume != want {
				t.Fatalf("got %+v, %v; want %+v", volume, err, want)
			}
			id, err := s.CreateSnapshot(t.Context(), "orders", "eastus-2", map[string]string{"velero.io/backup": "b", "of": "the backup"})
			if err != nil || !strings.HasPrefix(id, "/subscriptions/"+test.in+"/providers/Microsoft.Compute/snapshots/orders-") {
				t.Fatalf("%s, %v", id, err)
			}
			made := sim.Azure().Snapshots()[0]
			wantTags := map[string]string{"team": "a", "of": "the location", "velero.io-backup": "b", "kept": "yes"}
			if made.Incremental != test.incremental || made.Location != "eastus" || !maps.Equal(made.Tags, wantTags) {
				t.Errorf("%+v", made)
			}
			checkRestore(t, sim, s, id, volume)
		})
	}
}

// checkRestore writes to the disk and deletes it, and wants a new one to hold what it held before.
func checkRestore(t *testing.T, sim *simulatortest.Simulator, s snapshotter.Snapshotter, id string, volume snapshotter.Volume) {
	t.Helper()
	held := find(t, sim, orders).Content
	if _, _, err := sim.Azure().Write(orders, []byte("later")); err != nil {
		t.Fatal(err)
	}
	name, err := s.CreateVolume(t.Context(), id, volume)
	if err != nil {
		t.Fatal(err)
	}
	restored := find(t, sim, strings.TrimSuffix(orders, "orders")+name)
	if restored.Content != held || restored.SKU != "Premium_LRS" || restored.Zone != "2" || restored.Tags["team"] != "a" {
		t.Errorf("the restored disk is %+v", restored)
	}
	zonal := volume
	zonal.Type = "Premium_ZRS"
	if name, err = s.CreateVolume(t.Context(), strings.ToLower(id), zonal); err != nil {
		t.Fatal(err)
	}
	if restored := find(t, sim, strings.TrimSuffix(orders, "orders")+name); restored.Zone != "" {
		t.Errorf("a disk of all zones is in zone %s", restored.Zone)
	}
	for range 2 { // gone is deleted
		if err := s.DeleteSnapshot(t.Context(), id); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.CreateVolume(t.Context(), id, volume); snapshotter.ReasonOf(err) != snapshotter.NotFound {
		t.Errorf("from a deleted snapshot: %v", err)
	}
}

// TestErrors: what is wrong, and what to do about it.
func TestErrors(t *testing.T) {
	sim := cloud(t)
	id, err := open(t, with(t, sim.Clouds, file(tenant, mine, key))).CreateSnapshot(t.Context(), "orders", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	stranger := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(stranger.Close)
	guessed := simulator.AccessKeyConfig{ID: key.ID, Secret: "guessed"}
	check := func(s snapshotter.Snapshotter) error { return s.Check(t.Context()) }
	create := func(s snapshotter.Snapshotter) error {
		_, err := s.CreateSnapshot(t.Context(), "orders", "", nil)
		return err
	}
	restore := func(id string, like snapshotter.Volume) func(snapshotter.Snapshotter) error {
		return func(s snapshotter.Snapshotter) error {
			_, err := s.CreateVolume(t.Context(), id, like)
			return err
		}
	}
	theirs, err := open(t, with(t, sim.Clouds, file(otherTenant, others, othersKey))).CreateSnapshot(t.Context(), "theirs", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		address, credentials string
		settings             []string
		fault                faults.Fault
		do                   func(snapshotter.Snapshotter) error
		reason               snapshotter.Reason
		code, advice         string
	}{
		"unknown client":           {credentials: file(tenant, mine, simulator.AccessKeyConfig{ID: "nobody", Secret: "x"}), do: check, reason: snapshotter.CredentialsRefused, code: "unauthorized_client", advice: "correct AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET"},
		"wrong tenant":             {credentials: file(otherTenant, mine, key), do: check, reason: snapshotter.CredentialsRefused, code: "unauthorized_client", advice: "AZURE_TENANT_ID"},
		"wrong secret":             {credentials: file(tenant, mine, guessed), do: check, reason: snapshotter.CredentialsRefused, code: "invalid_client", advice: "AADSTS7000215"},
		"expired secret":           {credentials: file(tenant, mine, expiredKey), do: check, reason: snapshotter.CredentialsRefused, code: "invalid_client", advice: "AADSTS7000222"},
		"expired by a fault":       {fault: faults.Expired{}, do: check, reason: snapshotter.CredentialsRefused, code: "invalid_client", advice: "expired"},
		"subscription of others":   {credentials: file(tenant, others, key), do: check, reason: snapshotter.NotFound, code: "SubscriptionNotFound", advice: "correct AZURE_SUBSCRIPTION_ID in the credentials"},
		"no such subscription":     {settings: []string{"subscriptionId", others}, do: create, reason: snapshotter.NotFound, code: "SubscriptionNotFound", advice: "correct spec.config.subscriptionId"},
		"no such resource group":   {settings: []string{"resourceGroup", "none"}, do: check, reason: snapshotter.NotFound, code: "ResourceGroupNotFound", advice: "correct spec.config.resourceGroup, or create it"},
		"may only read":            {credentials: file(tenant, mine, readerKey), do: create, reason: snapshotter.Denied, code: "AuthorizationFailed", advice: "azure:CreateSnapshot"},
		"incremental in another":   {settings: []string{"subscriptionId", vault, "incremental", "true"}, do: create, reason: snapshotter.Refused, code: "OperationNotAllowed", advice: `set spec.config.incremental to "false"`},
		"throttled":                {fault: faults.Error{Code: "TooManyRequests"}, do: create, reason: snapshotter.Throttled, code: "TooManyRequests", advice: "wait"},
		"broken":                   {fault: faults.Error{Code: "InternalError"}, do: create, reason: snapshotter.Refused, code: "InternalError", advice: "look at the service"},
		"too slow":                 {settings: []string{"apiTimeout", "1ms"}, fault: faults.Outage{Mode: faults.Hanging}, do: check, reason: snapshotter.Unreachable, advice: "did not answer in time"},
		"nobody there":             {address: "http://127.0.0.1:1", do: check, reason: snapshotter.Unreachable, advice: "nothing listens at http://127.0.0.1:1"},
		"not the simulator":        {address: stranger.URL, do: check, reason: snapshotter.Unreachable, advice: "is not the simulator's API (404 Not Found)"},
		"a zone in another region": {do: restore(id, snapshotter.Volume{Type: "Premium_LRS", Zone: "westus-1"}), reason: snapshotter.Elsewhere, advice: "is in location eastus, but a disk is wanted in westus"},
		"a snapshot of Amazon":     {do: restore("snap-1", snapshotter.Volume{}), reason: snapshotter.NotFound, advice: `"snap-1" is not the id of a snapshot of Azure`},
		"a snapshot of others":     {do: func(s snapshotter.Snapshotter) error { return s.DeleteSnapshot(t.Context(), theirs) }, reason: snapshotter.NotFound, code: "SubscriptionNotFound", advice: "correct AZURE_SUBSCRIPTION_ID"},
		"a disk of no SKU":         {do: restore(id, snapshotter.Volume{Type: "gp3"}), reason: snapshotter.Refused, code: "InvalidParameter", advice: "Premium_LRS"},
	} {
		t.Run(name, func(t *testing.T) {
			if test.fault != nil {
				sim.Harm(t, faults.Rule{Fault: test.fault})
				defer sim.Faults().Clear()
			}
			address, credentials := sim.Clouds, file(tenant, mine, key)
			if test.address != "" {
				address = test.address
			}
			if test.credentials != "" {
				credentials = test.credentials
			}
			checkError(t, test.do(open(t, with(t, address, credentials, test.settings...))), test.reason, test.code, test.advice)
		})
	}
}

func checkError(t *testing.T, err error, reason snapshotter.Reason, code, advice string) {
	t.Helper()
	var failure *snapshotter.Error
	if !errors.As(err, &failure) {
		t.Fatalf("%T %v", err, err)
	}
	if failure.Reason != reason || failure.Code != code || !strings.Contains(failure.Advice, advice) {
		t.Errorf("%s %q: %s; want %s %q: %s", failure.Reason, failure.Code, failure.Advice, reason, code, advice)
	}
	for _, secret := range []string{key.Secret, "guessed"} {
		if strings.Contains(failure.Advice, secret) || strings.Contains(failure.Advice, "\n") {
			t.Errorf("it tells a secret, or has several lines: %s", failure.Advice)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	good := file(tenant, mine, key)
	for name, test := range map[string]struct {
		opts snapshotter.Options
		want string
	}{
		"a timeout":      {with(t, "http://127.0.0.1:1", good, "apiTimeout", "soon"), "spec.config[apiTimeout]"},
		"an unknown key": {with(t, "http://127.0.0.1:1", good, "region", "eastus"), "spec.config[region]"},
		"no credentials": {with(t, "http://127.0.0.1:1", ""), "AZURE_SUBSCRIPTION_ID"},
		"no endpoint":    {snapshotter.Options{Credentials: []byte(good)}, azure.EndpointVariable},
	} {
		if _, err := azure.Driver.Open(test.opts); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
	}
	t.Setenv(azure.EndpointVariable, "ftp://somewhere")
	if _, err := azure.Driver.Open(snapshotter.Options{Credentials: []byte(good)}); err == nil || !strings.Contains(err.Error(), azure.EndpointVariable) {
		t.Errorf("a bad address in the environment: %v", err)
	}
	sim := cloud(t)
	t.Setenv(azure.EndpointVariable, sim.Clouds)
	if err := open(t, snapshotter.Options{Credentials: []byte(good)}).Check(t.Context()); err != nil {
		t.Errorf("with an address in the environment: %v", err)
	}
}

func TestVolumeID(t *testing.T) {
	s := open(t, with(t, "http://127.0.0.1:1", file(tenant, mine, key)))
	csi := func(driver, handle string) corev1.PersistentVolumeSource {
		return corev1.PersistentVolumeSource{CSI: &corev1.CSIPersistentVolumeSource{Driver: driver, VolumeHandle: handle}}
	}
	for name, test := range map[string]struct {
		source    corev1.PersistentVolumeSource
		want, err string
	}{
		"CSI":                  {csi("disk.csi.azure.com", orders), "orders", ""},
		"CSI in small letters": {csi("disk.csi.azure.com", strings.ToLower(orders)), "orders", ""},
		"CSI with no id":       {csi("disk.csi.azure.com", "orders"), "", ""},
		"another CSI driver":   {csi("file.csi.azure.com", orders), "", ""},
		"in-tree":              {corev1.PersistentVolumeSource{AzureDisk: &corev1.AzureDiskVolumeSource{DiskName: "orders", DataDiskURI: orders}}, "orders", ""},
		"in-tree without name": {corev1.PersistentVolumeSource{AzureDisk: &corev1.AzureDiskVolumeSource{DataDiskURI: orders}}, "", "spec.azureDisk.diskName"},
		"something else":       {corev1.PersistentVolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/"}}, "", ""},
	} {
		got, err := s.VolumeID(&corev1.PersistentVolume{Spec: corev1.PersistentVolumeSpec{PersistentVolumeSource: test.source}})
		if got != test.want || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if s.Region() != "" {
		t.Errorf("it is in region %s", s.Region())
	}
}
