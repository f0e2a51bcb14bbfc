package dev_test

import (
	"bytes"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/minio/minio-go/v7"
	miniocredentials "github.com/minio/minio-go/v7/pkg/credentials"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev"
	"github.com/velero-locations/velero-locations/simulator/faults"
)

const tarball = "team/backups/shop/shop.tar.gz"

// TestFaultsDuringRestore shows, for what may happen to storage in the middle of a restore, how the restore ends, what it says, and
// what is there then. Every row ends, and leaves the next one nothing.
func TestFaultsDuringRestore(t *testing.T) {
	l := start(t, quick, func(o *dev.Options) { o.Controllers.ResourceTimeout = 5 * time.Second })
	l.create(t, storage("primary", "team", true))
	l.snapshotLocation(t, "aws", map[string]string{"region": "us-east-1"})
	l.create(t, backup("shop", func(b *velerov1.Backup) { b.Spec.IncludedNamespaces = []string{"shop"} }))
	if made := l.ended(t, "shop"); made.Status.Phase != completed {
		t.Fatalf("got %+v", made.Status)
	}
	l.available(t, "primary")
	if _, err := l.control.AdvanceClock(t.Context(), time.Minute); err != nil { // its snapshots are complete
		t.Fatal(err)
	}
	whole := l.content(t, tarball)
	volumes := l.snapshotsOf(t, "shop")["aws"]

	const (
		complete = velerov1.RestorePhaseCompleted
		partly   = velerov1.RestorePhasePartiallyFailed
		refused  = velerov1.RestorePhaseFailedValidation
		broken   = velerov1.RestorePhaseFailed
	)
	// A restore reads the list of snapshots, volume info and the tarball, and writes four files and its log.
	reading := func(skip, times int, fault faults.Fault) faults.Rule {
		return faults.Rule{Match: faults.Match{Operations: []string{"s3:GetObject"}, Prefix: "team/backups/shop/"}, Skip: skip, Times: times, Fault: fault}
	}
	writing := func(skip, times int, fault faults.Fault) faults.Rule {
		return faults.Rule{Match: faults.Match{Operations: []string{"s3:PutObject"}, Prefix: "team/restores/"}, Skip: skip, Times: times, Fault: fault}
	}
	making := func(skip, times int, fault faults.Fault) faults.Rule {
		return faults.Rule{Match: faults.Match{Operations: []string{"ec2:CreateVolume"}}, Skip: skip, Times: times, Fault: fault}
	}
	const toTarball = 2
	for _, tc := range []struct {
		name   string
		fault  *faults.Rule
		damage func([]byte) []byte // of the tarball; nothing left: it is missing
		phase  velerov1.RestorePhase
		says   string // in the reasons of the restore, or in its results
		// made is how many volumes are made of two. Without objects, nothing is restored at all.
		made    int
		objects bool
	}{
		{name: "slow", fault: new(reading(0, 0, faults.Latency{Delay: faults.Duration(20 * time.Millisecond)})), phase: complete, objects: true, made: 2},
		{name: "narrow", fault: new(reading(0, 0, faults.Bandwidth{BytesPerSecond: 5000})), phase: complete, objects: true, made: 2},
		{name: "outage-that-ends", fault: new(reading(toTarball, 2, faults.Outage{})), phase: complete, objects: true, made: 2},
		{name: "outage-that-stays", fault: new(reading(toTarball, 0, faults.Outage{})), phase: broken, says: "503"},
		{name: "outage-from-the-start", fault: new(reading(0, 0, faults.Outage{})), phase: refused, says: "503"},
		{name: "storage-resets", fault: new(reading(toTarball, 0, faults.Outage{Mode: faults.Resetting})), phase: broken, says: "connection"},
		{name: "storage-hangs", fault: new(reading(toTarball, 0, faults.Outage{Mode: faults.Hanging})), phase: broken, says: "did not answer in time"},
		{name: "stalls-half-way", fault: new(reading(toTarball, 0, faults.Stall{At: faults.Download, After: 100, For: faults.Duration(time.Minute)})), phase: broken, says: "did not answer in time"},
		{name: "throttled-a-while", fault: new(reading(toTarball, 2, faults.Error{Code: "SlowDown"})), phase: complete, objects: true, made: 2},
		{name: "throttled", fault: new(reading(toTarball, 0, faults.Error{Code: "SlowDown"})), phase: broken, says: "overloaded"},
		{name: "cut-off", fault: new(reading(toTarball, 0, faults.Truncate{After: 100})), phase: broken, says: "unexpected EOF"},
		{name: "lost-answer", fault: new(reading(toTarball, 1, faults.Reset{At: faults.Download})), phase: complete, objects: true, made: 2},
		{name: "refused", fault: new(reading(toTarball, 0, faults.Error{Code: "AccessDenied"})), phase: broken, says: "may not read"},
		{name: "expired", fault: new(reading(toTarball, 0, faults.Expired{})), phase: broken, says: "expired"},
		{name: "archived", fault: new(reading(toTarball, 0, faults.Error{Code: "InvalidObjectState"})), phase: broken, says: "is archived"},
		{name: "flipped", damage: flip, phase: broken, says: "reading"},
		{name: "half", damage: func(all []byte) []byte { return all[:len(all)/2] }, phase: broken, says: "unexpected EOF"},
		{name: "missing", damage: func([]byte) []byte { return nil }, phase: broken, says: tarball + " is not there"},
		{name: "results-throttled-a-while", fault: new(writing(1, 2, faults.Error{Code: "SlowDown"})), phase: complete, objects: true, made: 2},
		{name: "results-denied", fault: new(writing(0, 0, faults.Error{Code: "AccessDenied"})), phase: partly, says: "may not write", objects: true, made: 2},
		{name: "results-denied-half-way", fault: new(writing(2, 0, faults.Error{Code: "AccessDenied"})), phase: partly, says: "may not write", objects: true, made: 2},
		{name: "results-hang", fault: new(writing(0, 0, faults.Outage{Mode: faults.Hanging})), phase: partly, says: "did not answer in time", objects: true, made: 2},
		{name: "answer-of-results-lost", fault: new(writing(0, 1, faults.Reset{At: faults.Download})), phase: complete, objects: true, made: 2},
		{name: "volumes-throttled-a-while", fault: new(making(0, 2, faults.Error{Code: "RequestLimitExceeded"})), phase: complete, objects: true, made: 2},
		{name: "volumes-refused-half-way", fault: new(making(1, 0, faults.Error{Code: "UnauthorizedOperation"})), phase: partly, says: "may not", objects: true, made: 1},
		{name: "answer-of-volume-lost", fault: new(making(0, 1, faults.Reset{At: faults.Download})), phase: complete, objects: true, made: 2},
		{name: "no-room-for-volumes", fault: new(making(0, 0, faults.Error{Code: "VolumeLimitExceeded"})), phase: partly, says: "VolumeLimitExceeded", objects: true},
		{name: "volumes-hang", fault: new(making(0, 0, faults.Outage{Mode: faults.Hanging})), phase: partly, says: "did not answer in time", objects: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before := len(l.contents(t))
			if tc.fault != nil {
				added, err := l.control.AddFault(t.Context(), *tc.fault)
				if err != nil {
					t.Fatal(err)
				}
				tc.fault.Name = added.Name
			}
			if tc.damage != nil {
				l.replace(t, tarball, tc.damage(slices.Clone(whole)))
			}
			l.create(t, restoreOf(tc.name, "shop", func(s *velerov1.RestoreSpec) { s.NamespaceMapping = map[string]string{"shop": tc.name} }))
			ended := l.restored(t, tc.name)
			if tc.fault != nil {
				l.injected(t, tc.fault.Name)
			}
			l.replace(t, tarball, whole)
			l.says(t, ended, tc.phase, tc.says)
			err := l.Get(t.Context(), client.ObjectKey{Namespace: tc.name, Name: "settings"}, &corev1.ConfigMap{})
			if client.IgnoreNotFound(err) != nil || (err == nil) != tc.objects {
				t.Errorf("its config map: %v", err)
			}
			if made := len(l.contents(t)) - before; made != tc.made {
				t.Errorf("%d volumes are made", made)
			}
		})
	}
	t.Run("snapshot-deleted", func(t *testing.T) {
		snapshots, err := l.control.Snapshots(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.ec2(t).DeleteSnapshot(t.Context(), &ec2.DeleteSnapshotInput{SnapshotId: &snapshots[0].ID}); err != nil {
			t.Fatal(err)
		}
		before := len(l.contents(t))
		l.create(t, restoreOf("snapshot-deleted", "shop", func(s *velerov1.RestoreSpec) { s.NamespaceMapping = map[string]string{"shop": "snapshot-deleted"} }))
		l.says(t, l.restored(t, "snapshot-deleted"), partly, "there is no snapshot \\\""+snapshots[0].ID)
		if made := len(l.contents(t)) - before; made != len(volumes)-1 {
			t.Errorf("%d volumes are made", made)
		}
	})
}

// says compares how a restore has ended, and looks for words in what it says of that: its status, or its results.
func (l *laptop) says(t *testing.T, ended *velerov1.Restore, phase velerov1.RestorePhase, words string) {
	t.Helper()
	said := strings.Join(append(ended.Status.ValidationErrors, ended.Status.FailureReason), "\n")
	if ended.Status.Phase == velerov1.RestorePhasePartiallyFailed && said == "" {
		said = l.download(t, velerov1.DownloadTargetKindRestoreResults, ended.Name)
	}
	if ended.Status.Phase != phase || !strings.Contains(said, words) {
		t.Errorf("got %s: %s", ended.Status.Phase, said)
	}
}

// injected ends a fault. One that never happened proves nothing.
func (l *laptop) injected(t *testing.T, name string) {
	t.Helper()
	list, err := l.control.Faults(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, status := range list {
		if status.Rule.Name == name && status.Injected == 0 {
			t.Errorf("fault %s never happened", name)
		}
	}
	if err := l.control.RemoveFault(t.Context(), name); err != nil {
		t.Fatal(err)
	}
}

// flip changes a bit in the middle.
func flip(all []byte) []byte {
	all[len(all)/2] ^= 1
	return all
}

func (l *laptop) content(t *testing.T, key string) []byte {
	t.Helper()
	object, err := l.s3.GetObject(t.Context(), bucket, key, minio.GetObjectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = object.Close() }()
	content, err := io.ReadAll(object)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// replace puts other content in the place of an object, or none.
func (l *laptop) replace(t *testing.T, key string, content []byte) {
	t.Helper()
	if err := l.s3.RemoveObject(t.Context(), bucket, key, minio.RemoveObjectOptions{}); err != nil {
		t.Fatal(err)
	}
	if content == nil {
		return
	}
	if _, err := l.s3.PutObject(t.Context(), bucket, key, bytes.NewReader(content), int64(len(content)), minio.PutObjectOptions{}); err != nil {
		t.Fatal(err)
	}
}

// ec2 is a client of the region's volumes, with the key that dev has for them.
func (l *laptop) ec2(t *testing.T) *ec2.Client {
	t.Helper()
	key, err := miniocredentials.NewFileAWSCredentials(filepath.Join(l.dir, "credentials"), "default").GetWithContext(&miniocredentials.CredContext{})
	if err != nil {
		t.Fatal(err)
	}
	return ec2.New(ec2.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(l.info.EC2), Credentials: credentials.NewStaticCredentialsProvider(key.AccessKeyID, key.SecretAccessKey, ""),
	})
}
