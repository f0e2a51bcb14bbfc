package s3

import (
	"cmp"
	"net/http"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/aws/sigv4"
)

func (q *request) authenticate() error {
	auth, err := q.claim, q.claimErr
	if err != nil {
		return err
	}
	if auth == nil {
		return q.passAnonymous()
	}
	signer, found := q.AccessKey(auth.AccessKeyID)
	if !found {
		return invalidAccessKeyID(auth.AccessKeyID)
	}
	q.signer = signer
	if err := q.checkSession(); err != nil {
		return err
	}
	if err := auth.CheckTime(q.Now); err != nil {
		return err
	}
	if err := q.checkRegion(auth); err != nil {
		return err
	}
	q.auth = auth
	if q.form != nil {
		return q.form.verify(auth, signer.Secret, q.Now)
	}
	return auth.Verify(q.Request, signer.Secret)
}

// passAnonymous lets a request without a signature go on to where the policy of its bucket decides.
func (q *request) passAnonymous() error {
	buckets := q.server.options.Store.Named(q.name)
	if q.opErr != nil || q.op.needs&ownBucket == 0 || len(buckets) == 0 {
		return accessDenied()
	}
	q.auth = sigv4.NewAnonymous(cmp.Or(q.region, q.likeliest(buckets).Region))
	return nil
}

// checkSession holds a temporary key to its session token, and refuses a token with a key that has none.
func (q *request) checkSession() error {
	token := q.Header.Get("X-Amz-Security-Token")
	if token == "" {
		token = q.query.Get("X-Amz-Security-Token")
	}
	if q.form != nil {
		token = q.form.fields["x-amz-security-token"]
	}
	switch {
	case token != q.signer.SessionToken && q.signer.SessionToken != "" && token == "":
		return invalidAccessKeyID(q.signer.ID) // a temporary key is none without its token
	case token != q.signer.SessionToken:
		return aws.NewError(http.StatusBadRequest, "InvalidToken", "The provided token is malformed or otherwise invalid.")
	case q.signer.Expired(q.Now):
		return aws.NewError(http.StatusBadRequest, "ExpiredToken", "The provided token has expired.")
	}
	return nil
}

func invalidAccessKeyID(id string) *aws.Error {
	return aws.NewError(http.StatusForbidden, "InvalidAccessKeyId",
		"The AWS Access Key Id you provided does not exist in our records.").With("AWSAccessKeyId", id)
}
