// Package s3 is the simulated S3. It finds out who asks, for which bucket in which region and for which operation, refuses
// as S3 refuses before anything is touched, and answers from its store. An operation is a file that is named after it, or
// after the sub-resource that it gets, puts or deletes, and a line in operations.
package s3

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/url"
	"time"

	"github.com/velero-locations/velero-locations/internal/memory"
	"github.com/velero-locations/velero-locations/simulator/accounts"
	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/aws/sigv4"
	"github.com/velero-locations/velero-locations/simulator/internal/pipeline"
	"github.com/velero-locations/velero-locations/simulator/policy"
	"github.com/velero-locations/velero-locations/simulator/s3/events"
	"github.com/velero-locations/velero-locations/simulator/s3/payload"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// Options of a server.
type Options struct {
	Pipeline *pipeline.Pipeline
	Store    *store.Store
	// Regions are those that exist.
	Regions []string
	// Domains are those under which buckets and the endpoints of regions are hosts: bucket.DOMAIN, s3.REGION.DOMAIN and
	// bucket.s3.REGION.DOMAIN. localhost is one in any case.
	Domains []string
	// HostStyleOnly says whether an endpoint refuses requests with the bucket in their path: that of a region, or the global
	// one for an empty name. Nil: none does.
	HostStyleOnly func(region string) bool
	// Events are sent to the destinations that buckets name.
	Events *events.Bus
	// AllowPublicAccess makes buckets that do not block public access.
	AllowPublicAccess bool
	// StallTimeout is how long a client may stop sending a body, or reading an answer; zero is 30 seconds.
	StallTimeout time.Duration
	// BucketPolicies returns the policy of a bucket; nil is none at all.
	BucketPolicies func(region, bucket string) policy.Policy
	// Endpoint returns host:port of the endpoint of a region that has an address of its own; nil is none at all.
	Endpoint func(region string) string
}

// Server answers S3's REST protocol, with the bucket in the path or in the host. Requests must be signed with Signature
// Version 4, in their headers or their URL.
type Server struct {
	options Options
	// region is that of a regional endpoint; empty is the global endpoint, at which the region that a request is signed
	// for picks the regional endpoint it acts on.
	region string
	// domains are those under which a bucket's name is a host.
	domains []string
	// hostID is the second of S3's request ids, which there names the host that answered.
	hostID []string
}

var _ http.Handler = (*Server)(nil)

// NewServer returns a server over a store.
func NewServer(options Options) *Server {
	return &Server{
		options: options, domains: append([]string{"localhost"}, options.Domains...), hostID: []string{newHostID()},
	}
}

// Regional returns a server for the endpoint of one region over the same store.
func (s *Server) Regional(region string) *Server {
	regional := *s
	regional.region = region
	return &regional
}

// request is one request, as far as it is understood by now.
type request struct {
	pipeline.Exchange
	server    *Server
	query     url.Values
	host      host
	region    string // of the endpoint; empty at the global one
	name, key string // of the bucket and the object
	signer    accounts.Key
	auth      *sigv4.Authorization
	claim     *sigv4.Authorization // auth, not verified
	claimErr  error
	op        operation
	opErr     error
	bucket    *store.Bucket
	body      *payload.Body
	document  []byte // the body of a request whose body is not streamed
	form      *form  // that carries an upload; nil for other requests
}

var _ pipeline.Steps = (*request)(nil)

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := &request{Exchange: s.options.Pipeline.Begin(w, r, rand.Text()[:16]), server: s}
	q.W = guardConnection(q.W, q.Request, s.options.StallTimeout)
	h := w.Header()
	h["X-Amz-Request-Id"], h["X-Amz-Id-2"] = []string{q.ID}, s.hostID
	h["Date"] = []string{q.Now.UTC().Format(http.TimeFormat)} // from which clients learn that their clock is wrong
	q.Run(q)
}

func newHostID() string {
	var raw [48]byte
	_, _ = rand.Read(raw[:]) // never fails
	return base64.StdEncoding.EncodeToString(raw[:])
}

// Refuse answers with an error.
func (q *request) Refuse(err error) (status int, code string) {
	e := aws.AsError(err)
	writeError(q.W, q.Request, e)
	return e.Status, e.Code
}

// Serve takes the steps from an unknown request to its answer, in S3's order: who asks, where, for what.
func (q *request) Serve() error {
	q.server.options.Store.KeepLifecycle(q.Now)
	if q.form != nil {
		q.form.body.Reader = q.Body // with the faults that the request has met
	}
	if q.op.name == preflightOperation.name {
		return q.op.handle(q)
	}
	if err := q.checkStyle(); err != nil {
		return err
	}
	err := q.authenticate()
	q.showRegion()
	if err != nil {
		return err
	}
	op := q.op
	if q.opErr != nil {
		op = operationAny
	}
	if op.needs&ownBucket != 0 {
		if err := q.findBucket(); err != nil {
			return err
		}
	}
	if q.opErr != nil {
		return q.opErr
	}
	if err := q.checkHeaders(); err != nil {
		return err
	}
	done, err := q.admit(op, memory.Process)
	if err != nil {
		return err
	}
	defer done()
	if err := q.openBody(op); err != nil {
		return err
	}
	return q.conceal(op.handle(q))
}

// checkHeaders refuses headers that would change the meaning of a request and are not supported, instead of ignoring them.
func (q *request) checkHeaders() error {
	if len(q.key) > maxKey {
		return aws.NewError(http.StatusBadRequest, "KeyTooLongError", "Your key is too long")
	}
	return q.checkVersionID()
}
