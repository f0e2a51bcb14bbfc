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
		theirMap, isMap := theirs.(map[string]any)
		ourMap, areMaps := ours.(map[string]any)
		areMaps = areMaps && isMap
		d := difference{Path: path, Encoded: member(as, key)}
		var err error
		switch {
		case areMaps:
		case isMap && !isEncoded: // but its fields may change
			d.Written = json.RawMessage("{}")
		case isWritten != isEncoded || !reflect.DeepEqual(theirs, ours):
			if isMap = false; isWritten {
				d.Written, err = json.Marshal(theirs)
			}
		default:
			continue
		}
		if !areMaps {
			found = append(found, d)
		}
		if isMap && err == nil {
			var inside []difference
			inside, err = compare(path, theirMap, ourMap, d.Encoded)
			found = append(found, inside...)
		}
		if err != nil {
			return nil, err
		}
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
