package ec2_test

import (
	"slices"
	"strings"
	"testing"

	awsec2 "github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/simulatortest"
)

// TestAddresses serves EC2 at an address of its own and at one of a region.
func TestAddresses(t *testing.T) {
	sim := simulatortest.Start(t, func(config *simulator.Config) {
		config.Regions = []string{"us-east-1", "us-west-1"}
		config.EC2.RegionalAddresses = map[string]string{"us-east-1": "127.0.0.1:0"}
	})
	volume := sim.CreateVolume(t, "data")
	key := simulator.AccessKeyConfig{ID: sim.Key.ID, Secret: sim.Key.Secret}
	for _, url := range []string{sim.EC2, sim.EC2Regions["us-east-1"]} {
		out, err := newClient(url, key, "us-east-1").DescribeVolumes(t.Context(), &awsec2.DescribeVolumesInput{})
		if err != nil || !slices.Equal(volumeIDs(out.Volumes), []string{volume}) {
			t.Errorf("%s: %+v, %v", url, out, err)
		}
	}
	_, err := newClient(sim.EC2Regions["us-east-1"], key, "us-west-1").DescribeVolumes(t.Context(), &awsec2.DescribeVolumesInput{})
	checkRefusal(t, err, 401, "AuthFailure", "Credential should be scoped to a valid region.")
}

// TestVolumeOfAnother refuses a configuration whose volume another account has on disk.
func TestVolumeOfAnother(t *testing.T) {
	config := kept(t.TempDir())
	first, err := simulator.New(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	config.Accounts[0].Volumes, config.Accounts[1].Volumes = config.Accounts[1].Volumes, config.Accounts[0].Volumes
	for range 2 { // nothing stays open after a refusal
		if _, err := simulator.New(config); err == nil || !strings.Contains(err.Error(), "account "+bob+" has a volume of that id in us-east-1") {
			t.Errorf("%v", err)
		}
	}
}
