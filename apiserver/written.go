package apiserver

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
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
// cannot tell null from an empty string, and of what it cannot read says neither where it is nor what to write instead.
type written struct {
	// dropped says that there were nulls that stand for no value, which the object no longer has.
	dropped bool
	// mistakes are values that the Go type cannot hold.
	mistakes field.ErrorList
	// keepsNulls where the API machinery, or the patch that is read, has its own meaning for them.
	keepsNulls bool
}

var (
	durationType = reflect.TypeFor[metav1.Duration]()
	metadataType = reflect.TypeFor[metav1.ObjectMeta]()
	timeType     = reflect.TypeFor[metav1.Time]()
	bytesType    = reflect.TypeFor[[]byte]()
	reader       = reflect.TypeFor[json.Unmarshaler]()
)

// readObject reads the fields of an object.
func (w *written) readObject(object map[string]any, t reflect.Type, path *field.Path) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		value, ok := object[name]
		switch {
		case name == "" && options == "inline":
			w.readObject(object, f.Type, path)
		case f.Type == metadataType:
			metadata := written{keepsNulls: true}
			metadata.read(value, f.Type, path.Child(name))
			w.mistakes = append(w.mistakes, metadata.mistakes...)
		case ok && value == nil && f.Type == durationType && !w.keepsNulls: // which refuses null, as no other type does
			delete(object, name)
			w.dropped = true
		default:
			w.read(value, f.Type, path.Child(name))
		}
	}
}

// read reads a value, which is not looked into where the type does so itself.
func (w *written) read(value any, t reflect.Type, path *field.Path) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case value == nil:
	case t == durationType:
		text, _ := value.(string)
		if _, err := time.ParseDuration(text); err != nil {
			w.refuse(path, value, "must be a duration, such as 30s, 10m or 2h30m")
		}
	case t == bytesType:
		w.readBytes(value, path)
	case reflect.PointerTo(t).Implements(reader):
		w.readItself(value, t, path)
	case t.Kind() == reflect.Slice:
		w.readList(value, t.Elem(), path)
	case t.Kind() == reflect.Map:
		w.readMap(value, t.Elem(), path)
	case t.Kind() == reflect.Struct:
		object, ok := value.(map[string]any)
		if !ok {
			w.refuse(path, nil, "must be an object: its fields and their values")
			return
		}
		w.readObject(object, t, path)
	default:
		if advice := mistyped(value, t); advice != "" {
			w.refuse(path, value, advice)
		}
	}
}

func (w *written) readList(value any, item reflect.Type, path *field.Path) {
	list, ok := value.([]any)
	if text, single := value.(string); single {
		w.refuse(path, value, fmt.Sprintf("must be a list: put it in brackets, [%q]", text))
	} else if !ok {
		w.refuse(path, value, "must be a list, such as [a, b]")
	}
	for i, value := range list {
		if value == nil && !w.keepsNulls {
			w.refuse(path.Index(i), "null", "must be a value: write it, or leave the item out")
		}
		w.read(value, item, path.Index(i))
	}
}

func (w *written) readMap(value any, entry reflect.Type, path *field.Path) {
	entries, ok := value.(map[string]any)
	if !ok {
		w.refuse(path, nil, "must be keys and their values, such as {key: value}")
	}
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		if entries[key] == nil && !w.keepsNulls { // as templates render a value that is blank
			delete(entries, key)
			w.dropped = true
			continue
		}
		w.read(entries[key], entry, path.Key(key))
	}
}

// readBytes reads what is encoded, and is not repeated: there is much of it.
func (w *written) readBytes(value any, path *field.Path) {
	text, _ := value.(string)
	switch _, err := base64.StdEncoding.DecodeString(text); {
	case strings.Contains(text, "-----BEGIN "):
		w.refuse(path, nil, "must be PEM in base64, but is PEM itself: write what `base64 -w0 FILE` prints, or put the file in a Secret, and name that in "+path.String()+"Ref instead")
	case err != nil || text == "" && value != "":
		w.refuse(path, nil, "must be text in base64, as `base64 -w0 FILE` prints it")
	}
}

// readItself lets a type read a value that reads its own.
func (w *written) readItself(value any, t reflect.Type, path *field.Path) {
	data, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(data, reflect.New(t).Interface())
	}
	switch {
	case err == nil:
	case t == timeType:
		w.refuse(path, value, "must be a time, such as 2026-01-02T15:04:05Z")
	default:
		w.refuse(path, value, err.Error())
	}
}

// mistyped says what to write for a value that is not of a type of text, numbers or booleans; "" if it is.
func mistyped(value any, t reflect.Type) string {
	text, isText := value.(string)
	number, isNumber := value.(int64)
	truth, isTruth := value.(bool)
	switch t.Kind() {
	case reflect.String:
		_, isFraction := value.(float64)
		switch {
		case isText:
		case isTruth:
			return fmt.Sprintf(`must be text: put it in quotes, "%t"`, truth)
		case isNumber || isFraction:
			return "must be text: put it in quotes"
		default:
			return "must be text"
		}
	case reflect.Bool:
		switch _, err := strconv.ParseBool(text); {
		case isTruth:
		case err == nil:
			return "must be true or false, without quotes"
		default:
			return "must be true or false"
		}
	case reflect.Int, reflect.Int32, reflect.Int64:
		switch _, err := strconv.Atoi(text); {
		case isNumber && reflect.Zero(t).OverflowInt(number):
			return "must be a smaller number"
		case isNumber:
		case err == nil:
			return "must be a number: write " + text + ", without quotes"
		default:
			return "must be a whole number"
		}
	}
	return ""
}

// mostMistakes is how many are told of: nobody reads more.
const mostMistakes = 100

// refuse tells of a mistake. Truth values and texts where none belong are repeated; a number may be part of a secret that lacks its
// quotes, and what has parts is long.
func (w *written) refuse(path *field.Path, value any, advice string) {
	if len(w.mistakes) >= mostMistakes {
		return
	}
	switch value.(type) {
	case bool, string:
	default:
		value = field.OmitValueType{}
	}
	w.mistakes = append(w.mistakes, field.Invalid(path, value, advice))
}
