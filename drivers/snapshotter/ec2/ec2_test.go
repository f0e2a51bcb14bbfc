package ec2_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/velero-locations/velero-locations/drivers/snapshotter"
	"github.com/velero-locations/velero-locations/drivers/snapshotter/ec2"
	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/ec2/ebs"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/simulatortest"
)

const (
	east, west   = "us-east-1", "us-west-1"
	mine         = "vol-00000000000000a0e" // in east
	mineInWest   = "vol-00000000000000a0f"
	others       = "vol-00000000000000b0e" // of another account, in east
	otherAccount = "222222222222"
)

var othersKey = simulator.AccessKeyConfig{ID: "AKIAOTHERS", Secret: "secret of others"}

// cloud starts a cloud of two regions and two accounts.
func cloud(t *testing.T) *simulatortest.Simulator {
	t.Helper()
	return simulatortest.Start(t, func(c *simulator.Config) {
		c.Regions = []string{east, west}
		c.Accounts[0].Volumes = []simulator.VolumeConfig{
			{ID: mine, AvailabilityZone: "us-east-1a", Size: 8, Tags: map[string]string{"Name": "data", "team": "a"}, Data: "at first"},
			{ID: mineInWest, AvailabilityZone: "us-west-1a", Size: 8, VolumeType: "io1", IOPS: 200},
		}
		c.Accounts = append(c.Accounts, simulator.AccountConfig{
			ID: otherAccount, AccessKeys: []simulator.AccessKeyConfig{othersKey},
			Volumes: []simulator.VolumeConfig{{ID: others, AvailabilityZone: "us-east-1a", Size: 8}},
		})
	})
}

// file is a credentials file with one profile.
func file(id, secret, token string, more ...string) []byte {
	lines := append([]string{"[default]", "aws_access_key_id = " + id, "aws_secret_access_key = " + secret}, more...)
	if token != "" {
		lines = append(lines, "aws_session_token = "+token)
	}
	return []byte(strings.Join(lines, "\n"))
}

// options reach the cloud's own account in a region.
func options(t *testing.T, sim *simulatortest.Simulator, region string) snapshotter.Options {
	t.Helper()
	endpoint, err := url.Parse(sim.EC2)
	if err != nil {
		t.Fatal(err)
	}
	return snapshotter.Options{
		Config:      map[string]string{"region": region},
		Credentials: file(sim.Key.ID, sim.Key.Secret, ""),
		Endpoint:    endpoint,
	}
}

func open(t *testing.T, opts snapshotter.Options) snapshotter.Snapshotter {
	t.Helper()
	s, err := ec2.Driver.Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// content is what a volume of the cloud holds.
func content(t *testing.T, sim *simulatortest.Simulator, id string) string {
	t.Helper()
	volume, err := sim.Volumes().FindVolume(id)
	if err != nil {
		t.Fatal(err)
	}
	return string(volume.Content)
}

// TestBackupAndRestore shows that a snapshot holds what the volume held, whatever becomes of the volume.
func TestBackupAndRestore(t *testing.T) {
	sim := cloud(t)
	s := open(t, options(t, sim, east))
	held := content(t, sim, mine)

	volume, err := s.Volume(t.Context(), mine, "us-east-1a")
	if want := (snapshotter.Volume{ID: mine, Type: "gp2", Zone: "us-east-1a", Region: east}); err != nil || volume != want {
		t.Fatalf("got %+v, %v; want %+v", volume, err, want)
	}
	snapshot, err := s.CreateSnapshot(t.Context(), mine, "us-east-1a", map[string]string{"velero.io/backup": "b", "team": "of the backup"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateVolume(t.Context(), snapshot, volume); snapshotter.ReasonOf(err) != snapshotter.NotReady {
		t.Errorf("from a pending snapshot: %v", err)
	}

	place := ebs.Place{Account: simulatortest.Account, Region: east}
	if _, err := sim.Volumes().Write(place, mine, []byte("later")); err != nil {
		t.Fatal(err)
	}
	sim.Clock().Advance(time.Minute)
	if err := sim.Volumes().DeleteVolume(place, mine); err != nil {
		t.Fatal(err)
	}
	restored, err := s.CreateVolume(t.Context(), snapshot, volume)
	if err != nil {
		t.Fatal(err)
	}
	if got := content(t, sim, restored); got != held {
		t.Errorf("the restored volume holds %s, want %s", got, held)
	}
	made, err := sim.Volumes().FindVolume(restored)
	if err != nil {
		t.Fatal(err)
	}
	if want := map[string]string{"Name": "data", "team": "of the backup", "velero.io/backup": "b"}; made.Zone != "us-east-1a" || !maps.Equal(made.Tags, want) {
		t.Errorf("the restored volume is in %s and has tags %v, want %v", made.Zone, made.Tags, want)
	}

	for range 2 { // gone is deleted
		if err := s.DeleteSnapshot(t.Context(), snapshot); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.CreateVolume(t.Context(), snapshot, volume); snapshotter.ReasonOf(err) != snapshotter.NotFound {
		t.Errorf("from a deleted snapshot: %v", err)
	}
}

// TestManySnapshots shows that all snapshots are found that are on more than one page.
func TestManySnapshots(t *testing.T) {
	sim := cloud(t)
	tags := map[string]string{"velero.io/backup": "b", "velero.io/backup-uid": "1"}
	var want []string
	for range 1200 {
		made, err := sim.Volumes().CreateSnapshot(ebs.Place{Account: simulatortest.Account, Region: east}, mine, ebs.SnapshotRequest{Tags: tags})
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, made.ID)
	}
	got, err := open(t, options(t, sim, east)).FindSnapshots(t.Context(), tags)
	slices.Sort(got)
	slices.Sort(want)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %d, %v; want %d", len(got), err, len(want))
	}
}

// TestThrottledSnapshot shows that a request for a snapshot that EC2 did not look at is sent again, and only one is taken.
func TestThrottledSnapshot(t *testing.T) {
	sim := cloud(t)
	s := open(t, options(t, sim, east))
	tags := map[string]string{"velero.io/backup": "b"}
	sim.Harm(t, faults.Rule{
		Match: faults.Match{Operations: []string{"ec2:CreateSnapshot"}}, Times: 1, Fault: faults.Error{Code: "RequestLimitExceeded", Status: http.StatusServiceUnavailable},
	})
	if _, err := s.CreateSnapshot(t.Context(), mine, "", tags); err != nil {
		t.Error(err)
	}
	if found, err := s.FindSnapshots(t.Context(), tags); err != nil || len(found) != 1 {
		t.Errorf("there are %q, %v", found, err)
	}
}

// TestRequests holds the requests against those of Velero's AWS plugin.
func TestRequests(t *testing.T) {
	sim := cloud(t)
	var forms []url.Values
	spy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := new(strings.Builder)
		r.Body = http.MaxBytesReader(w, teeBody{r.Body, body}, 1<<20)
		sim.EC2Handler().ServeHTTP(w, r)
		form, err := url.ParseQuery(body.String())
		if err != nil || r.URL.String() != "/" || r.Method != http.MethodPost {
			t.Errorf("%s %s: %v", r.Method, r.URL, err)
		}
		forms = append(forms, form)
	}))
	t.Cleanup(spy.Close)
	opts := options(t, sim, west)
	opts.Config["ebsKmsKeyId"] = "alias/mine"
	opts.Endpoint, _ = url.Parse(spy.URL)
	s := open(t, opts)
	t.Setenv("AWS_CLUSTER_NAME", "here")

	volume, err := s.Volume(t.Context(), mineInWest, "")
	if err != nil || volume.IOPS != 200 {
		t.Fatalf("%+v, %v", volume, err)
	}
	snapshot, err := s.CreateSnapshot(t.Context(), mineInWest, "", map[string]string{"kubernetes.io/cluster/there": "owned", "a": "b"})
	if err != nil {
		t.Fatal(err)
	}
	sim.Clock().Advance(time.Minute)
	if _, err := s.CreateVolume(t.Context(), snapshot, volume); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteSnapshot(t.Context(), snapshot); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}

	want := []string{
		"Action=DescribeVolumes VolumeId.1=" + mineInWest,
		"Action=DescribeVolumes VolumeId.1=" + mineInWest,
		"Action=CreateSnapshot TagSpecification.1.ResourceType=snapshot TagSpecification.1.Tag.1.Key=a TagSpecification.1.Tag.1.Value=b " +
			"TagSpecification.1.Tag.2.Key=kubernetes.io/cluster/there TagSpecification.1.Tag.2.Value=owned VolumeId=" + mineInWest,
		"Action=DescribeSnapshots SnapshotId.1=" + snapshot,
		"Action=CreateVolume AvailabilityZone=us-west-1a ClientToken=TOKEN Encrypted=true Iops=200 KmsKeyId=alias/mine SnapshotId=" + snapshot +
			" TagSpecification.1.ResourceType=volume TagSpecification.1.Tag.1.Key=KubernetesCluster TagSpecification.1.Tag.1.Value=here" +
			" TagSpecification.1.Tag.2.Key=a TagSpecification.1.Tag.2.Value=b" +
			" TagSpecification.1.Tag.3.Key=kubernetes.io/cluster/here TagSpecification.1.Tag.3.Value=owned VolumeType=io1",
		"Action=DeleteSnapshot SnapshotId=" + snapshot,
		"Action=DescribeVolumes MaxResults=5",
	}
	for i, form := range forms {
		if i >= len(want) {
			t.Fatalf("one more request: %v", form)
		}
		if got := parameters(form); got != want[i] {
			t.Errorf("request %d:\ngot  %s\nwant %s", i+1, got, want[i])
		}
	}
	if len(forms) != len(want) {
		t.Errorf("got %d requests, want %d", len(forms), len(want))
	}
}

// parameters are those of a request in order, without what is in each.
func parameters(form url.Values) string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(form)) {
		value := form.Get(key)
		switch {
		case key == "Version":
			continue
		case key == "ClientToken" && value != "":
			value = "TOKEN"
		}
		out = append(out, key+"="+value)
	}
	return strings.Join(out, " ")
}

// teeBody is a body that is written to a builder while it is read.
type teeBody struct {
	body interface {
		Read([]byte) (int, error)
		Close() error
	}
	seen *strings.Builder
}

func (b teeBody) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	b.seen.Write(p[:n])
	return n, err
}

func (b teeBody) Close() error { return b.body.Close() }

func TestVolumeID(t *testing.T) {
	csi := func(driver, handle string) *corev1.PersistentVolume {
		return &corev1.PersistentVolume{Spec: corev1.PersistentVolumeSpec{PersistentVolumeSource: corev1.PersistentVolumeSource{
			CSI: &corev1.CSIPersistentVolumeSource{Driver: driver, VolumeHandle: handle},
		}}}
	}
	inTree := func(id string) *corev1.PersistentVolume {
		return &corev1.PersistentVolume{Spec: corev1.PersistentVolumeSpec{PersistentVolumeSource: corev1.PersistentVolumeSource{
			AWSElasticBlockStore: &corev1.AWSElasticBlockStoreVolumeSource{VolumeID: id},
		}}}
	}
	s := open(t, snapshotter.Options{Config: map[string]string{"region": east}, Credentials: file("AKIA", "secret", "")})
	if s.Region() != east {
		t.Errorf("region %q", s.Region())
	}
	for name, tc := range map[string]struct {
		pv    *corev1.PersistentVolume
		want  string
		fails bool
	}{
		"CSI":                      {pv: csi("ebs.csi.aws.com", "vol-1"), want: "vol-1"},
		"CSI, with more in front":  {pv: csi("ebs.csi.aws.com", "aws://us-east-1a/vol-1"), want: "vol-1"},
		"CSI, with another handle": {pv: csi("ebs.csi.aws.com", "fs-1")},
		"another CSI driver":       {pv: csi("disk.csi.azure.com", "vol-1")},
		"in tree":                  {pv: inTree("vol-1"), want: "vol-1"},
		"in tree, with a zone":     {pv: inTree("aws://us-east-1a/vol-1"), want: "vol-1"},
		"in tree, with another id": {pv: inTree("fs-1")},
		"in tree, without any":     {pv: inTree(""), fails: true},
		"another kind":             {pv: &corev1.PersistentVolume{}},
	} {
		got, err := s.VolumeID(tc.pv)
		if got != tc.want || (err != nil) != tc.fails {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}

func TestEndpoint(t *testing.T) {
	sim := cloud(t)
	other := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(other.Close)
	elsewhere := other.URL
	for name, tc := range map[string]struct {
		environment map[string]string
		file        string // its endpoint_url
		byDefault   string // of the options
		reached     bool
		source      string // what the error says to correct
	}{
		"the SDK's variable":              {environment: map[string]string{"AWS_ENDPOINT_URL_EC2": sim.EC2, "AWS_ENDPOINT_URL": elsewhere}, file: elsewhere, reached: true},
		"the variable for all services":   {environment: map[string]string{"AWS_ENDPOINT_URL": sim.EC2}, file: elsewhere, reached: true},
		"variables to be ignored":         {environment: map[string]string{"AWS_ENDPOINT_URL_EC2": elsewhere, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, byDefault: sim.EC2, reached: true},
		"the credentials file":            {file: sim.EC2, reached: true},
		"the file before the default":     {file: sim.EC2, byDefault: elsewhere, reached: true},
		"the default":                     {environment: map[string]string{"AWS_ENDPOINT_URL_EC2": elsewhere}, byDefault: sim.EC2, reached: true},
		"a variable that leads elsewhere": {environment: map[string]string{"AWS_ENDPOINT_URL_EC2": elsewhere}, source: "AWS_ENDPOINT_URL_EC2 in the controller's environment"},
		"a file that leads elsewhere":     {file: elsewhere, source: "endpoint_url in the credentials"},
		"a default that leads elsewhere":  {byDefault: elsewhere, source: "the default endpoint that the controller was given"},
	} {
		t.Run(name, func(t *testing.T) {
			for key, value := range tc.environment {
				t.Setenv(key, value)
			}
			opts := snapshotter.Options{Config: map[string]string{"region": east}, Credentials: file(sim.Key.ID, sim.Key.Secret, "")}
			if tc.file != "" {
				opts.Credentials = file(sim.Key.ID, sim.Key.Secret, "", "endpoint_url = "+tc.file)
			}
			if tc.byDefault != "" {
				opts.Endpoint, _ = url.Parse(tc.byDefault)
			}
			err := open(t, opts).Check(t.Context())
			switch {
			case tc.reached && err != nil:
				t.Error(err)
			case !tc.reached:
				want := fmt.Sprintf("what %s answers is not EC2 (404 Not Found): correct %s", elsewhere, tc.source)
				if err == nil || err.Error() != want {
					t.Errorf("got  %v\nwant %s", err, want)
				}
			}
		})
	}
}

// TestOpenRefuses shows what a location says that cannot be opened.
func TestOpenRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		config      map[string]string
		environment string
		file        []byte
		want        string
	}{
		"no region":       {file: file("AKIA", "hidden", ""), want: "spec.config.region is not set: set it to the region of the volumes, such as us-east-1"},
		"no such region":  {config: map[string]string{"region": "us east 1"}, want: `spec.config.region is "us east 1", but must be the name of a region, such as us-east-1`},
		"no credentials":  {config: map[string]string{"region": east}, want: `the credentials file has no profile "default", nor any other: begin it with a line [default]`},
		"no such profile": {config: map[string]string{"region": east, "profile": "p"}, file: file("AKIA", "hidden", ""), want: `the credentials file has no profile "p" (it has 1 other)`},
		"a bad endpoint":  {config: map[string]string{"region": east}, file: file("AKIA", "hidden", "", "endpoint_url = hidden"), want: `endpoint_url of profile "default" of the credentials file must be a URL such as https://s3.example.com`},
		"a bad variable":  {config: map[string]string{"region": east}, file: file("AKIA", "hidden", ""), environment: "hidden", want: `AWS_ENDPOINT_URL_EC2 in the controller's environment must be a URL such as https://s3.example.com`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("AWS_ENDPOINT_URL_EC2", tc.environment)
			if _, err := ec2.Driver.Open(snapshotter.Options{Config: tc.config, Credentials: tc.file}); err == nil || err.Error() != tc.want {
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
		})
	}
}
