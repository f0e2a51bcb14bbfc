package s3

import (
	"encoding/xml"
	"net/http"
	"slices"
	"strings"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// Grants to others than the bucket's owner are not simulated: where ACLs are enabled, too, the owner has everything.

// publicACLs are the canned ACLs that let everybody in, or everybody with an account.
var publicACLs = []string{"public-read", "public-read-write", "authenticated-read"}

// publicGroups is in the URI of each group that is everybody.
var publicGroups = []string{"/groups/global/AllUsers", "/groups/global/AuthenticatedUsers"}

// checkACLHeaders takes a canned ACL that changes nothing, and refuses what would grant something to others.
func (q *request) checkACLHeaders(h http.Header) error {
	canned, public, grants := h.Get("X-Amz-Acl"), false, false
	for name, values := range h {
		if strings.HasPrefix(name, "X-Amz-Grant-") {
			grants, public = true, public || isPublicGrant(strings.Join(values, ","))
		}
	}
	switch {
	case grants:
		return q.refuseACL(public)
	case canned == "" || canned == "private" || canned == "bucket-owner-full-control":
		return nil
	}
	return q.refuseACL(slices.Contains(publicACLs, canned))
}

func isPublicGrant(grantee string) bool {
	return slices.ContainsFunc(publicGroups, func(group string) bool { return strings.Contains(grantee, group) })
}

// refuseACL refuses an ACL that grants something to others, or to everybody: by the settings of the bucket, which may be about to be made.
func (q *request) refuseACL(public bool) error {
	if q.bucket == nil {
		settings, err := q.newSettings()
		switch {
		case err != nil:
			return err
		case settings.Ownership == store.BucketOwnerEnforced:
			return aws.NewError(http.StatusBadRequest, "InvalidBucketAclWithObjectOwnership", "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting")
		case public:
			return aws.NewError(http.StatusBadRequest, "InvalidBucketAclWithBlockPublicAccessError", "Bucket cannot have public ACLs set with BlockPublicAccess enabled")
		}
		return aws.NotImplemented("x-amz-acl")
	}
	switch settings := q.bucket.Settings(); {
	case settings.Ownership == store.BucketOwnerEnforced:
		return aws.NewError(http.StatusBadRequest, "AccessControlListNotSupported", "The bucket does not allow ACLs")
	case public && blocks(settings).BlockPublicACLs:
		return accessDenied()
	}
	return aws.NotImplemented("x-amz-acl")
}

type grantee struct {
	Xmlns string `xml:"xmlns:xsi,attr"`
	Type  string `xml:"xsi:type,attr"`
	listedOwner
}

type accessControlPolicy struct {
	XMLName xml.Name `xml:"AccessControlPolicy"`
	Xmlns   string   `xml:"xmlns,attr"`
	Owner   listedOwner
	Grants  []grant `xml:"AccessControlList>Grant"`
}

type grant struct {
	Grantee    grantee
	Permission string
}

// getACL is GetBucketAcl and GetObjectAcl: the owner has full control.
func getACL(q *request) error {
	if q.key != "" {
		if _, err := q.object(); err != nil {
			return err
		}
	}
	return writeXML(q.W, accessControlPolicy{Xmlns: namespace, Owner: q.owner(), Grants: []grant{{
		Grantee:    grantee{"http://www.w3.org/2001/XMLSchema-instance", "CanonicalUser", q.owner()},
		Permission: "FULL_CONTROL",
	}}})
}

// putACL is PutBucketAcl and PutObjectAcl. The headers were checked by then; a document is accepted if it says what is true already.
func putACL(q *request) error {
	if q.key != "" {
		if _, err := q.object(); err != nil {
			return err
		}
	}
	if len(q.document) > 0 {
		var policy struct {
			Grants []struct {
				ID         string `xml:"Grantee>ID"`
				URI        string `xml:"Grantee>URI"`
				Permission string
			} `xml:"AccessControlList>Grant"`
		}
		if err := readXML(q.document, "AccessControlPolicy", &policy); err != nil {
			return err
		}
		for _, g := range policy.Grants {
			if g.ID != q.owner().ID || g.Permission != "FULL_CONTROL" {
				return q.refuseACL(isPublicGrant(g.URI))
			}
		}
	}
	q.W.WriteHeader(http.StatusOK)
	return nil
}
