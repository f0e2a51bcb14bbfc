package ec2

import (
	"github.com/velero-locations/velero-locations/simulator/aws/query"
	"github.com/velero-locations/velero-locations/simulator/ec2/ebs"
)

type listSnapshotsInRecycleBinInput struct {
	SnapshotIDs []string `query:"SnapshotId"`
	MaxResults  *int
	NextToken   string
}

type recycledSnapshot struct {
	SnapshotID  string `xml:"snapshotId"`
	VolumeID    string `xml:"volumeId"`
	Description string `xml:"description"`
	Entered     string `xml:"recycleBinEnterTime"`
	Leaves      string `xml:"recycleBinExitTime"`
}

type recycledSnapshots struct {
	Snapshots set[recycledSnapshot] `xml:"snapshotSet"`
	NextToken string                `xml:"nextToken,omitempty"`
}

func (s *service) listSnapshotsInRecycleBin(r *query.Request, in listSnapshotsInRecycleBinInput) (any, error) {
	if err := snapshotKind.check("snapshotId", in.SnapshotIDs...); err != nil {
		return nil, err
	}
	wanted, err := storeQuery(in.SnapshotIDs, "snapshotSet", nil, nil, in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	found, next, err := findSnapshots(r, wanted, s.Store.RecycledSnapshots)
	if err != nil {
		return nil, err
	}
	return recycledSnapshots{newSet(found, func(one *ebs.Snapshot) recycledSnapshot {
		return recycledSnapshot{one.ID, one.VolumeID, one.Description, ebs.Timestamp(one.Recycled.Entered), ebs.Timestamp(one.Recycled.Leaves)}
	}), next}, nil
}

func (s *service) restoreSnapshotFromRecycleBin(r *query.Request, in snapshotInput) (any, error) {
	if err := checkSnapshot(in.SnapshotID); err != nil {
		return nil, err
	}
	restored, err := s.Store.RestoreRecycled(place(r), in.SnapshotID)
	if err != nil {
		return nil, err
	}
	return newSnapshot(restored, r.Now), nil
}
