package dev_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev"
	"github.com/velero-locations/velero-locations/simulator/faults"
)

// snapshotLocation is one of a provider, with the credentials that dev has for it.
func (l *laptop) snapshotLocation(t *testing.T, provider string, config map[string]string) {
	t.Helper()
	location := &velerov1.VolumeSnapshotLocation{
		ObjectMeta: metav1.ObjectMeta{Name: provider}, Spec: velerov1.VolumeSnapshotLocationSpec{Provider: provider, Config: config},
	}
	if provider != "aws" {
		file, err := os.ReadFile(filepath.Join(l.dir, "accounts", "primary-"+provider))
		if err != nil {
			t.Fatal(err)
		}
		l.create(t, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: provider}, Data: map[string][]byte{"cloud": file}})
		location.Spec.Credential = &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: provider}, Key: "cloud"}
	}
	l.create(t, location)
}

// file reads a file of a backup from the bucket.
func (l *laptop) file(t *testing.T, file backups.File, name string, into any) {
	t.Helper()
	object, err := l.s3.GetObject(t.Context(), bucket, "team/"+strings.ReplaceAll(string(file), "{}", name), minio.GetObjectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = object.Close() }()
	if err := backups.Decode(object, into); err != nil {
		t.Fatal(err)
	}
}

// snapshotsOf returns the volumes of which there are snapshots, as namespace-claim, by provider.
func (l *laptop) snapshotsOf(t *testing.T, name string) map[string][]string {
	t.Helper()
	all, err := l.control.Snapshots(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for _, snapshot := range all {
		for _, tag := range []string{"velero.io/backup", "velero.io-backup"} {
			if snapshot.Tags[tag] == name {
				found[snapshot.Provider] = append(found[snapshot.Provider], snapshot.Tags[strings.TrimSuffix(tag, "backup")+"pv"])
			}
		}
	}
	for _, volumes := range found {
		slices.Sort(volumes)
	}
	return found
}

// TestVolumes backs up dev's volumes: of EBS in two regions, of Azure and of Portworx.
func TestVolumes(t *testing.T) {
	l := start(t, func(o *dev.Options) { o.Controllers.StorageStallTimeout = 3 * time.Second })
	l.create(t, storage("primary", "team", true))
	l.snapshotLocation(t, "aws", map[string]string{"region": "us-east-1"})

	t.Run("of one provider only", func(t *testing.T) {
		l.create(t, backup("shop", func(b *velerov1.Backup) { b.Spec.IncludedNamespaces = []string{"shop"} }))
		ended := l.ended(t, "shop")
		if ended.Status.Phase != completed || ended.Status.Warnings != 1 || ended.Status.VolumeSnapshotsCompleted != 2 {
			t.Errorf("got %+v", ended.Status)
		}
		if got := l.snapshotsOf(t, "shop"); !maps.EqualFunc(got, map[string][]string{"aws": {"shop-carts", "shop-orders"}}, slices.Equal) {
			t.Errorf("got snapshots %q", got)
		}
		var outcome backups.Outcome
		l.file(t, backups.Results, "shop", &outcome)
		want := `persistent volume "shop-search": its data is not in the backup: no volume snapshot location of the backup is of the volume's provider`
		if got := outcome.Warnings.Namespaces["shop"]; !slices.Equal(got, []string{want}) {
			t.Errorf("got warnings %q", got)
		}
	})

	t.Run("of all providers", func(t *testing.T) {
		l.snapshotLocation(t, "azure", nil)
		l.snapshotLocation(t, "portworx", nil)
		l.create(t, backup("world"))
		ended := l.ended(t, "world")
		if ended.Status.Phase != velerov1.BackupPhasePartiallyFailed || ended.Status.Errors != 1 || ended.Status.Warnings != 0 ||
			ended.Status.VolumeSnapshotsAttempted != 5 || ended.Status.VolumeSnapshotsCompleted != 4 {
			t.Errorf("got %+v", ended.Status)
		}
		if got := l.snapshotsOf(t, "world"); !maps.EqualFunc(got, map[string][]string{"aws": {"shop-carts", "shop-orders"}, "azure": {"blog-media"}, "portworx": {"shop-search"}}, slices.Equal) {
			t.Errorf("got snapshots %q", got)
		}
		var outcome backups.Outcome
		l.file(t, backups.Results, "world", &outcome)
		errors := strings.Join(outcome.Errors.Namespaces["blog"], "\n")
		for _, want := range []string{`persistent volume "blog-posts"`, `volume snapshot location "aws"`, "is in region us-west-1, but the location is in us-east-1"} {
			if !strings.Contains(errors, want) {
				t.Errorf("got %q, want %q in it", errors, want)
			}
		}
	})

	t.Run("while the provider hangs", func(t *testing.T) {
		const hangs = "hangs"
		rule := faults.Rule{Name: hangs, Match: faults.Match{Operations: []string{"ec2:CreateSnapshot"}}, Fault: faults.Outage{Mode: faults.Hanging}}
		if _, err := l.control.AddFault(t.Context(), rule); err != nil {
			t.Fatal(err)
		}
		l.create(t, backup("hung", func(b *velerov1.Backup) { b.Spec.IncludedNamespaces = []string{"shop"} }))
		ended := l.ended(t, "hung")
		if ended.Status.Phase != velerov1.BackupPhasePartiallyFailed || ended.Status.Errors != 2 || ended.Status.VolumeSnapshotsCompleted != 1 {
			t.Errorf("got %+v", ended.Status)
		}
		if err := l.control.RemoveFault(t.Context(), hangs); err != nil {
			t.Fatal(err)
		}
	})

	t.Run("until they are deleted", func(t *testing.T) {
		for _, name := range []string{"shop", "world", "hung"} {
			l.remove(t, name)
			if got := l.snapshotsOf(t, name); len(got) > 0 {
				t.Errorf("of %s there are %q", name, got)
			}
		}
	})
}
