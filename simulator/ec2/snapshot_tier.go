package ec2

import (
	"github.com/velero-locations/velero-locations/simulator/aws/query"
	"github.com/velero-locations/velero-locations/simulator/ec2/ebs"
)

type modifySnapshotTierInput struct {
	SnapshotID  string `query:"SnapshotId"`
	StorageTier string
}

type tiered struct {
	SnapshotID string `xml:"snapshotId"`
	Started    string `xml:"tieringStartTime"`
}

// modifySnapshotTier archives a snapshot.
func (s *service) modifySnapshotTier(r *query.Request, in modifySnapshotTierInput) (any, error) {
	if err := checkSnapshot(in.SnapshotID); err != nil {
		return nil, err
	}
	if in.StorageTier != "" && in.StorageTier != ebs.ArchiveTier {
		return nil, invalidChoice("storageTier", in.StorageTier, ebs.ArchiveTier)
	}
	_, err := s.Store.ChangeSnapshot(place(r), in.SnapshotID, func(snapshot *ebs.Snapshot) error { return snapshot.Archive(r.Now.UTC()) })
	return tiered{in.SnapshotID, ebs.Timestamp(r.Now)}, err
}

type restoreSnapshotTierInput struct {
	SnapshotID           string `query:"SnapshotId"`
	TemporaryRestoreDays *int
	PermanentRestore     bool
}

type restoredTier struct {
	SnapshotID string `xml:"snapshotId"`
	Started    string `xml:"restoreStartTime"`
	Days       int    `xml:"restoreDuration,omitempty"`
	Permanent  bool   `xml:"isPermanentRestore"`
}

func (s *service) restoreSnapshotTier(r *query.Request, in restoreSnapshotTierInput) (any, error) {
	if err := checkSnapshot(in.SnapshotID); err != nil {
		return nil, err
	}
	days, err := inRange("temporaryRestoreDays", in.TemporaryRestoreDays, 180)
	switch {
	case err != nil:
		return nil, err
	case days > 0 && in.PermanentRestore:
		return nil, refuse("InvalidParameterCombination", "The parameter temporaryRestoreDays cannot be used with the parameter permanentRestore")
	case days == 0 && !in.PermanentRestore:
		return nil, missing("TemporaryRestoreDays or PermanentRestore")
	}
	_, err = s.Store.ChangeSnapshot(place(r), in.SnapshotID, func(snapshot *ebs.Snapshot) error { return snapshot.Restore(r.Now.UTC(), days) })
	return restoredTier{in.SnapshotID, ebs.Timestamp(r.Now), days, in.PermanentRestore}, err
}

type describeSnapshotTierStatusInput struct {
	Filters    []filter `query:"Filter"`
	MaxResults *int
	NextToken  string
}

type tierStatus struct {
	SnapshotID  string   `xml:"snapshotId"`
	VolumeID    string   `xml:"volumeId"`
	Status      string   `xml:"status"`
	OwnerID     string   `xml:"ownerId"`
	Tags        set[tag] `xml:"tagSet"`
	StorageTier string   `xml:"storageTier"`
	Started     string   `xml:"lastTieringStartTime,omitempty"`
	Progress    int      `xml:"lastTieringProgress,omitempty"`
	Operation   string   `xml:"lastTieringOperationStatus,omitempty"`
	Archived    string   `xml:"archivalCompleteTime,omitempty"`
	Restored    string   `xml:"restoreExpiryTime,omitempty"`
}

type tierStatuses struct {
	Statuses  set[tierStatus] `xml:"snapshotTierStatusSet"`
	NextToken string          `xml:"nextToken,omitempty"`
}

func (s *service) describeSnapshotTierStatus(r *query.Request, in describeSnapshotTierStatusInput) (any, error) {
	wanted, err := storeQuery(nil, "", in.Filters, []string{"snapshot-id", "volume-id", ebs.LastTieringOperation}, in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	wanted.Filters = append(wanted.Filters, ownedBy(r))
	found, next, err := findSnapshots(r, wanted, s.Store.Snapshots)
	if err != nil {
		return nil, err
	}
	return tierStatuses{newSet(found, newTierStatus), next}, nil
}

func newTierStatus(s *ebs.Snapshot) tierStatus {
	out := tierStatus{SnapshotID: s.ID, VolumeID: s.VolumeID, Status: s.Status(), OwnerID: s.Account, Tags: newTags(s.Tags), StorageTier: s.Tier()}
	if t := s.Tiering; t != nil {
		out.Started, out.Progress, out.Operation = ebs.Timestamp(t.Started), 100, t.Status()
		out.Archived, out.Restored = ebs.Timestamp(t.Archived), optionalTime(t.RestoredUntil)
	}
	return out
}
