package store

import "slices"

// ACL says who owns an object, and what is granted of it or of a bucket. Nil is that of most: the bucket's owner owns it, and has
// full control.
type ACL struct {
	// Owner is the canonical id of an object's owner, where that is not the bucket's owner.
	Owner  string  `json:"owner,omitempty"`
	Grants []Grant `json:"grants"`
}

// Grant gives a permission to an account, or to a group: it has one of the two.
type Grant struct {
	// ID is the canonical id of an account.
	ID string `json:"id,omitempty"`
	// Group is one of those below.
	Group      string     `json:"group,omitempty"`
	Permission Permission `json:"permission"`
}

// Permission is what a grant gives.
type Permission string

// The permissions, as S3 names them.
const (
	GrantRead        Permission = "READ"
	GrantWrite       Permission = "WRITE"
	GrantReadACP     Permission = "READ_ACP"
	GrantWriteACP    Permission = "WRITE_ACP"
	GrantFullControl Permission = "FULL_CONTROL"
)

// The groups, as S3 names them: everybody, everybody with an account, and what writes logs of access.
const (
	AllUsers           = "http://acs.amazonaws.com/groups/global/AllUsers"
	AuthenticatedUsers = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
	LogDelivery        = "http://acs.amazonaws.com/groups/s3/LogDelivery"
)

// Public says whether a grant is to everybody, or to everybody with an account.
func (g Grant) Public() bool { return g.Group == AllUsers || g.Group == AuthenticatedUsers }

// Public says whether something is granted to everybody, or to everybody with an account.
func (a *ACL) Public() bool { return a != nil && slices.ContainsFunc(a.Grants, Grant.Public) }

// ACLsEnabled says whether ACLs of the bucket and of its objects count, and whether objects can have another owner than the bucket.
func (s Settings) ACLsEnabled() bool { return s.Ownership != BucketOwnerEnforced }
