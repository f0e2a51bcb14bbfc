package written

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
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/velero-locations/velero-locations/internal/spelling"
)

// Reading is what there is to say of an object that a client wrote, beside its content. It is read before the Go type is, which
// cannot tell null from an empty string, and of what it cannot read says neither where it is nor what to write instead.
type Reading struct {
	// Dropped says that there were nulls that stand for no value, which the object no longer has.
	Dropped bool
	// Unknown are fields that the type does not have, nor the object any longer.
	Unknown []Unknown
	// Mistakes are values that the Go type cannot hold.
	Mistakes field.ErrorList

	// keepsNulls where the API machinery, or the patch that is read, has its own meaning for them.
	keepsNulls bool
}

// Unknown is a field that a type does not have.
type Unknown struct {
	// Path of the field, as the API machinery writes it.
	Path string
	// Meant is the field that it was most likely meant to be, if there is one: beside it, or inside one of those.
	Meant string
}

// Error says so in the words of the API machinery.
func (u Unknown) Error() string {
	text := fmt.Sprintf("unknown field %q", u.Path)
	if u.Meant != "" {
		text += fmt.Sprintf(", did you mean %q?", u.Meant)
	}
	return text
}

// Read reads an object as a type of kinds does.
func Read(object map[string]any, t reflect.Type) Reading {
	var r Reading
	r.readObject(object, t, nil)
	return r
}

// ReadPatch reads a strategic merge patch, in which a null removes what there is, and keys with a dollar say how to merge.
func ReadPatch(patch map[string]any, t reflect.Type) Reading {
	r := Reading{keepsNulls: true}
	r.readObject(patch, t, nil)
	return r
}

var (
	durationType = reflect.TypeFor[metav1.Duration]()
	metadataType = reflect.TypeFor[metav1.ObjectMeta]()
	timeType     = reflect.TypeFor[metav1.Time]()
	bytesType    = reflect.TypeFor[[]byte]()
	reader       = reflect.TypeFor[json.Unmarshaler]()
)

// readObject reads the fields of an object.
func (r *Reading) readObject(object map[string]any, t reflect.Type, path *field.Path) {
	fields := fieldsOf(t)
	for _, name := range slices.Sorted(maps.Keys(object)) {
		value := object[name]
		f, known := fields[name]
		switch {
		case !known && r.keepsNulls && strings.HasPrefix(name, "$"):
		case !known:
			delete(object, name)
			r.Unknown = append(r.Unknown, Unknown{path.Child(name).String(), meant(name, fields)})
		case f.of == metadataType:
			r.readMetadata(value, path.Child(name))
		case value == nil && !r.keepsNulls && !f.nullable:
			r.drop(object, name)
		default:
			r.read(value, f.of, path.Child(name))
		}
	}
}

// meant finds the field that an unknown one was meant to be.
func meant(unknown string, fields map[string]structField) string {
	names := slices.Sorted(maps.Keys(fields))
	if near := spelling.Nearest(unknown, names); near != "" {
		return near
	}
	for _, name := range names {
		inner := pointedTo(fields[name].of)
		if inner.Kind() != reflect.Struct || inner == metadataType || readsItself(inner) {
			continue
		}
		if _, found := fieldsOf(inner)[unknown]; found {
			return name + "." + unknown
		}
	}
	return ""
}

// readsItself says that JSON does not have the fields that a type has in Go.
func readsItself(t reflect.Type) bool { return reflect.PointerTo(t).Implements(reader) }

func pointedTo(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

// readMetadata reads what the API machinery has its own rules for.
func (r *Reading) readMetadata(value any, path *field.Path) {
	metadata := Reading{keepsNulls: true}
	metadata.read(value, metadataType, path)
	r.Unknown = append(r.Unknown, metadata.Unknown...)
	r.Mistakes = append(r.Mistakes, metadata.Mistakes...)
}

func (r *Reading) drop(object map[string]any, name string) {
	delete(object, name)
	r.Dropped = true
}

// read reads a value, which is not looked into where the type does so itself.
func (r *Reading) read(value any, t reflect.Type, path *field.Path) {
	t = pointedTo(t)
	switch {
	case value == nil:
	case t == durationType:
		text, _ := value.(string)
		if _, err := time.ParseDuration(text); err != nil {
			r.refuse(path, value, "must be a duration, such as 30s, 10m or 2h30m")
		}
	case t == bytesType:
		r.readBytes(value, path)
	case readsItself(t):
		r.readItself(value, t, path)
	case t.Kind() == reflect.Slice:
		r.readList(value, t.Elem(), path)
	case t.Kind() == reflect.Map:
		r.readMap(value, t.Elem(), path)
	case t.Kind() == reflect.Struct:
		object, ok := value.(map[string]any)
		if !ok {
			r.refuse(path, nil, "must be an object: its fields and their values")
			return
		}
		r.readObject(object, t, path)
	default:
		if advice := mistyped(value, t); advice != "" {
			r.refuse(path, value, advice)
		}
	}
}

func (r *Reading) readList(value any, item reflect.Type, path *field.Path) {
	list, ok := value.([]any)
	if text, single := value.(string); single {
		r.refuse(path, value, fmt.Sprintf("must be a list: put it in brackets, [%s]", words(text)))
	} else if !ok {
		r.refuse(path, value, "must be a list, such as [a, b]")
	}
	for i, value := range list {
		if value == nil && !r.keepsNulls {
			r.refuse(path.Index(i), "null", "must be a value: write it, or leave the item out")
		}
		r.read(value, item, path.Index(i))
	}
}

// words puts quotes around each word of a text, which may be a command or names with commas between them.
func words(text string) string {
	quoted := strings.FieldsFunc(text, func(c rune) bool { return c == ' ' || c == ',' })
	for i, word := range quoted {
		quoted[i] = strconv.Quote(word)
	}
	return strings.Join(quoted, ", ")
}

func (r *Reading) readMap(value any, entry reflect.Type, path *field.Path) {
	entries, ok := value.(map[string]any)
	if !ok {
		r.refuse(path, nil, "must be keys and their values, such as {key: value}")
	}
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		if entries[key] == nil && !r.keepsNulls { // as templates render a value that is blank
			r.drop(entries, key)
			continue
		}
		r.read(entries[key], entry, path.Key(key))
	}
}

// readBytes reads what is encoded, and is not repeated: there is much of it.
func (r *Reading) readBytes(value any, path *field.Path) {
	text, _ := value.(string)
	switch _, err := base64.StdEncoding.DecodeString(text); {
	case strings.Contains(text, "-----BEGIN "):
		r.refuse(path, nil, "must be PEM in base64, but is PEM itself: write what `base64 -w0 FILE` prints, or put the file in a Secret, and name that in "+path.String()+"Ref instead")
	case err != nil || text == "" && value != "":
		r.refuse(path, nil, "must be text in base64, as `base64 -w0 FILE` prints it")
	}
}

// readItself lets a type read a value that reads its own.
func (r *Reading) readItself(value any, t reflect.Type, path *field.Path) {
	data, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(data, reflect.New(t).Interface())
	}
	switch {
	case err == nil:
	case t == timeType:
		r.refuse(path, value, "must be a time, such as 2026-01-02T15:04:05Z")
	default:
		r.refuse(path, value, err.Error())
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
func (r *Reading) refuse(path *field.Path, value any, advice string) {
	if len(r.Mistakes) >= mostMistakes {
		return
	}
	switch value.(type) {
	case bool, string:
	default:
		value = field.OmitValueType{}
	}
	r.Mistakes = append(r.Mistakes, field.Invalid(path, value, advice))
}
