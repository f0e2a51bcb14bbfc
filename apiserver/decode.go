package apiserver

import (
	"bytes"
	"encoding/json"
	"reflect"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/velero-locations/velero-locations/registry/generic"
)

// carefulSerializer reads what clients write as Velero's CRDs do, where the Go types do not: a null in a map, or for a
// duration, is no value; one in a list is a mistake; and what cannot be read is named, which no validation ever sees.
type carefulSerializer struct {
	runtime.NegotiatedSerializer
	scheme *runtime.Scheme
}

// DecoderToVersion implements runtime.NegotiatedSerializer.
func (s carefulSerializer) DecoderToVersion(decoder runtime.Decoder, version runtime.GroupVersioner) runtime.Decoder {
	return generic.Bare(carefulDecoder{s.NegotiatedSerializer.DecoderToVersion(decoder, version), s.scheme})
}

type carefulDecoder struct {
	runtime.Decoder
	scheme *runtime.Scheme
}

// Decode implements runtime.Decoder.
func (d carefulDecoder) Decode(data []byte, defaults *schema.GroupVersionKind, into runtime.Object) (runtime.Object, *schema.GroupVersionKind, error) {
	obj, kind, err := d.Decoder.Decode(data, defaults, into)
	read := err == nil || runtime.IsStrictDecodingError(err)
	if kind == nil || read && !mayHaveNulls(data) {
		return obj, kind, err
	}
	typed, unknown := d.scheme.New(*kind)
	object, unreadable := parse(data)
	if unknown != nil || unreadable != nil {
		return obj, kind, err
	}
	var written written
	written.readObject(object, reflect.TypeOf(typed).Elem(), nil)
	if len(written.mistakes) > 0 {
		return obj, kind, written.mistakes.ToAggregate()
	}
	if !written.dropped {
		return obj, kind, err
	}
	rest, unwritable := json.Marshal(object)
	if unwritable != nil {
		return obj, kind, err
	}
	if into != nil { // it holds what was read of the nulls
		reflect.ValueOf(into).Elem().SetZero()
	}
	again, kind, errAgain := d.Decoder.Decode(rest, defaults, into)
	if errAgain == nil && read {
		errAgain = err // keys that are there twice are no longer
	}
	return again, kind, errAgain
}

// mayHaveNulls says whether there may be a null in an object: in YAML there are more ways to write one than are worth a look.
func mayHaveNulls(data []byte) bool { return bytes.Contains(data, []byte("null")) || !json.Valid(data) }
