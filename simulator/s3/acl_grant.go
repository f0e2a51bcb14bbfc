package s3

import (
	"cmp"
	"slices"
	"strings"

	"github.com/velero-locations/velero-locations/simulator/accounts"
	"github.com/velero-locations/velero-locations/simulator/call"
	"github.com/velero-locations/velero-locations/simulator/policy"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// bucketPermissions are the actions that an ACL of a bucket grants, as AWS's "Mapping of ACL permissions and access policy permissions".
var bucketPermissions = map[string]store.Permission{
	"s3:ListBucket": store.GrantRead, "s3:ListBucketVersions": store.GrantRead, "s3:ListBucketMultipartUploads": store.GrantRead,
	"s3:PutObject": store.GrantWrite, deleteAction: store.GrantWrite,
	"s3:GetBucketAcl": store.GrantReadACP, "s3:PutBucketAcl": store.GrantWriteACP,
}

// deleteAction is granted to those who may write to the bucket, of their own objects.
const deleteAction = "s3:DeleteObject"

// objectPermissions are the actions on which the owner of an object decides, with the permission of the object's ACL that grants each;
// empty for those that no ACL grants to others.
var objectPermissions = map[string]store.Permission{
	"s3:GetObject": store.GrantRead, "s3:GetObjectAcl": store.GrantReadACP, "s3:PutObjectAcl": store.GrantWriteACP,
	"s3:GetObjectAttributes": "", "s3:GetObjectTagging": "", "s3:PutObjectTagging": "", "s3:DeleteObjectTagging": "",
}

// initiatorActions are those that whoever started an upload may do with it.
var initiatorActions = []string{"s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"}

// nobody owns what the owner of a bucket has no right to by its own policies alone.
const nobody = "nobody"

// anonymousID is the canonical id of those who do not sign, at AWS.
const anonymousID = "65a011a29cdf8ec533ec3d1ccaae921c"

// signerID is the canonical id of whoever asks.
func (q *request) signerID() string {
	if q.signer.ID == "" {
		return anonymousID
	}
	return q.signer.Account.CanonicalID()
}

// byACLs adds what ACLs say about an action to the policy of its bucket, and returns the account whose own policies suffice for it.
func (q *request) byACLs(c call.Call, version string, bucket *store.Bucket, resource policy.Policy) (owner string, _ policy.Policy) {
	owner = bucket.Info().Account
	if slices.Contains(initiatorActions, c.Operation) && q.signer.Account.ID != owner && q.initiated(bucket, c.Key) {
		return owner, allowing(c.Operation, resource)
	}
	settings := bucket.Settings()
	if !settings.ACLsEnabled() {
		return owner, resource
	}
	a, found := q.aclFor(c, version, bucket, settings)
	if !found {
		return owner, resource
	}
	public, own := q.granted(a, blocks(settings).IgnorePublicACLs)
	bucketOwner := accounts.Account{ID: owner}.CanonicalID()
	isOwner := q.signerID() == cmp.Or(a.acl.Owner, bucketOwner)
	own = own || isOwner && a.permission != store.GrantRead // which is all that owners can take from themselves
	if a.acl.Owner != "" {                                  // the bucket's owner can deny what it does not own, and not allow it
		resource = slices.DeleteFunc(slices.Clone(resource), func(s policy.Statement) bool { return s.Effect == policy.Allow })
		owner = nobody
	}
	if isOwner && !own {
		owner = nobody
	}
	if public || own && q.signer.Account.ID != owner {
		resource = allowing(c.Operation, resource)
	}
	return owner, resource
}

// appliedACL is the ACL that decides about an action, and the permission that it takes.
type appliedACL struct {
	acl        *store.ACL
	permission store.Permission
}

// aclFor finds the ACL that decides about an action. There is none where all is as if there were no ACLs.
func (q *request) aclFor(c call.Call, version string, bucket *store.Bucket, settings store.Settings) (appliedACL, bool) {
	if permission, found := bucketPermissions[c.Operation]; found {
		if settings.ACL == nil || c.Operation == deleteAction && !q.owns(bucket, c.Key) {
			return appliedACL{}, false
		}
		return appliedACL{settings.ACL, permission}, true
	}
	permission, found := objectPermissions[strings.Replace(c.Operation, "ObjectVersion", "Object", 1)]
	if !found {
		return appliedACL{}, false
	}
	object, err := bucket.Get(c.Key, version)
	if err != nil { // whoever may list the bucket may know that there is none
		return appliedACL{settings.ACL, store.GrantRead}, settings.ACL != nil && permission != ""
	}
	return appliedACL{object.ACL, permission}, object.ACL != nil
}

// owns says whether the signer owns an object, if there is one.
func (q *request) owns(bucket *store.Bucket, key string) bool {
	object, err := bucket.Get(key, "")
	if err != nil {
		return true
	}
	owner := accounts.Account{ID: bucket.Info().Account}.CanonicalID()
	if object.ACL != nil {
		owner = cmp.Or(object.ACL.Owner, owner)
	}
	return owner == q.signerID()
}

// granted says whether the ACL grants the permission to everybody, and whether it grants it to the signer's account.
func (q *request) granted(a appliedACL, ignorePublic bool) (public, own bool) {
	signer := q.signerID()
	for _, g := range a.acl.Grants {
		if a.permission == "" || g.Permission != a.permission && g.Permission != store.GrantFullControl {
			continue
		}
		own = own || g.ID == signer
		public = public || !ignorePublic && (g.Group == store.AllUsers || g.Group == store.AuthenticatedUsers && q.signer.ID != "")
	}
	return public, own
}

// allowing is the policy with a statement that lets whoever asks do the action.
func allowing(action string, resource policy.Policy) policy.Policy {
	return slices.Concat(resource, policy.Policy{{Effect: policy.Allow, Actions: []string{action}, Accounts: []string{policy.Everybody}}})
}

// initiated says whether the signer has started the upload that the request names.
func (q *request) initiated(bucket *store.Bucket, key string) bool {
	upload, err := bucket.Upload(key, q.query.Get("uploadId"))
	return err == nil && upload.Initiator != "" && upload.Initiator == q.signerID()
}
