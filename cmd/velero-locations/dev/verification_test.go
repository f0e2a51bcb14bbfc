package dev_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev"
)

// verified asks for a verification of a backup, and waits for the report.
func (l *laptop) verified(t *testing.T, name string) *backups.Report {
	t.Helper()
	b := &velerov1.Backup{}
	l.object(t, "velero", name, b)
	asked := b.DeepCopy()
	metav1.SetMetaDataAnnotation(&asked.ObjectMeta, backups.VerifyAnnotation, time.Now().Format(time.RFC3339Nano))
	if err := l.Patch(t.Context(), asked, client.MergeFrom(b)); err != nil {
		t.Fatal(err)
	}
	return l.report(t, name, func(*backups.Report) bool { return true })
}

// report waits until the request for a verification is answered by a report that is wanted.
func (l *laptop) report(t *testing.T, name string, wanted func(*backups.Report) bool) (report *backups.Report) {
	t.Helper()
	poll(t, "the verification of "+name, func(ctx context.Context) bool {
		b := &velerov1.Backup{}
		if err := l.Get(ctx, client.ObjectKey{Namespace: "velero", Name: name}, b); err != nil || b.Annotations[backups.VerifyAnnotation] != "" {
			return false
		}
		var err error
		report, err = backups.ReportOf(b)
		return err == nil && report != nil && wanted(report)
	})
	return report
}

// TestVerification verifies a backup of an application with its volumes in the background, and then by request after each of several
// things that happen to its storage.
func TestVerification(t *testing.T) {
	l := start(t, func(o *dev.Options) { o.Controllers.VerifyBackups = time.Hour })
	l.create(t, storage("primary", "team", true))
	l.snapshotLocation(t, "aws", map[string]string{"region": "us-east-1"})
	l.create(t, backup("shop", func(b *velerov1.Backup) { b.Spec.IncludedNamespaces = []string{"shop"} }))
	if made := l.ended(t, "shop"); made.Status.Phase != completed {
		t.Fatalf("got %+v", made.Status)
	}
	l.report(t, "shop", func(*backups.Report) bool { return true }) // whatever it says of snapshots that are not complete yet
	if _, err := l.control.AdvanceClock(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	if report := l.verified(t, "shop"); report.Verified != metav1.ConditionTrue || report.Volumes.Restorable != 2 || report.Objects.Restorable == 0 {
		t.Fatalf("got %+v", report)
	}
	others, err := os.ReadFile(filepath.Join(l.dir, "accounts", "secondary"))
	if err != nil {
		t.Fatal(err)
	}
	l.create(t, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "others"}, Data: map[string][]byte{"cloud": others}})

	change := func(change func(*velerov1.VolumeSnapshotLocation)) {
		t.Helper()
		location := &velerov1.VolumeSnapshotLocation{}
		l.object(t, "velero", "aws", location)
		before := client.MergeFrom(location.DeepCopy())
		change(location)
		if err := l.Patch(t.Context(), location, before); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		what string
		do   func()
		want string
	}{
		{"snapshots of another region", func() {
			change(func(v *velerov1.VolumeSnapshotLocation) { v.Spec.Config["region"] = "us-west-1" })
		}, "in region us-west-1 of the account"},
		{"snapshots of another account", func() {
			change(func(v *velerov1.VolumeSnapshotLocation) {
				v.Spec.Config["region"] = "us-east-1"
				v.Spec.Credential = &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: "others"}, Key: "cloud"}
			})
		}, "in region us-east-1 of the account"},
		{"a file that is missing", func() {
			change(func(v *velerov1.VolumeSnapshotLocation) { v.Spec.Credential = nil })
			if err := l.s3.RemoveObject(t.Context(), bucket, "team/backups/shop/shop-results.gz", minio.RemoveObjectOptions{}); err != nil {
				t.Fatal(err)
			}
		}, "shop-results.gz: it is missing"},
	} {
		step.do()
		report := l.verified(t, "shop")
		if report.Verified != metav1.ConditionFalse || !strings.Contains(report.Summary(), step.want) {
			t.Errorf("%s: got %s, %s", step.what, report.Verified, report.Summary())
		}
	}
	var events corev1.EventList
	if err := l.List(t.Context(), &events, client.InNamespace("velero")); err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprint(events.Items); !strings.Contains(text, "The backup is broken; can be restored: ") {
		t.Errorf("got %s", text)
	}
	l.remove(t, "shop") // what was written on it is in nobody's way
}
