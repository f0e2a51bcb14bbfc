// Package content identifies what volumes hold, so that a snapshot, and a volume made from it, can be shown to hold what
// a volume held then, without any of its bytes being kept.
package content

import (
	"crypto/sha256"
	"encoding/hex"
)

// Identity of what a volume holds: a hash of all that was ever written to it, in order. Volumes that hold the same have
// the same.
type Identity string

// Empty is that of a volume that nobody has written to.
var Empty = hash(nil)

// Written returns the identity after one more write.
func (i Identity) Written(data []byte) Identity { return hash(append([]byte(i), data...)) }

// Of is the identity of a new volume that the data were written to, if there are any.
func Of(data []byte) Identity {
	if len(data) == 0 {
		return Empty
	}
	return Empty.Written(data)
}

func hash(p []byte) Identity {
	sum := sha256.Sum256(p)
	return Identity(hex.EncodeToString(sum[:]))
}
