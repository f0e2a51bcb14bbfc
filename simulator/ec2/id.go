package ec2

import (
	"crypto/rand"
	"encoding/hex"
	"regexp"
)

// kind is a kind of resource, by the form of its ids.
type kind struct {
	prefix    string
	form      *regexp.Regexp
	malformed string // code of an id whose prefix is right
}

var (
	volumeKind   = kind{"vol-", regexp.MustCompile(`^vol-([0-9a-f]{8}|[0-9a-f]{17})$`), "InvalidVolumeID.Malformed"}
	snapshotKind = kind{"snap-", regexp.MustCompile(`^snap-([0-9a-f]{8}|[0-9a-f]{17})$`), "InvalidSnapshotID.Malformed"}
	instanceKind = kind{"i-", regexp.MustCompile(`^i-([0-9a-f]{8}|[0-9a-f]{17})$`), "InvalidInstanceID.Malformed"}
)

var account = regexp.MustCompile(`^[0-9]{12}$`)

func isAccount(id string) bool { return account.MatchString(id) }

// check refuses what can't be the id of such a resource.
func (k kind) check(parameter string, ids ...string) error {
	for _, id := range ids {
		switch {
		case len(id) < len(k.prefix) || id[:len(k.prefix)] != k.prefix:
			return refuse("InvalidParameterValue", "Value ("+id+") for parameter "+parameter+" is invalid. Expected: '"+k.prefix+"...'.")
		case !k.form.MatchString(id):
			return refuse(k.malformed, "Invalid id: \""+id+"\"")
		}
	}
	return nil
}

// IsVolumeID says whether a text has the form of a volume's id.
func IsVolumeID(id string) bool { return volumeKind.form.MatchString(id) }

// NewVolumeID makes up the id of a volume.
func NewVolumeID() string {
	var random [9]byte
	_, _ = rand.Read(random[:]) // never fails
	return volumeKind.prefix + hex.EncodeToString(random[:])[:17]
}
