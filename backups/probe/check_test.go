package probe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	miniocredentials "github.com/minio/minio-go/v7/pkg/credentials"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/drivers/objectstore"
	"github.com/velero-locations/velero-locations/drivers/snapshotter"
	"github.com/velero-locations/velero-locations/drivers/snapshotter/ec2"
	"github.com/velero-locations/velero-locations/locations"
	"github.com/velero-locations/velero-locations/locations/credentials"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/policy"
	"github.com/velero-locations/velero-locations/simulator/simulatortest"
)

// world is a bucket "bbb" of a cloud, a subject in it under prefix "p", and a client that may do everything.
type world struct {
	*testing.T

	cloud   *simulatortest.Simulator
	admin   minio.Core
	opts    objectstore.S3Options
	subject Subject
}

func newWorld(t *testing.T) *world {
	t.Helper()
	cloud := simulatortest.Start(t)
	cloud.CreateBucket(t, "bbb")
	endpoint, err := url.Parse(cloud.S3)
	if err != nil {
		t.Fatal(err)
	}
	admin, err := minio.NewCore(cloud.Host(), &minio.Options{Creds: miniocredentials.NewStaticV4(cloud.Key.ID, cloud.Key.Secret, ""), Region: cloud.Region})
	if err != nil {
		t.Fatal(err)
	}
	return &world{
		T: t, cloud: cloud, admin: *admin,
		opts: objectstore.S3Options{
			Bucket: "bbb", Endpoint: endpoint, Region: cloud.Region, Keys: credentials.AWS{AccessKeyID: cloud.Key.ID, SecretAccessKey: cloud.Key.Secret},
		},
		subject: Subject{
			Location: "main", Namespace: "velero", Place: locations.Place{Bucket: "bbb", Prefix: "p"},
			Explain: func(err error) error { return err },
		},
	}
}

// deny gives the location a key that may do everything but this.
func (w *world) deny(actions ...string) {
	key := w.cloud.AddKey(w, policy.Statement{Effect: policy.Allow, Actions: []string{"*"}}, policy.Statement{Effect: policy.Deny, Actions: actions})
	w.opts.Keys = credentials.AWS{AccessKeyID: key.ID, SecretAccessKey: key.Secret}
}

func (w *world) harm(fault faults.Fault, operations ...string) {
	w.cloud.Harm(w, faults.Rule{Match: faults.Match{Operations: operations}, Fault: fault})
}

func (w *world) put(key, content string) {
	w.Helper()
	if _, err := w.admin.Client.PutObject(w.Context(), "bbb", key, strings.NewReader(content), int64(len(content)), minio.PutObjectOptions{}); err != nil {
		w.Fatal(err)
	}
}

// leave stores objects some time ago.
func (w *world) leave(ago time.Duration, keys ...string) {
	w.Helper()
	_ = w.cloud.Clock().Advance(-ago)
	for _, key := range keys {
		w.put(key, "x")
	}
	w.cloud.Clock().Reset()
}

func (w *world) publish(backup *velerov1.Backup) {
	w.Helper()
	content, err := json.Marshal(backup)
	if err != nil {
		w.Fatal(err)
	}
	w.put(backups.Metadata.Key(w.subject.Place, backup.Name), string(content))
}

func (w *world) versioned() {
	w.Helper()
	if err := w.admin.EnableVersioning(w.Context(), "bbb"); err != nil {
		w.Fatal(err)
	}
}

// check returns the rows that are not ok, by their names.
func (w *world) check(ctx context.Context) map[string]Row {
	w.Helper()
	store, err := objectstore.NewS3(w.opts)
	if err != nil {
		w.Fatal(err)
	}
	defer store.Close()
	w.subject.Store = store
	report := Check(ctx, &w.subject)
	odd := map[string]Row{}
	for _, row := range report.Checks {
		if row.Result != OK {
			odd[row.Check] = row
		}
	}
	return odd
}

// left are the keys of what a check has left, each with the number of its versions, and "upload" for those that are unfinished.
func (w *world) left() string {
	w.Helper()
	var left []string
	for version := range w.admin.ListObjectsIter(w.Context(), "bbb", minio.ListObjectsOptions{Recursive: true, WithVersions: true}) {
		if version.Err != nil {
			w.Fatal(version.Err)
		}
		if strings.Contains(version.Key, "velero-locations-check") {
			left = append(left, "version")
		}
	}
	for upload := range w.admin.ListIncompleteUploads(w.Context(), "bbb", "", true) {
		if upload.Err != nil {
			w.Fatal(upload.Err)
		}
		if strings.Contains(upload.Key, "velero-locations-check") {
			left = append(left, "upload")
		}
	}
	return strings.Join(left, " ")
}

func newBackup(name, uid string) *velerov1.Backup {
	return &velerov1.Backup{
		ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: name, UID: types.UID(uid)},
		Spec:       velerov1.BackupSpec{StorageLocation: "main"},
		Status:     velerov1.BackupStatus{Phase: velerov1.BackupPhaseCompleted},
	}
}

// TestCheck names each thing that is wrong with a location, and no other; and leaves nothing that may be deleted.
func TestCheck(t *testing.T) {
	const earlier = "p/backups/.velero-locations-check-ABCDEFGHIJKLMNOPQRSTUV2345"
	const unlisted = `not asked: "list" has not succeeded`
	blind := map[string]string{}
	for _, step := range steps {
		if len(step.needs) > 0 && step.needs[0] == listing {
			blind[step.name] = unlisted
		}
	}
	for _, name := range []string{"read", "If-None-Match", "delete"} {
		blind[name] = `not asked: "write" has not succeeded`
	}
	for _, name := range []string{"made elsewhere", "data without record", "records without data"} {
		blind[name] = `not asked: "backups" has not succeeded`
	}
	unlistable := func(name, text string, more map[string]string) map[string]string {
		want := map[string]string{name: text}
		for _, rows := range []map[string]string{blind, more} {
			for key, value := range rows {
				want[key] = value
			}
		}
		return want
	}
	unwritten := func(more map[string]string) map[string]string {
		for _, name := range []string{"read", "If-None-Match", "delete"} {
			more[name] = `not asked: "write" has not succeeded`
		}
		return more
	}
	for name, tc := range map[string]struct {
		prepare func(*world)
		want    map[string]string // parts of what rows say that are not ok
		left    string
	}{
		"all is well": {prepare: func(*world) {}},
		"a missing bucket": {
			prepare: func(w *world) { w.opts.Bucket = "bbc" },
			want:    unlistable("list", `failed: there is no bucket "bbc"`, nil),
		},
		"another region's bucket": {
			prepare: func(w *world) { w.opts.Region = "us-west-2" },
			want:    unlistable("list", `failed: the bucket "bbb" is in region us-east-1, not us-west-2`, nil),
		},
		"refused credentials": {
			prepare: func(w *world) {
				w.opts.Keys = credentials.AWS{AccessKeyID: "AKIANOBODY0000000000", SecretAccessKey: "hidden"}
			},
			want: unlistable("list", "failed: ", nil),
		},
		"a region that is down": {
			prepare: func(w *world) { w.harm(faults.Outage{Mode: faults.Resetting}) },
			want:    unlistable("list", "failed: ", map[string]string{"clock": "not asked: no answer"}),
		},
		"a storage that throttles": {
			prepare: func(w *world) { w.harm(faults.Error{Code: "SlowDown"}, "s3:ListObjectsV2") },
			want:    unlistable("list", "is overloaded", nil),
		},
		"a slow line": {prepare: func(w *world) { w.harm(faults.Bandwidth{BytesPerSecond: 20000}) }},
		"a clock that is wrong": {
			prepare: func(w *world) { _ = w.cloud.Clock().Advance(5 * time.Minute) },
			want:    map[string]string{"clock": "warning: the clock of the storage is 5m"},
		},
		"a clock that is too wrong": {
			prepare: func(w *world) { _ = w.cloud.Clock().Advance(-time.Hour) },
			want:    unlistable("list", "the clocks here and at", map[string]string{"clock": "failed: the clock of the storage is 1h0m"}),
		},
		"a key that may only list and read": {
			prepare: func(w *world) { w.deny("s3:PutObject", "s3:DeleteObject") },
			want: unwritten(map[string]string{
				"multipart upload": "failed: the credentials may not write", "write": "failed: the credentials may not write",
			}),
		},
		"a key that may not delete": {
			prepare: func(w *world) { w.deny("s3:DeleteObject") },
			want:    map[string]string{"delete": "failed: the credentials may not delete"}, left: "version",
		},
		"a key that may not read": {
			prepare: func(w *world) { w.deny("s3:GetObject") },
			want:    map[string]string{"read": "failed: the credentials may not read", "delete": "failed: the credentials may not read"},
		},
		"a key that may not abort": {
			prepare: func(w *world) { w.deny("s3:AbortMultipartUpload") },
			want:    map[string]string{"multipart upload": "warning: uploads that break off stay", "unfinished uploads": "warning: 1 upload of 4 bytes"}, left: "upload",
		},
		"a key that may not ask about the bucket": {
			prepare: func(w *world) {
				w.deny("s3:GetBucketVersioning", "s3:GetBucketObjectLockConfiguration", "s3:ListBucketMultipartUploads")
			},
			want: map[string]string{"versioning": "not asked: the credentials may not", "object lock": "not asked: the credentials may not", "unfinished uploads": "not asked: the credentials may not"},
		},
		"a read-only location": {
			prepare: func(w *world) { w.subject.Unwritable = "the location is read-only" },
			want: unwritten(map[string]string{
				"multipart upload": "not asked: the location is read-only", "write": "not asked: the location is read-only",
			}),
		},
		"an object of an earlier check": {prepare: func(w *world) { w.leave(12*time.Minute, earlier) }},
		"an object of an earlier check that may not be deleted": {
			prepare: func(w *world) { w.leave(12*time.Minute, earlier); w.deny("s3:DeleteObject") },
			want: map[string]string{
				"delete":         "failed: the credentials may not delete",
				"earlier checks": `warning: 1 object left by an earlier check, to be deleted by hand: "` + earlier + `" (the credentials may not delete`,
			}, left: "version version",
		},
		"an object of an earlier check of a read-only location": {
			prepare: func(w *world) { w.leave(12*time.Minute, earlier); w.subject.Unwritable = "the location is read-only" },
			want: unwritten(map[string]string{
				"multipart upload": "not asked: ", "write": "not asked: ", "earlier checks": `"` + earlier + `" (the location is read-only)`,
			}), left: "version",
		},
		"a versioned object of an earlier check": {
			prepare: func(w *world) { w.versioned(); w.leave(12*time.Minute, earlier) },
			want:    map[string]string{"versioning": "warning: "},
		},
		"an object of a check that runs": {prepare: func(w *world) { w.leave(time.Minute, earlier) }, left: "version"},
		"objects of other names": {
			prepare: func(w *world) { w.leave(12*time.Minute, earlier+"/1", earlier+".txt", earlier[:len(earlier)-1]) },
			want:    map[string]string{"data without record": "1 folder"}, left: "version version version",
		},
		"versions": {
			prepare: (*world).versioned,
			want:    map[string]string{"versioning": "warning: the bucket keeps versions"},
		},
		"suspended versions": {prepare: func(w *world) {
			w.versioned()
			if err := w.admin.SuspendVersioning(w.Context(), "bbb"); err != nil {
				w.Fatal(err)
			}
		}},
		"versions that stay": {
			prepare: func(w *world) { w.versioned(); w.deny("s3:DeleteObjectVersion") },
			want:    map[string]string{"versioning": "warning: ", "delete": "its versions stay"}, left: "version version",
		},
		"a lock": {
			prepare: func(w *world) {
				w.versioned()
				mode, validity, unit := minio.Governance, uint(30), minio.Days
				if err := w.admin.SetObjectLockConfig(w.Context(), "bbb", &mode, &validity, &unit); err != nil {
					w.Fatal(err)
				}
			},
			want: unwritten(map[string]string{"versioning": "warning: ", "object lock": "warning: the bucket keeps what is written for 30 days", "write": "not asked: what is written could not be deleted for 30 days"}),
		},
		"a store without uploads": {
			prepare: func(w *world) {
				w.harm(faults.Error{Code: "NotImplemented", Status: 501}, "s3:CreateMultipartUpload", "s3:ListMultipartUploads")
			},
			want: map[string]string{"multipart upload": "warning: the storage does not know uploads in parts", "unfinished uploads": "not asked: "},
		},
		"foreign directories": {
			prepare: func(w *world) { w.put("p/photos/1.jpg", "x"); w.put("p/a-file", "x") },
			want:    map[string]string{"directories": `failed: the prefix "p" of bucket "bbb" has directories at its top that are not Velero's ("photos")`},
		},
		"unfinished uploads": {
			prepare: func(w *world) {
				running := newBackup("running", "1")
				running.Status = velerov1.BackupStatus{Phase: velerov1.BackupPhaseInProgress, StartTimestamp: &metav1.Time{}}
				w.subject.Records.Backups = []velerov1.Backup{*running}
				for _, key := range []string{"p/backups/gone/gone.tar.gz", "p/backups/running/running.tar.gz", "elsewhere"} {
					id, err := w.admin.NewMultipartUpload(w.Context(), "bbb", key, minio.PutObjectOptions{})
					if err != nil {
						w.Fatal(err)
					}
					if _, err := w.admin.PutObjectPart(w.Context(), "bbb", key, id, 1, strings.NewReader("12345"), 5, minio.PutObjectPartOptions{}); err != nil {
						w.Fatal(err)
					}
				}
			},
			want: map[string]string{"unfinished uploads": "warning: 1 upload of 5 bytes"},
		},
		"a record and its data": {
			prepare: func(w *world) {
				w.publish(newBackup("b", "1"))
				w.subject.Records.Backups = []velerov1.Backup{*newBackup("b", "1")}
			},
		},
		"orphans": {
			prepare: func(w *world) {
				w.publish(newBackup("unrecorded", "1"))
				w.put("p/backups/half/half-logs.gz", "x")
				failed := newBackup("failed", "3")
				failed.Status.Phase = velerov1.BackupPhaseFailed
				w.subject.Records.Backups = []velerov1.Backup{*newBackup("lost", "2"), *failed}
				for _, key := range []string{"restores/mine/restore-mine-logs.gz", "restores/other/restore-other-logs.gz", "kopia/shop/kopia.repository", "kopia/blog/kopia.repository", "restic/old/config"} {
					w.put("p/"+key, "x")
				}
				w.subject.Records.Restores = []velerov1.Restore{{ObjectMeta: metav1.ObjectMeta{Name: "mine"}}}
				w.subject.Records.Repositories = []velerov1.BackupRepository{
					{Spec: velerov1.BackupRepositorySpec{VolumeNamespace: "shop", BackupStorageLocation: "main"}},
					{Spec: velerov1.BackupRepositorySpec{VolumeNamespace: "blog", BackupStorageLocation: "another"}},
				}
			},
			want: map[string]string{
				"restores without record":     `1 folder that this namespace has no record of, which may be another cluster's, or left over: "restores/other"`,
				"repositories without record": `2 folders that this namespace has no record of, which may be another cluster's, or left over: "kopia/blog", "restic/old"`,
				"data without record":         `1 backup that backup-sync has made no record of: "unrecorded"; 1 folder of an unfinished backup of somebody else, or of what was left of one: "half"`,
				"records without data":        `1 backup whose data is not in the bucket, and that cannot be restored: "lost"`,
			},
		},
		"somebody else's backups": {
			prepare: func(w *world) {
				other := newBackup("theirs", "1")
				other.Annotations = map[string]string{"velero.io/source-cluster-k8s-gitversion": "v1.30.0"}
				w.publish(other)
				w.subject.Records.Backups = []velerov1.Backup{*newBackup("theirs", "2")}
				other = newBackup("moved", "3")
				other.Namespace = "velero-b"
				w.publish(other)
				w.subject.Records.Backups = append(w.subject.Records.Backups, *newBackup("moved", "4"))
			},
			want: map[string]string{"made elsewhere": `2 backups of another cluster or namespace, or of this one before its records were lost: "moved", "theirs" (Kubernetes v1.30.0, namespace "velero-b")`},
		},
		"malformed metadata": {
			prepare: func(w *world) { w.put("p/backups/b/velero-backup.json", "{") },
			want:    map[string]string{"backups": `metadata cannot be understood of "b"`},
		},
		"records that may not be read": {
			prepare: func(w *world) { w.subject.Records.Unread = errors.New("no") },
			want: map[string]string{
				"data without record": "not asked: no", "records without data": "not asked: no", "restores without record": "not asked: no", "repositories without record": "not asked: no",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			tc.prepare(w)
			got := w.check(t.Context())
			for check, row := range got {
				text := fmt.Sprintf("%s: %s", row.Result, row.Message)
				if want, wanted := tc.want[check]; !wanted || !strings.Contains(text, want) {
					t.Errorf("%s: got %s, want %q", check, text, want)
				}
				if strings.Contains(text, "hidden") || strings.Contains(text, w.cloud.Key.Secret) {
					t.Errorf("%s tells a secret: %s", check, text)
				}
			}
			for check := range tc.want {
				if _, found := got[check]; !found {
					t.Errorf("%s is ok", check)
				}
			}
			w.cloud.Faults().Clear()
			w.cloud.Clock().Reset()
			if left := w.left(); left != tc.left {
				t.Errorf("%q is left, want %q", left, tc.left)
			}
		})
	}
}

// TestCheckInterrupted ends a check at each of its steps: nothing is left.
func TestCheckInterrupted(t *testing.T) {
	for _, operation := range []string{"s3:UploadPart", "s3:PutObject", "s3:GetObject", "s3:DeleteObject", "s3:GetBucketVersioning"} {
		t.Run(operation, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.versioned()
			w.cloud.Harm(t, faults.Rule{Match: faults.Match{Operations: []string{operation}}, Times: 1, Fault: faults.Stall{At: faults.Download}})
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			if rows := w.check(ctx); len(rows) == 0 {
				t.Error("all is well")
			}
			if left := w.left(); left != "" {
				t.Errorf("%q is left", left)
			}
		})
	}
}

// TestSnapshots finds those of no backup.
func TestSnapshots(t *testing.T) {
	w := newWorld(t)
	endpoint, err := url.Parse(w.cloud.EC2)
	if err != nil {
		t.Fatal(err)
	}
	volumes, err := ec2.Driver.Open(snapshotter.Options{
		Config: map[string]string{"region": w.cloud.Region}, Endpoint: endpoint,
		Credentials: fmt.Appendf(nil, "[default]\naws_access_key_id=%s\naws_secret_access_key=%s\n", w.cloud.Key.ID, w.cloud.Key.Secret),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer volumes.Close()
	w.subject.Volumes = []Volumes{{Name: "ebs", Snapshots: volumes}, {Name: "disks", Closed: errors.New("there is no driver for it")}}
	w.subject.Records.Backups = []velerov1.Backup{*newBackup("recorded", "1")}
	w.publish(newBackup("recorded", "1"))
	volume := w.cloud.CreateVolume(t, "data")
	take := func(tags map[string]string) string {
		id, err := volumes.CreateSnapshot(t.Context(), volume, "", tags)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	take(map[string]string{"somebody": "else"})
	take(map[string]string{backups.NameTag: "recorded"})
	rows := w.check(t.Context())
	if row, odd := rows["snapshots of ebs"]; odd {
		t.Errorf("got %v", row)
	}
	if row := rows["snapshots of disks"]; row.Result != NotAsked || row.Message != "there is no driver for it" {
		t.Errorf("got %v", row)
	}
	orphan := take(map[string]string{backups.NameTag: "gone"})
	row := w.check(t.Context())["snapshots of ebs"]
	if row.Result != Warning || row.Count != 1 || len(row.Names) != 1 || row.Names[0] != orphan {
		t.Errorf("got %v", row)
	}
}
