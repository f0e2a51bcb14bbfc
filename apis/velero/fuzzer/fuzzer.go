// Package fuzzer fills objects of group velero.io with random values for round-trip tests.
package fuzzer

import (
	runtimeserializer "k8s.io/apimachinery/pkg/runtime/serializer"
	"sigs.k8s.io/randfill"

	"github.com/velero-locations/velero-locations/apis/velero"
)

// Funcs returns the fill functions of fields that defaulting would change, set here to a value
// that it leaves alone.
func Funcs(runtimeserializer.CodecFactory) []any {
	return []any{
		func(spec *velero.BackupStorageLocationSpec, c randfill.Continue) {
			c.FillNoCustom(spec)
			if spec.AccessMode == "" {
				spec.AccessMode = velero.AccessModeReadWrite
			}
		},
	}
}
