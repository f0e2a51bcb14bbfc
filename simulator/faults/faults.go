// Package faults makes requests go wrong on purpose: by rules that say which requests, and by types of faults that say
// how. It serves any protocol over HTTP; what a refusal looks like on the wire is the protocol's.
package faults

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Fault is one way for a request to go wrong. Its exported fields are its parameters.
type Fault interface {
	// Validate returns what is wrong with the parameters, beginning with the name of the field.
	Validate() error
	// Inject is called before the request is served. It may wait, or change how the exchange goes on. With an error the
	// request is not served: a *Refusal is answered, anything else leaves it without an answer.
	Inject(x *Exchange) error
}

// Type describes a type of fault.
type Type struct {
	Name string
	Doc  string
	// New returns a pointer to the fault with its defaults.
	New func() Fault
}

// Types are all types of faults. Each is a file of its own, and a line here.
var Types = []Type{
	{"latency", "The request is served late.", func() Fault { return &Latency{} }},
	{"bandwidth", "Bodies are transferred slowly.", func() Fault { return &Bandwidth{} }},
	{"error", "The request is refused with an error code.", func() Fault { return &Error{} }},
	{"expired", "The request is refused as if its credentials had expired.", func() Fault { return &Expired{} }},
	{"outage", "The service does not work, as when a whole region is down.", func() Fault { return &Outage{} }},
	{"reset", "The connection is reset.", func() Fault { return &Reset{} }},
	{"stall", "Transfer stops, with the connection left open.", func() Fault { return &Stall{} }},
	{"truncate", "The answer ends before its announced length.", func() Fault { return &Truncate{} }},
}

// Parameter describes a parameter of a type of fault.
type Parameter struct{ Name, Doc string }

// Parameters returns the parameters of faults of the type.
func (t Type) Parameters() []Parameter {
	var out []Parameter
	for field := range reflect.TypeOf(t.New()).Elem().Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		out = append(out, Parameter{name, field.Tag.Get("doc")})
	}
	return out
}

// Refusal is an error that the service answers in its own form.
type Refusal struct {
	Status        int
	Code, Message string
}

// Error returns the code and the message.
func (r *Refusal) Error() string { return r.Code + ": " + r.Message }

// ErrExpired comes with the Refusal of credentials that have expired, for which services have codes of their own.
var ErrExpired = errors.New("the credentials have expired")

// ErrGone says that the request gets no answer any more: its connection was cut, or its client has left.
var ErrGone = errors.New("the connection is gone")

// Duration is a duration that is written as text, such as "1m30s".
type Duration time.Duration

// String writes the duration as time.Duration does.
func (d Duration) String() string { return time.Duration(d).String() }

// MarshalText writes the duration as time.Duration does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalJSON reads text. A number is refused, since nobody would know its unit.
func (d *Duration) UnmarshalJSON(data []byte) error {
	if _, err := json.Number(data).Float64(); err == nil {
		return fmt.Errorf("%s is not a duration such as \"1m30s\": give it a unit, as in \"%ss\"", data, data)
	}
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("%s is not a duration such as \"1m30s\"", data)
	}
	return d.UnmarshalText([]byte(text))
}

// UnmarshalText reads what time.ParseDuration reads.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is not a duration such as \"1m30s\"", text)
	}
	*d = Duration(parsed)
	return nil
}

func typeNames() []string {
	var out []string
	for _, t := range Types {
		out = append(out, t.Name)
	}
	return out
}

// TypeName returns the name of a fault's type.
func TypeName(fault Fault) string {
	for _, t := range Types {
		if reflect.Indirect(reflect.ValueOf(fault)).Type() == reflect.TypeOf(t.New()).Elem() {
			return t.Name
		}
	}
	return ""
}

func decode(name string, parameters json.RawMessage) (Fault, error) {
	i := slices.IndexFunc(Types, func(t Type) bool { return t.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("type: %q is not one of %s", name, strings.Join(typeNames(), ", "))
	}
	fault := Types[i].New()
	if err := strict(parameters, fault); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return fault, nil
}

// New makes a fault from its type and its parameters as text, such as delay and 2s; it does for command lines what JSON
// does for files.
func New(name string, parameters map[string]string) (Fault, error) {
	fields := map[string]any{}
	for key, value := range parameters {
		fields[key] = value
		if number := json.Number(value); isNumber(number) {
			fields[key] = number
		}
	}
	data, err := json.Marshal(fields)
	if err != nil {
		return nil, fmt.Errorf("parameters of %s: %w", name, err)
	}
	return decode(name, data)
}

func isNumber(n json.Number) bool {
	_, err := n.Int64()
	return err == nil
}
