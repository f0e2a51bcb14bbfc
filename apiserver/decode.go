package apiserver

import (
	"encoding/json"
	"reflect"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kjson "k8s.io/apimachinery/pkg/util/json"
	utiljson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/velero-locations/velero-locations/apis/velero/written"
	"github.com/velero-locations/velero-locations/registry/generic"
)

// strictSerializer finds the fields that types which read themselves do not have, and those that are there twice: the API machinery's own
// serializers do not look into what such a type reads.
type strictSerializer struct {
	runtime.NegotiatedSerializer
	scheme *runtime.Scheme
}

// DecoderToVersion implements runtime.NegotiatedSerializer.
func (s strictSerializer) DecoderToVersion(decoder runtime.Decoder, version runtime.GroupVersioner) runtime.Decoder {
	bare := generic.Bare(s.NegotiatedSerializer.DecoderToVersion(decoder, version))
	if serializer, ok := decoder.(interface{ IsStrict() bool }); ok && serializer.IsStrict() {
		return strictDecoder{bare, s.scheme}
	}
	return bare
}

type strictDecoder struct {
	runtime.Decoder
	scheme *runtime.Scheme
}

// Decode implements runtime.Decoder.
func (d strictDecoder) Decode(data []byte, defaults *schema.GroupVersionKind, into runtime.Object) (runtime.Object, *schema.GroupVersionKind, error) {
	obj, kind, err := d.Decoder.Decode(data, defaults, into)
	strict, isStrict := runtime.AsStrictDecodingError(err)
	if kind == nil || err != nil && !isStrict {
		return obj, kind, err
	}
	mistakes := unknownFields(data, d.scheme.AllKnownTypes()[*kind])
	if isStrict {
		mistakes = append(strict.Errors(), mistakes...)
	}
	if len(mistakes) == 0 {
		return obj, kind, nil
	}
	return obj, kind, runtime.NewStrictDecodingError(mistakes)
}

// unknownFields says of what is read into a type that reads itself which fields it does not have, and which are there twice.
func unknownFields(data []byte, kind reflect.Type) []error {
	if kind == nil || !reflect.PointerTo(kind).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		return nil
	}
	var object map[string]any
	var mistakes []error
	if json.Valid(data) {
		mistakes, _ = utiljson.UnmarshalStrict(data, &object)
	} else {
		object, _ = parse(data) // what is there twice has been told of
	}
	for _, unknown := range written.Read(object, kind).Unknown {
		mistakes = append(mistakes, unknown)
	}
	return mistakes
}

// parse returns the object that a client wrote, in JSON or YAML.
func parse(data []byte) (map[string]any, error) {
	data, err := yaml.YAMLToJSON(data)
	if err != nil {
		return nil, err
	}
	var object map[string]any
	return object, kjson.Unmarshal(data, &object) // which keeps whole numbers whole
}
