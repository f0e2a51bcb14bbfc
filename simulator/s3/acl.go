package s3

import (
	"encoding/xml"
	"net/http"
	"strings"

	"github.com/velero-locations/velero-locations/simulator/aws"
)

// Buckets are as S3 makes them by default: ACLs are disabled, and the bucket's owner has everything.

// checkACLHeaders takes a canned ACL that changes nothing, and refuses what would grant something to others.
func checkACLHeaders(h http.Header) error {
	for name := range h {
		if strings.HasPrefix(name, "X-Amz-Grant-") {
			return aclNotSupported()
		}
	}
	switch h.Get("X-Amz-Acl") {
	case "", "private", "bucket-owner-full-control":
		return nil
	}
	return aclNotSupported()
}

func aclNotSupported() *aws.Error {
	return aws.NewError(http.StatusBadRequest, "AccessControlListNotSupported", "The bucket does not allow ACLs")
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
				Permission string
			} `xml:"AccessControlList>Grant"`
		}
		if err := readXML(q.document, "AccessControlPolicy", &policy); err != nil {
			return err
		}
		for _, g := range policy.Grants {
			if g.ID != q.owner().ID || g.Permission != "FULL_CONTROL" {
				return aclNotSupported()
			}
		}
	}
	q.W.WriteHeader(http.StatusOK)
	return nil
}
