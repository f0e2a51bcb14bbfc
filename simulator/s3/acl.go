package s3

import (
	"encoding/xml"
	"net/http"
	"reflect"

	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

type grantee struct {
	Xmlns string `xml:"xmlns:xsi,attr"`
	Type  string `xml:"xsi:type,attr"`
	ID    string `xml:",omitempty"`
	URI   string `xml:",omitempty"`
}

type grant struct {
	Grantee    grantee
	Permission store.Permission
}

type accessControlPolicy struct {
	XMLName xml.Name `xml:"AccessControlPolicy"`
	Xmlns   string   `xml:"xmlns,attr"`
	Owner   listedOwner
	Grants  []grant `xml:"AccessControlList>Grant"`
}

// currentACL is the ACL of the request's object, or of its bucket.
func (q *request) currentACL() (*store.ACL, error) {
	if q.key == "" {
		return q.bucket.Settings().ACL, nil
	}
	object, err := q.object()
	if err != nil {
		return nil, err
	}
	return object.ACL, nil
}

// getACL is GetBucketAcl and GetObjectAcl. Where ACLs are disabled the bucket's owner has everything, whatever was granted before.
func getACL(q *request) error {
	acl, err := q.currentACL()
	if err != nil {
		return err
	}
	out := accessControlPolicy{Xmlns: namespace, Owner: q.ownerOf(acl)}
	grants := []store.Grant{{ID: out.Owner.ID, Permission: store.GrantFullControl}}
	if acl != nil && q.bucket.Settings().ACLsEnabled() {
		grants = acl.Grants
	}
	for _, g := range grants {
		kind := "CanonicalUser"
		if g.Group != "" {
			kind = "Group"
		}
		out.Grants = append(out.Grants, grant{grantee{"http://www.w3.org/2001/XMLSchema-instance", kind, g.ID, g.Group}, g.Permission})
	}
	return writeXML(q.W, out)
}

// putACL is PutBucketAcl and PutObjectAcl. Whoever owns an object still does so afterwards.
func putACL(q *request) error {
	current, err := q.currentACL()
	if err != nil {
		return err
	}
	wanted, err := q.requestedACL(q.ownerOf(current).ID)
	if err != nil {
		return err
	}
	settings := q.bucket.Settings()
	if err := q.checkACL(wanted, settings); err != nil {
		return err
	}
	if !settings.ACLsEnabled() {
		q.W.WriteHeader(http.StatusOK)
		return nil
	}
	bucketOwner := q.owner().ID
	if q.key == "" {
		return q.configure(http.StatusOK, func(s *store.Settings) error { s.ACL = wanted.of(bucketOwner, bucketOwner); return nil })
	}
	event, replacement := "s3:ObjectAcl:Put", wanted.of(q.ownerOf(current).ID, bucketOwner)
	if reflect.DeepEqual(replacement, current) {
		event = "" // which S3 sends of what has changed only
	}
	return q.change(http.StatusOK, event, func(a *store.Attributes) error { a.ACL = replacement; return nil })
}

// objectACL is the ACL of an object that a request with such headers writes: its writer owns it, unless the bucket says that its owner does.
func (q *request) objectACL(h http.Header) (*store.ACL, error) {
	wanted, err := q.readACLHeaders(h)
	if err != nil {
		return nil, err
	}
	settings, ofOwner := q.bucket.Settings(), q.signer.Account.ID == q.bucket.Info().Account
	// Which clients send that set no ACL otherwise: what the bucket's own account writes is private.
	if !settings.ACLsEnabled() && ofOwner && wanted.canned == private {
		return nil, nil
	}
	if err := q.checkACL(wanted, settings); err != nil || !settings.ACLsEnabled() || !wanted.given() && ofOwner {
		return nil, err
	}
	writer, bucketOwner := q.signerID(), q.owner().ID
	if wanted.given() && !q.maySetACL() {
		return nil, accessDenied()
	}
	if settings.Ownership == store.BucketOwnerPreferred && wanted.canned == bucketOwnerFullControl {
		writer = bucketOwner
	}
	return wanted.of(writer, bucketOwner), nil
}

// maySetACL says whether the signer may say what the ACL of an object is that it writes: as the object is its own, its own policies
// suffice, unless the bucket's deny it.
func (q *request) maySetACL() bool {
	c := q.callOf("s3:PutObjectAcl", q.bucket.Info(), q.key, "")
	return q.signer.Permits(c, q.signer.Account.ID, q.bucketPolicy(c.Operation, q.bucket.Info()))
}
