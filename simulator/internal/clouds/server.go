package clouds

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/google/uuid"

	"github.com/velero-locations/velero-locations/simulator/accounts"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/internal/openapi"
	"github.com/velero-locations/velero-locations/simulator/internal/pipeline"
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

// exchange is one request, as far as it is understood by now. Operation is nil where there is none.
type exchange struct {
	pipeline.Exchange
	provider  *Provider
	operation *Operation
	body      []byte
	badBody   error
}

var _ pipeline.Steps = (*exchange)(nil)

// serve answers one request.
func (s *server) serve(w http.ResponseWriter, r *http.Request, provider *Provider, operation *Operation) {
	x := &exchange{Exchange: s.options.Pipeline.Begin(w, r, uuid.NewString()), provider: provider, operation: operation}
	w.Header().Set("X-Request-Id", x.ID)
	x.Run(x)
}

// Identify makes out who asks for what.
func (x *exchange) Identify() {
	x.body, x.badBody = x.ReadBody(maxBody)
	if errors.Is(x.badBody, pipeline.ErrTooLarge) {
		x.badBody = Refuse(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "The request has more than %d bytes.", maxBody)
	}
	if id, _, given := x.BasicAuth(); given {
		x.Claim(id)
	}
	if x.operation != nil {
		x.Call.Operation = x.provider.Name + ":" + x.operation.Name
		x.Call.Region, x.Call.Resource = x.provider.Locate(x.request(accounts.Key{}))
	}
}

// request is what an operation is told of the request.
func (x *exchange) request(key accounts.Key) *Request {
	return &Request{Call: x.Call, Key: key, Now: x.Now, http: x.Request, body: x.body, provider: x.provider}
}

// Serve takes the steps from an unknown request to its answer: who asks, for what.
func (x *exchange) Serve() error {
	if x.badBody != nil {
		return x.badBody
	}
	key, err := x.authenticate()
	if err != nil {
		return err
	}
	if x.operation == nil {
		return Refuse(http.StatusNotFound, "NoSuchOperation", "%s %s is not an operation: see /%s/v1/openapi.json for those that exist.",
			x.Method, x.URL.Path, x.provider.Name)
	}
	document, err := x.operation.Serve(x.request(key))
	if err != nil {
		return err
	}
	x.write(document)
	return nil
}

// authenticate checks the id and the secret of a key. A key that needs a session token is for AWS alone.
func (x *exchange) authenticate() (accounts.Key, error) {
	refusals := &x.provider.Refusals
	id, secret, given := x.BasicAuth()
	if !given {
		return accounts.Key{}, &refusals.Unsigned
	}
	key, found := x.AccessKey(id)
	if !found || key.SessionToken != "" {
		return key, refusals.UnknownKey(id)
	}
	if subtle.ConstantTimeCompare([]byte(secret), []byte(key.Secret)) != 1 {
		return key, &refusals.BadSecret
	}
	if key.Expired(x.Now) {
		return key, &refusals.Expired
	}
	return key, nil
}

// Refuse answers with an error.
func (x *exchange) Refuse(err error) (status int, code string) {
	refusal := x.refusal(err)
	writeJSON(x.W, refusal.Status, Problem{*refusal})
	return refusal.Status, refusal.Code
}

// refusal is an error as the provider answers it; what nobody refuses with becomes InternalError, whose body tells nothing
// about the cause.
func (x *exchange) refusal(err error) *Error {
	if errors.Is(err, faults.ErrExpired) {
		return &x.provider.Refusals.Expired
	}
	if fault := (*faults.Refusal)(nil); errors.As(err, &fault) {
		return &Error{fault.Status, fault.Code, fault.Message}
	}
	if refusal := (*Error)(nil); errors.As(err, &refusal) {
		return refusal
	}
	return Refuse(http.StatusInternalServerError, "InternalError", "The request could not be served.")
}

func (x *exchange) write(document any) {
	switch document := document.(type) {
	case nil:
		x.W.WriteHeader(http.StatusNoContent)
	case openapi.Created:
		writeJSON(x.W, http.StatusCreated, document.Body)
	default:
		writeJSON(x.W, http.StatusOK, document)
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
