// Package clouds serves simulations of providers that have a JSON API of the simulator's own here, in place of their
// vendors' protocols: what is simulated is what they accept and refuse. It does what their APIs have in common; a provider
// is a table of its operations.
package clouds

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/velero-locations/velero-locations/simulator/accounts"
	"github.com/velero-locations/velero-locations/simulator/call"
	"github.com/velero-locations/velero-locations/simulator/internal/openapi"
	"github.com/velero-locations/velero-locations/simulator/internal/pipeline"
)

// Provider is one simulated provider, whose API is below /NAME/v1.
type Provider struct {
	// Name is that in paths, actions and the journal, such as azure.
	Name       string
	Title      string
	Operations []Operation
	Refusals   Refusals
	// Locate says what a request is about, and in which region, before anything is verified: faults and the journal need
	// it. What does not exist may be left out.
	Locate func(*Request) (region, resource string)
}

// Operation answers a request with a document, which encoding/json must be able to write, nil or an error. What is not
// an *Error is answered as InternalError. The answer of openapi.Created has status 201.
type Operation struct {
	openapi.Operation
	// Name is that in actions and the journal, such as CreateSnapshot.
	Name  string
	Serve func(*Request) (any, error)
}

// Refusals are what a provider answers to requests without good credentials.
type Refusals struct {
	Unsigned, BadSecret, Expired Error
	// UnknownKey is also what a key gets that is disabled.
	UnknownKey func(key string) *Error
	// Denied is what a policy does not permit.
	Denied func(r *Request, action, resource string) *Error
}

// Error is an answer that refuses.
type Error struct {
	Status  int    `json:"-"`
	Code    string `json:"code" doc:"What kind of refusal it is, such as ResourceNotFound."`
	Message string `json:"message" doc:"What is wrong."`
}

// Error returns the code and the message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Refuse makes an answer that refuses.
func Refuse(status int, code, format string, args ...any) *Error {
	return &Error{status, code, fmt.Sprintf(format, args...)}
}

// Problem is the body of every answer that refuses.
type Problem struct {
	Error Error `json:"error" doc:"The refusal."`
}

// Request is a request whose credentials were verified, but for Locate.
type Request struct {
	// Call names who asks for what.
	Call call.Call
	// Key is the access key whose id and secret the request has.
	Key accounts.Key
	// Now is when the request came, by the cloud's clock.
	Now time.Time

	http     *http.Request
	body     []byte
	provider *Provider
}

// Path returns the part of the path that the operation's path has under a name.
func (r *Request) Path(name string) string { return r.http.PathValue(name) }

// Decode reads the body. A field that is not known is refused.
func (r *Request) Decode(into any) error {
	decoder := json.NewDecoder(bytes.NewReader(r.body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return Refuse(http.StatusBadRequest, "InvalidRequestContent", "The request content was invalid and could not be deserialized: %v.", err)
	}
	return nil
}

// Peek reads what can be read of the body, for Locate.
func (r *Request) Peek(into any) { _ = json.Unmarshal(r.body, into) }

// Authorize refuses what the key's policy does not permit: an operation of the provider, such as GetDisk, on a resource in
// a region.
func (r *Request) Authorize(operation, region, resource string) error {
	c := r.Call
	c.Operation, c.Region, c.Resource = r.provider.Name+":"+operation, region, resource
	if r.Key.Permits(c, c.Account, nil) {
		return nil
	}
	return r.provider.Refusals.Denied(r, c.Operation, resource)
}

// Options of a server.
type Options struct {
	Pipeline  *pipeline.Pipeline
	Providers []*Provider
}
