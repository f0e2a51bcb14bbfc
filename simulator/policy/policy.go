// Package policy decides what an access key may do, by statements as AWS has them: what is not allowed is denied, and a
// denial wins over every permission.
package policy

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/velero-locations/velero-locations/simulator/call"
)

// Effect of a statement on the calls that it covers.
type Effect string

const (
	// Allow permits, unless another statement denies.
	Allow Effect = "Allow"
	// Deny refuses, whatever else allows.
	Deny Effect = "Deny"
)

// Statement is one rule of a policy. What it leaves out does not restrict it.
type Statement struct {
	Effect Effect `json:"effect" doc:"Allow or Deny. A denial wins." enum:"Allow,Deny"`
	// Actions are IAM's names, such as s3:GetObject or s3:ListBucket, in which * and ? are wild.
	Actions []string `json:"actions" doc:"Actions by IAM's names, such as s3:GetObject; * and ? are wild."`
	// Bucket is a pattern; a statement with a bucket covers no call that names none, such as s3:ListAllMyBuckets.
	Bucket string `json:"bucket,omitempty" doc:"Bucket; * and ? are wild. Left out: any."`
	// Prefix is what keys begin with. A statement with a prefix covers the objects under it, and lists whose own prefix
	// parameter lies under it, but nothing that concerns the bucket as a whole.
	Prefix  string   `json:"prefix,omitempty" doc:"What keys, and the prefix parameter of lists, begin with. Left out: any."`
	Regions []string `json:"regions,omitempty" doc:"Regions; * and ? are wild. Left out: any."`
	// Resources are ids of volumes and snapshots, in which * and ? are wild. A statement with resources covers no call that
	// names none.
	Resources []string `json:"resources,omitempty" doc:"Ids of volumes and snapshots; * and ? are wild. Left out: any."`
	// Accounts are those that a bucket's policy speaks of. A key's own policy has none.
	Accounts []string `json:"accounts,omitempty" doc:"Only in a bucket's policy: ids of the accounts that it is about; * and ? are wild, and * also stands for requests that are not signed. Left out: all."`
	// Paths are patterns of BUCKET, for actions on the bucket as a whole, and of BUCKET/KEY, for those on objects.
	Paths []string `json:"paths,omitempty" doc:"BUCKET for actions on the bucket, BUCKET/KEY for those on objects; * and ? are wild. Left out: any."`
	// ListPrefixes are patterns of the prefix parameter of lists. A statement that has some covers nothing but lists.
	ListPrefixes []string `json:"listPrefixes,omitempty" doc:"Prefix parameter of lists, which are then all that is covered; * and ? are wild. Left out: any."`
	// Conditions must all hold.
	Conditions []Condition `json:"conditions,omitempty" doc:"What else must hold, all of it. Left out: nothing."`
}

// Everybody is the entry of Accounts that stands for all accounts, and for requests that nobody signed.
const Everybody = "*"

// Policy is a list of statements. Their order means nothing.
type Policy []Statement

// Decision about a call.
type Decision int

const (
	// NotCovered by any statement.
	NotCovered Decision = iota
	// Allowed by a statement, and denied by none.
	Allowed
	// Denied by a statement.
	Denied
)

// Decide says what the policy makes of a call. The call's Operation is the IAM action, which for some operations has
// another name than the operation: s3:ListBucket for ListObjectsV2.
func (p Policy) Decide(c call.Call) Decision {
	decision := NotCovered
	for _, statement := range p {
		if !statement.covers(c) {
			continue
		}
		if statement.Effect == Deny {
			return Denied
		}
		decision = Allowed
	}
	return decision
}

func (s Statement) covers(c call.Call) bool {
	return call.MatchesAny(s.Actions, c.Operation) && (s.Bucket == "" || call.Matches(s.Bucket, c.Bucket)) &&
		strings.HasPrefix(c.Key, s.Prefix) && call.MatchesAny(s.Regions, c.Region) &&
		call.MatchesAny(s.Resources, c.Resource) && call.MatchesAny(s.Accounts, c.Account) &&
		s.coversPath(c) && s.coversList(c) && !slices.ContainsFunc(s.Conditions, func(condition Condition) bool { return !condition.holds(c) })
}

func (s Statement) coversPath(c call.Call) bool {
	name := c.Bucket
	if isOnObject(c.Operation) {
		name += "/" + c.Key
	}
	return call.MatchesAny(s.Paths, name)
}

func (s Statement) coversList(c call.Call) bool {
	return len(s.ListPrefixes) == 0 || strings.HasPrefix(c.Operation, "s3:ListBucket") && call.MatchesAny(s.ListPrefixes, c.Key)
}

// isOnObject says whether an action of S3 is on an object, and not on a bucket as a whole.
func isOnObject(action string) bool {
	switch action {
	case "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:BypassGovernanceRetention":
		return true
	}
	return strings.Contains(action, "Object") && !strings.Contains(action, "Bucket")
}

// Permits says whether a key with the identity policy may make a call on a resource of the account owner, whose own
// policy is given. In its own account either policy suffices, and without an identity policy a key may do everything; in
// another account both must allow. A denial by either wins. A request that is not signed has no account, and may do what a
// statement about Everybody allows.
func Permits(c call.Call, identity Policy, owner string, resource Policy) bool {
	if c.Account == "" {
		resource = slices.DeleteFunc(slices.Clone(resource), func(s Statement) bool { return s.Effect == Allow && !slices.Contains(s.Accounts, Everybody) })
	}
	byIdentity, byResource := identity.Decide(c), resource.Decide(c)
	if len(identity) == 0 {
		byIdentity = Allowed
	}
	switch {
	case byIdentity == Denied, byResource == Denied:
		return false
	case c.Account == owner:
		return byIdentity == Allowed || byResource == Allowed
	}
	return byIdentity == Allowed && byResource == Allowed
}

var (
	action  = regexp.MustCompile(`^(\*|[a-z0-9-]+:[A-Za-z0-9*?]+)$`)
	account = regexp.MustCompile(`^[0-9*?]+$`)
)

// Validate returns everything that is wrong with the policy at the path, joined to one error.
func (p Policy) Validate(path string, ofBucket bool) error {
	var problems []error
	for i, statement := range p {
		problems = append(problems, statement.validate(fmt.Sprintf("%s[%d]", path, i), ofBucket)...)
	}
	return errors.Join(problems...)
}

func (s Statement) validate(path string, ofBucket bool) (problems []error) {
	add := func(field, format string, args ...any) {
		problems = append(problems, fmt.Errorf(path+"."+field+": "+format, args...))
	}
	if s.Effect != Allow && s.Effect != Deny {
		add("effect", "%q is not one of %q and %q", s.Effect, Allow, Deny)
	}
	if len(s.Actions) == 0 {
		add("actions", "there is none; \"*\" is any")
	}
	for i, name := range s.Actions {
		if !action.MatchString(name) {
			add(fmt.Sprintf("actions[%d]", i), "%q is not a service and an action, such as \"s3:GetObject\", or \"*\"", name)
		}
	}
	for i, id := range s.Accounts {
		if !account.MatchString(id) {
			add(fmt.Sprintf("accounts[%d]", i), "%q is not an account's id", id)
		}
	}
	for i, condition := range s.Conditions {
		if err := condition.validate(); err != nil {
			add(fmt.Sprintf("conditions[%d]", i), "%w", err)
		}
	}
	if !ofBucket && len(s.Accounts) > 0 {
		add("accounts", "only the policy of a bucket names accounts")
	}
	if ofBucket && s.Bucket != "" {
		add("bucket", "the policy of a bucket is about that bucket alone")
	}
	return problems
}
