package s3

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// maxGrants is how many grants an ACL has at most, as S3 documents it.
const maxGrants = 100

// ofBucketOwner stands in canned ACLs for whoever owns the bucket.
const ofBucketOwner = "bucket-owner"

// services are the canonical ids of what AWS itself reads and writes buckets with: EC2 its bundles, and what delivers logs.
var services = []string{ec2Service, "c4c1ede66af53448b93c283ce9448c4ba468c9432aa01d700d3878632f77d2d0"}

const ec2Service = "6aa5a366c34c1cbe25dc49211496e913e0351eb0e8c37aa3477e40942ec6b97c"

// cannedACLs are what each grants besides the full control of the owner.
var cannedACLs = map[string][]store.Grant{
	private:                nil,
	"public-read":          {{Group: store.AllUsers, Permission: store.GrantRead}},
	"public-read-write":    {{Group: store.AllUsers, Permission: store.GrantRead}, {Group: store.AllUsers, Permission: store.GrantWrite}},
	"authenticated-read":   {{Group: store.AuthenticatedUsers, Permission: store.GrantRead}},
	"aws-exec-read":        {{ID: ec2Service, Permission: store.GrantRead}},
	"bucket-owner-read":    {{ID: ofBucketOwner, Permission: store.GrantRead}},
	bucketOwnerFullControl: {{ID: ofBucketOwner, Permission: store.GrantFullControl}},
	logDeliveryWrite:       {{Group: store.LogDelivery, Permission: store.GrantWrite}, {Group: store.LogDelivery, Permission: store.GrantReadACP}},
}

const (
	private = "private"
	// bucketOwnerFullControl is what everybody may ask for where ACLs are disabled.
	bucketOwnerFullControl = "bucket-owner-full-control"
	// logDeliveryWrite is for buckets only.
	logDeliveryWrite = "log-delivery-write"
)

const cannedHeader = "X-Amz-Acl"

// grantHeaders are those that grant a permission each.
var grantHeaders = [...]struct {
	name       string
	permission store.Permission
}{
	{"X-Amz-Grant-Read", store.GrantRead},
	{"X-Amz-Grant-Write", store.GrantWrite},
	{"X-Amz-Grant-Read-Acp", store.GrantReadACP},
	{"X-Amz-Grant-Write-Acp", store.GrantWriteACP},
	{"X-Amz-Grant-Full-Control", store.GrantFullControl},
}

// wantedACL is the ACL that a request asks for: a canned one, or grants, or none.
type wantedACL struct {
	canned string
	grants []store.Grant
	// explicit says that the grants are all there are, also where there is none.
	explicit bool
}

// given says whether the request asks for an ACL.
func (w wantedACL) given() bool { return w.canned != "" || w.explicit }

// of makes the ACL of something that an account owns, in the bucket of another or its own. Grants that a request spells out are all that
// there are: the owner has what they give to it.
func (w wantedACL) of(owner, bucketOwner string) *store.ACL {
	acl := &store.ACL{Grants: w.grants}
	full := store.Grant{ID: owner, Permission: store.GrantFullControl}
	if !w.explicit {
		acl.Grants = []store.Grant{full}
		for _, g := range cannedACLs[w.canned] {
			if g.ID == ofBucketOwner {
				g.ID = bucketOwner
			}
			if g.ID != owner {
				acl.Grants = append(acl.Grants, g)
			}
		}
	}
	if owner != bucketOwner {
		acl.Owner = owner
	}
	if acl.Owner == "" && slices.Equal(acl.Grants, []store.Grant{full}) {
		return nil
	}
	return acl
}

// checkACL refuses an ACL that the settings of the bucket do not allow.
func (q *request) checkACL(wanted wantedACL, settings store.Settings) error {
	if !wanted.given() {
		return nil
	}
	owner := q.owner().ID
	acl := wanted.of(owner, owner)
	switch {
	case !settings.ACLsEnabled() && (acl != nil || !wanted.explicit && wanted.canned != bucketOwnerFullControl):
		return aws.NewError(http.StatusBadRequest, "AccessControlListNotSupported", "The bucket does not allow ACLs")
	case blocks(settings).BlockPublicACLs && acl.Public():
		return aws.NewError(http.StatusForbidden, "AccessDenied", fmt.Sprintf(
			"User: %s is not authorized to perform: %s on resource: \"arn:aws:s3:::%s\" because public access control lists (ACLs) are prevented by the BlockPublicAcls setting in S3 Block Public Access.",
			q.signer.ARN(), action(q.op.name, ""), strings.TrimSuffix(q.name+"/"+q.key, "/")))
	}
	return nil
}

// newBucketACL is the ACL of a bucket that is about to be made with these settings.
func (q *request) newBucketACL(settings store.Settings) (*store.ACL, error) {
	wanted, err := q.readACLHeaders(q.Header)
	if err != nil {
		return nil, err
	}
	owner := q.signerID()
	acl := wanted.of(owner, owner)
	switch {
	case acl != nil && !settings.ACLsEnabled():
		return nil, bucketHasACLs()
	case acl.Public() && blocks(settings).BlockPublicACLs:
		return nil, aws.NewError(http.StatusBadRequest, "InvalidBucketAclWithBlockPublicAccessError", "Bucket cannot have public ACLs set with BlockPublicAccess enabled")
	}
	return acl, nil
}

func bucketHasACLs() error {
	return aws.NewError(http.StatusBadRequest, "InvalidBucketAclWithObjectOwnership", "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting")
}

// requestedACL is what PutBucketAcl or PutObjectAcl asks for, of something that an account owns: in headers, or in a document.
func (q *request) requestedACL(owner string) (wantedACL, error) {
	wanted, err := q.readACLHeaders(q.Header)
	switch {
	case err != nil:
		return wanted, err
	case wanted.given() && len(q.document) > 0:
		return wanted, aws.NewError(http.StatusBadRequest, "UnexpectedContent", "This request does not support content")
	case wanted.given():
		return wanted, nil
	case len(q.document) == 0:
		return wanted, aws.NewError(http.StatusBadRequest, "MissingSecurityHeader", "Your request was missing a required header").With("MissingHeaderName", "x-amz-acl")
	}
	return q.readACLDocument(owner)
}

// readACLHeaders reads the headers of an ACL: a canned one, or grants.
func (q *request) readACLHeaders(h http.Header) (wantedACL, error) {
	out := wantedACL{canned: h.Get(cannedHeader)}
	for _, header := range grantHeaders {
		for _, list := range h[header.name] {
			for one := range strings.SplitSeq(list, ",") {
				kind, value, _ := strings.Cut(strings.TrimSpace(one), "=")
				given, err := q.readGrant(kind, strings.Trim(value, `"`))
				if err != nil {
					return out, err
				}
				given.Permission, out.explicit = header.permission, true
				out.grants = append(out.grants, given)
			}
		}
	}
	_, known := cannedACLs[out.canned]
	switch {
	case out.canned != "" && (!known || out.canned == logDeliveryWrite && q.key != ""):
		return out, invalidArgument("x-amz-acl", out.canned, "The canned ACL is not one of those that S3 has for it.")
	case out.canned != "" && out.explicit:
		return out, aws.NewError(http.StatusBadRequest, "InvalidRequest", "Specifying both Canned ACLs and Header Grants is not allowed")
	case len(out.grants) > maxGrants:
		return out, malformedACL()
	}
	return out, nil
}

// readGrant reads to whom something is granted: to an account or a group. S3 takes addresses of mail no more.
func (q *request) readGrant(kind, value string) (store.Grant, error) {
	switch strings.ToLower(kind) {
	case "id":
		if !slices.Contains(services, value) && !q.server.options.Pipeline.Accounts.HasCanonicalID(value) {
			return store.Grant{}, invalidArgument("CanonicalUser/ID", value, "Invalid id")
		}
		return store.Grant{ID: value}, nil
	case "uri":
		if value != store.AllUsers && value != store.AuthenticatedUsers && value != store.LogDelivery {
			return store.Grant{}, invalidArgument("Group/URI", value, "Invalid group uri")
		}
		return store.Grant{Group: value}, nil
	case "emailaddress":
		return store.Grant{}, aws.NewError(http.StatusMethodNotAllowed, "MethodNotAllowed", "Email Grantee ACLs are not supported: name an account by its canonical id.")
	}
	return store.Grant{}, invalidArgument("x-amz-grant", kind, `Argument format not recognized: a grantee is id="...", uri="..." or emailAddress="..."`)
}

// aclDocument is what PutBucketAcl and PutObjectAcl are sent.
type aclDocument struct {
	Owner listedOwner
	List  *struct {
		Grants []struct {
			Grantee struct {
				Type                  string `xml:"type,attr"`
				ID, URI, EmailAddress string
			}
			Permission store.Permission
		} `xml:"Grant"`
	} `xml:"AccessControlList"`
}

func (q *request) readACLDocument(owner string) (wantedACL, error) {
	var in aclDocument
	if readXML(q.document, "AccessControlPolicy", &in) != nil || in.Owner.ID == "" || in.List == nil || len(in.List.Grants) > maxGrants {
		return wantedACL{}, malformedACL()
	}
	if in.Owner.ID != owner {
		return wantedACL{}, accessDenied()
	}
	out := wantedACL{explicit: true}
	for _, listed := range in.List.Grants {
		kind, value := "", ""
		switch to := listed.Grantee; to.Type {
		case "CanonicalUser":
			kind, value = "id", to.ID
		case "Group":
			kind, value = "uri", to.URI
		case "AmazonCustomerByEmail":
			kind, value = "emailAddress", to.EmailAddress
		}
		switch listed.Permission {
		case store.GrantRead, store.GrantWrite, store.GrantReadACP, store.GrantWriteACP, store.GrantFullControl:
		default:
			return out, malformedACL()
		}
		if value == "" {
			return out, malformedACL()
		}
		given, err := q.readGrant(kind, value)
		if err != nil {
			return out, err
		}
		given.Permission = listed.Permission
		out.grants = append(out.grants, given)
	}
	return out, nil
}

// malformedACL refuses a document that is not what S3's schema says, or has too many grants.
func malformedACL() error {
	return aws.NewError(http.StatusBadRequest, "MalformedACLError", "The XML you provided was not well-formed or did not validate against our published schema")
}
