package apiserver

import (
	"reflect"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/yaml"
)

// namesDurations is a serializer that says which field of an object holds a text that is no duration.
// Such an object cannot be decoded, so no validation ever sees it, and the decoder's own error
// names the text but not the field.
type namesDurations struct {
	runtime.NegotiatedSerializer
	scheme *runtime.Scheme
}

// DecoderToVersion implements runtime.NegotiatedSerializer.
func (s namesDurations) DecoderToVersion(decoder runtime.Decoder, version runtime.GroupVersioner) runtime.Decoder {
	return durationDecoder{s.NegotiatedSerializer.DecoderToVersion(decoder, version), s.scheme}
}

type durationDecoder struct {
	runtime.Decoder
	scheme *runtime.Scheme
}

// Decode implements runtime.Decoder.
func (d durationDecoder) Decode(data []byte, defaults *schema.GroupVersionKind, into runtime.Object) (runtime.Object, *schema.GroupVersionKind, error) {
	obj, kind, err := d.Decoder.Decode(data, defaults, into)
	if err == nil || runtime.IsStrictDecodingError(err) || kind == nil {
		return obj, kind, err
	}
	var written map[string]any
	if typed, unknown := d.scheme.New(*kind); unknown == nil && yaml.Unmarshal(data, &written) == nil {
		if errs := mistypedDurations(written, reflect.TypeOf(typed), nil); len(errs) > 0 {
			err = errs.ToAggregate()
		}
	}
	return obj, kind, err
}

var durationType = reflect.TypeFor[metav1.Duration]()

// mistypedDurations looks in what a client wrote for the durations that a type has.
func mistypedDurations(written any, t reflect.Type, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	switch {
	case t.Kind() == reflect.Pointer:
		if written != nil {
			errs = mistypedDurations(written, t.Elem(), path)
		}
	case t == durationType:
		text, _ := written.(string)
		if _, err := time.ParseDuration(text); err != nil {
			errs = append(errs, field.Invalid(path, written, "must be a duration, such as 30s, 10m or 2h30m"))
		}
	case t.Kind() == reflect.Slice:
		list, _ := written.([]any)
		for i, item := range list {
			errs = append(errs, mistypedDurations(item, t.Elem(), path.Index(i))...)
		}
	case t.Kind() == reflect.Struct:
		object, _ := written.(map[string]any)
		for _, f := range reflect.VisibleFields(t) {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if value, ok := object[name]; ok && name != "" {
				errs = append(errs, mistypedDurations(value, f.Type, path.Child(name))...)
			}
		}
	}
	return errs
}
