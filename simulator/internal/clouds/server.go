package clouds

import (
	"bytes"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/google/uuid"
	"k8s.io/klog/v2"

	"github.com/velero-locations/velero-locations/simulator/call"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/internal/openapi"
	"github.com/velero-locations/velero-locations/simulator/journal"
)

// maxBody bounds the body of a request, in bytes.
const maxBody = 1 << 20

type server struct{ options Options }

// NewServer returns a server of several providers at one endpoint.
func NewServer(options Options) http.Handler {
	s := &server{options}
	mux := http.NewServeMux()
	for _, provider := range options.Providers {
		prefix := "/" + provider.Name + "/v1"
		for _, operation := range provider.Operations {
			mux.HandleFunc(operation.Method+" "+prefix+operation.Path, func(w http.ResponseWriter, r *http.Request) {
				s.serve(w, r, provider, &operation)
			})
		}
		mux.HandleFunc("GET "+prefix+"/openapi.json", func(w http.ResponseWriter, _ *http.Request) {
			writeJSON(w, http.StatusOK, provider.describe(prefix))
		})
		mux.HandleFunc("/"+provider.Name+"/", func(w http.ResponseWriter, r *http.Request) {
			s.serve(w, r, provider, nil)
		})
	}
	return mux
}

func (p *Provider) describe(prefix string) openapi.Object {
	var operations []openapi.Operation
	for _, operation := range p.Operations {
		operations = append(operations, operation.Operation)
	}
	return openapi.Describe(openapi.API{Title: p.Title, Prefix: prefix, Problem: Problem{}, Basic: true}, operations)
}

// exchange is one request, as far as it is understood by now. Operation is nil where there is no such.
type exchange struct {
	*Request
	server    *server
	operation *Operation
	w         http.ResponseWriter
	badBody   error
}

// serve answers one request.
func (s *server) serve(w http.ResponseWriter, r *http.Request, provider *Provider, operation *Operation) {
	now := s.options.Now()
	recorder := s.options.Journal.Watch(w, r, now)
	defer recorder.Done()
	x := &exchange{Request: &Request{Now: now, http: r, provider: provider}, server: s, operation: operation, w: recorder}
	x.identify()
	recorder.Entry.Call, recorder.Entry.RequestID = x.Call, uuid.NewString()
	w.Header().Set("Server", "velero-locations-simulator")
	w.Header().Set("X-Request-Id", recorder.Entry.RequestID)

	err := x.inject(&recorder.Entry)
	var document any
	if err == nil {
		document, err = x.answer()
	}
	if errors.Is(err, faults.ErrGone) {
		return
	}
	klog.V(4).InfoS("Request", "operation", x.Call.Operation, "region", x.Call.Region, "accessKey", x.Key.ID, "refusal", err)
	if err == nil {
		x.write(document)
		return
	}
	refusal := (*Error)(nil)
	if !errors.As(err, &refusal) {
		klog.ErrorS(err, "Request failed", "operation", x.Call.Operation, "region", x.Call.Region)
		refusal = Refuse(http.StatusInternalServerError, "InternalError", "The request could not be served.")
	}
	writeJSON(x.w, refusal.Status, Problem{*refusal})
	if recorder.Entry.Status == refusal.Status {
		recorder.Entry.Error = refusal.Code
	}
}

// identify makes out who asks for what, before any of it is verified: faults strike first, and the journal tells of
// refused requests too.
func (x *exchange) identify() {
	x.body, x.badBody = io.ReadAll(io.LimitReader(x.http.Body, maxBody+1))
	if len(x.body) > maxBody {
		x.badBody = Refuse(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "The request has more than %d bytes.", maxBody)
	}
	x.http.Body = io.NopCloser(bytes.NewReader(x.body))
	if id, _, given := x.http.BasicAuth(); given {
		if key, found := x.server.options.Accounts.Key(id); found {
			x.Call = call.Call{AccessKey: key.ID, Account: key.Account.ID}
		}
	}
	if x.operation != nil {
		x.Call.Operation = x.provider.Name + ":" + x.operation.Name
		x.Call.Region, x.Call.Resource = x.provider.Locate(x.Request)
	}
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
		return &x.provider.Refusals.Expired
	}
	if refusal := (*faults.Refusal)(nil); errors.As(err, &refusal) {
		return &Error{refusal.Status, refusal.Code, refusal.Message}
	}
	if err != nil {
		return err
	}
	// Faults of the upload strike while the body is read.
	_, err = io.Copy(io.Discard, harmed.Body)
	return err
}

// answer takes the steps from an unknown request to its answer: who asks, for what.
func (x *exchange) answer() (any, error) {
	if x.badBody != nil {
		return nil, x.badBody
	}
	if err := x.authenticate(); err != nil {
		return nil, err
	}
	if x.operation == nil {
		return nil, Refuse(http.StatusNotFound, "NoSuchOperation", "%s %s is not an operation: see /%s/v1/openapi.json for those that exist.",
			x.http.Method, x.http.URL.Path, x.provider.Name)
	}
	return x.operation.Serve(x.Request)
}

// authenticate checks the id and the secret of a key. A key that needs a session token is for AWS alone.
func (x *exchange) authenticate() error {
	refusals := &x.provider.Refusals
	id, secret, given := x.http.BasicAuth()
	if !given {
		return &refusals.Unsigned
	}
	key, found := x.server.options.Accounts.Key(id)
	if !found || key.SessionToken != "" {
		return refusals.UnknownKey(id)
	}
	if subtle.ConstantTimeCompare([]byte(secret), []byte(key.Secret)) != 1 {
		return &refusals.BadSecret
	}
	if !key.Expires.IsZero() && !x.Now.Before(key.Expires) {
		return &refusals.Expired
	}
	x.Key = key
	return nil
}

func (x *exchange) write(document any) {
	switch document := document.(type) {
	case nil:
		x.w.WriteHeader(http.StatusNoContent)
	case openapi.Created:
		writeJSON(x.w, http.StatusCreated, document.Body)
	default:
		writeJSON(x.w, http.StatusOK, document)
	}
}

// writeJSON writes what is made of structs, maps and slices of plain values only, which encoding/json can always encode.
func writeJSON(w http.ResponseWriter, status int, document any) {
	body, _ := json.MarshalIndent(document, "", "  ")
	body = append(body, '\n')
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may be gone
}
