package selection

import (
	"reflect"
	"testing"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
)

// TestLocationsOf shows that whoever selects knows the same of a location, the reason for which it is unavailable included.
func TestLocationsOf(t *testing.T) {
	storage, snapshots := &v1.BackupStorageLocation{}, &v1.VolumeSnapshotLocation{}
	storage.Name, snapshots.Name = "primary", "ebs"
	storage.Spec = v1.BackupStorageLocationSpec{Default: true, AccessMode: v1.AccessModeReadOnly}
	storage.Status = v1.BackupStorageLocationStatus{Phase: v1.BackupStorageLocationUnavailable, Message: "no such bucket"}
	snapshots.Spec = v1.VolumeSnapshotLocationSpec{Provider: "aws", Config: map[string]string{"region": "us-east-1"}}
	snapshots.Status = v1.VolumeSnapshotLocationStatus{Phase: v1.VolumeSnapshotLocationUnavailable, Message: "no such region"}
	want := Locations{
		Storage: []StorageLocation{{Name: "primary", Default: true, ReadOnly: true, Status: Status{Unavailable, "no such bucket"}}},
		Snapshots: []SnapshotLocation{{
			Name: "ebs", Provider: "aws", Config: map[string]string{"region": "us-east-1"}, Status: Status{Unavailable, "no such region"},
		}},
	}
	got := LocationsOf([]*v1.BackupStorageLocation{storage}, []*v1.VolumeSnapshotLocation{snapshots})
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}
