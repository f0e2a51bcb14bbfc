package s3

import (
	"encoding/xml"
	"net/http"
	"slices"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/policy"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

type publicAccessBlock struct {
	XMLName xml.Name `xml:"PublicAccessBlockConfiguration"`
	Xmlns   string   `xml:"xmlns,attr,omitempty"`
	store.PublicAccessBlock
}

func getPublicAccessBlock(q *request) error {
	set := q.bucket.Settings().PublicAccess
	if set == nil {
		return aws.NewError(http.StatusNotFound, "NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found").With("BucketName", q.name)
	}
	return writeXML(q.W, publicAccessBlock{Xmlns: namespace, PublicAccessBlock: *set})
}

// putPublicAccessBlock is PutPublicAccessBlock; what is left out is not blocked.
func putPublicAccessBlock(q *request) error {
	var in publicAccessBlock
	if err := readXML(q.document, "PublicAccessBlockConfiguration", &in); err != nil {
		return err
	}
	return q.configure(http.StatusOK, func(s *store.Settings) error { s.PublicAccess = &in.PublicAccessBlock; return nil })
}

func deletePublicAccessBlock(q *request) error {
	return q.configure(http.StatusNoContent, func(s *store.Settings) error { s.PublicAccess = nil; return nil })
}

// blocks is what a bucket with these settings keeps from everybody.
func blocks(s store.Settings) store.PublicAccessBlock {
	if s.PublicAccess == nil {
		return store.PublicAccessBlock{}
	}
	return *s.PublicAccess
}

// isPublic says whether a policy lets everybody do something.
func isPublic(statements policy.Policy) bool {
	return slices.ContainsFunc(statements, policy.Statement.Public)
}

// enforced are the statements of a bucket's own policy that count for a signer: where a public policy is restricted, only those of the
// bucket's own account are allowed anything by it.
func (q *request) enforced(s store.Settings, owner string) policy.Policy {
	set := s.Policy.Statements
	if !blocks(s).RestrictPublicBuckets || q.signer.Account.ID == owner || !isPublic(set) {
		return set
	}
	return slices.DeleteFunc(slices.Clone(set), func(s policy.Statement) bool { return s.Effect == policy.Allow })
}
