package ec2

import (
	"strconv"
	"time"

	"github.com/velero-locations/velero-locations/simulator/aws/query"
	"github.com/velero-locations/velero-locations/simulator/ec2/ebs"
)

// lock is how EC2 writes the lock of a snapshot.
type lock struct {
	OwnerID      string `xml:"ownerId,omitempty"`
	SnapshotID   string `xml:"snapshotId"`
	State        string `xml:"lockState"`
	Days         int    `xml:"lockDuration"`
	CoolOffHours int    `xml:"coolOffPeriod,omitempty"`
	CoolOffUntil string `xml:"coolOffPeriodExpiresOn,omitempty"`
	Created      string `xml:"lockCreatedOn"`
	Starts       string `xml:"lockDurationStartTime"`
	Expires      string `xml:"lockExpiresOn"`
}

func newLock(s *ebs.Snapshot, now time.Time) lock {
	l := s.Lock
	return lock{
		s.Account, s.ID, l.State(now), l.Days(), l.CoolOffHours, optionalTime(l.CoolOffUntil),
		ebs.Timestamp(l.Created), ebs.Timestamp(l.Starts), ebs.Timestamp(l.Expires),
	}
}

type lockSnapshotInput struct {
	SnapshotID     string `query:"SnapshotId"`
	LockMode       string
	CoolOffPeriod  *int
	LockDuration   *int
	ExpirationDate string
}

// lockSnapshot locks a snapshot, by the bounds that EC2's reference has for LockSnapshot.
func (s *service) lockSnapshot(r *query.Request, in lockSnapshotInput) (any, error) {
	if err := checkSnapshot(in.SnapshotID); err != nil {
		return nil, err
	}
	if err := required("LockMode", in.LockMode); err != nil {
		return nil, err
	}
	request := ebs.LockRequest{Mode: in.LockMode}
	var err error
	if request.CoolOffHours, err = inRange("coolOffPeriod", in.CoolOffPeriod, 72); err != nil {
		return nil, err
	}
	if request.Days, err = inRange("lockDuration", in.LockDuration, 36500); err != nil {
		return nil, err
	}
	switch {
	case in.LockMode != ebs.Governance && in.LockMode != ebs.Compliance:
		return nil, invalidChoice("lockMode", in.LockMode, ebs.Governance+", "+ebs.Compliance)
	case in.LockMode == ebs.Governance && in.CoolOffPeriod != nil:
		return nil, refuse("InvalidParameterCombination", "The parameter coolOffPeriod cannot be used with the lock mode governance")
	case in.LockDuration != nil && in.ExpirationDate != "":
		return nil, refuse("InvalidParameterCombination", "The parameter lockDuration cannot be used with the parameter expirationDate")
	case in.LockDuration == nil && in.ExpirationDate == "":
		return nil, missing("LockDuration or ExpirationDate")
	case in.ExpirationDate != "":
		if request.Expires, err = time.Parse(time.RFC3339, in.ExpirationDate); err != nil {
			return nil, refuse("InvalidParameterValue", "Value ("+in.ExpirationDate+") for parameter expirationDate is invalid. It is not a time such as 2030-01-02T15:04:05Z.")
		}
	}
	locked, err := s.Store.ChangeSnapshot(place(r), in.SnapshotID, func(snapshot *ebs.Snapshot) error { return snapshot.Locked(r.Now.UTC(), request) })
	if err != nil {
		return nil, err
	}
	out := newLock(locked, r.Now)
	out.OwnerID = ""
	return out, nil
}

// inRange returns a number, which must be from 1 to most, or 0 where there is none.
func inRange(parameter string, n *int, most int) (int, error) {
	switch {
	case n == nil:
		return 0, nil
	case *n < 1 || *n > most:
		return 0, refuse("InvalidParameterValue", "Value ("+strconv.Itoa(*n)+") for parameter "+parameter+" is invalid. It must be from 1 to "+strconv.Itoa(most)+".")
	}
	return *n, nil
}

type unlocked struct {
	SnapshotID string `xml:"snapshotId"`
}

func (s *service) unlockSnapshot(r *query.Request, in snapshotInput) (any, error) {
	if err := checkSnapshot(in.SnapshotID); err != nil {
		return nil, err
	}
	_, err := s.Store.ChangeSnapshot(place(r), in.SnapshotID, func(snapshot *ebs.Snapshot) error { return snapshot.Unlocked(r.Now) })
	return unlocked(in), err
}

type describeLockedSnapshotsInput struct {
	SnapshotIDs []string `query:"SnapshotId"`
	Filters     []filter `query:"Filter"`
	MaxResults  *int
	NextToken   string
}

type lockedSnapshots struct {
	Snapshots set[lock] `xml:"snapshotSet"`
	NextToken string    `xml:"nextToken,omitempty"`
}

// describeLockedSnapshots finds the account's snapshots that have a lock, also one that is expired.
func (s *service) describeLockedSnapshots(r *query.Request, in describeLockedSnapshotsInput) (any, error) {
	if err := snapshotKind.check("snapshotId", in.SnapshotIDs...); err != nil {
		return nil, err
	}
	wanted, err := storeQuery(in.SnapshotIDs, "snapshotSet", in.Filters, []string{ebs.LockState}, in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	wanted.Filters = append(wanted.Filters, ownedBy(r), ebs.Filter{Name: ebs.LockState, Values: []string{"*"}})
	found, next, err := findSnapshots(r, wanted, s.Store.Snapshots)
	if err != nil {
		return nil, err
	}
	return lockedSnapshots{newSet(found, func(one *ebs.Snapshot) lock { return newLock(one, r.Now) }), next}, nil
}
