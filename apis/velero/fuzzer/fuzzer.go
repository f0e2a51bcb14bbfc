// Package fuzzer fills objects of group velero.io with random values for round-trip tests.
package fuzzer

import (
	"reflect"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	runtimeserializer "k8s.io/apimachinery/pkg/runtime/serializer"
	"sigs.k8s.io/randfill"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/apis/velero/v2alpha1"
	"github.com/velero-locations/velero-locations/apis/velero/written"
)

// Funcs returns the fill functions of fields that defaulting would change, set here to a value
// that it leaves alone, and of fields of which JSON does not hold every value.
func Funcs(runtimeserializer.CodecFactory) []any {
	return []any{
		func(spec *v1.BackupStorageLocationSpec, c randfill.Continue) {
			c.FillNoCustom(spec)
			if spec.AccessMode == "" {
				spec.AccessMode = v1.AccessModeReadWrite
			}
		},
		func(upload *v2alpha1.DataUploadStatus, c randfill.Continue) {
			c.FillNoCustom(upload)
			if result := upload.DataMoverResult; result != nil && *result == nil {
				upload.DataMoverResult = nil
			}
		},
		nilIfEmpty[[]string], nilIfEmpty[map[string]string], nilIfEmpty[[]v1.BackupResourceHookSpec], nilIfEmpty[[]v1.RestoreResourceHookSpec],
		func(reference *corev1.TypedLocalObjectReference, c randfill.Continue) {
			c.FillNoCustom(reference)
			if reference.APIGroup == nil {
				reference.APIGroup = new(string)
			}
		},
		func(*written.Form, randfill.Continue) {}, // it goes with what was read
		func(raw *runtime.RawExtension, _ randfill.Continue) {
			raw.Raw = []byte(`{"command":["true"],"image":"busybox","name":"init"}`)
		},
	}
}

// nilIfEmpty fills a list or a map. One without content is read as none, which matters to a struct that has nothing else.
func nilIfEmpty[T any](value *T, c randfill.Continue) {
	c.FillNoCustom(value)
	if v := reflect.ValueOf(value).Elem(); v.Len() == 0 {
		v.SetZero()
	}
}
