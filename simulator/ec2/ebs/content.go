package ebs

import (
	"crypto/sha256"
	"encoding/hex"
)

// Content is the identity of what a volume holds: a hash of all that was ever written to it, in order. Volumes that hold
// the same have the same.
type Content string

// Empty is the content of a volume that nobody has written to.
var Empty = hash(nil)

// Written returns the content after one more write.
func (c Content) Written(data []byte) Content { return hash(append([]byte(c), data...)) }

func hash(p []byte) Content {
	sum := sha256.Sum256(p)
	return Content(hex.EncodeToString(sum[:]))
}
