package written

import (
	"maps"
	"reflect"
	"strings"
	"sync"
)

// structField is a field of a struct, as JSON has it.
type structField struct {
	of reflect.Type
	// nullable says that null is a value of the field, which is kept: as its CRD says, it has the tag nullable:"true".
	nullable bool
}

var known sync.Map // the fields of each struct that was asked for, by its type

// fieldsOf returns the fields of a struct by their names in JSON. Those of structs inside it without a name are its own.
func fieldsOf(t reflect.Type) map[string]structField {
	if fields, ok := known.Load(t); ok {
		return fields.(map[string]structField)
	}
	fields := map[string]structField{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-":
		case name == "" && f.Anonymous:
			maps.Copy(fields, fieldsOf(f.Type))
		default:
			fields[name] = structField{f.Type, f.Tag.Get("nullable") == "true"}
		}
	}
	known.Store(t, fields)
	return fields
}
