package written

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
)

// difference is a value that is written otherwise than its type encodes it. Lists differ as a whole: their items have no names.
type difference struct {
	Path []string `json:"path"`
	// Written is what the user wrote, Encoded what the type makes of it: a value, which may be null, or none.
	Written json.RawMessage `json:"written,omitempty"`
	Encoded json.RawMessage `json:"encoded,omitempty"`
}

// compare finds the values of an object that are written otherwise than they are encoded, in maps and as JSON.
func compare(path []string, written, encoded map[string]any, as []byte) ([]difference, error) {
	keys := maps.Clone(written)
	maps.Copy(keys, encoded)
	var found []difference
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		path := append(slices.Clone(path), key)
		theirs, isWritten := written[key]
		ours, isEncoded := encoded[key]
		if isWritten == isEncoded && reflect.DeepEqual(theirs, ours) {
			continue
		}
		theirMap, isMap := theirs.(map[string]any)
		ourMap, areMaps := ours.(map[string]any)
		d := difference{Path: path, Encoded: member(as, key)}
		switch {
		case isMap && areMaps:
		case isMap && !isEncoded: // but its fields may change
			d.Written = json.RawMessage("{}")
			found = append(found, d)
		default:
			if isWritten {
				var err error
				if d.Written, err = json.Marshal(theirs); err != nil {
					return nil, err
				}
			}
			found = append(found, d)
			continue
		}
		inside, err := compare(path, theirMap, ourMap, d.Encoded)
		if err != nil {
			return nil, err
		}
		found = append(found, inside...)
	}
	return found, nil
}

// member returns the value of a key in an object as encoding/json has encoded it, nil if there is none.
func member(object []byte, key string) json.RawMessage {
	name, _ := json.Marshal(key) // which never fails for text
	for m := range members(object) {
		if bytes.Equal(m.key, name) {
			return m.value
		}
	}
	return nil
}
