package s3

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
