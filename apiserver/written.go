package apiserver

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kjson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/yaml"
)

// parse returns the object that a client wrote, in JSON or YAML.
func parse(data []byte) (map[string]any, error) {
	data, err := yaml.YAMLToJSON(data)
	if err != nil {
		return nil, err
	}
	var object map[string]any
	return object, kjson.Unmarshal(data, &object) // which keeps whole numbers whole
}

// written is what there is to say of an object that a client wrote, beside its content. It is read before the Go type is, which
// cannot tell null from an empty string, and does not name what it cannot read.
type written struct {
	// dropped says that there were nulls that stand for no value, which the object no longer has.
	dropped bool
	// mistakes are values that the Go type cannot hold.
	mistakes field.ErrorList
}

var (
	durationType = reflect.TypeFor[metav1.Duration]()
	metadataType = reflect.TypeFor[metav1.ObjectMeta]()
	reader       = reflect.TypeFor[json.Unmarshaler]()
)

// readObject reads the fields of an object. Of metadata the API machinery knows itself.
func (w *written) readObject(object map[string]any, t reflect.Type, path *field.Path) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Type == metadataType:
		case name == "" && options == "inline":
			w.readObject(object, f.Type, path)
		default:
			value, ok := object[name]
			if ok && value == nil && f.Type == durationType { // which refuses null, as no other type does
				delete(object, name)
				w.dropped = true
			}
			w.read(value, f.Type, path.Child(name))
		}
	}
}

// read reads a value, which is not looked into where the type does so itself.
func (w *written) read(value any, t reflect.Type, path *field.Path) {
	switch {
	case value == nil:
	case t.Kind() == reflect.Pointer:
		w.read(value, t.Elem(), path)
	case t == durationType:
		text, _ := value.(string)
		if _, err := time.ParseDuration(text); err != nil {
			w.refuse(path, value, "must be a duration, such as 30s, 10m or 2h30m")
		}
	case reflect.PointerTo(t).Implements(reader):
	case t.Kind() == reflect.Slice:
		list, _ := value.([]any)
		for i, item := range list {
			if item == nil {
				w.refuse(path.Index(i), "null", "must be a value: write it, or leave the item out")
			}
			w.read(item, t.Elem(), path.Index(i))
		}
	case t.Kind() == reflect.Map:
		entries, _ := value.(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(entries)) {
			entry := entries[key]
			if entry == nil { // as templates render a value that is blank
				delete(entries, key)
				w.dropped = true
			}
			w.read(entry, t.Elem(), path.Key(key))
		}
	case t.Kind() == reflect.Struct:
		object, _ := value.(map[string]any)
		w.readObject(object, t, path)
	}
}

// mostMistakes is how many are told of: nobody reads more.
const mostMistakes = 100

func (w *written) refuse(path *field.Path, value any, advice string) {
	if len(w.mistakes) < mostMistakes {
		w.mistakes = append(w.mistakes, field.Invalid(path, value, advice))
	}
}
