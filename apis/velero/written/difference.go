package written

import (
	"maps"
	"reflect"
	"slices"
)

// compare finds the values of an object that are written otherwise than they are encoded.
func compare(found *[]difference, path []string, written, encoded map[string]any) {
	keys := maps.Clone(written)
	maps.Copy(keys, encoded)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		path := append(slices.Clone(path), key)
		theirs, isWritten := written[key]
		ours, isEncoded := encoded[key]
		object, isObject := theirs.(map[string]any)
		switch {
		case isObject && !isEncoded: // but its fields may change
			*found = append(*found, difference{Path: path, Written: []any{map[string]any{}}})
			compare(found, path, object, nil)
		case isObject && isMap(ours):
			compare(found, path, object, ours.(map[string]any))
		case isWritten != isEncoded || !reflect.DeepEqual(theirs, ours):
			*found = append(*found, difference{path, optional(theirs, isWritten), optional(ours, isEncoded)})
		}
	}
}

func isMap(v any) bool {
	_, ok := v.(map[string]any)
	return ok
}

func optional(v any, present bool) []any {
	if !present {
		return nil
	}
	return []any{v}
}

// apply writes a value as it was written, unless it has changed since, and says whether it has written it.
func (d difference) apply(encoded map[string]any) bool {
	last := len(d.Path) - 1
	for _, key := range d.Path[:last] {
		inner, ok := encoded[key].(map[string]any)
		if !ok {
			return false
		}
		encoded = inner
	}
	key := d.Path[last]
	current, present := encoded[key]
	if !reflect.DeepEqual(optional(current, present), d.Encoded) {
		return false
	}
	if d.Written == nil {
		delete(encoded, key)
	} else {
		encoded[key] = d.Written[0]
	}
	return true
}
