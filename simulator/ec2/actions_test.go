package ec2_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsec2 "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/ec2/ebs"
	"github.com/velero-locations/velero-locations/simulator/journal"
)

func journalEntries(t *testing.T, sim *simulator.Simulator, n int) []journal.Entry {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var out []journal.Entry
	for e := range sim.Journal().Follow(ctx, journal.Filter{}) {
		if out = append(out, e); len(out) == n {
			return out
		}
	}
	t.Fatalf("the journal has %d entries, want %d", len(out), n)
	return nil
}

// TestBackupAndRestore does what Velero's plugin for AWS does, by an endpoint of the region and by one for all regions.
func TestBackupAndRestore(t *testing.T) {
	c := start(t, twoAccounts())
	for name, client := range map[string]*awsec2.Client{
		"region by scope":    c.client(aliceKey, "us-east-1"),
		"region by endpoint": newClient(c.regional["us-east-1"], aliceKey, "us-east-1"),
	} {
		t.Run(name, func(t *testing.T) {
			described, err := client.DescribeVolumes(t.Context(), &awsec2.DescribeVolumesInput{VolumeIds: []string{aliceVolume}})
			if err != nil || len(described.Volumes) != 1 {
				t.Fatalf("%+v, %v", described, err)
			}
			volume := described.Volumes[0]
			if volume.VolumeType != types.VolumeTypeGp2 || aws.ToInt32(volume.Iops) != 100 || aws.ToInt32(volume.Size) != 8 ||
				aws.ToString(volume.AvailabilityZone) != "us-east-1a" || volume.State != types.VolumeStateAvailable ||
				len(volume.Tags) != 1 || aws.ToString(volume.Tags[0].Key) != "Name" || aws.ToTime(volume.CreateTime).IsZero() {
				t.Errorf("%+v", volume)
			}
			held := c.content(t, aliceVolume)
			snapshot := createSnapshot(t, client, aliceVolume, tag("velero.io/backup", "b1"), tag("Name", "home"))
			shown := describeSnapshot(t, client, snapshot)
			if shown.State != types.SnapshotStatePending || aws.ToString(shown.VolumeId) != aliceVolume || aws.ToInt32(shown.VolumeSize) != 8 ||
				aws.ToString(shown.OwnerId) != alice || len(shown.Tags) != 2 || aws.ToBool(shown.Encrypted) {
				t.Errorf("%+v", shown)
			}
			c.Clock().Advance(2500 * time.Millisecond)
			if progress := aws.ToString(describeSnapshot(t, client, snapshot).Progress); progress < "50%" || progress > "99%" {
				t.Errorf("it is done to %s", progress)
			}
			c.Clock().Advance(2500 * time.Millisecond)
			if shown = describeSnapshot(t, client, snapshot); shown.State != types.SnapshotStateCompleted || aws.ToString(shown.Progress) != "100%" {
				t.Errorf("%+v", shown)
			}

			// What is written later is not in the snapshot, whatever becomes of the volume.
			if _, err := c.Volumes().Write(ebs.Place{Account: alice, Region: "us-east-1"}, aliceVolume, []byte("later")); err != nil {
				t.Fatal(err)
			}
			if c.content(t, aliceVolume) == held {
				t.Error("a write changed nothing")
			}
			in := &awsec2.CreateVolumeInput{
				SnapshotId: &snapshot, AvailabilityZone: aws.String("us-east-1b"), VolumeType: volume.VolumeType, Encrypted: shown.Encrypted,
				ClientToken:       aws.String("token-" + name),
				TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeVolume, Tags: shown.Tags}},
			}
			restored, err := client.CreateVolume(t.Context(), in)
			if err != nil || restored.State != types.VolumeStateCreating || aws.ToInt32(restored.Size) != 8 || len(restored.Tags) != 2 {
				t.Fatalf("%+v, %v", restored, err)
			}
			if got := c.content(t, aws.ToString(restored.VolumeId)); got != held {
				t.Errorf("the restored volume holds %s, want %s", got, held)
			}
			again, err := client.CreateVolume(t.Context(), in)
			if err != nil || aws.ToString(again.VolumeId) != aws.ToString(restored.VolumeId) {
				t.Errorf("repeating the request made another volume: %+v, %v", again, err)
			}
			in.AvailabilityZone = aws.String("us-east-1c")
			_, err = client.CreateVolume(t.Context(), in)
			checkRefusal(t, err, 400, "IdempotentParameterMismatch", "client token")

			if _, err := client.DeleteSnapshot(t.Context(), &awsec2.DeleteSnapshotInput{SnapshotId: &snapshot}); err != nil {
				t.Error(err)
			}
			_, err = client.DeleteSnapshot(t.Context(), &awsec2.DeleteSnapshotInput{SnapshotId: &snapshot})
			checkRefusal(t, err, 400, "InvalidSnapshot.NotFound", snapshot)
		})
	}
}

// TestContentOutlivesVolume restores a volume that was deleted after its snapshot.
func TestContentOutlivesVolume(t *testing.T) {
	c := start(t, twoAccounts())
	client := c.client(aliceKey, "us-east-1")
	held := c.content(t, aliceVolume)
	snapshot := createSnapshot(t, client, aliceVolume)
	if _, err := client.DeleteVolume(t.Context(), &awsec2.DeleteVolumeInput{VolumeId: aws.String(aliceVolume)}); err != nil {
		t.Fatal(err)
	}
	c.Clock().Advance(time.Minute)
	out, err := client.CreateVolume(t.Context(), &awsec2.CreateVolumeInput{SnapshotId: &snapshot, AvailabilityZone: aws.String("us-east-1a")})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.content(t, aws.ToString(out.VolumeId)); got != held {
		t.Errorf("it holds %s, want %s", got, held)
	}
}

// TestEachAccountSeesItsOwn is what two locations of one provider with credentials of their own rely on.
func TestEachAccountSeesItsOwn(t *testing.T) {
	c := start(t, twoAccounts())
	for _, test := range []struct {
		key    simulator.AccessKeyConfig
		region string
		want   []string
	}{
		{aliceKey, "us-east-1", []string{aliceVolume}},
		{aliceKey, "us-west-1", []string{aliceAbroad}},
		{temporaryKey, "us-east-1", []string{aliceVolume}},
		{bobKey, "us-east-1", []string{bobVolume}},
		{bobKey, "us-west-1", nil},
	} {
		out, err := c.client(test.key, test.region).DescribeVolumes(t.Context(), &awsec2.DescribeVolumesInput{})
		if err != nil || !slices.Equal(volumeIDs(out.Volumes), test.want) {
			t.Errorf("%s in %s sees %v, %v", test.key.ID, test.region, volumeIDs(out.Volumes), err)
		}
	}
}

func TestAttachments(t *testing.T) {
	c := start(t, twoAccounts())
	client := c.client(aliceKey, "us-east-1")
	id, instance, device := aws.String(aliceVolume), aws.String("i-0123456789abcdef0"), aws.String("/dev/sdf")
	attach := &awsec2.AttachVolumeInput{VolumeId: id, InstanceId: instance, Device: device}
	detach := &awsec2.DetachVolumeInput{VolumeId: id}
	_, err := client.DetachVolume(t.Context(), detach)
	checkRefusal(t, err, 400, "IncorrectState", "Volume '"+aliceVolume+"' is in the 'available' state.")
	out, err := client.AttachVolume(t.Context(), attach)
	if err != nil || out.State != types.VolumeAttachmentStateAttaching || aws.ToString(out.Device) != "/dev/sdf" {
		t.Errorf("%+v, %v", out, err)
	}
	_, err = client.AttachVolume(t.Context(), attach)
	checkRefusal(t, err, 400, "VolumeInUse", "already attached")
	_, err = client.DeleteVolume(t.Context(), &awsec2.DeleteVolumeInput{VolumeId: id})
	checkRefusal(t, err, 400, "VolumeInUse", "currently attached to i-0123456789abcdef0")
	found, err := client.DescribeVolumes(t.Context(), &awsec2.DescribeVolumesInput{Filters: []types.Filter{
		filter("attachment.instance-id", *instance), filter("status", "in-use"),
	}})
	if err != nil || len(found.Volumes) != 1 || len(found.Volumes[0].Attachments) != 1 {
		t.Errorf("%+v, %v", found, err)
	}
	if done, err := client.DetachVolume(t.Context(), detach); err != nil || aws.ToString(done.InstanceId) != *instance {
		t.Errorf("%+v, %v", done, err)
	}
	if _, err = client.DeleteVolume(t.Context(), &awsec2.DeleteVolumeInput{VolumeId: id}); err != nil {
		t.Error(err)
	}
}

func TestModifyVolume(t *testing.T) {
	c := start(t, twoAccounts())
	client := c.client(aliceKey, "us-east-1")
	out, err := client.ModifyVolume(t.Context(), &awsec2.ModifyVolumeInput{VolumeId: aws.String(aliceVolume), Size: aws.Int32(100), VolumeType: types.VolumeTypeGp3, Throughput: aws.Int32(250)})
	if err != nil {
		t.Fatal(err)
	}
	m := out.VolumeModification
	if aws.ToInt32(m.OriginalIops) != 100 || aws.ToInt32(m.TargetIops) != 3000 || aws.ToInt32(m.TargetThroughput) != 250 || aws.ToInt32(m.TargetSize) != 100 {
		t.Errorf("%+v", m)
	}
	_, err = client.ModifyVolume(t.Context(), &awsec2.ModifyVolumeInput{VolumeId: aws.String(aliceVolume), Size: aws.Int32(99)})
	checkRefusal(t, err, 400, "InvalidParameterValue", "New size cannot be smaller than existing size")
}

func TestCopySnapshot(t *testing.T) {
	c := start(t, twoAccounts())
	home, abroad := c.client(aliceKey, "us-east-1"), c.client(aliceKey, "us-west-1")
	source := createSnapshot(t, home, aliceVolume)
	in := &awsec2.CopySnapshotInput{SourceRegion: aws.String("us-east-1"), SourceSnapshotId: &source, Encrypted: aws.Bool(true), Description: aws.String("a copy")}
	_, err := abroad.CopySnapshot(t.Context(), in)
	checkRefusal(t, err, 400, "IncorrectState", "pending")
	c.Clock().Advance(time.Minute)
	out, err := abroad.CopySnapshot(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	_, err = home.DeleteSnapshot(t.Context(), &awsec2.DeleteSnapshotInput{SnapshotId: &source})
	checkRefusal(t, err, 400, "InvalidSnapshot.InUse", "The snapshot "+source+" is currently in use by "+aws.ToString(out.SnapshotId))
	c.Clock().Advance(5 * time.Second)
	if _, err := home.DeleteSnapshot(t.Context(), &awsec2.DeleteSnapshotInput{SnapshotId: &source}); err != nil {
		t.Error(err)
	}
	copied := describeSnapshot(t, abroad, aws.ToString(out.SnapshotId))
	if aws.ToString(copied.VolumeId) != "vol-ffffffff" || !aws.ToBool(copied.Encrypted) || aws.ToString(copied.KmsKeyId) != "arn:aws:kms:us-west-1:"+alice+":alias/aws/ebs" {
		t.Errorf("%+v", copied)
	}
	volume, err := abroad.CreateVolume(t.Context(), &awsec2.CreateVolumeInput{SnapshotId: out.SnapshotId, AvailabilityZone: aws.String("us-west-1a")})
	if err != nil || !aws.ToBool(volume.Encrypted) {
		t.Fatalf("%+v, %v", volume, err)
	}
	if c.content(t, aws.ToString(volume.VolumeId)) != c.content(t, aliceVolume) {
		t.Error("the copy holds something else")
	}
}

func TestTags(t *testing.T) {
	c := start(t, twoAccounts())
	client := c.client(aliceKey, "us-east-1")
	snapshot := createSnapshot(t, client, aliceVolume, tag("Name", "snap"))
	both := []string{aliceVolume, snapshot}
	if _, err := client.CreateTags(t.Context(), &awsec2.CreateTagsInput{Resources: both, Tags: []types.Tag{tag("a", "1"), tag("b", "2")}}); err != nil {
		t.Fatal(err)
	}
	_, err := client.CreateTags(t.Context(), &awsec2.CreateTagsInput{Resources: []string{aliceVolume, noSnapshot}, Tags: []types.Tag{tag("c", "3")}})
	checkRefusal(t, err, 400, "InvalidSnapshot.NotFound", noSnapshot)
	var many []types.Tag
	for i := range 51 {
		many = append(many, tag(strconv.Itoa(i), ""))
	}
	_, err = client.CreateTags(t.Context(), &awsec2.CreateTagsInput{Resources: both, Tags: many})
	checkRefusal(t, err, 400, "TagLimitExceeded", "")
	list := func(filters ...types.Filter) []string {
		t.Helper()
		var out []string
		pages := awsec2.NewDescribeTagsPaginator(client, &awsec2.DescribeTagsInput{Filters: filters, MaxResults: aws.Int32(5)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range page.Tags {
				out = append(out, fmt.Sprintf("%s %s=%s", d.ResourceType, aws.ToString(d.Key), aws.ToString(d.Value)))
			}
		}
		slices.Sort(out)
		return out
	}
	check := func(got []string, want ...string) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
	check(list(), "snapshot Name=snap", "snapshot a=1", "snapshot b=2", "volume Name=home", "volume a=1", "volume b=2")
	check(list(filter("key", "a")), "snapshot a=1", "volume a=1")
	check(list(filter("resource-id", snapshot), filter("value", "1", "s*")), "snapshot Name=snap", "snapshot a=1")
	check(list(filter("resource-type", "volume"), filter("tag:b", "2")), "volume b=2")
	if _, err := client.DeleteTags(t.Context(), &awsec2.DeleteTagsInput{Resources: both, Tags: []types.Tag{{Key: aws.String("a")}, tag("b", "another value")}}); err != nil {
		t.Fatal(err)
	}
	check(list(), "snapshot Name=snap", "snapshot b=2", "volume Name=home", "volume b=2")
	if _, err := client.DeleteTags(t.Context(), &awsec2.DeleteTagsInput{Resources: both[:1]}); err != nil {
		t.Fatal(err)
	}
	check(list(), "snapshot Name=snap", "snapshot b=2")
}

// TestPages finds snapshots page by page, in the order of their creation, while filters pick some of them.
func TestPages(t *testing.T) {
	c := start(t, twoAccounts())
	// It tries as often as clients do: in two of many runs its transport closed a connection while a long answer was read.
	client := awsec2.New(c.client(aliceKey, "us-east-1").Options(), func(o *awsec2.Options) { o.RetryMaxAttempts = 3 })
	var all, odd []string
	for i := range 23 {
		id := createSnapshot(t, client, aliceVolume, tag("parity", []string{"even", "odd"}[i%2]), tag("n", strconv.Itoa(i)))
		all = append(all, id)
		if i%2 == 1 {
			odd = append(odd, id)
		}
	}
	for name, test := range map[string]struct {
		in   awsec2.DescribeSnapshotsInput
		want []string
	}{
		"all":          {awsec2.DescribeSnapshotsInput{}, all},
		"own":          {awsec2.DescribeSnapshotsInput{OwnerIds: []string{"self"}}, all},
		"of others":    {awsec2.DescribeSnapshotsInput{OwnerIds: []string{"amazon"}}, nil},
		"by tag":       {awsec2.DescribeSnapshotsInput{Filters: []types.Filter{filter("tag:parity", "odd")}}, odd},
		"by two tags":  {awsec2.DescribeSnapshotsInput{Filters: []types.Filter{filter("tag:parity", "odd"), filter("tag:n", "2", "3", "5")}}, []string{all[3], all[5]}},
		"by volume":    {awsec2.DescribeSnapshotsInput{Filters: []types.Filter{filter("volume-id", aliceVolume)}}, all},
		"by status":    {awsec2.DescribeSnapshotsInput{Filters: []types.Filter{filter("status", "completed")}}, nil},
		"by wildcard":  {awsec2.DescribeSnapshotsInput{Filters: []types.Filter{filter("tag:n", "1?")}}, all[10:20]},
		"by tag's key": {awsec2.DescribeSnapshotsInput{Filters: []types.Filter{filter("tag-key", "none", "parity")}}, all},
	} {
		t.Run(name, func(t *testing.T) {
			if got := snapshotIDs(t.Context(), t, client, &test.in); !slices.Equal(got, test.want) {
				t.Errorf("%v, want %v", got, test.want)
			}
			test.in.MaxResults = aws.Int32(5)
			if got := snapshotIDs(t.Context(), t, client, &test.in); !slices.Equal(got, test.want) {
				t.Errorf("by pages: %v, want %v", got, test.want)
			}
		})
	}
	c.Clock().Advance(time.Minute)
	if got := snapshotIDs(t.Context(), t, client, &awsec2.DescribeSnapshotsInput{Filters: []types.Filter{filter("status", "completed")}}); !slices.Equal(got, all) {
		t.Errorf("%d are completed, want %d", len(got), len(all))
	}
}

func TestRegionsAndZones(t *testing.T) {
	c := start(t, twoAccounts())
	client := c.client(aliceKey, "us-west-1")
	regions, err := client.DescribeRegions(t.Context(), &awsec2.DescribeRegionsInput{})
	if err != nil || len(regions.Regions) != 2 || aws.ToString(regions.Regions[1].RegionName) != "us-west-1" {
		t.Errorf("%+v, %v", regions, err)
	}
	_, err = client.DescribeRegions(t.Context(), &awsec2.DescribeRegionsInput{RegionNames: []string{"mars-1"}})
	checkRefusal(t, err, 400, "InvalidParameterValue", "mars-1")
	zones, err := client.DescribeAvailabilityZones(t.Context(), &awsec2.DescribeAvailabilityZonesInput{Filters: []types.Filter{filter("zone-id", "usw1-az2")}})
	if err != nil || len(zones.AvailabilityZones) != 1 || aws.ToString(zones.AvailabilityZones[0].ZoneName) != "us-west-1b" {
		t.Errorf("%+v, %v", zones, err)
	}
	_, err = client.DescribeAvailabilityZones(t.Context(), &awsec2.DescribeAvailabilityZonesInput{ZoneNames: []string{"us-east-1a"}})
	checkRefusal(t, err, 400, "InvalidZone.NotFound", "The zone 'us-east-1a' does not exist.")
}

// TestSeed makes the same ids for the same requests.
func TestSeed(t *testing.T) {
	config := twoAccounts()
	config.EC2.IDSeed = "a seed"
	first, second := start(t, config), start(t, config)
	for range 3 {
		a, b := createSnapshot(t, first.client(aliceKey, "us-east-1"), aliceVolume), createSnapshot(t, second.client(aliceKey, "us-east-1"), aliceVolume)
		if a != b {
			t.Errorf("%s and %s", a, b)
		}
	}
}
