package faults

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/velero-locations/velero-locations/simulator/call"
)

// Rule says which requests go wrong, and how.
type Rule struct {
	// Name is unique; a rule without one is given one.
	Name string `json:"name,omitempty" doc:"Unique name; made up when left out."`
	// Match picks the requests that the rule is about; what it leaves out matches all.
	Match Match `json:"match,omitzero" doc:"The requests that the rule is about. Left out: all."`
	// Skip is how many of those are served unharmed first, and Times how many are harmed then; 0 is all. Skip 2 and
	// Times 1 harm the third request.
	Skip  int `json:"skip,omitempty" doc:"How many matching requests are served unharmed first." minimum:"0"`
	Times int `json:"times,omitempty" doc:"How many requests are harmed then; 0 is all." minimum:"0"`
	// Probability that a request is harmed, above 0 and up to 1; 0 is certainty. The seed of the Set decides which.
	Probability float64 `json:"probability,omitempty" doc:"Probability that a request is harmed, up to 1; left out: certainty." minimum:"0" maximum:"1"`
	// Fault is what happens.
	Fault Fault `json:"fault" doc:"What happens, by its type."`
}

// Match picks requests. All that is given must hold; in every list one entry suffices, and * and ? are wild.
type Match struct {
	Accounts   []string `json:"accounts,omitempty" doc:"Ids of accounts; * and ? are wild."`
	AccessKeys []string `json:"accessKeys,omitempty" doc:"Ids of access keys; * and ? are wild."`
	// Operations are a service and an operation, such as s3:PutObject or s3:*.
	Operations []string `json:"operations,omitempty" doc:"Operations, such as s3:PutObject or s3:List*."`
	Regions    []string `json:"regions,omitempty" doc:"Regions; * and ? are wild."`
	Buckets    []string `json:"buckets,omitempty" doc:"Buckets; * and ? are wild."`
	Resources  []string `json:"resources,omitempty" doc:"Ids of volumes and snapshots; * and ? are wild."`
	// Prefix is what the object's key, or the prefix of a list, begins with.
	Prefix string `json:"prefix,omitempty" doc:"What the object's key, or the prefix of a list, begins with."`
}

// Matches says whether the rule is about a call.
func (m Match) Matches(c call.Call) bool {
	return call.MatchesAny(m.Accounts, c.Account) && call.MatchesAny(m.AccessKeys, c.AccessKey) &&
		call.MatchesAny(m.Operations, c.Operation) && call.MatchesAny(m.Regions, c.Region) &&
		call.MatchesAny(m.Buckets, c.Bucket) && call.MatchesAny(m.Resources, c.Resource) &&
		strings.HasPrefix(c.Key, m.Prefix)
}

var (
	ruleName      = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$`)
	ruleOperation = regexp.MustCompile(`^(\*|[a-z0-9-]+:[A-Za-z0-9*?]+)$`)
)

// Validate returns everything that is wrong with the rule, each with its field, joined to one error. Without operations that there
// are it may be about any.
func (r Rule) Validate(operations ...string) error {
	var problems []error
	add := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if r.Name != "" && !ruleName.MatchString(r.Name) {
		add("name: %q is not lower-case letters, digits, dots and hyphens, 63 at most", r.Name)
	}
	for i, operation := range r.Match.Operations {
		if !ruleOperation.MatchString(operation) {
			add("match.operations[%d]: %q is not a service and an operation, such as \"s3:PutObject\", or \"*\"", i, operation)
		} else if err := checkExists(operation, operations); err != nil {
			add("match.operations[%d]: %w", i, err)
		}
	}
	if r.Skip < 0 {
		add("skip: %d is negative", r.Skip)
	}
	if r.Times < 0 {
		add("times: %d is negative", r.Times)
	}
	if !(r.Probability >= 0 && r.Probability <= 1) {
		add("probability: %v is not between 0 and 1", r.Probability)
	}
	if r.Fault == nil {
		add("fault: there is none; its type is one of %s", strings.Join(typeNames(), ", "))
	} else if err := r.Fault.Validate(); err != nil {
		add("fault.%w", err)
	}
	return errors.Join(problems...)
}

// plainRule is a Rule whose fault is not decoded yet.
type plainRule struct {
	Name        string          `json:"name,omitempty"`
	Match       Match           `json:"match,omitzero"`
	Skip        int             `json:"skip,omitempty"`
	Times       int             `json:"times,omitempty"`
	Probability float64         `json:"probability,omitempty"`
	Fault       json.RawMessage `json:"fault"`
}

// MarshalJSON writes the fault with its type.
func (r Rule) MarshalJSON() ([]byte, error) {
	fault, err := marshalFault(r.Fault)
	if err != nil {
		return nil, fmt.Errorf("encoding fault %s: %w", r.Name, err)
	}
	return json.Marshal(plainRule{r.Name, r.Match, r.Skip, r.Times, r.Probability, fault})
}

// UnmarshalJSON reads a rule. A field that it does not know is an error, and so is a type of fault.
func (r *Rule) UnmarshalJSON(data []byte) error {
	var plain plainRule
	if err := strict(data, &plain); err != nil {
		return err
	}
	fault, err := unmarshalFault(plain.Fault)
	if err != nil {
		return fmt.Errorf("fault: %w", err)
	}
	*r = Rule{plain.Name, plain.Match, plain.Skip, plain.Times, plain.Probability, fault}
	return nil
}

// strict decodes JSON without fields that nobody knows. Errors are in the words of the JSON's author, not in Go's.
func strict(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return fmt.Errorf("%s: %s is not %s", wrong.Field, wrong.Value, described(wrong.Type))
	}
	return err
}

// described is what a user calls a type.
func described(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list"
	case reflect.Float64:
		return "a number"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	default:
		return "an object"
	}
}

func marshalFault(fault Fault) (json.RawMessage, error) {
	if fault == nil {
		return json.RawMessage("null"), nil
	}
	fields, err := json.Marshal(fault)
	if err != nil {
		return nil, err
	}
	out, err := json.Marshal(map[string]string{"type": TypeName(fault)})
	if err != nil || string(fields) == "{}" {
		return out, err
	}
	return slices.Concat(out[:len(out)-1], []byte(","), fields[1:]), nil
}

func unmarshalFault(data json.RawMessage) (Fault, error) {
	if len(data) == 0 || string(data) == "null" {
		return nil, nil // Validate says what is missing
	}
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(data, &fields); err != nil {
		return nil, err
	}
	var name string
	if err := json.Unmarshal(fields["type"], &name); err != nil {
		return nil, fmt.Errorf("type: it is not a text; it is one of %s", strings.Join(typeNames(), ", "))
	}
	delete(fields, "type")
	rest, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	return decode(name, rest)
}
