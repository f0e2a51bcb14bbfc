// Package query serves AWS's Query protocol: a request is a form with an action, signed with Signature Version 4, and its
// answer is XML. It does what services have in common; a service is a table of its actions.
package query

import (
	"net/http"
	"time"

	"github.com/velero-locations/velero-locations/simulator/accounts"
	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/call"
	"github.com/velero-locations/velero-locations/simulator/internal/pipeline"
)

// Service is one service of a cloud.
type Service struct {
	// Name is that in signatures, actions and the journal, such as ec2.
	Name string
	// Version of its API, which requests name.
	Version   string
	Namespace string
	Format    Format
	Actions   map[string]Action
	// Unsigned are actions that prove who asks by other means than a signature.
	Unsigned map[string]bool
	Refusals Refusals
	// Resource names the first resource that a request is about, for faults and the journal; nil is none.
	Resource func(*Parameters) string
}

// Action answers a request with a document, which encoding/xml must be able to write, or an error. What is not a
// *aws.Error is answered as InternalError.
type Action func(*Request) (document any, err error)

// Refusals are what a service answers to requests that are not signed as they must be, or ask for what it does not know.
type Refusals struct {
	Unsigned, UnknownKey, BadToken, BadSignature, Skewed, Expired, WrongRegion aws.Error
	UnknownAction                                                              func(action string) *aws.Error
}

// Request is a request whose signature was verified, unless the action needs none.
type Request struct {
	// Call names who asks for what.
	Call call.Call
	// Key is the access key that signed.
	Key        accounts.Key
	Parameters *Parameters
	// ID is the request's id, and Now when it came, by the cloud's clock.
	ID  string
	Now time.Time
}

// Permits says whether the signer may do an action of IAM, such as ec2:CreateTags, in the request's region.
func (r *Request) Permits(action string) bool {
	c := r.Call
	c.Operation = action
	return r.Key.Permits(c, c.Account, nil)
}

// Options of a server.
type Options struct {
	Pipeline *pipeline.Pipeline
	// Services are told apart by the versions that requests name.
	Services []*Service
	// Regions are those that exist.
	Regions []string
}

// Server serves several services at one endpoint.
type Server struct {
	options Options
	// region is that of a regional endpoint; empty is an endpoint at which the region that a request is signed for is the
	// one it is about.
	region string
}

var _ http.Handler = (*Server)(nil)

// NewServer returns a server at which signatures pick the region.
func NewServer(options Options) *Server { return &Server{options: options} }

// Regional returns a server for the endpoint of one region, which accepts no other region's signatures.
func (s *Server) Regional(region string) *Server { return &Server{s.options, region} }
