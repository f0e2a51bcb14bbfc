package query

import (
	"cmp"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/velero-locations/velero-locations/simulator/aws"
)

// Parameters are those of a request as a tree: Filter.1.Value.2 is the value at Filter, 1, Value, 2.
type Parameters struct {
	value    string
	hasValue bool
	children map[string]*Parameters
}

// Parse reads parameters as a form encodes them. One that is there twice is an error.
func Parse(encoded string) (*Parameters, error) {
	values, err := url.ParseQuery(encoded)
	if err != nil {
		return nil, malformedQuery("The query string contains a syntax error.")
	}
	return newParameters(values)
}

func newParameters(values url.Values) (*Parameters, error) {
	root := &Parameters{}
	for name, all := range values {
		if len(all) != 1 {
			return nil, malformedQuery("The parameter " + name + " is there more than once.")
		}
		at := root
		for part := range strings.SplitSeq(name, ".") {
			at = at.child(part)
		}
		at.value, at.hasValue = all[0], true
	}
	return root, nil
}

func (p *Parameters) child(name string) *Parameters {
	if p.children == nil {
		p.children = map[string]*Parameters{}
	}
	if p.children[name] == nil {
		p.children[name] = &Parameters{}
	}
	return p.children[name]
}

// Get returns the value at a path such as VolumeId.1, or nothing.
func (p *Parameters) Get(path string) string {
	at := p
	for part := range strings.SplitSeq(path, ".") {
		if at = at.children[part]; at == nil {
			return ""
		}
	}
	return at.value
}

// Take removes a parameter of the top, and returns its value.
func (p *Parameters) Take(name string) string {
	value := p.Get(name)
	delete(p.children, name)
	return value
}

// Decode fills a struct. A field has the parameter of its name, or of its tag "query"; a slice has the numbered ones below
// it, in the order of their numbers, and a pointer stays nil without one. A parameter that has no field is an error, but
// for those that all requests have.
func (p *Parameters) Decode(into any) error {
	return p.decodeStruct("", reflect.ValueOf(into).Elem(), "Action", "Version")
}

func (p *Parameters) decodeStruct(path string, into reflect.Value, known ...string) error {
	if p.hasValue {
		return unknown(path)
	}
	for i := range into.NumField() {
		field := into.Type().Field(i)
		name := cmp.Or(field.Tag.Get("query"), field.Name)
		known = append(known, name)
		if child := p.children[name]; child != nil {
			if err := child.decode(join(path, name), into.Field(i)); err != nil {
				return err
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.children)) {
		if !slices.Contains(known, name) && (path != "" || !strings.HasPrefix(name, "X-Amz-")) {
			return unknown(join(path, name))
		}
	}
	return nil
}

func (p *Parameters) decode(path string, into reflect.Value) (err error) {
	switch into.Kind() {
	case reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		return p.decode(path, into.Elem())
	case reflect.Slice:
		return p.decodeList(path, into)
	case reflect.Struct:
		return p.decodeStruct(path, into)
	}
	if len(p.children) > 0 || !p.hasValue {
		return unknown(join(path, slices.Sorted(maps.Keys(p.children))[0]))
	}
	switch into.Kind() {
	case reflect.String:
		into.SetString(p.value)
	case reflect.Bool:
		var b bool
		if b, err = strconv.ParseBool(p.value); err != nil {
			return invalid(path, p.value, "It is not a boolean value.")
		}
		into.SetBool(b)
	case reflect.Int:
		var n int64
		if n, err = strconv.ParseInt(p.value, 10, 32); err != nil {
			return invalid(path, p.value, "It is not an integer.")
		}
		into.SetInt(n)
	}
	return nil
}

func (p *Parameters) decodeList(path string, into reflect.Value) error {
	if p.hasValue {
		return unknown(path)
	}
	numbers := make([]int, 0, len(p.children))
	for name := range p.children {
		n, err := strconv.Atoi(name)
		if err != nil || n < 1 || strconv.Itoa(n) != name {
			return unknown(join(path, name))
		}
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	into.Set(reflect.MakeSlice(into.Type(), len(numbers), len(numbers)))
	for i, n := range numbers {
		name := strconv.Itoa(n)
		if err := p.children[name].decode(join(path, name), into.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func malformedQuery(message string) error {
	return aws.NewError(http.StatusBadRequest, "MalformedQueryString", message)
}

func unknown(path string) error {
	return aws.NewError(http.StatusBadRequest, "UnknownParameter", "The parameter "+path+" is not recognized")
}

func invalid(path, value, problem string) error {
	return aws.NewError(http.StatusBadRequest, "InvalidParameterValue", "Value ("+value+") for parameter "+path+" is invalid. "+problem)
}
