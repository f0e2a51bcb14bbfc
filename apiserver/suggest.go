package apiserver

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/velero-locations/velero-locations/internal/spelling"
)

// step is a part of a field's path: a name, or in brackets an index of a list or a key of a map.
var step = regexp.MustCompile(`([^.\[]+)|\[[^\]]*\]`)

// suggest ends a sentence about a field that objects of a type do not have: with the name beside it in its path that
// it was most likely meant to be, or with nothing.
func suggest(t reflect.Type, path string) string {
	steps := step.FindAllStringSubmatch(path, -1)
	if len(steps) == 0 {
		return ""
	}
	last := len(steps) - 1
	for _, s := range steps[:last] {
		if t = below(t, s[1]); t == nil {
			return ""
		}
	}
	near := spelling.Nearest(steps[last][1], slices.Sorted(maps.Keys(fieldTypes(t))))
	if near == "" {
		return ""
	}
	return `, did you mean "` + near + `"?`
}

// below returns the type of a field, or without a name that of the items of a list or a map; nil if there is none.
func below(t reflect.Type, name string) reflect.Type {
	t = pointedTo(t)
	switch {
	case name != "":
		return fieldTypes(t)[name]
	case t.Kind() == reflect.Slice, t.Kind() == reflect.Map:
		return t.Elem()
	}
	return nil
}

// fieldTypes returns the types of a struct's fields, by their names in JSON. Other types have none.
func fieldTypes(t reflect.Type) map[string]reflect.Type {
	types := map[string]reflect.Type{}
	if t = pointedTo(t); t.Kind() != reflect.Struct {
		return types
	}
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "" && f.Anonymous:
			maps.Copy(types, fieldTypes(f.Type))
		case name != "" && name != "-":
			types[name] = f.Type
		}
	}
	return types
}

func pointedTo(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}
