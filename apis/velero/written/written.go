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
		if form, found := recentOf(into).fits(encoded, data); found { // as most is that is read from where it was stored
			return form, nil
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
	differences, err := compare(nil, object, encoded, data)
	if len(differences) == 0 || err != nil {
		return "", err
	}
	text, err := json.Marshal(differences)
	if err != nil {
		return "", err
	}
	t, err := treeOf(Form(text))
	if err != nil {
		return "", err
	}
	recentOf(read).add(t)
	return t.form, nil
}

// Marshal encodes a struct that does not encode itself as JSON, in the form in which it was written as far as that has not changed.
func Marshal(object any, form Form) ([]byte, error) {
	data, err := json.Marshal(object)
	if form == "" || err != nil {
		return data, err
	}
	t, err := treeOf(form)
	if err != nil {
		return nil, fmt.Errorf("reading how the object was written: %w", err)
	}
	out, _ := t.apply(make([]byte, 0, len(data)+len(form)), data)
	return out, nil
}
