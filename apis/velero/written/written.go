// Package written keeps what users wrote as they wrote it. A Go type has one way to encode each value, and none for some: it leaves
// out `default: false`, makes `1m` of 60 seconds `1m0s`, and shows periods that nobody set. Whoever compares what he wrote with what he
// reads, as kubectl and all GitOps tools do, would find a difference for ever. So a kind remembers beside its fields where its
// type would encode them otherwise than they were written, and encodes what has not changed since in the words of its author.
package written

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"

	kjson "k8s.io/apimachinery/pkg/util/json"
	utiljson "sigs.k8s.io/json"
)

// Form is how an object was written, as far as its Go type would encode it otherwise: a list of differences in JSON, "" for none. It is
// text, so that objects which have one can be copied and compared as any others.
type Form string

// difference is a value that is written otherwise than its type encodes it. Lists differ as a whole: their items have no names.
type difference struct {
	Path []string `json:"path"`
	// Written is what the user wrote, Encoded what the type makes of it: a value, which may be null, or none.
	Written []any `json:"written,omitempty"`
	Encoded []any `json:"encoded,omitempty"`
}

// Unmarshal reads an object from JSON into a pointer to a struct that does not read itself, and returns how it was written. Fields that
// the type does not have are left out, and nulls that stand for no value; what it cannot hold is named in the error, with what to
// write instead.
func Unmarshal(data []byte, into any) (Form, error) {
	err := utiljson.UnmarshalCaseSensitivePreserveInts(data, into)
	if err == nil {
		encoded, err := json.Marshal(into)
		if err != nil {
			return "", err
		}
		if bytes.Equal(encoded, data) { // as all is that the type itself has encoded
			return "", nil
		}
	}
	var object map[string]any
	if notObject := kjson.Unmarshal(data, &object); notObject != nil {
		return "", err
	}
	reading := Read(object, reflect.TypeOf(into).Elem())
	if len(reading.Mistakes) > 0 {
		return "", reading.Mistakes.ToAggregate()
	}
	if reading.Dropped {
		if data, err = json.Marshal(object); err != nil {
			return "", err
		}
		reflect.ValueOf(into).Elem().SetZero() // of what was read of the nulls
		err = utiljson.UnmarshalCaseSensitivePreserveInts(data, into)
	}
	if err != nil {
		return "", err
	}
	return form(object, into)
}

// form returns how the object was written that was read into a struct.
func form(object map[string]any, read any) (Form, error) {
	data, err := json.Marshal(read)
	if err != nil {
		return "", err
	}
	var encoded map[string]any
	if err := kjson.Unmarshal(data, &encoded); err != nil {
		return "", err
	}
	for _, own := range []string{"apiVersion", "kind", "metadata"} { // which the API server writes
		delete(object, own)
		delete(encoded, own)
	}
	var differences []difference
	compare(&differences, nil, object, encoded)
	if len(differences) == 0 {
		return "", nil
	}
	data, err = json.Marshal(differences)
	return Form(data), err
}

// Marshal encodes a struct that does not encode itself as JSON, in the form in which it was written as far as that has not changed.
func Marshal(object any, form Form) ([]byte, error) {
	if form == "" {
		return json.Marshal(object)
	}
	var differences []difference
	if err := utiljson.UnmarshalCaseSensitivePreserveInts([]byte(form), &differences); err != nil {
		return nil, fmt.Errorf("reading how the object was written: %w", err)
	}
	data, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	// Most of it is metadata, which has no differences, and is left as it is.
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return nil, err
	}
	encoded, err := concerned(fields, differences)
	if err != nil {
		return nil, err
	}
	applied := false
	for _, difference := range differences {
		applied = difference.apply(encoded) || applied
	}
	if !applied { // as one without a form, for what is stored to be the same
		return data, nil
	}
	for _, difference := range differences {
		delete(fields, difference.Path[0])
	}
	for name, value := range encoded {
		if fields[name], err = json.Marshal(value); err != nil {
			return nil, err
		}
	}
	return json.Marshal(fields)
}

// concerned returns the values of the fields that have differences.
func concerned(fields map[string]json.RawMessage, differences []difference) (map[string]any, error) {
	values := map[string]any{}
	for _, difference := range differences {
		name := difference.Path[0]
		data, there := fields[name]
		if _, read := values[name]; read || !there {
			continue
		}
		var value any
		if err := kjson.Unmarshal(data, &value); err != nil {
			return nil, err
		}
		values[name] = value
	}
	return values, nil
}
