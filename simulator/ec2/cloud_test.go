package ec2_test

import (
	"context"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awsec2 "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/velero-locations/velero-locations/internal/leaktest"
	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/policy"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(writerVariable); dir != "" {
		os.Exit(write(dir))
	}
	leaktest.Main(m)
}

const (
	alice = "111111111111"
	bob   = "222222222222"

	aliceVolume = "vol-0000000000000a11c"
	aliceAbroad = "vol-000000000000abced"
	bobVolume   = "vol-00000000000000b0b"
	noVolume    = "vol-0000000000000dead"
	noSnapshot  = "snap-0000000000000dead"
)

var (
	aliceKey     = simulator.AccessKeyConfig{ID: "AKIAALICE", Secret: "alice secret"}
	bobKey       = simulator.AccessKeyConfig{ID: "AKIABOB", Secret: "bob/secret+"}
	readerKey    = simulator.AccessKeyConfig{ID: "AKIAREADER", Secret: "r", Policy: policy.Policy{{Effect: policy.Allow, Actions: []string{"ec2:Describe*", "ec2:CreateSnapshot"}}}}
	temporaryKey = simulator.AccessKeyConfig{ID: "ASIATEMPORARY", Secret: "t", SessionToken: "token", Expires: time.Now().Add(time.Hour)}
	expiredKey   = simulator.AccessKeyConfig{ID: "ASIAEXPIRED", Secret: "e", SessionToken: "token", Expires: time.Now().Add(-time.Hour)}
)

// twoAccounts is a cloud with two regions and two accounts with volumes.
func twoAccounts() simulator.Config {
	return simulator.Config{
		Regions: []string{"us-east-1", "us-west-1"},
		Accounts: []simulator.AccountConfig{
			{
				ID: alice, Name: "alice", AccessKeys: []simulator.AccessKeyConfig{aliceKey, readerKey, temporaryKey, expiredKey},
				Volumes: []simulator.VolumeConfig{
					{ID: aliceVolume, AvailabilityZone: "us-east-1a", Size: 8, Tags: map[string]string{"Name": "home"}, Data: "hello"},
					{ID: aliceAbroad, AvailabilityZone: "us-west-1b", Size: 4, VolumeType: "gp3"},
				},
			},
			{
				ID: bob, AccessKeys: []simulator.AccessKeyConfig{bobKey},
				Volumes: []simulator.VolumeConfig{{ID: bobVolume, AvailabilityZone: "us-east-1b", Size: 1}},
			},
		},
	}
}

// cloud is a simulator whose EC2 is served on loopback: at one endpoint for all regions, and at one for each.
type cloud struct {
	*simulator.Simulator
	url      string
	regional map[string]string
}

func start(t testing.TB, config simulator.Config) *cloud {
	t.Helper()
	sim, err := simulator.New(config)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim.EC2Handler())
	c := &cloud{Simulator: sim, url: server.URL, regional: map[string]string{}}
	t.Cleanup(func() {
		server.Close()
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, region := range config.Regions {
		server := httptest.NewServer(sim.RegionalEC2Handler(region))
		t.Cleanup(server.Close)
		c.regional[region] = server.URL
	}
	return c
}

func (c *cloud) client(key simulator.AccessKeyConfig, region string) *awsec2.Client {
	return newClient(c.url, key, region)
}

func newClient(url string, key simulator.AccessKeyConfig, region string) *awsec2.Client {
	return awsec2.New(awsec2.Options{
		BaseEndpoint: aws.String(url), Region: region, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(key.ID, key.Secret, key.SessionToken),
	})
}

// content is what a volume holds.
func (c *cloud) content(t *testing.T, id string) string {
	t.Helper()
	volume, err := c.Volumes().FindVolume(id)
	if err != nil {
		t.Fatal(err)
	}
	return string(volume.Content)
}

func createSnapshot(t *testing.T, client *awsec2.Client, volume string, tags ...types.Tag) string {
	t.Helper()
	in := &awsec2.CreateSnapshotInput{VolumeId: aws.String(volume)}
	if len(tags) > 0 {
		in.TagSpecifications = []types.TagSpecification{{ResourceType: types.ResourceTypeSnapshot, Tags: tags}}
	}
	out, err := client.CreateSnapshot(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(out.SnapshotId)
}

func describeSnapshot(t *testing.T, client *awsec2.Client, id string) types.Snapshot {
	t.Helper()
	out, err := client.DescribeSnapshots(t.Context(), &awsec2.DescribeSnapshotsInput{SnapshotIds: []string{id}})
	if err != nil || len(out.Snapshots) != 1 {
		t.Fatalf("%+v, %v", out, err)
	}
	return out.Snapshots[0]
}

func tag(key, value string) types.Tag {
	return types.Tag{Key: aws.String(key), Value: aws.String(value)}
}

func filter(name string, values ...string) types.Filter {
	return types.Filter{Name: aws.String(name), Values: values}
}

func volumeIDs(volumes []types.Volume) []string {
	var out []string
	for _, volume := range volumes {
		out = append(out, aws.ToString(volume.VolumeId))
	}
	return out
}

func snapshotIDs(ctx context.Context, t *testing.T, client *awsec2.Client, in *awsec2.DescribeSnapshotsInput) []string {
	t.Helper()
	var out []string
	pages := awsec2.NewDescribeSnapshotsPaginator(client, in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, snapshot := range page.Snapshots {
			out = append(out, aws.ToString(snapshot.SnapshotId))
		}
	}
	return out
}
