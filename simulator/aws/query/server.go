package query

import (
	"bytes"
	"cmp"
	"crypto/subtle"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"

	"github.com/google/uuid"
	"k8s.io/klog/v2"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/aws/sigv4"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/journal"
)

// maxBody bounds the body of a request, in bytes: thousands of ids.
const maxBody = 1 << 20

// exchange is one request, as far as it is understood by now.
type exchange struct {
	*Request
	http     *http.Request
	server   *Server
	w        http.ResponseWriter
	service  *Service
	body     []byte
	badBody  error
	claim    *sigv4.Authorization // not verified
	badClaim error
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := s.options.Now()
	recorder := s.options.Journal.Watch(w, r, now)
	defer recorder.Done()
	x := &exchange{Request: &Request{ID: uuid.NewString(), Now: now, Parameters: &Parameters{}}, http: r, server: s, w: recorder}
	x.identify()
	recorder.Entry.Call, recorder.Entry.RequestID = x.Call, x.ID
	h := w.Header()
	h.Set("Server", "velero-locations-simulator")
	h.Set("X-Amzn-Requestid", x.ID)

	err := x.inject(&recorder.Entry)
	var document any
	if err == nil {
		document, err = x.serve()
	}
	if errors.Is(err, faults.ErrGone) {
		return
	}
	if err == nil {
		err = x.answer(document)
	}
	if err == nil {
		klog.V(4).InfoS("Request", "operation", x.Call.Operation, "region", x.Call.Region, "accessKey", x.Key.ID)
		return
	}
	if !errors.As(err, new(*aws.Error)) {
		klog.ErrorS(err, "Request failed", "operation", x.Call.Operation, "region", x.Call.Region)
	}
	e := aws.AsError(err)
	klog.V(4).InfoS("Request refused", "operation", x.Call.Operation, "region", x.Call.Region, "accessKey", x.Key.ID, "code", e.Code)
	x.write(e.Status, x.service.Format.refusal(e, x.ID))
	if recorder.Entry.Status == e.Status {
		recorder.Entry.Error = e.Code
	}
}

// identify makes out who asks for what, before any of it is verified: faults strike first, and the journal tells of
// refused requests too. An action, a region or a key that does not exist is left out.
func (x *exchange) identify() {
	x.readParameters()
	version, action := x.Parameters.Get("Version"), x.Parameters.Get("Action")
	services := x.server.options.Services
	x.service = services[max(0, slices.IndexFunc(services, func(s *Service) bool { return s.Version == version }))]
	x.Call.Region = x.server.region
	if x.service.Actions[action] != nil {
		x.Call.Operation = x.service.Name + ":" + action
	}
	if x.service.Resource != nil {
		x.Call.Resource = x.service.Resource(x.Parameters)
	}
	if x.claim, x.badClaim = sigv4.ParseRequestTo(x.service.Name, x.http); x.claim == nil {
		return
	}
	if key, found := x.server.options.Accounts.Key(x.claim.AccessKeyID); found {
		x.Call.AccessKey, x.Call.Account = key.ID, key.Account.ID
	}
	if x.Call.Region == "" && slices.Contains(x.server.options.Regions, x.claim.Region) {
		x.Call.Region = x.claim.Region
	}
}

// readParameters reads them from the body of a POST, or the URL of a GET, as presigned requests have them.
func (x *exchange) readParameters() {
	encoded := x.http.URL.RawQuery
	if x.http.Method == http.MethodPost {
		x.body, x.badBody = io.ReadAll(io.LimitReader(x.http.Body, maxBody+1))
		if len(x.body) > maxBody {
			x.badBody = aws.NewError(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "Request entity is too large.")
		}
		x.http.Body = io.NopCloser(bytes.NewReader(x.body))
		encoded = string(x.body)
	}
	if x.badBody != nil {
		return
	}
	parameters, err := Parse(encoded)
	if err != nil {
		x.badBody = err
		return
	}
	x.Parameters = parameters
}

// inject lets faults do to the request what they do. An error says that it is not to be served.
func (x *exchange) inject(entry *journal.Entry) error {
	set := x.server.options.Faults
	if set.Empty() {
		return nil
	}
	var err error
	var harmed *http.Request
	x.w, harmed, entry.Faults, err = set.Inject(x.w, x.http, x.Call)
	if errors.Is(err, faults.ErrExpired) {
		return &x.service.Refusals.Expired
	}
	if refusal := (*faults.Refusal)(nil); errors.As(err, &refusal) {
		return aws.NewError(refusal.Status, refusal.Code, refusal.Message)
	}
	if err != nil {
		return err
	}
	// Faults of the upload strike while the body is read.
	_, err = io.Copy(io.Discard, harmed.Body)
	return err
}

// serve takes the steps from an unknown request to its answer: who asks, where, for what.
func (x *exchange) serve() (any, error) {
	if x.badBody != nil {
		return nil, x.badBody
	}
	if err := x.authenticate(); err != nil {
		return nil, err
	}
	action := x.service.Actions[x.Parameters.Get("Action")]
	if action == nil {
		return nil, x.service.Refusals.UnknownAction(x.Parameters.Get("Action"))
	}
	return action(x.Request)
}

func (x *exchange) authenticate() error {
	refusals, claim := &x.service.Refusals, x.claim
	if x.badClaim != nil {
		return &refusals.BadSignature
	}
	if claim == nil {
		return &refusals.Unsigned
	}
	key, found := x.server.options.Accounts.Key(claim.AccessKeyID)
	if !found {
		return &refusals.UnknownKey
	}
	if !x.hasToken(key.SessionToken) {
		return &refusals.BadToken
	}
	if x.Call.Region != claim.Region {
		return &refusals.WrongRegion
	}
	if claim.CheckTime(x.Now) != nil {
		return &refusals.Skewed
	}
	if claim.VerifyBody(x.http, key.Secret, x.body) != nil {
		return &refusals.BadSignature
	}
	if !key.Expires.IsZero() && !x.Now.Before(key.Expires) {
		return &refusals.Expired
	}
	x.Key = key
	return nil
}

// hasToken says whether the request carries the session token, in its headers or its URL, or none where there is none.
func (x *exchange) hasToken(want string) bool {
	token := cmp.Or(x.http.Header.Get("X-Amz-Security-Token"), x.http.URL.Query().Get("X-Amz-Security-Token"))
	return subtle.ConstantTimeCompare([]byte(token), []byte(want)) == 1
}

func (x *exchange) answer(document any) error {
	inside, err := elements(document)
	if err == nil {
		x.write(http.StatusOK, x.service.Format.answer(x.service, x.Parameters.Get("Action"), x.ID, inside))
	}
	return err
}

// write writes what is made of texts only, which encoding/xml can always encode.
func (x *exchange) write(status int, document any) {
	body, _ := xml.Marshal(document)
	body = append([]byte(xml.Header), body...)
	h := x.w.Header()
	h.Set("Content-Type", "text/xml;charset=UTF-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	x.w.WriteHeader(status)
	_, _ = x.w.Write(body) // the client may be gone
}
