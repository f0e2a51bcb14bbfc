package apiserver

import (
	"reflect"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/yaml"

	"github.com/velero-locations/velero-locations/registry/generic"
)

// readsDurations is a serializer for objects that have durations, which their Go type reads too strictly and with too
// short an error: null is taken as absent, as it is in every other field and as Velero's CRDs do, and of a text that is no
// duration the field is named, which no validation ever sees.
type readsDurations struct {
	runtime.NegotiatedSerializer
	scheme *runtime.Scheme
}

// DecoderToVersion implements runtime.NegotiatedSerializer.
func (s readsDurations) DecoderToVersion(decoder runtime.Decoder, version runtime.GroupVersioner) runtime.Decoder {
	return generic.Bare(durationDecoder{s.NegotiatedSerializer.DecoderToVersion(decoder, version), s.scheme})
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
	typed, unknown := d.scheme.New(*kind)
	written, unreadable := object(data)
	if unknown != nil || unreadable != nil {
		return obj, kind, err
	}
	var durations durations
	durations.read(written, reflect.TypeOf(typed), nil)
	switch {
	case len(durations.mistyped) > 0:
		return obj, kind, durations.mistyped.ToAggregate()
	case durations.nulls:
		if data, err := json.Marshal(written); err == nil {
			if into != nil { // may hold what was read before the null
				reflect.ValueOf(into).Elem().SetZero()
			}
			return d.Decoder.Decode(data, defaults, into)
		}
	}
	return obj, kind, err
}

func object(data []byte) (map[string]any, error) {
	data, err := yaml.YAMLToJSON(data)
	if err != nil {
		return nil, err
	}
	var written map[string]any
	return written, json.Unmarshal(data, &written) // which keeps whole numbers whole
}

var durationType = reflect.TypeFor[metav1.Duration]()

// durations are what a client wrote where a type has durations.
type durations struct {
	mistyped field.ErrorList
	nulls    bool // there were some, which are removed
}

func (d *durations) read(written any, t reflect.Type, path *field.Path) {
	switch {
	case written == nil:
	case t.Kind() == reflect.Pointer:
		d.read(written, t.Elem(), path)
	case t == durationType:
		text, _ := written.(string)
		if _, err := time.ParseDuration(text); err != nil {
			d.mistyped = append(d.mistyped, field.Invalid(path, written, "must be a duration, such as 30s, 10m or 2h30m"))
		}
	case t.Kind() == reflect.Slice:
		list, _ := written.([]any)
		for i, item := range list {
			d.read(item, t.Elem(), path.Index(i))
		}
	case t.Kind() == reflect.Struct:
		object, _ := written.(map[string]any)
		for _, f := range reflect.VisibleFields(t) {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			value, ok := object[name]
			if ok && value == nil && f.Type == durationType {
				delete(object, name)
				d.nulls = true
			}
			d.read(value, f.Type, path.Child(name))
		}
	}
}
