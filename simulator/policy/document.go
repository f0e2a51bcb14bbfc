package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// document is a bucket's policy in the language of AWS. Elements that are not among these fields can't be enforced.
type document struct {
	Version   string
	ID        string `json:"Id"`
	Statement several[json.RawMessage]
}

type documentStatement struct {
	Sid       string
	Effect    Effect
	Principal json.RawMessage
	Action    several[string]
	Resource  several[string]
	Condition map[string]map[string]several[scalar]
}

// several is one value or a list of them.
type several[T any] []T

// UnmarshalJSON reads a list, or a single value as its only entry.
func (s *several[T]) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte("[")) {
		return json.Unmarshal(data, (*[]T)(s))
	}
	*s = make([]T, 1)
	return json.Unmarshal(data, &(*s)[0])
}

// ParseDocument reads the policy of a bucket in the language of AWS. What can't be enforced is an error, which says where
// it stands: principals are whole accounts, and conditions are on what calls say of themselves.
func ParseDocument(data []byte, bucket string) (Policy, error) {
	var in document
	if err := strict(data, &in); err != nil {
		return nil, err
	}
	if in.Version != "" && in.Version != "2012-10-17" && in.Version != "2008-10-17" {
		return nil, wrong("Version", "%q is not \"2012-10-17\"", in.Version)
	}
	if len(in.Statement) == 0 {
		return nil, wrong("Statement", "there is none")
	}
	var out Policy
	for i, raw := range in.Statement {
		statement, err := parseStatement(raw, bucket)
		if err != nil {
			return nil, fmt.Errorf("Statement[%d].%w", i, err)
		}
		out = append(out, statement)
	}
	return out, nil
}

// strict reads JSON, and refuses a field that is not known.
func strict(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	if err == nil && decoder.More() {
		err = errors.New("there is more than one document")
	}
	if err != nil {
		text, _ := strings.CutPrefix(err.Error(), "json: ")
		return fmt.Errorf("%s: it is not valid, or not simulated", text)
	}
	return nil
}

// wrong says what is wrong with an element.
func wrong(element, format string, args ...any) error {
	return fmt.Errorf("%s: %w", element, fmt.Errorf(format, args...))
}

func parseStatement(data []byte, bucket string) (Statement, error) {
	var in documentStatement
	if err := strict(data, &in); err != nil {
		return Statement{}, err
	}
	out := Statement{Effect: in.Effect, Actions: in.Action}
	var err error
	if out.Accounts, err = parsePrincipal(in.Principal); err != nil {
		return out, wrong("Principal", "%w", err)
	}
	if len(in.Resource) == 0 {
		return out, wrong("Resource", "there is none")
	}
	for _, resource := range in.Resource {
		name, found := strings.CutPrefix(resource, "arn:aws:s3:::")
		if !found || name != bucket && !strings.HasPrefix(name, bucket+"/") {
			return out, wrong("Resource", "%q is neither \"arn:aws:s3:::%s\" nor begins with \"arn:aws:s3:::%s/\"", resource, bucket, bucket)
		}
		out.Paths = append(out.Paths, name)
	}
	if out.Conditions, err = parseConditions(in.Condition); err != nil {
		return out, err
	}
	return out, firstProblem(out.validate("", true))
}

// firstProblem names the field as documents do.
func firstProblem(problems []error) error {
	if len(problems) == 0 {
		return nil
	}
	text := strings.TrimPrefix(problems[0].Error(), ".")
	return errors.New(strings.ToUpper(text[:1]) + text[1:])
}

var principalARN = regexp.MustCompile(`^(?:arn:aws:iam::)?(\d{12})(?::root)?$`)

// parsePrincipal reads the accounts that a statement is about; "*" is everybody, with and without a signature.
func parsePrincipal(data json.RawMessage) ([]string, error) {
	principal := struct{ AWS several[string] }{}
	if string(data) == `"*"` {
		return []string{Everybody}, nil
	}
	if len(data) == 0 || strict(data, &principal) != nil || len(principal.AWS) == 0 {
		return nil, errors.New("it is neither \"*\" nor {\"AWS\": ...}; others are not simulated")
	}
	var out []string
	for _, name := range principal.AWS {
		if name == Everybody {
			out = append(out, name)
			continue
		}
		parts := principalARN.FindStringSubmatch(name)
		if parts == nil {
			return nil, fmt.Errorf("%q is not an account, such as \"arn:aws:iam::111111111111:root\"; users and roles are not simulated", name)
		}
		out = append(out, parts[1])
	}
	return out, nil
}
