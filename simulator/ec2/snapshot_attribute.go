package ec2

import (
	"github.com/velero-locations/velero-locations/simulator/aws/query"
	"github.com/velero-locations/velero-locations/simulator/ec2/ebs"
)

const createVolumePermission = "createVolumePermission"

// permission is an account, or the group of all, that may make volumes of a snapshot.
type permission struct {
	Group  string `xml:"group,omitempty"`
	UserID string `query:"UserId" xml:"userId,omitempty"`
}

type modifySnapshotAttributeInput struct {
	SnapshotID string `query:"SnapshotId"`
	// The accounts are in Permission, or in the others, which older clients send.
	Permission    struct{ Add, Remove []permission } `query:"CreateVolumePermission"`
	Attribute     string
	OperationType string
	UserIDs       []string `query:"UserId"`
	Groups        []string `query:"UserGroup"`
}

// modifySnapshotAttribute shares a snapshot with accounts, or no longer.
func (s *service) modifySnapshotAttribute(r *query.Request, in modifySnapshotAttributeInput) (any, error) {
	if err := checkSnapshot(in.SnapshotID); err != nil {
		return nil, err
	}
	if in.Attribute != "" && in.Attribute != createVolumePermission {
		return nil, invalidChoice("attribute", in.Attribute, createVolumePermission)
	}
	var named []permission
	for _, id := range in.UserIDs {
		named = append(named, permission{UserID: id})
	}
	for _, group := range in.Groups {
		named = append(named, permission{Group: group})
	}
	switch in.OperationType {
	case "add":
		in.Permission.Add = append(in.Permission.Add, named...)
	case "remove":
		in.Permission.Remove = append(in.Permission.Remove, named...)
	case "":
		if len(named) > 0 {
			return nil, missing("OperationType")
		}
	default:
		return nil, invalidChoice("operationType", in.OperationType, "add, remove")
	}
	with, err := sharers(in.Permission.Add)
	if err != nil {
		return nil, err
	}
	without, err := sharers(in.Permission.Remove)
	if err != nil {
		return nil, err
	}
	if len(with)+len(without) == 0 {
		return nil, missing(createVolumePermission)
	}
	_, err = s.Store.ChangeSnapshot(place(r), in.SnapshotID, func(snapshot *ebs.Snapshot) error { return snapshot.Share(with, without) })
	return succeeded{true}, err
}

// sharers returns accounts as the store has them.
func sharers(permissions []permission) ([]string, error) {
	var out []string
	for _, p := range permissions {
		switch {
		case p.Group == ebs.Everybody && p.UserID == "":
			out = append(out, ebs.Everybody)
		case p.Group != "":
			return nil, invalidChoice("group", p.Group, ebs.Everybody)
		case !isAccount(p.UserID):
			return nil, refuse("InvalidUserID.Malformed", "Invalid user id: \""+p.UserID+"\"")
		default:
			out = append(out, p.UserID)
		}
	}
	return out, nil
}

type snapshotAttributeInput struct {
	SnapshotID string `query:"SnapshotId"`
	Attribute  string
}

type snapshotAttribute struct {
	SnapshotID  string          `xml:"snapshotId"`
	Permissions set[permission] `xml:"createVolumePermission"`
}

func (s *service) describeSnapshotAttribute(r *query.Request, in snapshotAttributeInput) (any, error) {
	if err := checkSnapshot(in.SnapshotID); err != nil {
		return nil, err
	}
	if err := required("Attribute", in.Attribute); err != nil {
		return nil, err
	}
	if in.Attribute != createVolumePermission {
		return nil, invalidChoice("attribute", in.Attribute, createVolumePermission)
	}
	snapshot, err := s.Store.OwnSnapshot(place(r), in.SnapshotID)
	if err != nil {
		return nil, err
	}
	return snapshotAttribute{snapshot.ID, newSet(snapshot.Shared, func(account string) permission {
		if account == ebs.Everybody {
			return permission{Group: account}
		}
		return permission{UserID: account}
	})}, nil
}
