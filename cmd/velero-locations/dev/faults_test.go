package dev_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev"
	"github.com/velero-locations/velero-locations/simulator/control"
	"github.com/velero-locations/velero-locations/simulator/faults"
)

// quick lets connections that stall be given up soon, and backups not wait for each other.
func quick(o *dev.Options) {
	o.Controllers.StorageStallTimeout, o.Controllers.ConcurrentBackups = time.Second, 8
}

// under lists the keys of a backup.
func (l *laptop) under(t *testing.T, name string) []string {
	t.Helper()
	var keys []string
	for _, key := range l.keys(t) {
		if strings.HasPrefix(key, "team/backups/"+name+"/") {
			keys = append(keys, key)
		}
	}
	return keys
}

// visible says whether others take what is in the bucket for a backup.
func (l *laptop) visible(t *testing.T, name string) bool {
	t.Helper()
	_, err := l.s3.StatObject(t.Context(), bucket, "team/backups/"+name+"/velero-backup.json", minio.StatObjectOptions{})
	if err != nil && minio.ToErrorResponse(err).Code != minio.NoSuchKey {
		t.Fatal(err)
	}
	return err == nil
}

// remove has a backup deleted, with all that belongs to it.
func (l *laptop) remove(t *testing.T, name string) {
	t.Helper()
	l.create(t, &velerov1.DeleteBackupRequest{ObjectMeta: metav1.ObjectMeta{GenerateName: name + "-"}, Spec: velerov1.DeleteBackupRequestSpec{BackupName: name}})
	l.gone(t, backup(name, func(b *velerov1.Backup) { b.Namespace = "velero" }))
}

const (
	completed = velerov1.BackupPhaseCompleted
	failed    = velerov1.BackupPhaseFailed
)

// TestFaults shows, for each fault of the simulator's documentation that object storage can have in the middle of a backup,
// how the backup ends: there whole, or with a reason and nothing of it for others to see.
func TestFaults(t *testing.T) {
	l := start(t, quick)
	l.create(t, storage("primary", "team", true),
		&velerov1.VolumeSnapshotLocation{ObjectMeta: metav1.ObjectMeta{Name: "ebs"}, Spec: velerov1.VolumeSnapshotLocationSpec{Provider: "aws", Config: map[string]string{"region": "us-east-1"}}})
	l.available(t, "primary")

	// A backup writes its log, the tarball, seven files beside it, the first being the list of snapshots, and its metadata.
	const toSnapshots, toMetadata = 3, 9
	uploads, all := []string{"s3:PutObject"}, []string{"s3:*"}
	for name, tc := range map[string]struct {
		operations  []string
		skip, times int
		fault       faults.Fault
		then        []faults.Rule
		phase       velerov1.BackupPhase
		reason      string
		left        bool // the fault keeps what was written from being cleared away
	}{
		"slow":                       {operations: all, fault: faults.Latency{Delay: faults.Duration(20 * time.Millisecond)}, phase: completed},
		"narrow":                     {operations: all, fault: faults.Bandwidth{BytesPerSecond: 100_000}, phase: completed},
		"throttled-a-while":          {operations: uploads, skip: 1, times: 2, fault: faults.Error{Code: "SlowDown"}, phase: completed},
		"throttled":                  {operations: uploads, skip: 1, fault: faults.Error{Code: "SlowDown"}, phase: failed, reason: "overloaded"},
		"region-down":                {operations: all, skip: toSnapshots, fault: faults.Outage{}, phase: failed, reason: "503", left: true},
		"region-resets":              {operations: all, skip: toSnapshots, fault: faults.Outage{Mode: faults.Resetting}, phase: failed, reason: "connection", left: true},
		"region-hangs":               {operations: all, skip: toSnapshots, fault: faults.Outage{Mode: faults.Hanging}, phase: failed, reason: "did not answer in time", left: true},
		"down-from-the-start":        {operations: all, fault: faults.Outage{}, phase: failed, reason: "503"},
		"half-written":               {operations: uploads, skip: 1, fault: faults.Reset{At: faults.Upload, After: 100}, phase: failed, reason: "connection"},
		"half-written-once":          {operations: uploads, skip: 1, times: 1, fault: faults.Reset{At: faults.Upload, After: 100}, phase: completed},
		"reset":                      {operations: uploads, skip: toMetadata, fault: faults.Reset{}, phase: failed, reason: "connection"},
		"lost-answer":                {operations: uploads, times: 1, fault: faults.Reset{At: faults.Download}, phase: completed},
		"lost-answer-of-metadata":    {operations: uploads, skip: toMetadata, times: 1, fault: faults.Reset{At: faults.Download}, phase: completed},
		"lost-answers":               {operations: uploads, fault: faults.Reset{At: faults.Download}, phase: failed, reason: "connection"},
		"lost-answers-and-truncated": {operations: uploads, skip: toMetadata, times: 1, fault: faults.Reset{At: faults.Download}, then: []faults.Rule{{Match: faults.Match{Operations: []string{"s3:GetObject"}}, Fault: faults.Truncate{After: 2}}}, phase: failed, reason: "unexpected EOF"},
		"stalled":                    {operations: uploads, skip: 1, fault: faults.Stall{}, phase: failed, reason: "did not answer in time"},
		"stalled-upload":             {operations: uploads, skip: 1, fault: faults.Stall{At: faults.Upload, After: 100, For: faults.Duration(time.Minute)}, phase: failed, reason: "did not answer in time"},
		"truncated":                  {operations: all, skip: 1, fault: faults.Truncate{After: 2}, phase: completed},
		"expired":                    {operations: all, skip: toSnapshots, fault: faults.Expired{}, phase: failed, reason: "expired", left: true},
		"denied":                     {operations: uploads, skip: 1, fault: faults.Error{Code: "AccessDenied"}, phase: failed, reason: "may not write"},
		"denied-at-the-end":          {operations: uploads, skip: toMetadata, fault: faults.Error{Code: "AccessDenied"}, phase: failed, reason: "may not write"},
		"denied-from-the-start":      {operations: all, fault: faults.Error{Code: "AccessDenied"}, phase: failed, reason: "may not list"},
		"may-not-delete":             {operations: []string{"s3:DeleteObject"}, fault: faults.Error{Code: "AccessDenied"}, then: []faults.Rule{{Match: faults.Match{Operations: uploads}, Skip: toMetadata, Fault: faults.Error{Code: "AccessDenied"}}}, phase: failed, reason: "may not delete", left: true},
		"faulty-at-the-end":          {operations: uploads, skip: toMetadata, fault: faults.Error{Code: "InternalError"}, phase: failed, reason: "has a fault of its own"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mine := func(rule faults.Rule) {
				rule.Match.Prefix = "team/backups/" + name + "/"
				added, err := l.control.AddFault(t.Context(), rule)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = l.control.RemoveFault(context.Background(), added.Name) })
			}
			for _, rule := range append(tc.then, faults.Rule{Name: name, Match: faults.Match{Operations: tc.operations}, Skip: tc.skip, Times: tc.times, Fault: tc.fault}) {
				mine(rule)
			}
			l.create(t, backup(name, func(b *velerov1.Backup) { b.Spec.IncludedNamespaces = []string{"shop"} }))
			ended := l.ended(t, name)
			if ended.Status.Phase != tc.phase || !strings.Contains(ended.Status.FailureReason, tc.reason) || strings.Contains(ended.Status.FailureReason, "\n") {
				t.Errorf("got %s: %q", ended.Status.Phase, ended.Status.FailureReason)
			}
			l.lift(t, name)
			if got := l.visible(t, name); got != (tc.phase == completed) {
				t.Errorf("for others to see: %v", got)
			}
			if keys := l.under(t, name); tc.phase == failed && len(keys) > 0 != tc.left {
				t.Errorf("after it failed there are %q", keys)
			}
			l.remove(t, name)
			if keys := l.under(t, name); len(keys) > 0 {
				t.Errorf("after it was deleted there are %q", keys)
			}
		})
	}
}

// available waits until a location was found to work.
func (l *laptop) available(t *testing.T, name string) {
	t.Helper()
	poll(t, "location "+name, func(ctx context.Context) bool {
		var location velerov1.BackupStorageLocation
		return l.Get(ctx, client.ObjectKey{Namespace: "velero", Name: name}, &location) == nil && location.Status.Phase == velerov1.BackupStorageLocationAvailable
	})
}

// lift ends a fault. One that never happened proves nothing.
func (l *laptop) lift(t *testing.T, name string) {
	t.Helper()
	list, err := l.control.Faults(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, status := range list {
		if status.Rule.Match.Prefix != "team/backups/"+name+"/" {
			continue
		}
		if status.Injected == 0 {
			t.Errorf("fault %s never happened", status.Rule.Name)
		}
		if err := l.control.RemoveFault(t.Context(), status.Rule.Name); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCredentialsChange shows that a backup whose credentials end halfway fails, and that what it wrote is cleared away
// with those that the location has by then.
func TestCredentialsChange(t *testing.T) {
	for _, rotated := range []bool{false, true} {
		t.Run(fmt.Sprintf("rotated=%v", rotated), func(t *testing.T) {
			t.Parallel()
			l := start(t, quick)
			const account = "111111111111"
			old, err := l.control.AddKey(t.Context(), control.NewKey{Account: account})
			if err != nil {
				t.Fatal(err)
			}
			secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "key"}, Data: credentialsFile(old)}
			location := storage("primary", "team", true)
			location.Spec.Credential = &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: "key"}, Key: "cloud"}
			l.create(t, secret, location)
			l.available(t, "primary")
			_, err = l.control.AddFault(t.Context(), faults.Rule{
				Match: faults.Match{Operations: []string{"s3:PutObject"}, Prefix: "team/backups/"}, Fault: faults.Latency{Delay: faults.Duration(300 * time.Millisecond)},
			})
			if err != nil {
				t.Fatal(err)
			}
			l.create(t, backup("b"))
			poll(t, "something to be written", func(context.Context) bool { return len(l.under(t, "b")) > 2 })
			if rotated {
				issued, err := l.control.AddKey(t.Context(), control.NewKey{Account: account})
				if err != nil {
					t.Fatal(err)
				}
				secret.Data = credentialsFile(issued)
				if err := l.Update(t.Context(), secret); err != nil {
					t.Fatal(err)
				}
			}
			if err := l.control.SetKeyActive(t.Context(), old.ID, false); err != nil {
				t.Fatal(err)
			}
			ended := l.ended(t, "b")
			if ended.Status.Phase != failed || !strings.Contains(ended.Status.FailureReason, "InvalidAccessKeyId") && !strings.Contains(ended.Status.FailureReason, "access key") || strings.Contains(ended.Status.FailureReason, old.Secret) {
				t.Errorf("got %s: %q", ended.Status.Phase, ended.Status.FailureReason)
			}
			if l.visible(t, "b") {
				t.Error("others see it")
			}
			if keys := l.under(t, "b"); len(keys) > 0 != !rotated {
				t.Errorf("there are %q", keys)
			}
		})
	}
}

func credentialsFile(key control.IssuedKey) map[string][]byte {
	return map[string][]byte{"cloud": fmt.Appendf(nil, "[default]\naws_access_key_id=%s\naws_secret_access_key=%s\n", key.ID, key.Secret)}
}
