package s3

import (
	"cmp"

	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// listedOwner names an account. S3 has left its display name out since November 2025.
type listedOwner struct {
	ID string
}

// owner is the bucket's, or the signer where there is no bucket.
func (q *request) owner() listedOwner {
	account := q.signer.Account
	if q.bucket != nil {
		account.ID = q.bucket.Info().Account
	}
	return listedOwner{ID: account.CanonicalID()}
}

// ownerOf is the owner of an object with an ACL, or of a bucket.
func (q *request) ownerOf(acl *store.ACL) listedOwner {
	owner := q.owner()
	if acl != nil && q.bucket.Settings().ACLsEnabled() {
		owner.ID = cmp.Or(acl.Owner, owner.ID)
	}
	return owner
}

// initiator is who has started an upload.
func (q *request) initiator(upload store.UploadInfo) listedOwner {
	if upload.Initiator != "" {
		return listedOwner{ID: upload.Initiator}
	}
	return q.owner()
}

// appendTo adds the element of an owner to a document that is put together by hand.
func (o listedOwner) appendTo(out []byte) []byte {
	return append(appendElement(append(out, "<Owner>"...), "ID", o.ID), "</Owner>"...)
}
