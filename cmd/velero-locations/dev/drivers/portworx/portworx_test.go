package portworx_test

import (
	"errors"
	"maps"
	"net/url"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/drivers/portworx"
	"github.com/velero-locations/velero-locations/drivers/snapshotter"
	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/accounts"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/policy"
	portworxsim "github.com/velero-locations/velero-locations/simulator/portworx"
	"github.com/velero-locations/velero-locations/simulator/simulatortest"
)

const (
	mine, theirs = "100000000000000001", "100000000000000002"
	cluster      = "px-a"
	account      = "111111111111"
)

var (
	key       = simulator.AccessKeyConfig{ID: "key-a", Secret: "secret of mine"}
	readerKey = simulator.AccessKeyConfig{ID: "key-r", Secret: "secret of a reader", Policy: policy.Policy{{Effect: policy.Allow, Actions: []string{"portworx:Get*"}}}}
	othersKey = simulator.AccessKeyConfig{ID: "key-b", Secret: "secret of others"}
)

// cloud has two clusters, of an account each.
func cloud(t *testing.T) *simulatortest.Simulator {
	t.Helper()
	volumes := func(id string) []portworxsim.VolumeConfig {
		return []portworxsim.VolumeConfig{{ID: id, Name: "pvc-1", Node: "n1", Size: 8, Data: id, Labels: map[string]string{"team": "a", "of": "the volume"}}}
	}
	return simulatortest.Start(t, func(c *simulator.Config) {
		c.Accounts = []simulator.AccountConfig{
			{ID: account, AccessKeys: []simulator.AccessKeyConfig{key, readerKey}, Portworx: []portworxsim.Cluster{{Name: cluster, Nodes: []string{"n1", "n2"}, Volumes: volumes(mine)}}},
			{ID: "222222222222", AccessKeys: []simulator.AccessKeyConfig{othersKey}, Portworx: []portworxsim.Cluster{{Name: "px-b", Nodes: []string{"n1"}, Volumes: volumes(theirs)}}},
		}
	})
}

func file(cluster string, key simulator.AccessKeyConfig) string {
	return "PORTWORX_CLUSTER=" + cluster + "\nPORTWORX_ACCESS_KEY=" + key.ID + "\nPORTWORX_SECRET_KEY='" + key.Secret + "'\n"
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
	s, err := portworx.Driver.Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// setUp sets credentials for object storage up in the cluster, as its administrator does: they are a key of any account.
func setUp(t *testing.T, sim *simulatortest.Simulator, name string, of accounts.Key) {
	t.Helper()
	if err := sim.Portworx().SetCredential(account, cluster, portworxsim.NewCredential{Name: name, AccessKey: of.ID, SecretKey: of.Secret}); err != nil {
		t.Fatal(err)
	}
}

func find(t *testing.T, sim *simulatortest.Simulator, id string) *portworxsim.Volume {
	t.Helper()
	for _, volume := range sim.Portworx().Volumes() {
		if volume.ID == id {
			return volume
		}
	}
	t.Fatalf("there is no volume %s", id)
	return nil
}

func newKey(t *testing.T, sim *simulatortest.Simulator) accounts.Key {
	t.Helper()
	key := accounts.NewKey()
	if err := sim.Accounts().Add(account, key); err != nil {
		t.Fatal(err)
	}
	return key
}

// TestBackupAndRestore takes a snapshot of each type, and loses the node of the volume: the cloud one is left.
func TestBackupAndRestore(t *testing.T) {
	for name, test := range map[string]struct {
		settings []string
		lost     bool
	}{
		"local by default":  {nil, true},
		"local":             {[]string{"type", "local"}, true},
		"cloud":             {[]string{"type", "cloud"}, false},
		"cloud, named":      {[]string{"type", "cloud", "credId", "backups"}, false},
		"of a newer plugin": {[]string{"type", "cloud", "px_new_setting", "x"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			sim := cloud(t)
			setUp(t, sim, "backups", newKey(t, sim))
			s := open(t, with(t, sim.Clouds, file(cluster, key), test.settings...))
			if err := s.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
			held := find(t, sim, mine).Content
			volume, err := s.Volume(t.Context(), "pvc-1", "")
			if err != nil || volume != (snapshotter.Volume{ID: "pvc-1"}) {
				t.Fatalf("%+v, %v", volume, err)
			}
			id, err := s.CreateSnapshot(t.Context(), "pvc-1", "", map[string]string{"velero.io/backup": "b", "of": "the backup"})
			if err != nil {
				t.Fatal(err)
			}
			labels := map[string]string{"team": "a", "of": "the backup", "velero.io/backup": "b"}
			if made := sim.Portworx().Snapshots()[0]; made.ID != id || !maps.Equal(made.Labels, labels) || (made.Type == portworxsim.Local) != test.lost {
				t.Errorf("%+v", made)
			}
			if _, _, err := sim.Portworx().Write(mine, []byte("later")); err != nil {
				t.Fatal(err)
			}
			restored, err := s.CreateVolume(t.Context(), id, volume)
			if err != nil {
				t.Fatal(err)
			}
			if got := find(t, sim, restored); got.Content != held || got.Node != "n1" || !maps.Equal(got.Labels, labels) {
				t.Errorf("the restored volume is %+v", got)
			}
			if _, _, err := sim.Portworx().FailNode(cluster, "n1"); err != nil {
				t.Fatal(err)
			}
			restored, err = s.CreateVolume(t.Context(), id, volume)
			if test.lost != (snapshotter.ReasonOf(err) == snapshotter.NotFound) {
				t.Errorf("%q, %v", restored, err)
			}
			if !test.lost && (find(t, sim, restored).Node != "n2" || find(t, sim, restored).Content != held) {
				t.Errorf("the restored volume is %+v", find(t, sim, restored))
			}
			for range 2 { // gone is deleted
				if err := s.DeleteSnapshot(t.Context(), id); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestErrors: what is wrong, and what to do about it.
func TestErrors(t *testing.T) {
	check := func(t *testing.T, s snapshotter.Snapshotter) error { t.Helper(); return s.Check(t.Context()) }
	create := func(t *testing.T, s snapshotter.Snapshotter) error {
		t.Helper()
		_, err := s.CreateSnapshot(t.Context(), mine, "", nil)
		return err
	}
	remove := func(t *testing.T, s snapshotter.Snapshotter) error {
		t.Helper()
		return s.DeleteSnapshot(t.Context(), "1")
	}
	for name, test := range map[string]struct {
		address, credentials string
		settings             []string
		before               func(*simulatortest.Simulator)
		do                   func(*testing.T, snapshotter.Snapshotter) error
		reason               snapshotter.Reason
		code, advice         string
	}{
		"unknown key":                      {credentials: file(cluster, simulator.AccessKeyConfig{ID: "nobody", Secret: "guessed"}), do: check, reason: snapshotter.CredentialsRefused, code: "Unauthenticated", advice: "correct PORTWORX_ACCESS_KEY and PORTWORX_SECRET_KEY"},
		"wrong secret":                     {credentials: file(cluster, simulator.AccessKeyConfig{ID: key.ID, Secret: "guessed"}), do: check, reason: snapshotter.CredentialsRefused, code: "Unauthenticated", advice: "correct PORTWORX_ACCESS_KEY and PORTWORX_SECRET_KEY"},
		"cluster of others":                {credentials: file("px-b", key), do: check, reason: snapshotter.NotFound, code: "ClusterNotFound", advice: "correct PORTWORX_CLUSTER"},
		"deletion in a cluster of others":  {credentials: file("px-b", key), do: remove, reason: snapshotter.NotFound, code: "ClusterNotFound", advice: "correct PORTWORX_CLUSTER"},
		"may only read":                    {credentials: file(cluster, readerKey), do: create, reason: snapshotter.Denied, code: "PermissionDenied", advice: "portworx:CreateSnapshot " + mine},
		"no cloud credentials, checked":    {settings: []string{"type", "cloud"}, do: check, reason: snapshotter.CredentialsRefused, advice: "has no credentials for the object storage"},
		"no cloud credentials":             {settings: []string{"type", "cloud"}, do: create, reason: snapshotter.CredentialsRefused, code: "FailedPrecondition", advice: "set them up in Portworx"},
		"other cloud credentials, checked": {settings: []string{"type", "cloud", "credId", "x"}, before: twoCredentials(t), do: check, reason: snapshotter.CredentialsRefused, advice: `no credentials "x"`},
		"several, checked":                 {settings: []string{"type", "cloud"}, before: twoCredentials(t), do: check, reason: snapshotter.CredentialsRefused, advice: "name one in spec.config.credId"},
		"several":                          {settings: []string{"type", "cloud"}, before: twoCredentials(t), do: create, reason: snapshotter.Refused, code: "InvalidArgument", advice: "one, two"},
		"an outage":                        {before: func(sim *simulatortest.Simulator) { sim.Harm(t, faults.Rule{Fault: faults.Outage{}}) }, do: check, reason: snapshotter.Throttled, code: "ServiceUnavailable", advice: "wait"},
		"nobody there":                     {address: "http://127.0.0.1:1", do: check, reason: snapshotter.Unreachable, advice: "nothing listens at http://127.0.0.1:1"},
	} {
		t.Run(name, func(t *testing.T) {
			sim := cloud(t)
			if test.before != nil {
				test.before(sim)
			}
			address, credentials := sim.Clouds, file(cluster, key)
			if test.address != "" {
				address = test.address
			}
			if test.credentials != "" {
				credentials = test.credentials
			}
			err := test.do(t, open(t, with(t, address, credentials, test.settings...)))
			var failure *snapshotter.Error
			if !errors.As(err, &failure) {
				t.Fatalf("%T %v", err, err)
			}
			if failure.Reason != test.reason || failure.Code != test.code || !strings.Contains(failure.Advice, test.advice) || strings.Contains(failure.Advice, "guessed") {
				t.Errorf("%s %q: %s; want %s %q: %s", failure.Reason, failure.Code, failure.Advice, test.reason, test.code, test.advice)
			}
		})
	}
}

func twoCredentials(t *testing.T) func(*simulatortest.Simulator) {
	t.Helper()
	return func(sim *simulatortest.Simulator) {
		setUp(t, sim, "one", newKey(t, sim))
		setUp(t, sim, "two", newKey(t, sim))
	}
}

func TestOpenRefuses(t *testing.T) {
	good := file(cluster, key)
	for name, test := range map[string]struct {
		opts snapshotter.Options
		want string
	}{
		"another type":   {with(t, "http://127.0.0.1:1", good, "type", "remote"), "spec.config[type]"},
		"no credentials": {with(t, "http://127.0.0.1:1", ""), "PORTWORX_CLUSTER"},
		"no endpoint":    {snapshotter.Options{Credentials: []byte(good)}, portworx.EndpointVariable},
	} {
		if _, err := portworx.Driver.Open(test.opts); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
	}
	sim := cloud(t)
	t.Setenv(portworx.EndpointVariable, sim.Clouds)
	if err := open(t, snapshotter.Options{Credentials: []byte(good)}).Check(t.Context()); err != nil {
		t.Errorf("with an address in the environment: %v", err)
	}
}

func TestVolumeID(t *testing.T) {
	s := open(t, with(t, "http://127.0.0.1:1", file(cluster, key)))
	csi := func(driver string) corev1.PersistentVolumeSource {
		return corev1.PersistentVolumeSource{CSI: &corev1.CSIPersistentVolumeSource{Driver: driver, VolumeHandle: mine}}
	}
	for name, test := range map[string]struct {
		source    corev1.PersistentVolumeSource
		want, err string
	}{
		"CSI":                {csi("pxd.portworx.com"), mine, ""},
		"old CSI":            {csi("pxd"), mine, ""},
		"another CSI driver": {csi("ebs.csi.aws.com"), "", ""},
		"in-tree":            {corev1.PersistentVolumeSource{PortworxVolume: &corev1.PortworxVolumeSource{VolumeID: mine}}, mine, ""},
		"in-tree without id": {corev1.PersistentVolumeSource{PortworxVolume: &corev1.PortworxVolumeSource{}}, "", "spec.portworxVolume.volumeID"},
		"something else":     {corev1.PersistentVolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/"}}, "", ""},
	} {
		got, err := s.VolumeID(&corev1.PersistentVolume{Spec: corev1.PersistentVolumeSpec{PersistentVolumeSource: test.source}})
		if got != test.want || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}
