package e2e

import (
	"strings"
	"testing"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/e2e/cluster"
)

// TestVelero types the commands of Velero's own client, as it is released, to `velero-locations dev` and to a cluster.
func TestVelero(t *testing.T) {
	for name, start := range map[string]func(*testing.T) devtest.Server{
		"dev":     func(t *testing.T) devtest.Server { t.Helper(); return cluster.StartDev(t) },
		"cluster": func(t *testing.T) devtest.Server { t.Helper(); return cluster.Start(t).Server },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testVelero(t, start(t))
		})
	}
}

func testVelero(t *testing.T, s devtest.Server) {
	typeLines(t, s, locationLines)
	typeLines(t, s, backupLines)
	t.Run("descriptions", func(t *testing.T) { compareDescriptions(t, s) })
	t.Run("restores", func(t *testing.T) {
		typeLines(t, s, restoreLines)
		compare(t, s, "restore describe more", "restore describe more --details", "restore describe again", "restore get", "restore logs more")
		typeLines(t, s, restoreDeletionLines)
	})
	typeLines(t, s, deletionLines)
}

// compareDescriptions has Velero's client and ours tell of the same objects, which nothing changes any more.
func compareDescriptions(t *testing.T, s devtest.Server) {
	s.Must(t, "velero backup create rich --storage-location primary --volume-snapshot-locations ebs --include-namespaces shop,velero --ordered-resources secrets=velero/own --labels a=b --wait")
	compare(t, s,
		"backup describe rich -o json", "backup describe rich --details -o json", "backup describe made --details -o json",
		"backup describe made", "backup describe made --details", "schedule describe nightly")
}

// compare shows that commands print the same.
func compare(t *testing.T, s devtest.Server, commands ...string) {
	t.Helper()
	for _, command := range commands {
		theirs, ours := "", s.Must(t, "velero-locations --colorized=false "+command)
		for range 20 { // Velero's client prints namespaces in any order
			if theirs = s.Must(t, "velero --colorized=false "+command); ours == theirs {
				break
			}
		}
		if ours != theirs {
			t.Errorf("%s prints\n%s\nVelero's client prints\n%s", command, ours, theirs)
		}
	}
}

// line is a command, and what it prints.
type line struct {
	command string
	fails   bool
	want    []string // parts of it
}

func typeLines(t *testing.T, s devtest.Server, lines []line) {
	t.Helper()
	for _, line := range lines {
		got := s.Shell(t, line.command+" < /dev/null 2>&1")
		if line.fails != (got.Code != 0) {
			t.Fatalf("%s: exit code %d\n%s", line.command, got.Code, got.Stdout)
		}
		printed := strings.Join(strings.Fields(got.Stdout), " ")
		for _, want := range line.want {
			if !strings.Contains(printed, want) {
				t.Errorf("%s printed\n%s\nwant %q", line.command, got.Stdout, want)
			}
		}
	}
}

// What lines print that make or change something.
const (
	storageConfigured  = `Backup storage location "%s" configured successfully.`
	snapshotMade       = `Snapshot volume location "%s" configured successfully.`
	snapshotConfigured = `Volume snapshot location "%s" configured successfully.`
	backupSubmitted    = `Backup request "%s" submitted successfully.`
)

func named(format, name string) []string { return []string{strings.Replace(format, "%s", name, 1)} }

var locationLines = []line{
	{command: "velero version --client-only", want: []string{"Version: v1.18.3"}},
	{command: "velero backup-location create primary --provider aws --bucket velero-backups --config region=us-east-1 --default", want: named(storageConfigured, "primary")},
	{command: "velero create backup-location secondary --provider velero.io/aws --bucket velero-backups --prefix /two/ --config region=us-west-1 --access-mode ReadOnly --backup-sync-period 2m --validation-frequency 0 --labels team=a", want: named(storageConfigured, "secondary")},
	{command: "kubectl wait --for=jsonpath={.status.phase}=Available bsl --all --timeout=20s"},
	{command: "velero backup-location get", want: []string{"NAME PROVIDER BUCKET/PREFIX PHASE LAST VALIDATED ACCESS MODE DEFAULT", "primary aws velero-backups Available", "ReadWrite true", "secondary velero.io/aws velero-backups//two/ Available", "ReadOnly"}},
	{command: "velero get backup-locations -l team=a", want: []string{"secondary"}},
	// Velero's client refuses by itself to move the default in one step; in two it can.
	{command: "velero backup-location set secondary --default", fails: true, want: []string{"there are already exist default backup storage locations"}},
	{command: "velero backup-location set primary --default=false", want: named(storageConfigured, "primary")},
	{command: "velero backup-location set secondary --default", want: named(storageConfigured, "secondary")},
	{command: "velero backup-location get --default -o yaml", want: []string{"name: secondary", "default: true", "validationFrequency: 0s"}},
	{command: "kubectl create secret generic own --from-file=cloud=$AWS_SHARED_CREDENTIALS_FILE"},
	{command: "velero backup-location set primary --credential=own=cloud", want: named(storageConfigured, "primary")},
	{command: "velero backup-location get primary -o json", want: []string{`"name": "own"`, `"key": "cloud"`}},
	{command: "velero backup-location create primary --provider aws --bucket velero-backups --config region=us-east-1", fails: true, want: []string{`backupstoragelocations.velero.io "primary" already exists`}},
	{
		command: "velero backup-location create bad --provider aws --bucket a/b --config regoin=us-east-1", fails: true,
		want: []string{`spec.config[regoin]: Unsupported value: "regoin": did you mean "region"?`, `set spec.objectStorage.bucket to "a" and put "b" in spec.objectStorage.prefix`},
	},
	{command: "velero backup-location create x --provider aws --bucket b -o yaml", want: []string{"kind: BackupStorageLocation", "bucket: b"}},
	{command: "velero backup-location get x", fails: true, want: []string{`backupstoragelocations.velero.io "x" not found`}},

	{command: "velero snapshot-location create ebs --provider aws --config region=us-east-1", want: named(snapshotMade, "ebs")},
	{command: "velero create snapshot-location portworx-cloud --provider portworx --config type=cloud", want: named(snapshotMade, "portworx-cloud")},
	{command: "velero snapshot-location set ebs --credential=own=cloud", want: named(snapshotConfigured, "ebs")},
	{command: "velero snapshot-location get", want: []string{"NAME PROVIDER ebs aws portworx-cloud portworx"}},
	{command: "velero get snapshot-locations portworx-cloud", want: []string{"portworx-cloud portworx"}},
	{command: "velero snapshot-location get ebs -o yaml", want: []string{"kind: VolumeSnapshotLocation", "name: own"}},
	{command: "velero snapshot-location create bad --provider aws --config regoin=x", fails: true, want: []string{"spec.config[region]: Required value"}},
}

// Backups are made, and read; schedules are kept.
var backupLines = []line{
	{command: "velero backup create full --storage-location primary --volume-snapshot-locations ebs,portworx-cloud --labels a=b --ttl 24h", want: named(backupSubmitted, "full")},
	{command: "velero backup create absent --storage-location absent", fails: true, want: []string{`backupstoragelocations.velero.io "absent" not found`}},
	{command: "velero backup get", want: []string{"NAME STATUS ERRORS WARNINGS", "full", "primary"}},
	{command: "velero get backups full -o json", want: []string{`"kind": "Backup"`, `"storageLocation": "primary"`}},
	{command: "velero backup describe full", want: []string{"Name:", "full", "Labels: a=b", "Storage Location: primary", "TTL: 24h0m0s"}},
	{command: "kubectl get downloadrequests -o jsonpath={.items[*].spec.target}", want: []string{`"kind":"BackupVolumeInfos","name":"full"`}},
	{command: "velero schedule create nightly --schedule '0 3 * * *' --include-namespaces shop --storage-location primary", want: []string{`Schedule "nightly" created successfully.`}},
	{command: "velero schedule get", want: []string{"nightly", "0 3 * * *"}},
	{command: "velero create schedule hourly --schedule '@every 1h' --storage-location primary", want: []string{`Schedule "hourly" created successfully.`}},
	{command: "velero get schedules hourly -o yaml", want: []string{"kind: Schedule", "schedule: '@every 1h'"}},
	{command: "velero describe schedules hourly", want: []string{"Schedule: @every 1h"}},
	{command: "velero schedule describe nightly", want: []string{"Schedule: 0 3 * * *", "Included: shop", "Last Backup: <never>"}},
	{command: "velero schedule pause nightly && kubectl get schedule nightly -o jsonpath={.spec.paused}", want: []string{"Schedule nightly paused successfully true"}},
	{command: "velero schedule unpause nightly", want: []string{"Schedule nightly unpaused successfully"}},
	{command: "velero backup create by-schedule --from-schedule nightly", want: named(backupSubmitted, "by-schedule")},
	{command: "kubectl get backup by-schedule -o jsonpath={.metadata.labels}", want: []string{`"velero.io/schedule-name":"nightly"`}},
	{command: "velero version", want: []string{"Version: v1.18.3", "Server: Version: v"}},
	{command: "velero plugin get", want: []string{"NAME KIND", "velero.io/aws ObjectStore", "velero.io/aws VolumeSnapshotter"}},
	{command: "velero get plugins", want: []string{"velero.io/aws ObjectStore"}},

	{command: "velero backup create made --storage-location primary --snapshot-volumes=false --include-namespaces velero --wait", want: []string{"Backup completed with status: Completed."}},
	{command: "velero backup get made", want: []string{"made Completed 0 0"}},
	{command: "velero describe backups made", want: []string{"Completed", "Storage Location: primary"}},
	{command: "velero create backup small --storage-location primary --include-namespaces velero --wait", want: []string{"Backup completed with status: Completed."}},
	{command: "velero backup describe made --details", want: []string{"Completed", "Resource List:", "v1/Secret:", "- velero/own", "Storage Location: primary"}},
	{command: "velero backup logs made", want: []string{`level=info msg="Backup begins"`, `level=info msg="Backup ends"`}},
	{command: "velero backup download made -o $PWD/made.tar.gz --force && tar tzf $PWD/made.tar.gz; rm $PWD/made.tar.gz", want: []string{"metadata/version", "resources/secrets/namespaces/velero/own.json"}},
}

var restoreLines = []line{
	{command: "velero restore create again --from-backup full --namespace-mappings shop:shop-2", want: []string{`Restore request "again" submitted successfully.`}},
	{command: "velero restore get", want: []string{"again full"}},
	{command: "velero restore describe again", want: []string{"Backup: full", "Namespace mappings: shop=shop-2"}},
	{command: "velero create restore more --from-backup made --include-resources secrets --wait", want: []string{`Restore request "more" submitted successfully.`, "Restore completed with status: Completed."}},
	{command: "velero get restores more -o yaml", want: []string{"kind: Restore", "backupName: made"}},
	{command: "velero describe restores more", want: []string{"Backup: made", "Included: secrets"}},
	{command: "velero restore logs more", want: []string{`level=info msg="Restore begins"`, `level=info msg="Restore ends"`}},
}

var restoreDeletionLines = []line{
	{command: "velero delete restore more --confirm", want: []string{`Request to delete restore "more" submitted successfully.`}},
	{command: "velero restore delete again --confirm", want: []string{`Request to delete restore "again" submitted successfully.`}},
	{command: "velero repo get"},
	// With a location go its backups and repositories.
	{command: "velero backup-location delete secondary --confirm", want: []string{`Backup storage location "secondary" deleted successfully.`}},
	{command: "kubectl get bsl -o name", want: []string{"backupstoragelocation.velero.io/primary"}},
	{command: "velero backup-location create spare --provider aws --bucket velero-backups --prefix spare --config region=us-east-1", want: named(storageConfigured, "spare")},
	{command: "velero delete backup-location spare --confirm", want: []string{`Backup storage location "spare" deleted successfully.`}},
}

var deletionLines = []line{
	{command: "velero backup delete full --confirm", want: []string{`Request to delete backup "full" submitted successfully.`}},
	{command: "kubectl wait --for=delete backup/full --timeout=60s"},
	{command: "velero delete backup small --confirm", want: []string{`Request to delete backup "small" submitted successfully.`}},
	{command: "kubectl wait --for=delete backup/small --timeout=60s"},
	{command: "velero delete schedule hourly --confirm", want: []string{"Schedule deleted: hourly"}},
	{command: "velero schedule delete nightly --confirm", want: []string{"Schedule deleted: nightly"}},
}
