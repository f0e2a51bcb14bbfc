package ec2_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/simulator/faults"
)

// cliStep is a command of aws-cli and what it prints, in which the ids of what was created before have names.
type cliStep struct {
	command, want string
	// creates names the id that the command prints.
	creates string
}

// TestAWSCLI runs a command of aws-cli for each action. Without aws-cli the SDK's tests cover the actions all the same.
func TestAWSCLI(t *testing.T) {
	program, err := exec.LookPath("aws")
	if err != nil {
		t.Skipf("aws-cli is not installed: %v", err)
	}
	for name, steps := range map[string][]cliStep{
		"volumes": {
			{command: "sts get-caller-identity --query Account", want: alice},
			{command: "ec2 create-volume --availability-zone us-east-1b --size 1 --volume-type gp3 --query VolumeId", creates: "VOLUME"},
			{command: "ec2 describe-volumes --volume-ids VOLUME --query Volumes[].[Size,VolumeType,Iops,State]", want: "1\tgp3\t3000\tavailable"},
			{command: "ec2 modify-volume --volume-id VOLUME --size 2 --query VolumeModification.TargetSize", want: "2"},
			{command: "ec2 attach-volume --volume-id VOLUME --instance-id i-0123456789abcdef0 --device /dev/sdf --query State", want: "attaching"},
			{command: "ec2 delete-volume --volume-id VOLUME", want: "An error occurred (VolumeInUse) when calling the DeleteVolume operation: Volume VOLUME is currently attached to i-0123456789abcdef0"},
			{command: "ec2 describe-instances --query Reservations[].Instances[].[InstanceId,State.Name,BlockDeviceMappings[0].Ebs.VolumeId]", want: "i-0123456789abcdef0\trunning\tVOLUME"},
			{command: "ec2 describe-volumes-modifications --query VolumesModifications[].[ModificationState,TargetSize,Progress]", want: "completed\t2\t100"},
			{command: "ec2 describe-volume-status --volume-ids VOLUME --query VolumeStatuses[].VolumeStatus.Status", want: "ok"},
			{command: "ec2 create-snapshots --instance-specification InstanceId=i-0123456789abcdef0 --query Snapshots[0].State", want: "pending"},
			{command: "ec2 detach-volume --volume-id VOLUME --query State", want: "detaching"},
			{command: "ec2 delete-volume --volume-id VOLUME"},
			{command: "ec2 describe-volumes --filters Name=status,Values=in-use --output json", want: "{\n    \"Volumes\": []\n}"},
		},
		"snapshots": {
			{command: "ec2 create-snapshot --volume-id " + aliceVolume + " --tag-specifications ResourceType=snapshot,Tags=[{Key=a,Value=b}] --query SnapshotId", creates: "SNAPSHOT"},
			{command: "ec2 describe-snapshots --owner-ids self --filters Name=tag:a,Values=b --query Snapshots[].[SnapshotId,State,Progress]", want: "SNAPSHOT\tcompleted\t100%"},
			{command: "ec2 copy-snapshot --region us-west-1 --source-region us-east-1 --source-snapshot-id SNAPSHOT --query SnapshotId", creates: "COPY"},
			{command: "ec2 create-tags --resources SNAPSHOT --tags Key=c,Value=d"},
			{command: "ec2 delete-tags --resources SNAPSHOT --tags Key=a"},
			{command: "ec2 describe-tags --filters Name=resource-id,Values=SNAPSHOT --query Tags[].[Key,Value,ResourceType]", want: "c\td\tsnapshot"},
			{command: "ec2 modify-snapshot-attribute --snapshot-id SNAPSHOT --attribute createVolumePermission --operation-type add --user-ids " + bob},
			{command: "ec2 describe-snapshot-attribute --snapshot-id SNAPSHOT --attribute createVolumePermission --query CreateVolumePermissions[].UserId", want: bob},
			{command: "ec2 modify-snapshot-tier --snapshot-id SNAPSHOT --storage-tier archive --query SnapshotId", want: "SNAPSHOT"},
			{command: "ec2 restore-snapshot-tier --snapshot-id SNAPSHOT --permanent-restore --query IsPermanentRestore", want: "True"},
			{command: "ec2 describe-snapshot-tier-status --query SnapshotTierStatuses[].[StorageTier,LastTieringOperationStatus]", want: "standard\tpermanent-restore-completed"},
			{command: "ec2 lock-snapshot --snapshot-id SNAPSHOT --lock-mode governance --lock-duration 1 --query LockState", want: "governance"},
			{command: "ec2 describe-locked-snapshots --query Snapshots[].[SnapshotId,LockDuration]", want: "SNAPSHOT\t1"},
			{command: "ec2 unlock-snapshot --snapshot-id SNAPSHOT --query SnapshotId", want: "SNAPSHOT"},
			{command: "ec2 delete-snapshot --snapshot-id SNAPSHOT"},
			{command: "ec2 list-snapshots-in-recycle-bin --query Snapshots[].SnapshotId", want: "SNAPSHOT"},
			{command: "ec2 restore-snapshot-from-recycle-bin --snapshot-id SNAPSHOT --query State", want: "completed"},
			{command: "ec2 describe-regions --query Regions[].RegionName", want: "us-east-1\tus-west-1"},
			{command: "ec2 describe-availability-zones --query AvailabilityZones[].ZoneName", want: "us-east-1a\tus-east-1b\tus-east-1c"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := twoAccounts()
			config.EC2.SnapshotDuration = new(faults.Duration)
			config.EC2.SnapshotRetention = faults.Duration(time.Hour)
			runCLI(t, program, start(t, config), steps)
		})
	}
}

func runCLI(t *testing.T, program string, c *cloud, steps []cliStep) {
	t.Helper()
	dir := t.TempDir()
	environment := append(os.Environ(),
		"AWS_ACCESS_KEY_ID="+aliceKey.ID, "AWS_SECRET_ACCESS_KEY="+aliceKey.Secret, "AWS_DEFAULT_REGION=us-east-1",
		"AWS_DEFAULT_OUTPUT=text", "AWS_PAGER=", "AWS_MAX_ATTEMPTS=1",
		"AWS_CONFIG_FILE="+filepath.Join(dir, "none"), "AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(dir, "none"))
	var ids []string // names and ids, alternating
	for _, step := range steps {
		named := strings.NewReplacer(ids...)
		arguments := append([]string{"--endpoint-url", c.url}, strings.Fields(named.Replace(step.command))...)
		command := exec.CommandContext(t.Context(), program, arguments...)
		command.Env = environment
		out, err := command.CombinedOutput()
		got, want := strings.TrimSpace(string(out)), named.Replace(step.want)
		if step.creates != "" && err == nil {
			ids = append(ids, step.creates, got)
			continue
		}
		if refused := strings.HasPrefix(want, "An error"); (err != nil) != refused || !strings.HasSuffix(got, want) {
			t.Fatalf("%s\nprinted %q, want %q: %v", step.command, got, want, err)
		}
	}
}
