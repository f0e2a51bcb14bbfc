package locations

import (
	"crypto/sha256"
	"encoding/hex"

	"k8s.io/apimachinery/pkg/util/validation"
)

// StorageLocationLabel is the label of a backup that says, by a LabelValue, which backup storage location it is in.
const StorageLocationLabel = "velero.io/storage-location"

// LabelValue is the form in which Velero puts names of objects, which may be too long for it, into labels.
func LabelValue(name string) string {
	const hashed = 6
	if len(name) <= validation.LabelValueMaxLength {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return name[:validation.LabelValueMaxLength-hashed] + hex.EncodeToString(sum[:])[:hashed]
}
