package main

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/locations"
	"github.com/velero-locations/velero-locations/simulator/control"
)

// The accounts of the first world.
const primary, secondary = "111111111111", "222222222222"

// clouds is all that is in the simulated clouds: keys by "region account" of the bucket that they are in, and
// snapshots, each as "provider region account type of VOLUME for BACKUP". Buckets without keys are not there.
type clouds struct {
	keys      map[string][]string
	snapshots []string
}

func (s *server) clouds(t *testing.T) clouds {
	t.Helper()
	got := clouds{keys: map[string][]string{}}
	for _, place := range []string{"us-east-1 primary", "us-west-1 primary", "eu-west-1 secondary"} {
		region, account, _ := strings.Cut(place, " ")
		for object := range s.S3(t, region, account).ListObjectsIter(t.Context(), "velero-backups", minio.ListObjectsOptions{Recursive: true}) {
			if object.Err != nil {
				t.Fatal(object.Err)
			}
			got.keys[place] = append(got.keys[place], object.Key)
		}
	}
	simulator := control.Client{Address: s.Exported(t, "VELERO_LOCATIONS_SIMULATOR")}
	snapshots, err := simulator.Snapshots(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, snapshot := range snapshots {
		line := []string{snapshot.Provider, snapshot.Region, snapshot.Account, cmp.Or(snapshot.Type, "snapshot"), "of", snapshot.Tags["velero.io/pv"], "for", snapshot.Tags["velero.io/backup"]}
		got.snapshots = append(got.snapshots, strings.Join(line, " "))
	}
	return got
}

// wantClouds compares all that is in the clouds.
func (s *server) wantClouds(t *testing.T, keys map[string][]string, snapshots ...string) {
	t.Helper()
	got := s.clouds(t)
	if !maps.EqualFunc(got.keys, keys, slices.Equal) {
		t.Errorf("the buckets have\n%s\nwant\n%s", indented(got.keys), indented(keys))
	}
	slices.Sort(got.snapshots)
	slices.Sort(snapshots)
	if !slices.Equal(got.snapshots, snapshots) {
		t.Errorf("there are the snapshots\n%s\nwant\n%s", strings.Join(got.snapshots, "\n"), strings.Join(snapshots, "\n"))
	}
}

func indented(value any) string {
	text, _ := json.MarshalIndent(value, "", "  ") // of strings
	return string(text)
}

// filesOf are the keys of backups, in order.
func filesOf(t *testing.T, prefix string, names ...string) []string {
	t.Helper()
	place, err := locations.ParsePlace("velero-backups", prefix)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, name := range names {
		for _, file := range []backups.File{
			backups.Metadata, backups.Contents, backups.Log, backups.Results, backups.ResourceList, backups.PodVolumeBackups,
			backups.VolumeSnapshots, backups.VolumeInfos, backups.ItemOperations,
		} {
			keys = append(keys, file.Key(place, name))
		}
	}
	slices.Sort(keys)
	return keys
}

// requested runs a line that makes a backup, checks what it prints, and waits for the backup's end.
func (s *server) requested(t *testing.T, line, name string) *v1.Backup {
	t.Helper()
	want := "Backup request \"" + name + "\" submitted successfully.\n" +
		"Run `velero backup describe " + name + "` or `velero backup logs " + name + "` for more details.\n"
	if got := s.Must(t, line); got != want {
		t.Errorf("%s printed\n%s\nwant\n%s", line, got, want)
	}
	return s.ended(t, name)
}

// ended waits for a backup's end.
func (s *server) ended(t *testing.T, name string) *v1.Backup {
	t.Helper()
	var backup v1.Backup
	devtest.Poll(t, 30*time.Second, "the end of backup "+name, func() bool {
		backup = v1.Backup{}
		if err := json.Unmarshal([]byte(s.Must(t, "velero backup get -o json "+name)), &backup); err != nil {
			t.Fatal(err)
		}
		return backup.Status.CompletionTimestamp != nil || backup.Status.Phase == v1.BackupPhaseFailedValidation
	})
	return &backup
}

// wantBackup compares where a backup went, and how it ended.
func wantBackup(t *testing.T, b *v1.Backup, phase v1.BackupPhase, storage string, snapshots ...string) {
	t.Helper()
	if b.Status.Phase != phase || b.Spec.StorageLocation != storage || !slices.Equal(b.Spec.VolumeSnapshotLocations, snapshots) || b.Labels[locations.StorageLocationLabel] != storage {
		t.Errorf("backup %s is %s in %s and %v, with %+v; want %s in %s and %v",
			b.Name, b.Status.Phase, b.Spec.StorageLocation, b.Spec.VolumeSnapshotLocations, b.Status, phase, storage, snapshots)
	}
}

// TestDocumentedLines runs the lines of Velero's documentation of locations, as they stand there, and looks where
// their backups went. What the first world has in other regions than a location fails in part, and only that.
func TestDocumentedLines(t *testing.T) {
	t.Parallel()
	t.Run("two providers of volumes", blockTwoProviders)
	t.Run("two backup locations", blockTwoBackupLocations)
	t.Run("two snapshot locations of a provider", blockTwoSnapshotLocations)
	t.Run("one location of each kind", blockOneOfEach)
	t.Run("own credentials", blockOwnCredentials)
	t.Run("own credentials for snapshots", blockOwnSnapshotCredentials)
}

const (
	ofCarts  = "aws us-east-1 " + primary + " snapshot of shop-carts for "
	ofOrders = "aws us-east-1 " + primary + " snapshot of shop-orders for "
	ofPosts  = "aws us-west-1 " + primary + " snapshot of blog-posts for "
	ofSearch = " of shop-search for "
)

func blockTwoProviders(t *testing.T) {
	s := startDev(t, t.TempDir())
	s.Must(t, "velero backup-location create team-a --provider aws --bucket velero-backups --prefix team-a --config region=us-east-1 --default")
	s.PutObject(t, "us-east-1", "primary", "team-b/notes")

	s.configured(t, `velero snapshot-location create ebs-us-east-1 \
		--provider aws \
		--config region=us-east-1`, snapshotMade, "ebs-us-east-1")
	s.configured(t, `velero snapshot-location create portworx-cloud \
		--provider portworx \
		--config type=cloud`, snapshotMade, "portworx-cloud")
	wantClouds := func() {
		t.Helper()
		s.wantClouds(t, map[string][]string{"us-east-1 primary": append(filesOf(t, "team-a", "full-cluster-backup"), "team-b/notes")},
			ofCarts+"full-cluster-backup", ofOrders+"full-cluster-backup", "portworx px-dev "+primary+" cloud"+ofSearch+"full-cluster-backup")
	}
	made := s.requested(t, `velero backup create full-cluster-backup \
		--volume-snapshot-locations ebs-us-east-1,portworx-cloud`, "full-cluster-backup")
	wantBackup(t, made, v1.BackupPhasePartiallyFailed, "team-a", "ebs-us-east-1", "portworx-cloud")
	devtest.WantContains(t, s.Must(t, "velero backup describe full-cluster-backup"), `volume snapshot location "ebs-us-east-1"`, "is in region us-west-1", `persistent volume "blog-media": its data is not in the backup`)
	wantClouds()

	s.Must(t, "velero backup delete full-cluster-backup --confirm")
	devtest.Poll(t, 30*time.Second, "the backup to be deleted", func() bool { return s.Must(t, "kubectl get backups.velero.io -o name") == "" })
	s.wantClouds(t, map[string][]string{"us-east-1 primary": {"team-b/notes"}})
	made = s.requested(t, "velero backup create full-cluster-backup", "full-cluster-backup")
	wantBackup(t, made, v1.BackupPhasePartiallyFailed, "team-a", "ebs-us-east-1", "portworx-cloud")
	wantClouds()
}

func blockTwoBackupLocations(t *testing.T) {
	s := startDev(t, t.TempDir())
	s.configured(t, `velero backup-location create backups-primary \
		--provider aws \
		--bucket velero-backups \
		--config region=us-east-1 \
		--default`, storageLocation, "backups-primary")
	s.configured(t, `velero backup-location create backups-secondary \
		--provider aws \
		--bucket velero-backups \
		--config region=us-west-1`, storageLocation, "backups-secondary")
	s.row(t, "backups-primary", "aws", "velero-backups", "Available", "ReadWrite", "true")
	s.row(t, "backups-secondary", "aws", "velero-backups", "Available", "ReadWrite")
	wantBackup(t, s.requested(t, "velero backup create full-cluster-backup", "full-cluster-backup"), v1.BackupPhaseCompleted, "backups-primary")
	wantBackup(t, s.requested(t, `velero backup create full-cluster-alternate-location-backup \
		--storage-location backups-secondary`, "full-cluster-alternate-location-backup"), v1.BackupPhaseCompleted, "backups-secondary")
	s.wantClouds(t, map[string][]string{
		"us-east-1 primary": filesOf(t, "", "full-cluster-backup"),
		"us-west-1 primary": filesOf(t, "", "full-cluster-alternate-location-backup"),
	})

	got := s.Shell(t, "velero backup-location set backups-secondary --default")
	if got.Code != 0 || got.Stdout != storageLocation+" \"backups-secondary\" configured successfully.\n" {
		t.Fatalf("setting the default: %+v", got)
	}
	if names := s.Must(t, "velero backup-location get --default -o name"); names != "backupstoragelocation.velero.io/backups-secondary\n" {
		t.Errorf("after the default was moved, these say that they are it:\n%s", names)
	}
	devtest.WantContains(t, got.Stderr, "Warning: ", "backups-primary")
	wantBackup(t, s.requested(t, "velero backup create another-full-cluster-backup", "another-full-cluster-backup"), v1.BackupPhaseCompleted, "backups-secondary")

	s.Must(t, "velero backup-location set backups-primary --default --dry-run=server")
	s.row(t, "backups-secondary", "Available", "true")
	s.Must(t, "velero backup-location set backups-primary --default")
	s.row(t, "backups-primary", "Available", "true")
}

func blockTwoSnapshotLocations(t *testing.T) {
	dir := t.TempDir()
	s := startDev(t, dir)
	s.Must(t, "velero backup-location create backups-primary --provider aws --bucket velero-backups --config region=us-east-1 --default")
	s.configured(t, `velero snapshot-location create portworx-local \
		--provider portworx \
		--config type=local`, snapshotMade, "portworx-local")
	s.configured(t, `velero snapshot-location create portworx-cloud \
		--provider portworx \
		--config type=cloud`, snapshotMade, "portworx-cloud")
	wantBackup(t, s.requested(t, `velero backup create local-snapshot-backup \
		--volume-snapshot-locations portworx-local`, "local-snapshot-backup"), v1.BackupPhaseCompleted, "backups-primary", "portworx-local")
	wantBackup(t, s.requested(t, `velero backup create cloud-snapshot-backup \
		--volume-snapshot-locations portworx-cloud`, "cloud-snapshot-backup"), v1.BackupPhaseCompleted, "backups-primary", "portworx-cloud")

	// Which of the two is meant nobody can know, until a default says so.
	if got := s.Shell(t, "velero backup create ambiguous-backup"); got.Code != 1 {
		t.Errorf("an ambiguous backup: %+v", got)
	} else {
		devtest.WantContains(t, got.Stderr, "portworx-local", "portworx-cloud", "--default-volume-snapshot-locations portworx:NAME")
	}
	s.signal(t, syscall.SIGTERM)
	s = startDev(t, dir, "--default-volume-snapshot-locations", "portworx:portworx-cloud")
	wantBackup(t, s.requested(t, "velero backup create unambiguous-backup", "unambiguous-backup"), v1.BackupPhaseCompleted, "backups-primary", "portworx-cloud")

	s.wantClouds(t, map[string][]string{"us-east-1 primary": filesOf(t, "", "cloud-snapshot-backup", "local-snapshot-backup", "unambiguous-backup")},
		"portworx px-dev "+primary+" local"+ofSearch+"local-snapshot-backup",
		"portworx px-dev "+primary+" cloud"+ofSearch+"cloud-snapshot-backup",
		"portworx px-dev "+primary+" cloud"+ofSearch+"unambiguous-backup")
}

func blockOneOfEach(t *testing.T) {
	s := startDev(t, t.TempDir())
	s.configured(t, `velero backup-location create backups-primary \
		--provider aws \
		--bucket velero-backups \
		--config region=us-west-1 \
		--default`, storageLocation, "backups-primary")
	s.configured(t, `velero snapshot-location create ebs-us-west-1 \
		--provider aws \
		--config region=us-west-1`, snapshotMade, "ebs-us-west-1")
	s.row(t, "backups-primary", "Available", "true")
	if got := s.Must(t, "velero snapshot-location get"); got != "NAME            PROVIDER\nebs-us-west-1   aws\n" {
		t.Errorf("got\n%s", got)
	}
	made := s.requested(t, "velero backup create full-cluster-backup", "full-cluster-backup")
	wantBackup(t, made, v1.BackupPhasePartiallyFailed, "backups-primary", "ebs-us-west-1")
	if made.Status.Errors != 2 {
		t.Errorf("there are %d errors, want 2: of shop's volumes, which are in us-east-1", made.Status.Errors)
	}
	s.wantClouds(t, map[string][]string{"us-west-1 primary": filesOf(t, "", "full-cluster-backup")}, ofPosts+"full-cluster-backup")
}

func blockOwnCredentials(t *testing.T) {
	s := startDev(t, t.TempDir())
	file := s.Path("accounts", "secondary")
	s.Must(t, "kubectl create secret generic -n velero credentials --from-file=bsl="+file)
	s.configured(t, `velero backup-location create eu \
		--provider aws \
		--bucket velero-backups \
		--config region=eu-west-1 \
		--credential=credentials=bsl`, storageLocation, "eu")
	s.row(t, "eu", "Available")
	wantBackup(t, s.requested(t, "velero backup create elsewhere --storage-location eu", "elsewhere"), v1.BackupPhaseCompleted, "eu")
	s.configured(t, "velero backup-location set --default eu", storageLocation, "eu")
	s.row(t, "eu", "Available", "true")
	s.Must(t, "kubectl create secret generic -n velero others --from-file=bsl="+file)
	s.configured(t, "velero backup-location set eu --credential=others=bsl", storageLocation, "eu")
	devtest.WantContains(t, s.Must(t, "velero backup-location get eu -o yaml"), "name: others", "key: bsl", "default: true")
	s.row(t, "eu", "Available", "true")
	wantBackup(t, s.requested(t, "velero backup create once-more", "once-more"), v1.BackupPhaseCompleted, "eu")
	s.wantClouds(t, map[string][]string{"eu-west-1 secondary": filesOf(t, "", "elsewhere", "once-more")})
}

// blockOwnSnapshotCredentials has the backup in one account and its snapshots in another.
func blockOwnSnapshotCredentials(t *testing.T) {
	s := startDev(t, t.TempDir())
	s.Must(t, "kubectl create secret generic -n velero cloud-credentials --dry-run=client -o yaml --from-file=cloud="+s.Path("accounts", "secondary")+" | kubectl replace -f -")
	s.Must(t, "velero backup-location create eu --provider aws --bucket velero-backups --config region=eu-west-1 --default")
	s.row(t, "eu", "Available", "true")

	s.Must(t, "kubectl create secret generic -n velero credentials --from-file=vsl="+s.Path("accounts", "primary"))
	s.configured(t, `velero snapshot-location create ebs \
		--provider aws \
		--config region=us-east-1 \
		--credential=credentials=vsl`, snapshotMade, "ebs")
	made := s.requested(t, "velero backup create shop --include-namespaces shop --volume-snapshot-locations ebs", "shop")
	wantBackup(t, made, v1.BackupPhaseCompleted, "eu", "ebs")
	s.wantClouds(t, map[string][]string{"eu-west-1 secondary": filesOf(t, "", "shop")}, ofCarts+"shop", ofOrders+"shop")

	s.Must(t, "kubectl create secret generic -n velero others --from-file=vsl="+s.Path("accounts", "secondary"))
	s.configured(t, "velero snapshot-location set ebs --credential=others=vsl", snapshotChanged, "ebs")
	devtest.WantContains(t, s.Must(t, "velero snapshot-location get ebs -o yaml"), "kind: VolumeSnapshotLocation", "name: others", "key: vsl")
	made = s.requested(t, "velero backup create others-shop --include-namespaces shop --volume-snapshot-locations ebs", "others-shop")
	wantBackup(t, made, v1.BackupPhasePartiallyFailed, "eu", "ebs") // that account has no such volumes
	s.wantClouds(t, map[string][]string{"eu-west-1 secondary": filesOf(t, "", "others-shop", "shop")}, ofCarts+"shop", ofOrders+"shop")
}

// TestBackupVerbs follows a backup and a schedule through the verbs that the documentation of locations does not have.
func TestBackupVerbs(t *testing.T) {
	t.Parallel()
	s := startDev(t, t.TempDir())
	s.Must(t, "velero backup-location create east --provider aws --bucket velero-backups --prefix east --config region=us-east-1 --default")
	s.Must(t, "velero snapshot-location create ebs --provider aws --config region=us-east-1")

	devtest.WantContains(t, s.Must(t, "velero create backup one --include-namespaces shop --labels team=a --wait"),
		"Waiting for backup to complete.", "\nBackup completed with status: Completed. You may check")
	devtest.WantContains(t, s.Must(t, "velero get backups -l team=a"), "NAME   STATUS", "one    Completed   0        1")
	devtest.WantContains(t, s.Must(t, "velero describe backup one --details"), "Storage Location:  east", "Volume Snapshot Locations:  ebs", "shop/settings", "Snapshot ID:        snap-", "Items backed up:              9")
	devtest.WantContains(t, s.Must(t, "velero backup logs one"), "Backup begins", "Backup ends")
	archive := s.Path("one.tar.gz")
	if got := s.Must(t, "velero backup download one -o "+archive); got != "Backup one has been successfully downloaded to "+archive+"\n" {
		t.Errorf("download printed %q", got)
	}
	devtest.WantContains(t, s.Must(t, "tar -tzf "+archive), "metadata/version", "resources/configmaps/namespaces/shop/settings.json")

	got := s.Shell(t, "velero backup create broken --include-namespaces blog --wait")
	if got.Code != 1 || !strings.Contains(got.Stdout, "Backup completed with status: PartiallyFailed.") || !strings.Contains(got.Stderr, `velero: backup "broken" ended as PartiallyFailed: 1 error: `) {
		t.Errorf("waiting for a backup that fails: %+v", got)
	}
	if got := s.Shell(t, "velero backup create nowhere --storage-location absent --wait"); got.Code != 1 || !strings.Contains(got.Stderr, "absent") {
		t.Errorf("a backup to a location that is not there: %+v", got)
	}
	s.Must(t, "kubectl delete backups.velero.io nowhere --ignore-not-found") // nothing can be deleted in a location that is not there

	if got := s.Must(t, "velero create schedule nightly --schedule '0 1 * * *' --include-namespaces shop --storage-location east"); got != "Schedule \"nightly\" created successfully.\n" {
		t.Errorf("creating a schedule printed %q", got)
	}
	if got := s.Must(t, "velero schedule pause nightly && velero schedule pause --all && velero schedule unpause nightly"); got != "Schedule nightly paused successfully\nSchedule nightly is already paused, skip\nSchedule nightly unpaused successfully\n" {
		t.Errorf("pausing printed %q", got)
	}
	devtest.WantContains(t, s.Must(t, "velero get schedules"), "BACKUP TTL", "nightly", "0 1 * * *")
	devtest.WantContains(t, s.Must(t, "velero describe schedules"), "Schedule:  0 1 * * *", "Backup Template:\n  Namespaces:\n    Included:  shop\n")
	devtest.WantContains(t, s.Must(t, "velero backup create --from-schedule nightly --wait"), "Creating backup from schedule", `Backup request "nightly-`, "status: Completed.")
	if got := s.Must(t, "velero schedule delete nightly --confirm"); got != "Schedule deleted: nightly\n" {
		t.Errorf("deleting a schedule printed %q", got)
	}

	devtest.WantContains(t, s.Must(t, "velero backup delete --all --confirm"), `Request to delete backup "one" submitted successfully.`)
	devtest.Poll(t, 30*time.Second, "backups to be deleted", func() bool { return s.Must(t, "velero backup get -o name") == "" })
	s.wantClouds(t, map[string][]string{})
}
