package policy

import (
	"encoding/json"
	"fmt"
	"strings"
)

// ParseSession reads the policy that a session is begun with, in the language of AWS. What can't be enforced is an error,
// which says where it stands: resources are those of S3, or all, and conditions as in ParseDocument.
func ParseSession(data []byte) (Policy, error) {
	var in document
	if err := strict(data, &in); err != nil {
		return nil, err
	}
	var out Policy
	for i, raw := range in.Statement {
		statement, err := parseSessionStatement(raw)
		if err != nil {
			return nil, fmt.Errorf("Statement[%d].%w", i, err)
		}
		out = append(out, statement)
	}
	if len(out) == 0 {
		return nil, wrong("Statement", "there is none")
	}
	return out, nil
}

func parseSessionStatement(data json.RawMessage) (Statement, error) {
	var in documentStatement
	if err := strict(data, &in); err != nil {
		return Statement{}, err
	}
	out := Statement{Effect: in.Effect, Actions: in.Action}
	if len(in.Principal) > 0 {
		return out, wrong("Principal", "the policy of a session is about the session alone")
	}
	if len(in.Resource) == 0 {
		return out, wrong("Resource", "there is none")
	}
	for _, resource := range in.Resource {
		name, found := strings.CutPrefix(resource, "arn:aws:s3:::")
		switch {
		case resource == Everybody && len(in.Resource) == 1:
		case found:
			out.Paths = append(out.Paths, name)
		default:
			return out, wrong("Resource", "%q is neither \"*\" alone nor begins with \"arn:aws:s3:::\"; others are not simulated", resource)
		}
	}
	var err error
	if out.Conditions, err = parseConditions(in.Condition); err != nil {
		return out, err
	}
	return out, firstProblem(out.validate("", false))
}
