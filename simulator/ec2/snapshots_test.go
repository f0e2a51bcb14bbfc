package ec2_test

import (
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsec2 "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/velero-locations/velero-locations/simulator/faults"
)

// completed returns a cloud, and a snapshot of alice's that is completed.
func completed(t *testing.T, retention time.Duration) (*cloud, *awsec2.Client, string) {
	t.Helper()
	config := twoAccounts()
	config.EC2.SnapshotRetention = faults.Duration(retention)
	c := start(t, config)
	// It tries again where its clock is wrong, having corrected it.
	client := awsec2.New(c.client(aliceKey, "us-east-1").Options(), func(o *awsec2.Options) { o.RetryMaxAttempts = 3 })
	id := createSnapshot(t, client, aliceVolume, tag("secret", "plan"))
	c.Clock().Advance(time.Minute)
	return c, client, id
}

func restoreVolume(t *testing.T, client *awsec2.Client, snapshot string) (string, error) {
	t.Helper()
	out, err := client.CreateVolume(t.Context(), &awsec2.CreateVolumeInput{SnapshotId: &snapshot, AvailabilityZone: aws.String("us-east-1a")})
	if err != nil {
		return "", err
	}
	return aws.ToString(out.VolumeId), nil
}

// TestSharedSnapshots shows another account what is shared with it, page by page, and lets it make volumes and copies of that.
func TestSharedSnapshots(t *testing.T) {
	c, alices, private := completed(t, 0)
	bobs, abroad := c.client(bobKey, "us-east-1"), c.client(bobKey, "us-west-1")
	var all []string
	for range 6 {
		all = append(all, createSnapshot(t, alices, aliceVolume, tag("secret", "plan")))
	}
	own := createSnapshot(t, bobs, bobVolume)
	c.Clock().Advance(time.Minute)
	share := func(id string, permission types.CreateVolumePermission) {
		t.Helper()
		_, err := alices.ModifySnapshotAttribute(t.Context(), &awsec2.ModifySnapshotAttributeInput{
			SnapshotId: &id, CreateVolumePermission: &types.CreateVolumePermissionModifications{Add: []types.CreateVolumePermission{permission}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for i, id := range all {
		if i%2 == 0 {
			share(id, types.CreateVolumePermission{UserId: aws.String(bob)})
		} else {
			share(id, types.CreateVolumePermission{Group: types.PermissionGroupAll})
		}
	}
	explicit := []string{all[0], all[2], all[4]}
	public := []string{all[1], all[3], all[5]}
	for name, test := range map[string]struct {
		client *awsec2.Client
		in     awsec2.DescribeSnapshotsInput
		want   []string
	}{
		"all that bob sees":       {bobs, awsec2.DescribeSnapshotsInput{}, append(slices.Clone(all), own)},
		"his own":                 {bobs, awsec2.DescribeSnapshotsInput{OwnerIds: []string{"self"}}, []string{own}},
		"of alice":                {bobs, awsec2.DescribeSnapshotsInput{OwnerIds: []string{alice}}, all},
		"restorable by himself":   {bobs, awsec2.DescribeSnapshotsInput{RestorableByUserIds: []string{"self"}}, append(slices.Clone(explicit), own)},
		"restorable by all":       {bobs, awsec2.DescribeSnapshotsInput{RestorableByUserIds: []string{"all"}}, public},
		"hers, restorable by him": {alices, awsec2.DescribeSnapshotsInput{RestorableByUserIds: []string{bob}}, explicit},
		"all that alice sees":     {alices, awsec2.DescribeSnapshotsInput{}, append([]string{private}, all...)},
		"by another's tag":        {bobs, awsec2.DescribeSnapshotsInput{Filters: []types.Filter{filter("tag-key", "secret")}}, nil},
		"elsewhere":               {abroad, awsec2.DescribeSnapshotsInput{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := snapshotIDs(t.Context(), t, test.client, &test.in); !slices.Equal(got, test.want) {
				t.Errorf("%v, want %v", got, test.want)
			}
			test.in.MaxResults = aws.Int32(5)
			if got := snapshotIDs(t.Context(), t, test.client, &test.in); !slices.Equal(got, test.want) {
				t.Errorf("by pages: %v, want %v", got, test.want)
			}
		})
	}
	if shown := describeSnapshot(t, bobs, all[0]); aws.ToString(shown.OwnerId) != alice || len(shown.Tags) > 0 {
		t.Errorf("%+v", shown)
	}
	volume, err := restoreVolume(t, bobs, all[0])
	if err != nil {
		t.Fatal(err)
	}
	if c.content(t, volume) != c.content(t, aliceVolume) {
		t.Error("the volume holds something else")
	}
	_, err = restoreVolume(t, bobs, private)
	checkRefusal(t, err, 400, "InvalidSnapshot.NotFound", private)
	if _, err := abroad.CopySnapshot(t.Context(), &awsec2.CopySnapshotInput{SourceRegion: aws.String("us-east-1"), SourceSnapshotId: &all[1]}); err != nil {
		t.Error(err)
	}
	_, err = bobs.DeleteSnapshot(t.Context(), &awsec2.DeleteSnapshotInput{SnapshotId: &all[0]})
	checkRefusal(t, err, 400, "InvalidSnapshot.NotFound", all[0])
	_, err = bobs.CreateTags(t.Context(), &awsec2.CreateTagsInput{Resources: []string{bobVolume, all[0]}, Tags: []types.Tag{tag("a", "b")}})
	checkRefusal(t, err, 400, "InvalidSnapshot.NotFound", all[0])

	_, err = alices.ModifySnapshotAttribute(t.Context(), &awsec2.ModifySnapshotAttributeInput{
		SnapshotId: &all[0], Attribute: types.SnapshotAttributeNameCreateVolumePermission, OperationType: types.OperationTypeRemove, UserIds: []string{bob},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = restoreVolume(t, bobs, all[0])
	checkRefusal(t, err, 400, "InvalidSnapshot.NotFound", all[0])
	attribute, err := alices.DescribeSnapshotAttribute(t.Context(), &awsec2.DescribeSnapshotAttributeInput{
		SnapshotId: &all[1], Attribute: types.SnapshotAttributeNameCreateVolumePermission,
	})
	if err != nil || len(attribute.CreateVolumePermissions) != 1 || attribute.CreateVolumePermissions[0].Group != types.PermissionGroupAll {
		t.Errorf("%+v, %v", attribute, err)
	}
}

func TestEncryptedSnapshotsAreSharedByKey(t *testing.T) {
	c := start(t, twoAccounts())
	client := c.client(aliceKey, "us-east-1")
	for key, want := range map[string]string{"": "OperationNotPermitted", "1234abcd-12ab-34cd-56ef-1234567890ab": ""} {
		in := &awsec2.CreateVolumeInput{Size: aws.Int32(1), AvailabilityZone: aws.String("us-east-1a"), Encrypted: aws.Bool(true)}
		if key != "" {
			in.KmsKeyId = &key
		}
		volume, err := client.CreateVolume(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		id := createSnapshot(t, client, aws.ToString(volume.VolumeId))
		share := func(permission types.CreateVolumePermission) error {
			_, err := client.ModifySnapshotAttribute(t.Context(), &awsec2.ModifySnapshotAttributeInput{
				SnapshotId: &id, CreateVolumePermission: &types.CreateVolumePermissionModifications{Add: []types.CreateVolumePermission{permission}},
			})
			return err
		}
		if err = share(types.CreateVolumePermission{UserId: aws.String(bob)}); want != "" {
			checkRefusal(t, err, 400, want, "default key")
		} else if err != nil {
			t.Error(err)
		}
		checkRefusal(t, share(types.CreateVolumePermission{Group: types.PermissionGroupAll}), 400, "OperationNotPermitted", "cannot be shared")
	}
}

// TestLocks goes through a lock's life by the clock.
func TestLocks(t *testing.T) {
	c, client, id := completed(t, 0)
	lock := func(mode types.LockMode, coolOff, days int32) (types.LockState, error) {
		in := &awsec2.LockSnapshotInput{SnapshotId: &id, LockMode: mode, LockDuration: &days}
		if coolOff > 0 {
			in.CoolOffPeriod = &coolOff
		}
		out, err := client.LockSnapshot(t.Context(), in)
		if err != nil {
			return "", err
		}
		return out.LockState, nil
	}
	must := func(want types.LockState, got types.LockState, err error) {
		t.Helper()
		if err != nil || got != want {
			t.Fatalf("%s, %v, want %s", got, err, want)
		}
	}
	listed := func(want ...types.LockState) {
		t.Helper()
		out, err := client.DescribeLockedSnapshots(t.Context(), &awsec2.DescribeLockedSnapshotsInput{})
		if err != nil {
			t.Fatal(err)
		}
		var got []types.LockState
		for _, one := range out.Snapshots {
			got = append(got, one.LockState)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%v, want %v", got, want)
		}
	}
	remove := func() error {
		_, err := client.DeleteSnapshot(t.Context(), &awsec2.DeleteSnapshotInput{SnapshotId: &id})
		return err
	}
	unlock := func() error {
		_, err := client.UnlockSnapshot(t.Context(), &awsec2.UnlockSnapshotInput{SnapshotId: &id})
		return err
	}
	listed()
	checkRefusal(t, unlock(), 400, "IncorrectState", "is not locked")
	state, err := lock(types.LockModeGovernance, 0, 10)
	must(types.LockStateGovernance, state, err)
	checkRefusal(t, remove(), 400, "OperationNotPermitted", "locked until")
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	state, err = lock(types.LockModeCompliance, 2, 10)
	must(types.LockStateComplianceCooloff, state, err)
	state, err = lock(types.LockModeCompliance, 2, 5) // it can be made shorter as yet
	must(types.LockStateComplianceCooloff, state, err)
	c.Clock().Advance(2 * time.Hour)
	listed(types.LockStateCompliance)
	checkRefusal(t, unlock(), 400, "OperationNotPermitted", "compliance")
	_, err = lock(types.LockModeGovernance, 0, 10)
	checkRefusal(t, err, 400, "OperationNotPermitted", "extended")
	_, err = lock(types.LockModeCompliance, 0, 1)
	checkRefusal(t, err, 400, "OperationNotPermitted", "extended")
	state, err = lock(types.LockModeCompliance, 0, 20)
	must(types.LockStateCompliance, state, err)
	checkRefusal(t, remove(), 400, "OperationNotPermitted", "locked until")
	c.Clock().Advance(20 * 24 * time.Hour)
	listed(types.LockStateExpired)
	if err := remove(); err != nil {
		t.Error(err)
	}
	listed()
}

// TestArchive reads a snapshot while it is restored, by the clock.
func TestArchive(t *testing.T) {
	c, client, id := completed(t, 0)
	tier := func(want types.StorageTier, operation types.TieringOperationStatus) {
		t.Helper()
		out, err := client.DescribeSnapshotTierStatus(t.Context(), &awsec2.DescribeSnapshotTierStatusInput{
			Filters: []types.Filter{filter("last-tiering-operation", string(operation)), filter("snapshot-id", id)},
		})
		if err != nil || len(out.SnapshotTierStatuses) != 1 || out.SnapshotTierStatuses[0].StorageTier != want {
			t.Fatalf("%+v, %v", out, err)
		}
		found := snapshotIDs(t.Context(), t, client, &awsec2.DescribeSnapshotsInput{Filters: []types.Filter{filter("storage-tier", string(want))}})
		if !slices.Equal(found, []string{id}) {
			t.Errorf("in tier %s are %v", want, found)
		}
	}
	restore := func(days int32) error {
		in := &awsec2.RestoreSnapshotTierInput{SnapshotId: &id}
		if days > 0 {
			in.TemporaryRestoreDays = &days
		} else {
			in.PermanentRestore = aws.Bool(true)
		}
		_, err := client.RestoreSnapshotTier(t.Context(), in)
		return err
	}
	archive := func() error {
		_, err := client.ModifySnapshotTier(t.Context(), &awsec2.ModifySnapshotTierInput{SnapshotId: &id, StorageTier: types.TargetStorageTierArchive})
		return err
	}
	checkRefusal(t, restore(1), 400, "IncorrectState", "is not in the archive tier")
	if err := archive(); err != nil {
		t.Fatal(err)
	}
	tier(types.StorageTierArchive, types.TieringOperationStatusArchivalCompleted)
	checkRefusal(t, archive(), 400, "IncorrectState", "already")
	_, err := restoreVolume(t, client, id)
	checkRefusal(t, err, 400, "IncorrectState", "is archived")
	if err := restore(2); err != nil {
		t.Fatal(err)
	}
	tier(types.StorageTierStandard, types.TieringOperationStatusTemporaryRestoreCompleted)
	if _, err := restoreVolume(t, client, id); err != nil {
		t.Error(err)
	}
	c.Clock().Advance(48 * time.Hour)
	tier(types.StorageTierArchive, types.TieringOperationStatusArchivalCompleted)
	if err := restore(0); err != nil {
		t.Fatal(err)
	}
	c.Clock().Advance(1000 * time.Hour)
	tier(types.StorageTierStandard, types.TieringOperationStatusPermanentRestoreCompleted)
}

// TestRecycleBin restores one of two deleted snapshots in time.
func TestRecycleBin(t *testing.T) {
	c, client, id := completed(t, time.Hour)
	late := createSnapshot(t, client, aliceVolume)
	for _, one := range []string{id, late} {
		if _, err := client.DeleteSnapshot(t.Context(), &awsec2.DeleteSnapshotInput{SnapshotId: &one}); err != nil {
			t.Fatal(err)
		}
	}
	listed := func(client *awsec2.Client, want ...string) {
		t.Helper()
		out, err := client.ListSnapshotsInRecycleBin(t.Context(), &awsec2.ListSnapshotsInRecycleBinInput{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, one := range out.Snapshots {
			if one.RecycleBinExitTime.Sub(*one.RecycleBinEnterTime) != time.Hour {
				t.Errorf("%+v", one)
			}
			got = append(got, aws.ToString(one.SnapshotId))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
	restore := func(id string) error {
		_, err := client.RestoreSnapshotFromRecycleBin(t.Context(), &awsec2.RestoreSnapshotFromRecycleBinInput{SnapshotId: &id})
		return err
	}
	listed(client, id, late)
	listed(c.client(bobKey, "us-east-1"))
	if got := snapshotIDs(t.Context(), t, client, &awsec2.DescribeSnapshotsInput{}); len(got) > 0 {
		t.Errorf("what was deleted is there: %v", got)
	}
	_, err := restoreVolume(t, client, id)
	checkRefusal(t, err, 400, "InvalidSnapshot.NotFound", id)
	if err := restore(id); err != nil {
		t.Fatal(err)
	}
	if shown := describeSnapshot(t, client, id); len(shown.Tags) != 1 || shown.State != types.SnapshotStateCompleted {
		t.Errorf("%+v", shown)
	}
	c.Clock().Advance(time.Hour)
	listed(client)
	checkRefusal(t, restore(late), 400, "InvalidSnapshot.NotFound", late)
}

// TestProgressFilter picks what is begun by how far it is.
func TestProgressFilter(t *testing.T) {
	_, client, done := completed(t, 0)
	begun := createSnapshot(t, client, aliceVolume)
	for id, values := range map[string][]string{done: {"100%"}, begun: {"?%", "??%"}} {
		got := snapshotIDs(t.Context(), t, client, &awsec2.DescribeSnapshotsInput{Filters: []types.Filter{filter("progress", values...)}})
		if !slices.Equal(got, []string{id}) {
			t.Errorf("%s: %v, want %s", values, got, id)
		}
	}
}

// TestSnapshotsOfInstance snapshots the volumes that an instance holds, with their tags.
func TestSnapshotsOfInstance(t *testing.T) {
	c := start(t, twoAccounts())
	client := c.client(aliceKey, "us-east-1")
	const node = "i-0123456789abcdef0"
	data, err := client.CreateVolume(t.Context(), &awsec2.CreateVolumeInput{Size: aws.Int32(2), AvailabilityZone: aws.String("us-east-1a")})
	if err != nil {
		t.Fatal(err)
	}
	for device, volume := range map[string]*string{"/dev/xvda": aws.String(aliceVolume), "/dev/sdf": data.VolumeId} {
		if _, err := client.AttachVolume(t.Context(), &awsec2.AttachVolumeInput{VolumeId: volume, InstanceId: aws.String(node), Device: &device}); err != nil {
			t.Fatal(err)
		}
	}
	shown, err := client.DescribeInstances(t.Context(), &awsec2.DescribeInstancesInput{
		Filters: []types.Filter{filter("block-device-mapping.volume-id", aws.ToString(data.VolumeId))},
	})
	if err != nil || len(shown.Reservations) != 1 {
		t.Fatalf("%+v, %v", shown, err)
	}
	if found := shown.Reservations[0].Instances[0]; aws.ToString(found.InstanceId) != node || found.State.Name != types.InstanceStateNameRunning ||
		aws.ToString(found.Placement.AvailabilityZone) != "us-east-1a" || len(found.BlockDeviceMappings) != 2 {
		t.Errorf("%+v", found)
	}
	snapshots := func(specification types.InstanceSpecification) []string {
		t.Helper()
		specification.InstanceId = aws.String(node)
		out, err := client.CreateSnapshots(t.Context(), &awsec2.CreateSnapshotsInput{InstanceSpecification: &specification, CopyTagsFromSource: types.CopyTagsFromSourceVolume})
		if err != nil {
			t.Fatal(err)
		}
		var of []string
		for _, one := range out.Snapshots {
			of = append(of, aws.ToString(one.VolumeId))
			if one.State != types.SnapshotStatePending || aws.ToString(one.VolumeId) == aliceVolume && len(one.Tags) != 1 {
				t.Errorf("%+v", one)
			}
		}
		return of
	}
	if got, want := snapshots(types.InstanceSpecification{}), []string{aliceVolume, *data.VolumeId}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := snapshots(types.InstanceSpecification{ExcludeBootVolume: aws.Bool(true)}); !slices.Equal(got, []string{*data.VolumeId}) {
		t.Errorf("%v", got)
	}
	if got := snapshots(types.InstanceSpecification{ExcludeDataVolumeIds: []string{*data.VolumeId}}); !slices.Equal(got, []string{aliceVolume}) {
		t.Errorf("%v", got)
	}
	_, err = client.CreateSnapshots(t.Context(), &awsec2.CreateSnapshotsInput{InstanceSpecification: &types.InstanceSpecification{InstanceId: aws.String("i-00000000000000000")}})
	checkRefusal(t, err, 400, "InvalidInstanceID.NotFound", "i-00000000000000000")
}

// TestBoundsOfSnapshotActions is the table of what the reference does not let pass.
func TestBoundsOfSnapshotActions(t *testing.T) {
	c, client, id := completed(t, 0)
	lock := func(in awsec2.LockSnapshotInput) error {
		in.SnapshotId = &id
		_, err := client.LockSnapshot(t.Context(), &in)
		return err
	}
	share := func(in awsec2.ModifySnapshotAttributeInput) error {
		in.SnapshotId = &id
		_, err := client.ModifySnapshotAttribute(t.Context(), &in)
		return err
	}
	restore := func(in awsec2.RestoreSnapshotTierInput) error {
		in.SnapshotId = &id
		_, err := client.RestoreSnapshotTier(t.Context(), &in)
		return err
	}
	day := aws.Int32(1)
	for name, test := range map[string]struct {
		err     error
		code    string
		message string
	}{
		"mode":               {lock(awsec2.LockSnapshotInput{LockMode: "strict", LockDuration: day}), "InvalidParameterValue", "governance, compliance"},
		"no days":            {lock(awsec2.LockSnapshotInput{LockMode: types.LockModeGovernance}), "MissingParameter", "LockDuration or ExpirationDate"},
		"too many days":      {lock(awsec2.LockSnapshotInput{LockMode: types.LockModeGovernance, LockDuration: aws.Int32(36501)}), "InvalidParameterValue", "from 1 to 36500"},
		"days and date":      {lock(awsec2.LockSnapshotInput{LockMode: types.LockModeGovernance, LockDuration: day, ExpirationDate: aws.Time(time.Now().Add(time.Hour))}), "InvalidParameterCombination", "expirationDate"},
		"date that is over":  {lock(awsec2.LockSnapshotInput{LockMode: types.LockModeGovernance, ExpirationDate: aws.Time(time.Now().Add(-time.Hour))}), "InvalidParameterValue", "later than"},
		"cool-off":           {lock(awsec2.LockSnapshotInput{LockMode: types.LockModeCompliance, LockDuration: day, CoolOffPeriod: aws.Int32(73)}), "InvalidParameterValue", "from 1 to 72"},
		"needless cool-off":  {lock(awsec2.LockSnapshotInput{LockMode: types.LockModeGovernance, LockDuration: day, CoolOffPeriod: day}), "InvalidParameterCombination", "governance"},
		"dry lock":           {lock(awsec2.LockSnapshotInput{LockMode: types.LockModeGovernance, LockDuration: day, DryRun: aws.Bool(true)}), "DryRunOperation", ""},
		"share with nobody":  {share(awsec2.ModifySnapshotAttributeInput{}), "MissingParameter", "createVolumePermission"},
		"share with a name":  {share(awsec2.ModifySnapshotAttributeInput{OperationType: types.OperationTypeAdd, UserIds: []string{"bob"}}), "InvalidUserID.Malformed", "bob"},
		"share with a group": {share(awsec2.ModifySnapshotAttributeInput{OperationType: types.OperationTypeAdd, GroupNames: []string{"few"}}), "InvalidParameterValue", "Valid values: all"},
		"product codes":      {share(awsec2.ModifySnapshotAttributeInput{Attribute: types.SnapshotAttributeNameProductCodes}), "InvalidParameterValue", "createVolumePermission"},
		"restore both ways":  {restore(awsec2.RestoreSnapshotTierInput{PermanentRestore: aws.Bool(true), TemporaryRestoreDays: day}), "InvalidParameterCombination", "permanentRestore"},
		"restore no way":     {restore(awsec2.RestoreSnapshotTierInput{}), "MissingParameter", "TemporaryRestoreDays"},
		"restore for a year": {restore(awsec2.RestoreSnapshotTierInput{TemporaryRestoreDays: aws.Int32(365)}), "InvalidParameterValue", "from 1 to 180"},
	} {
		t.Run(name, func(t *testing.T) {
			status := 400
			if test.code == "DryRunOperation" {
				status = 412
			}
			checkRefusal(t, test.err, status, test.code, test.message)
		})
	}
	_, err := c.client(bobKey, "us-east-1").DescribeSnapshots(t.Context(), &awsec2.DescribeSnapshotsInput{OwnerIds: []string{"alice"}})
	checkRefusal(t, err, 400, "InvalidUserID.Malformed", "alice")
	_, err = client.DescribeVolumesModifications(t.Context(), &awsec2.DescribeVolumesModificationsInput{VolumeIds: []string{aliceVolume}})
	checkRefusal(t, err, 400, "InvalidVolumeModification.NotFound", aliceVolume)
}
