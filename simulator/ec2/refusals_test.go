package ec2_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awsec2 "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/faults"
)

// checkRefusal wants the SDK's typed error with a code, an HTTP status and a part of the message.
func checkRefusal(t *testing.T, err error, status int, code, message string) {
	t.Helper()
	var api smithy.APIError
	var response *awshttp.ResponseError
	if !errors.As(err, &api) || !errors.As(err, &response) {
		t.Fatalf("it is no refusal: %v", err)
	}
	if api.ErrorCode() != code || response.HTTPStatusCode() != status || !strings.Contains(api.ErrorMessage(), message) || response.RequestID == "" {
		t.Errorf("%d %s %q (request %s), want %d %s %q", response.HTTPStatusCode(), api.ErrorCode(), api.ErrorMessage(), response.RequestID, status, code, message)
	}
}

// TestRefusals is the table of what clients are told when they ask for what they may not have.
func TestRefusals(t *testing.T) {
	c := start(t, twoAccounts())
	home, abroad := c.client(aliceKey, "us-east-1"), c.client(aliceKey, "us-west-1")
	pending := createSnapshot(t, home, aliceVolume)
	wrong := simulator.AccessKeyConfig{ID: aliceKey.ID, Secret: "guessed"}
	forged := temporaryKey
	forged.SessionToken = "another"
	describe := func(client *awsec2.Client, volumes ...string) error {
		_, err := client.DescribeVolumes(t.Context(), &awsec2.DescribeVolumesInput{VolumeIds: volumes})
		return err
	}
	create := func(client *awsec2.Client, in awsec2.CreateVolumeInput) error {
		in.AvailabilityZone = aws.String("us-east-1a")
		_, err := client.CreateVolume(t.Context(), &in)
		return err
	}
	for _, test := range []struct {
		name    string
		fault   faults.Fault
		do      func() error
		status  int
		code    string
		message string
	}{
		{
			name: "volume of another region", do: func() error { return describe(abroad, aliceVolume) },
			status: 400, code: "InvalidVolume.NotFound", message: "The volume '" + aliceVolume + "' does not exist.",
		},
		{
			name: "volume of another account", do: func() error { return describe(c.client(bobKey, "us-east-1"), aliceVolume) },
			status: 400, code: "InvalidVolume.NotFound", message: "The volume '" + aliceVolume + "' does not exist.",
		},
		{
			name: "several volumes", do: func() error { return describe(home, aliceVolume, bobVolume, noVolume) },
			status: 400, code: "InvalidVolume.NotFound", message: "The volumes '" + bobVolume + ", " + noVolume + "' do not exist.",
		},
		{
			name: "snapshot of a volume of another account", do: func() error {
				_, err := home.CreateSnapshot(t.Context(), &awsec2.CreateSnapshotInput{VolumeId: aws.String(bobVolume)})
				return err
			}, status: 400, code: "InvalidVolume.NotFound", message: bobVolume,
		},
		{
			name: "snapshot of another region", do: func() error {
				_, err := abroad.DeleteSnapshot(t.Context(), &awsec2.DeleteSnapshotInput{SnapshotId: aws.String(pending)})
				return err
			}, status: 400, code: "InvalidSnapshot.NotFound", message: "The snapshot '" + pending + "' does not exist.",
		},
		{
			name: "no id", do: func() error { return describe(home, "pvc-1") },
			status: 400, code: "InvalidParameterValue", message: "Value (pvc-1) for parameter volumes is invalid. Expected: 'vol-...'.",
		},
		{
			name: "malformed id", do: func() error { return describe(home, "vol-xyz") },
			status: 400, code: "InvalidVolumeID.Malformed", message: `Invalid id: "vol-xyz"`,
		},
		{
			name: "foreign zone", do: func() error {
				_, err := home.CreateVolume(t.Context(), &awsec2.CreateVolumeInput{AvailabilityZone: aws.String("us-west-1a"), Size: aws.Int32(1)})
				return err
			}, status: 400, code: "InvalidZone.NotFound", message: "The zone 'us-west-1a' does not exist.",
		},
		{
			name: "pending snapshot", do: func() error { return create(home, awsec2.CreateVolumeInput{SnapshotId: &pending}) },
			status: 400, code: "IncorrectState", message: "pending",
		},
		{
			name: "neither size nor snapshot", do: func() error { return create(home, awsec2.CreateVolumeInput{}) },
			status: 400, code: "MissingParameter", message: "size/snapshot",
		},
		{
			name: "IOPS with gp2", do: func() error {
				return create(home, awsec2.CreateVolumeInput{Size: aws.Int32(10), VolumeType: types.VolumeTypeGp2, Iops: aws.Int32(3000)})
			}, status: 400, code: "InvalidParameterCombination", message: "The parameter iops is not supported for gp2 volumes.",
		},
		{
			name: "io1 without IOPS", do: func() error {
				return create(home, awsec2.CreateVolumeInput{Size: aws.Int32(10), VolumeType: types.VolumeTypeIo1})
			}, status: 400, code: "MissingParameter", message: "iops",
		},
		{
			name: "too large", do: func() error { return create(home, awsec2.CreateVolumeInput{Size: aws.Int32(1 << 20)}) },
			status: 400, code: "InvalidParameterValue", message: "1GiB to 16384GiB",
		},
		{
			name: "parameter that the simulator does not have", do: func() error {
				return create(home, awsec2.CreateVolumeInput{Size: aws.Int32(1), OutpostArn: aws.String("arn:aws:outposts")})
			}, status: 400, code: "UnknownParameter", message: "The parameter OutpostArn is not recognized",
		},
		{
			name: "filter that there is not", do: func() error {
				_, err := home.DescribeSnapshots(t.Context(), &awsec2.DescribeSnapshotsInput{Filters: []types.Filter{filter("colour", "red")}})
				return err
			}, status: 400, code: "InvalidParameterValue", message: "The filter 'colour' is invalid",
		},
		{
			name: "small page", do: func() error {
				_, err := home.DescribeSnapshots(t.Context(), &awsec2.DescribeSnapshotsInput{MaxResults: aws.Int32(2)})
				return err
			}, status: 400, code: "InvalidParameterValue", message: "Expecting a value greater than 5",
		},
		{
			name: "made-up token", do: func() error {
				_, err := home.DescribeSnapshots(t.Context(), &awsec2.DescribeSnapshotsInput{NextToken: aws.String("?")})
				return err
			}, status: 400, code: "InvalidPaginationToken",
		},
		{
			name: "reserved tag", do: func() error {
				_, err := home.CreateTags(t.Context(), &awsec2.CreateTagsInput{Resources: []string{aliceVolume}, Tags: []types.Tag{tag("aws:x", "y")}})
				return err
			}, status: 400, code: "InvalidParameterValue", message: "reserved",
		},
		{
			name: "throttled", fault: faults.Error{Code: "RequestLimitExceeded"}, do: func() error { return describe(home) },
			status: 503, code: "RequestLimitExceeded", message: "Request limit exceeded.",
		},
		{
			name: "too many snapshots of a volume", fault: faults.Error{Code: "SnapshotCreationPerVolumeRateExceeded"}, do: func() error { return describe(home) },
			status: 400, code: "SnapshotCreationPerVolumeRateExceeded", message: "per volume CreateSnapshot request rate",
		},
		{
			name: "expired by a fault", fault: faults.Expired{}, do: func() error { return describe(home) },
			status: 400, code: "RequestExpired", message: "Request has expired.",
		},
		{
			name: "denied by policy", do: func() error {
				_, err := c.client(readerKey, "us-east-1").DeleteSnapshot(t.Context(), &awsec2.DeleteSnapshotInput{SnapshotId: &pending})
				return err
			}, status: 403, code: "UnauthorizedOperation", message: "You are not authorized to perform this operation. User: arn:aws:iam::" + alice + ":user/alice is not authorized to perform: ec2:DeleteSnapshot",
		},
		{
			name: "tags denied by policy", do: func() error {
				_, err := c.client(readerKey, "us-east-1").CreateSnapshot(t.Context(), &awsec2.CreateSnapshotInput{
					VolumeId:          aws.String(aliceVolume),
					TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeSnapshot, Tags: []types.Tag{tag("a", "b")}}},
				})
				return err
			}, status: 403, code: "UnauthorizedOperation", message: "ec2:CreateTags",
		},
		{
			name: "dry run", do: func() error {
				_, err := home.DeleteVolume(t.Context(), &awsec2.DeleteVolumeInput{VolumeId: aws.String(aliceVolume), DryRun: aws.Bool(true)})
				return err
			}, status: 412, code: "DryRunOperation", message: "Request would have succeeded, but DryRun flag is set.",
		},
		{
			name: "dry run of what is denied", do: func() error {
				_, err := c.client(readerKey, "us-east-1").DeleteVolume(t.Context(), &awsec2.DeleteVolumeInput{VolumeId: aws.String(aliceVolume), DryRun: aws.Bool(true)})
				return err
			}, status: 403, code: "UnauthorizedOperation",
		},
		{
			name: "expired token", do: func() error { return describe(c.client(expiredKey, "us-east-1")) },
			status: 400, code: "RequestExpired", message: "Request has expired.",
		},
		{
			name: "forged token", do: func() error { return describe(c.client(forged, "us-east-1")) },
			status: 401, code: "AuthFailure", message: "AWS was not able to validate the provided access credentials",
		},
		{
			name: "wrong secret", do: func() error { return describe(c.client(wrong, "us-east-1")) },
			status: 401, code: "AuthFailure", message: "AWS was not able to validate the provided access credentials",
		},
		{
			name: "unknown key", do: func() error {
				return describe(c.client(simulator.AccessKeyConfig{ID: "NOBODY", Secret: "s"}, "us-east-1"))
			}, status: 401, code: "AuthFailure", message: "AWS was not able to validate the provided access credentials",
		},
		{
			name: "region that there is not", do: func() error { return describe(c.client(aliceKey, "mars-1")) },
			status: 401, code: "AuthFailure", message: "Credential should be scoped to a valid region.",
		},
		{
			name: "endpoint of another region", do: func() error { return describe(newClient(c.regional["us-west-1"], aliceKey, "us-east-1")) },
			status: 401, code: "AuthFailure", message: "Credential should be scoped to a valid region.",
		},
		{
			name: "action that there is not", do: func() error {
				_, err := home.DescribeImages(t.Context(), &awsec2.DescribeImagesInput{})
				return err
			}, status: 400, code: "InvalidAction", message: "The action DescribeImages is not valid for this web service.",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			c.Faults().Clear()
			if test.fault != nil {
				if _, err := c.Faults().Add(faults.Rule{Match: faults.Match{Operations: []string{"ec2:*"}}, Fault: test.fault}); err != nil {
					t.Fatal(err)
				}
			}
			checkRefusal(t, test.do(), test.status, test.code, test.message)
		})
	}
	if err := describe(home, aliceVolume); err != nil {
		t.Errorf("a dry run deleted: %v", err)
	}
}

// TestSkewedClock shows what EC2 says of a clock that is wrong. The SDK's clients then correct theirs, so it is asked once.
func TestSkewedClock(t *testing.T) {
	c := start(t, twoAccounts())
	c.Clock().Advance(20 * time.Minute)
	_, err := c.client(aliceKey, "us-east-1").DescribeVolumes(t.Context(), &awsec2.DescribeVolumesInput{})
	checkRefusal(t, err, 400, "RequestExpired", "Request has expired.")
}

// TestFaultsByResource harms one volume's snapshots only, and shows the harm in the journal.
func TestFaultsByResource(t *testing.T) {
	c := start(t, twoAccounts())
	rule := faults.Rule{Name: "rate", Match: faults.Match{Resources: []string{aliceVolume}}, Fault: faults.Error{Code: "SnapshotCreationPerVolumeRateExceeded"}}
	if _, err := c.Faults().Add(rule); err != nil {
		t.Fatal(err)
	}
	_, err := c.client(aliceKey, "us-east-1").CreateSnapshot(t.Context(), &awsec2.CreateSnapshotInput{VolumeId: aws.String(aliceVolume)})
	checkRefusal(t, err, 400, "SnapshotCreationPerVolumeRateExceeded", "")
	createSnapshot(t, c.client(aliceKey, "us-west-1"), aliceAbroad)
	entries := journalEntries(t, c.Simulator, 2)
	first, second := entries[0], entries[1]
	if first.Operation != "ec2:CreateSnapshot" || first.Account != alice || first.Region != "us-east-1" || first.Resource != aliceVolume ||
		first.Error != rule.Fault.(faults.Error).Code || first.Status != 400 || len(first.Faults) != 1 {
		t.Errorf("%+v", first)
	}
	if second.Region != "us-west-1" || second.Resource != aliceAbroad || second.Error != "" || second.Status != 200 || second.BytesIn == 0 || second.BytesOut == 0 {
		t.Errorf("%+v", second)
	}
}

// TestBrokenConnection loses the answer to CreateSnapshot: the snapshot was made all the same.
func TestBrokenConnection(t *testing.T) {
	c := start(t, twoAccounts())
	if _, err := c.Faults().Add(faults.Rule{Times: 1, Fault: faults.Reset{At: faults.Download}}); err != nil {
		t.Fatal(err)
	}
	client := c.client(aliceKey, "us-east-1")
	if _, err := client.CreateSnapshot(t.Context(), &awsec2.CreateSnapshotInput{VolumeId: aws.String(aliceVolume)}); err == nil {
		t.Error("a lost answer arrived")
	}
	if made := snapshotIDs(context.Background(), t, client, &awsec2.DescribeSnapshotsInput{}); len(made) != 1 {
		t.Errorf("there are %d snapshots", len(made))
	}
}
