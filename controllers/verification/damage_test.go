package verification

import (
	"bytes"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
	miniocredentials "github.com/minio/minio-go/v7/pkg/credentials"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/controllers/internal/backend/backendtest"
	"github.com/velero-locations/velero-locations/locations/provider"
	"github.com/velero-locations/velero-locations/simulator/ec2/ebs"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/journal"
	"github.com/velero-locations/velero-locations/simulator/simulatortest"
)

// damage is one thing that can happen to a backup.
type damage struct {
	name string
	do   func(*testing.T, *desk)
	// verified is what is found out; about and says are in the finding that tells so, and restorable what can be restored.
	verified    metav1.ConditionStatus
	about, says string
	restorable  string
}

const (
	yes, no, unsure = metav1.ConditionTrue, metav1.ConditionFalse, metav1.ConditionUnknown
	everything      = "all of 6 objects and 3 volumes"
	nothing         = "0 of 6 objects and 0 of 3 volumes"
	kopiaOnly       = "6 objects and 1 of 3 volumes (volume \"cache\" of pod shop/web)"
)

var files = []backups.File{
	backups.Metadata, backups.Contents, backups.Log, backups.Results, backups.ResourceList, backups.PodVolumeBackups, backups.VolumeSnapshots,
	backups.VolumeInfos, backups.ItemOperations,
}

// harm has the storage refuse, or break, what is about some key.
func harm(operation, suffix string, fault faults.Fault, times ...int) func(*testing.T, *desk) {
	return func(t *testing.T, d *desk) {
		t.Helper()
		rule := faults.Rule{Match: faults.Match{Operations: []string{operation}}, Fault: fault}
		if suffix != "" {
			rule.Match.Prefix = d.Place.Root() + suffix
		}
		if len(times) > 0 {
			rule.Skip = times[0]
		}
		if len(times) > 1 {
			rule.Times = times[1]
		}
		d.Cloud.Harm(t, rule)
	}
}

// entry changes the entries of the tarball about an object of the shop, with and without a version in the path.
func entry(object, from, to string) func(*testing.T, *desk) {
	return func(t *testing.T, d *desk) {
		t.Helper()
		d.retar(t, func(name, content string) (string, string) {
			if strings.HasSuffix(name, object) && !strings.Contains(name, "preferredversion") {
				return name, strings.Replace(content, from, to, 1)
			}
			return name, content
		})
	}
}

// without leaves entries out of the tarball.
func without(object string) func(*testing.T, *desk) {
	return func(t *testing.T, d *desk) {
		t.Helper()
		d.retar(t, func(name, content string) (string, string) {
			if strings.HasSuffix(name, object) {
				return "", ""
			}
			return name, content
		})
	}
}

func replace(file backups.File, from, to string) func(*testing.T, *desk) {
	return func(t *testing.T, d *desk) { t.Helper(); d.replace(t, file, from, to) }
}

func flip(content []byte) []byte {
	content = bytes.Clone(content)
	content[len(content)/2] ^= 1
	return content
}

// flipped flips a bit of the tarball, that many bytes before its end.
func flipped(before int) func(*testing.T, *desk) {
	return func(t *testing.T, d *desk) {
		t.Helper()
		d.edit(t, backups.Contents, func(content []byte) []byte {
			content = bytes.Clone(content)
			content[len(content)-before] ^= 1
			return content
		})
	}
}

// each are the kinds of damage that every file can have.
func each() (all []damage) {
	// what a restore could do when a file is missing, and when it cannot be understood.
	lacking := map[backups.File]string{backups.Contents: nothing, backups.VolumeSnapshots: "6 objects and 1 of 3 volumes", backups.PodVolumeBackups: "all of 6 objects and 2 volumes"}
	spoiled := map[backups.File]string{backups.Contents: nothing, backups.VolumeSnapshots: "0 of 6 objects", backups.VolumeInfos: nothing, backups.PodVolumeBackups: "all of 6 objects and 2 volumes"}
	for _, file := range files {
		name := strings.TrimPrefix(strings.ReplaceAll(string(file), "{}", "b"), "backups/b/")
		or := func(of map[backups.File]string) string {
			if of[file] == "" {
				return everything
			}
			return of[file]
		}
		add := func(what, says string, restorable map[backups.File]string, do func(*testing.T, *desk)) {
			all = append(all, damage{name: name + " " + what, do: do, verified: no, about: name, says: says, restorable: or(restorable)})
		}
		add("missing", "it is missing", lacking, func(t *testing.T, d *desk) { t.Helper(); d.remove(t, d.key(file)) })
		add("truncated", "it is cut off", spoiled, func(t *testing.T, d *desk) {
			t.Helper()
			d.edit(t, file, func(content []byte) []byte { return content[:len(content)-len(content)/4] })
		})
		add("empty", "it is cut off", spoiled, func(t *testing.T, d *desk) { t.Helper(); d.edit(t, file, func([]byte) []byte { return nil }) })
		if file != backups.Metadata {
			add("with a flipped bit", "it is ", spoiled, func(t *testing.T, d *desk) { t.Helper(); d.edit(t, file, flip) })
			add("not compressed", "it is ", spoiled, func(t *testing.T, d *desk) {
				t.Helper()
				d.edit(t, file, func(content []byte) []byte { return decompress(t, content) })
			})
			behind := maps.Clone(spoiled) // what is in front was read
			delete(behind, backups.PodVolumeBackups)
			for name, garbage := range map[string]string{"something": "garbage at the end", "a byte": "x"} {
				add("with "+name+" behind", "it is damaged: there is something after its end", behind, func(t *testing.T, d *desk) {
					t.Helper()
					d.edit(t, file, func(content []byte) []byte { return append(bytes.Clone(content), garbage...) })
				})
			}
		}
	}
	return all
}

var particular = []damage{
	{name: "nothing", do: func(*testing.T, *desk) {}, verified: yes, restorable: everything},

	{name: "metadata of another backup", do: replace(backups.Metadata, `"name": "b"`, `"name": "c"`), verified: no, about: "velero-backup.json", says: `it is of another backup, "c"`, restorable: everything},
	{name: "metadata of another run", do: func(t *testing.T, d *desk) {
		d.replace(t, backups.Metadata, "uid-b", "uid-x")
		d.replace(t, backups.Metadata, "2026-11-22T00:02:03Z", "2026-11-21T00:02:03Z")
	}, verified: no, about: "velero-backup.json", says: "it is of another backup of this name", restorable: everything},
	{name: "metadata of another kind", do: replace(backups.Metadata, `"kind": "Backup"`, `"kind": "Restore"`), verified: no, about: "velero-backup.json", says: "it is not a Backup of velero.io/v1", restorable: everything},
	{name: "metadata of a backup that runs", do: replace(backups.Metadata, `"phase": "Completed"`, `"phase": "InProgress"`), verified: no, about: "velero-backup.json", says: "it says that the backup has not ended", restorable: everything},
	{name: "metadata of another format", do: replace(backups.Metadata, `"formatVersion": "1.1.0"`, `"formatVersion": "9"`), verified: no, about: "velero-backup.json", says: `the format "9"`, restorable: everything},
	{name: "metadata that changed at rest", do: func(t *testing.T, d *desk) {
		d.Backend.S3Endpoint = proxy(t, d.Backend.S3Endpoint, "velero-backup.json", func(b []byte) []byte { return bytes.Replace(b, []byte("shop"), []byte("shoq"), 1) })
	}, verified: no, about: "velero-backup.json", says: "it has changed since it was stored", restorable: everything},
	{name: "log of another backup", do: replace(backups.Log, "uid-b", "uid-x"), verified: no, about: "b-logs.gz", says: "it is the log of another backup, whose UID is uid-x", restorable: everything},

	{name: "tar cut within its compression", do: func(t *testing.T, d *desk) {
		d.edit(t, backups.Contents, func(content []byte) []byte {
			plain := decompress(t, content)
			return []byte(backendtest.Compressed(t, string(plain[:len(plain)/2+100])))
		})
	}, verified: no, about: "b.tar.gz", says: "it is cut off", restorable: nothing},
	{name: "tar with a flipped bit in its checksum", do: flipped(8), verified: no, about: "b.tar.gz", says: "it is damaged: its checksum is wrong", restorable: nothing},
	{name: "tar with a flipped bit before its checksum", do: flipped(13), verified: no, about: "b.tar.gz", says: "it is damaged", restorable: nothing},
	{name: "tar with nothing in it", do: func(t *testing.T, d *desk) {
		d.retar(t, func(string, string) (string, string) { return "", "" })
	}, verified: no, about: "b.tar.gz", says: "there is nothing in it", restorable: nothing},
	{name: "archive of another format", do: entry("metadata/version", "1.1.0", "2"), verified: no, about: "metadata/version", says: "format", restorable: everything},
	{name: "object that is no JSON", do: entry("shop/a.json", `"kind"`, `kind`), verified: no, about: "resources/configmaps/namespaces/shop/a.json", says: "it is no JSON", restorable: "5 of 6 objects and 3 volumes"},
	{name: "object that is a list", do: func(t *testing.T, d *desk) {
		d.retar(t, func(name, content string) (string, string) {
			if strings.HasSuffix(name, "configmaps/namespaces/shop/a.json") {
				content = "[]"
			}
			return name, content
		})
	}, verified: no, about: "resources/configmaps/namespaces/shop/a.json", says: "its JSON is not what belongs there", restorable: "5 of 6 objects and 3 volumes"},
	{name: "object without a kind", do: entry("shop/a.json", `"kind":"ConfigMap",`, ``), verified: no, about: "shop/a.json", says: "it is not an object of Kubernetes", restorable: "5 of 6 objects and 3 volumes"},
	{name: "object of another name", do: entry("shop/a.json", `"name":"a"`, `"name":"z"`), verified: no, about: "shop/a.json", says: `another name, "z"`, restorable: "5 of 6 objects and 3 volumes"},
	{name: "object of another namespace", do: entry("shop/a.json", `"namespace":"shop"`, `"namespace":"other"`), verified: no, about: "shop/a.json", says: `another namespace, "other"`, restorable: "5 of 6 objects and 3 volumes"},
	{name: "object of another API", do: entry("shop/a.json", `"v1"`, `"apps/v1"`), verified: no, about: "shop/a.json", says: `another API, "apps/v1"`, restorable: "5 of 6 objects and 3 volumes"},
	{name: "object of another kind", do: entry("shop/a.json", `"ConfigMap"`, `"Secret"`), verified: no, about: "shop/a.json", says: `another kind, "Secret"`},
	{name: "object that is in the list alone", do: without("shop/a.json"), verified: no, about: "v1/ConfigMap shop/a", says: "in the list of objects, but not in the archive", restorable: "5 of 6 objects and 3 volumes"},
	{name: "object that is in the archive alone", do: replace(backups.ResourceList, `"shop/a",`, ``), verified: no, about: "resources/configmaps/namespaces/shop/a.json", says: "in the archive, but not in the list", restorable: everything},
	{name: "object that is gone from both", do: func(t *testing.T, d *desk) {
		without("shop/a.json")(t, d)
		d.replace(t, backups.ResourceList, `"shop/a",`, ``)
	}, verified: no, about: "velero-backup.json", says: "it has 6 objects, and the list of objects has 5", restorable: "all of 5 objects and 3 volumes"},
	{name: "persistent volume that is gone", do: without("data-1.json"), verified: no, about: `volume "data-1"`, says: "its persistent volume is not among the objects", restorable: "5 of 6 objects and 2 of 3 volumes"},

	{name: "snapshot deleted", do: func(t *testing.T, d *desk) {
		if err := d.Cloud.Volumes().DeleteSnapshot(ebs.Place{Account: simulatortest.Account, Region: d.Cloud.Region}, d.snapshots[1]); err != nil {
			t.Fatal(err)
		}
	}, verified: no, about: `volume "data-1"`, says: "is gone", restorable: "6 objects and 2 of 3 volumes"},
	{name: "snapshot pending", do: ofSnapshot("<status>completed</status>", "<status>pending</status>"), verified: unsure, about: `volume "data-0"`, says: "is not complete yet", restorable: kopiaOnly},
	{name: "snapshot in error", do: ofSnapshot("<status>completed</status>", "<status>error</status>"), verified: no, about: `volume "data-0"`, says: "failed, and holds nothing", restorable: kopiaOnly},
	{name: "snapshot of another backup", do: replace(backups.VolumeSnapshots, `"backupName":"b"`, `"backupName":"c"`), verified: no, about: `volume "data-0"`, says: "of another backup", restorable: kopiaOnly},
	{name: "snapshot that is not listed", do: func(t *testing.T, d *desk) { d.Put(t, backups.VolumeSnapshots, "b", []backups.Snapshot{}) }, verified: no, about: `volume "data-0"`, says: "the list of snapshots does not have it", restorable: kopiaOnly},
	{name: "volume info without volumes", do: func(t *testing.T, d *desk) { d.Put(t, backups.VolumeInfos, "b", []backups.VolumeInfo{}) }, verified: no, about: `volume "data-0"`, says: "volume info does not have it", restorable: everything},
	{name: "volume info that is null", do: func(t *testing.T, d *desk) { d.Put(t, backups.VolumeInfos, "b", nil) }, verified: no, about: `volume "data-1"`, says: "volume info does not have it", restorable: everything},
	{name: "snapshot location gone", do: func(t *testing.T, d *desk) {
		if err := d.World.Delete(t.Context(), &velerov1.VolumeSnapshotLocation{ObjectMeta: metav1.ObjectMeta{Namespace: backendtest.Namespace, Name: "ebs"}}); err != nil {
			t.Fatal(err)
		}
	}, verified: unsure, about: `volume "data-0"`, says: `volume snapshot location "ebs": it is not there: make it again`, restorable: kopiaOnly},
	{name: "snapshots throttled", do: harm("ec2:DescribeSnapshots", "", faults.Error{Code: "RequestLimitExceeded"}), verified: unsure, about: `volume "data-0"`, says: "is overloaded", restorable: kopiaOnly},
	{name: "repository lost", do: func(t *testing.T, d *desk) { d.remove(t, d.Place.Root()+"kopia/shop/kopia.repository") }, verified: no, about: "team/kopia/shop/kopia.repository", says: "the repository of files is gone", restorable: "6 objects and 2 of 3 volumes (data-0, data-1)"},

	{name: "archive in GLACIER", do: func(t *testing.T, d *desk) { d.archive(t, backups.Contents) }, verified: no, about: "b.tar.gz", says: "is archived, and cannot be read", restorable: nothing},
	{name: "prefix gone", do: func(t *testing.T, d *desk) { d.remove(t, d.Keys(t)...) }, verified: no, about: "team/backups/b/", says: "nothing of the backup is there", restorable: "0 of 6 objects and 0 of 2 volumes"},
	{name: "location gone", do: func(t *testing.T, d *desk) {
		if err := d.World.Delete(t.Context(), &velerov1.BackupStorageLocation{ObjectMeta: metav1.ObjectMeta{Namespace: backendtest.Namespace, Name: "primary"}}); err != nil {
			t.Fatal(err)
		}
	}, verified: unsure, about: `backup storage location "primary"`, says: "it is not there: make it again"},
	{name: "bucket gone", do: func(t *testing.T, d *desk) {
		d.Location(t, func(l *velerov1.BackupStorageLocation) { l.Spec.ObjectStorage.Bucket = "gone" })
	}, verified: unsure, about: "team/backups/b/", says: `there is no bucket "gone"`},
	{name: "wrong credentials", do: func(t *testing.T, d *desk) {
		secret := &corev1.Secret{}
		d.Read(t, "cloud-credentials", secret)
		secret.Data["cloud"] = []byte("[default]\naws_access_key_id=AKIANOBODY\naws_secret_access_key=guessed\n")
		if err := d.World.Update(t.Context(), secret); err != nil {
			t.Fatal(err)
		}
	}, verified: unsure, about: "team/backups/b/", says: "does not know the access key"},
	{name: "no right to read a file", do: harm("s3:GetObject", "backups/b/b-logs.gz", faults.Error{Code: "AccessDenied"}), verified: unsure, about: "b-logs.gz", says: "may not read", restorable: everything},
	{name: "throttled for a while", do: harm("s3:GetObject", "", faults.Error{Code: "SlowDown"}, 0, 2), verified: yes, restorable: everything},
	{name: "throttled", do: harm("s3:GetObject", "", faults.Error{Code: "SlowDown"}), verified: unsure, about: "velero-backup.json", says: "is overloaded"},
	{name: "outage", do: harm("s3:*", "", faults.Outage{}), verified: unsure, about: "team/backups/b/", says: "is overloaded", restorable: "not known"},
	{name: "outage half-way", do: harm("s3:GetObject", "", faults.Outage{}, 5), verified: unsure, about: "team/backups/b/b-results.gz", says: "is overloaded", restorable: "not known"},
	{name: "outage within the archive", do: harm("s3:GetObject", "backups/b/b.tar.gz", faults.Truncate{After: 200}), verified: unsure, about: "b.tar.gz", says: "reading it broke off", restorable: "not known"},
}

// ofSnapshot changes what EC2 says of snapshots.
func ofSnapshot(from, to string) func(*testing.T, *desk) {
	return func(t *testing.T, d *desk) {
		t.Helper()
		at := d.Backend.VolumeEndpoints[provider.AWS]
		d.Backend.VolumeEndpoints = map[string]*url.URL{provider.AWS: proxy(t, at, "/", func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(from), []byte(to)) })}
	}
}

// archive moves a file into a storage class from which it cannot be read.
func (d *desk) archive(t *testing.T, file backups.File) {
	t.Helper()
	client, err := minio.New(d.Cloud.Host(), &minio.Options{Creds: miniocredentials.NewStaticV4(d.Cloud.Key.ID, d.Cloud.Key.Secret, ""), Region: d.Cloud.Region})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.PutObject(t.Context(), "velero", d.key(file), strings.NewReader("frozen"), 6, minio.PutObjectOptions{StorageClass: "GLACIER"}); err != nil {
		t.Fatal(err)
	}
}

// TestDamage shows that everything that can happen to a backup is told by name, with what can still be restored, and that nothing is
// written to its bucket to find that out.
func TestDamage(t *testing.T) {
	for _, test := range append(particular, each()...) {
		t.Run(test.name, func(t *testing.T) {
			d := newDesk(t, record("b"))
			d.makeBackup(t, "b")
			test.do(t, d)
			d.Cloud.Journal().Clear()
			report := d.ask(t, "b")
			test.check(t, report)
			for _, request := range d.Cloud.Journal().Entries(journal.Filter{}) {
				if operation := request.Operation; !strings.HasPrefix(operation, "s3:Get") && !strings.HasPrefix(operation, "s3:Head") && !strings.HasPrefix(operation, "s3:List") && !strings.HasPrefix(operation, "ec2:Describe") {
					t.Errorf("%s was sent", operation)
				}
			}
		})
	}
}

func (test *damage) check(t *testing.T, report *backups.Report) {
	t.Helper()
	got := fmt.Sprintf("%s, %s, %+v", report.Verified, report.Restorable(), report.Findings)
	if report.Verified != test.verified || test.restorable != "" && !strings.HasPrefix(report.Restorable(), test.restorable) {
		t.Errorf("got %s; want %s, %s", got, test.verified, test.restorable)
	}
	if test.verified == yes {
		return
	}
	for _, finding := range report.Findings {
		if strings.Contains(finding.About, test.about) && strings.Contains(finding.Message, test.says) {
			return
		}
	}
	t.Errorf("got %s; want %s: %s", got, test.about, test.says)
}
