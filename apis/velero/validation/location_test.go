package validation

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/velero-locations/velero-locations/apis/velero"
)

func TestBackupStorageLocation(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*velero.BackupStorageLocation)
		want   []string // the errors, each by its field and kind
	}{
		"good":               {func(*velero.BackupStorageLocation) {}, nil},
		"no spec":            {func(l *velero.BackupStorageLocation) { l.Spec = velero.BackupStorageLocationSpec{} }, []string{"spec.provider: Required value", "spec.objectStorage: Required value"}},
		"no provider":        {func(l *velero.BackupStorageLocation) { l.Spec.Provider = "" }, []string{"spec.provider: Required value"}},
		"no object storage":  {func(l *velero.BackupStorageLocation) { l.Spec.ObjectStorage = nil }, []string{"spec.objectStorage: Required value"}},
		"no bucket":          {func(l *velero.BackupStorageLocation) { l.Spec.ObjectStorage.Bucket = "" }, []string{"spec.objectStorage.bucket: Required value"}},
		"credential, no key": {func(l *velero.BackupStorageLocation) { l.Spec.Credential = &corev1.SecretKeySelector{} }, []string{"spec.credential.key: Required value"}},
		"CA, no key":         {func(l *velero.BackupStorageLocation) { l.Spec.ObjectStorage.CACertRef = &corev1.SecretKeySelector{} }, []string{"spec.objectStorage.caCertRef.key: Required value"}},
		"access mode":        {func(l *velero.BackupStorageLocation) { l.Spec.AccessMode = "readonly" }, []string{`spec.accessMode: Unsupported value: "readonly": supported values: "ReadOnly", "ReadWrite"`}},
		"phase":              {func(l *velero.BackupStorageLocation) { l.Status.Phase = "Ready" }, []string{`status.phase: Unsupported value: "Ready"`}},
		"status access mode": {func(l *velero.BackupStorageLocation) { l.Status.AccessMode = "x" }, []string{"status.accessMode: Unsupported value"}},
	} {
		t.Run(name, func(t *testing.T) {
			location := &velero.BackupStorageLocation{Spec: velero.BackupStorageLocationSpec{
				Provider: "aws", AccessMode: velero.AccessModeReadWrite, ObjectStorage: &velero.ObjectStorageLocation{Bucket: "backups"},
			}}
			test.change(location)
			var got []string
			for _, err := range BackupStorageLocation(location, nil) {
				got = append(got, err.Error())
			}
			wantErrors(t, got, test.want)
		})
	}
}

func TestVolumeSnapshotLocation(t *testing.T) {
	for name, test := range map[string]struct {
		location velero.VolumeSnapshotLocation
		want     []string
	}{
		"good":        {velero.VolumeSnapshotLocation{Spec: velero.VolumeSnapshotLocationSpec{Provider: "portworx"}}, nil},
		"no provider": {velero.VolumeSnapshotLocation{}, []string{"spec.provider: Required value"}},
		"credential, no key": {velero.VolumeSnapshotLocation{Spec: velero.VolumeSnapshotLocationSpec{
			Provider: "aws", Credential: &corev1.SecretKeySelector{},
		}}, []string{"spec.credential.key: Required value"}},
		"phase": {velero.VolumeSnapshotLocation{
			Spec: velero.VolumeSnapshotLocationSpec{Provider: "aws"}, Status: velero.VolumeSnapshotLocationStatus{Phase: "New"},
		}, []string{`status.phase: Unsupported value: "New"`}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, err := range VolumeSnapshotLocation(&test.location, nil) {
				got = append(got, err.Error())
			}
			wantErrors(t, got, test.want)
		})
	}
}

func wantErrors(t *testing.T, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d errors %q, want %d: %q", len(got), got, len(want), want)
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("error %d is %q, want it to begin with %q", i, got[i], want[i])
		}
	}
}
