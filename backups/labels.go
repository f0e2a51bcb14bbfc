package backups

import (
	"crypto/sha256"
	"encoding/hex"

	"k8s.io/apimachinery/pkg/util/validation"
)

// StorageLocationLabel is on every Backup. Its value is that of LabelValue for the name of its location.
const StorageLocationLabel = "velero.io/storage-location"

// LabelValue returns a name as the value of a label, as Velero does: one that is too long keeps its first characters, and
// ends with a part of its hash.
func LabelValue(name string) string {
	const hashed = 6
	if len(name) <= validation.LabelValueMaxLength {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return name[:validation.LabelValueMaxLength-hashed] + hex.EncodeToString(sum[:])[:hashed]
}
