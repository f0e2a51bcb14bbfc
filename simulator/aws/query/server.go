package query

import (
	"cmp"
	"crypto/subtle"
	"encoding/xml"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"github.com/velero-locations/velero-locations/simulator/accounts"
	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/aws/sigv4"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/internal/pipeline"
)

// maxBody bounds the body of a request, in bytes: thousands of ids.
const maxBody = 1 << 20

// exchange is one request, as far as it is understood by now.
type exchange struct {
	pipeline.Exchange
	server     *Server
	service    *Service
	parameters *Parameters
	body       []byte
	badBody    error
	claim      *sigv4.Authorization // not verified
	badClaim   error
}

var _ pipeline.Steps = (*exchange)(nil)

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{Exchange: s.options.Pipeline.Begin(w, r, uuid.NewString()), server: s, parameters: &Parameters{}}
	w.Header().Set("X-Amzn-Requestid", x.ID)
	w.Header().Set("Date", x.Now.UTC().Format(http.TimeFormat)) // from which clients learn that their clock is wrong
	x.Run(x)
}

// Identify makes out who asks for what.
func (x *exchange) Identify() {
	x.readParameters()
	version, action := x.parameters.Get("Version"), x.parameters.Get("Action")
	services := x.server.options.Services
	x.service = services[max(0, slices.IndexFunc(services, func(s *Service) bool { return s.Version == version }))]
	x.Call.Region = x.server.region
	if x.service.Actions[action] != nil {
		x.Call.Operation = x.service.Name + ":" + action
	}
	if x.service.Resource != nil {
		x.Call.Resource = x.service.Resource(x.parameters)
	}
	if x.claim, x.badClaim = sigv4.ParseRequestTo(x.service.Name, x.Request); x.claim == nil {
		return
	}
	x.Claim(x.claim.AccessKeyID)
	if x.Call.Region == "" && slices.Contains(x.server.options.Regions, x.claim.Region) {
		x.Call.Region = x.claim.Region
	}
}

// readParameters reads them from the body of a POST, or the URL of a GET, as presigned requests have them.
func (x *exchange) readParameters() {
	encoded := x.URL.RawQuery
	body, err := x.ReadBody(maxBody)
	if x.Method == http.MethodPost {
		encoded, x.body, x.badBody = string(body), body, err
	}
	if errors.Is(x.badBody, pipeline.ErrTooLarge) {
		x.badBody = aws.NewError(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "Request entity is too large.")
	}
	if x.badBody != nil {
		return
	}
	parameters, err := Parse(encoded)
	if err != nil {
		x.badBody = err
		return
	}
	x.parameters = parameters
}

// Serve takes the steps from an unknown request to its answer: who asks, where, for what.
func (x *exchange) Serve() error {
	if x.badBody != nil {
		return x.badBody
	}
	name := x.parameters.Get("Action")
	var key accounts.Key
	if !x.service.Unsigned[name] {
		var err error
		if key, err = x.authenticate(); err != nil {
			return err
		}
	}
	action := x.service.Actions[name]
	if action == nil {
		return x.service.Refusals.UnknownAction(name)
	}
	document, err := action(&Request{Call: x.Call, Key: key, Parameters: x.parameters, ID: x.ID, Now: x.Now})
	if err != nil {
		return err
	}
	inside, err := elements(document)
	if err != nil {
		return err
	}
	x.write(http.StatusOK, x.service.Format.answer(x.service, name, x.ID, inside))
	return nil
}

func (x *exchange) authenticate() (accounts.Key, error) {
	refusals, claim := &x.service.Refusals, x.claim
	if x.badClaim != nil {
		return accounts.Key{}, &refusals.BadSignature
	}
	if claim == nil {
		return accounts.Key{}, &refusals.Unsigned
	}
	key, found := x.AccessKey(claim.AccessKeyID)
	if !found {
		return key, &refusals.UnknownKey
	}
	if !x.hasToken(key.SessionToken) {
		return key, &refusals.BadToken
	}
	if x.Call.Region != claim.Region {
		return key, &refusals.WrongRegion
	}
	if claim.CheckTime(x.Now) != nil {
		return key, &refusals.Skewed
	}
	if claim.VerifyBody(x.Request, key.Secret, x.body) != nil {
		return key, &refusals.BadSignature
	}
	if key.Expired(x.Now) {
		return key, &refusals.Expired
	}
	return key, nil
}

// hasToken says whether the request carries the session token, in its headers or its URL, or none where there is none.
func (x *exchange) hasToken(want string) bool {
	token := cmp.Or(x.Header.Get("X-Amz-Security-Token"), x.URL.Query().Get("X-Amz-Security-Token"))
	return subtle.ConstantTimeCompare([]byte(token), []byte(want)) == 1
}

// Refuse answers with an error in the service's format.
func (x *exchange) Refuse(err error) (status int, code string) {
	if errors.Is(err, faults.ErrExpired) {
		err = &x.service.Refusals.Expired
	}
	e := aws.AsError(err)
	x.write(e.Status, x.service.Format.refusal(e, x.ID))
	return e.Status, e.Code
}

// write writes what is made of texts only, which encoding/xml can always encode.
func (x *exchange) write(status int, document any) {
	body, _ := xml.Marshal(document)
	body = append([]byte(xml.Header), body...)
	h := x.W.Header()
	h.Set("Content-Type", "text/xml;charset=UTF-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	x.W.WriteHeader(status)
	_, _ = x.W.Write(body) // the client may be gone
}
