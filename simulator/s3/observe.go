package s3

import (
	"errors"
	"net/http"
	"slices"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/call"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/journal"
)

// servicePrefix begins the names of S3's operations and actions.
const servicePrefix = "s3:"

// identify makes out who asks for what, before any of it is verified: faults strike first, and the journal tells of
// refused requests too. A region or a key that does not exist is left out.
func (q *request) identify() {
	q.claim, q.claimErr = q.parseAuthorization()
	q.op, q.opErr = q.operation()
	q.call = call.Call{Bucket: q.name, Key: q.key, Region: q.server.region}
	if q.op.name != "" {
		q.call.Operation = servicePrefix + q.op.name
	}
	if q.level() == bucketLevel {
		q.call.Key = q.query.Get("prefix")
	}
	if q.claim == nil {
		return
	}
	if key, found := q.server.options.Accounts.Key(q.claim.AccessKeyID); found {
		q.call.AccessKey, q.call.Account = key.ID, key.Account.ID
	}
	if q.call.Region == "" && slices.Contains(q.server.options.Regions, q.claim.Region) {
		q.call.Region = q.claim.Region
	}
}

// inject lets faults do to the request what they do. An error says that it is not to be served.
func (q *request) inject(entry *journal.Entry) error {
	if q.server.options.Faults == nil || q.server.options.Faults.Empty() {
		return nil
	}
	var err error
	q.w, q.Request, entry.Faults, err = q.server.options.Faults.Inject(q.w, q.Request, q.call)
	if q.form != nil {
		q.form.body.Reader = q.Body
	}
	if refusal := (*faults.Refusal)(nil); errors.As(err, &refusal) {
		return aws.NewError(refusal.Status, refusal.Code, refusal.Message)
	}
	return err
}

// watch begins to record a request.
func (s *Server) watch(w http.ResponseWriter, r *http.Request) *journal.Recorder {
	return s.options.Journal.Watch(w, r, s.options.Now())
}
