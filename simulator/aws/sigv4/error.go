// Package sigv4 speaks S3's protocol below its operations: signatures, request bodies and errors.
package sigv4

import (
	"encoding/xml"
	"errors"
	"net/http"
	"strconv"
)

// Error is an answer of S3 that refuses a request. Codes, messages and statuses are those of S3's "Error responses".
type Error struct {
	Code    string
	Message string
	Status  int
	// Extra are the elements that S3 adds to the body for this code, such as Region or BucketName, in order.
	Extra []Element
	// Headers are added to the answer.
	Headers http.Header
}

// Element is one element of an error's body.
type Element struct {
	Name, Value string
}

var _ error = (*Error)(nil)

// Error returns the code and the message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// With returns the error with one more element in its body.
func (e *Error) With(name, value string) *Error {
	e.Extra = append(e.Extra, Element{name, value})
	return e
}

// NewError makes an error from its code, its message and its HTTP status.
func NewError(status int, code, message string) *Error {
	return &Error{Code: code, Message: message, Status: status}
}

// NotImplemented refuses what the simulator does not do, as S3 does for headers and parameters it does not know.
func NotImplemented(what string) *Error {
	return NewError(http.StatusNotImplemented, "NotImplemented",
		"A header or parameter you provided implies functionality that is not implemented: "+what)
}

// AsError returns err as S3's error; what is not one becomes InternalError, whose body tells nothing about the cause.
func AsError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return NewError(http.StatusInternalServerError, "InternalError", "We encountered an internal error. Please try again.")
}

// WriteError answers with the error: the XML body of S3, or none where HTTP allows none (HEAD, 304).
// The headers x-amz-request-id and x-amz-id-2 are expected to be set already and are repeated in the body.
func WriteError(w http.ResponseWriter, r *http.Request, e *Error) {
	h := w.Header()
	for name, values := range e.Headers {
		h[name] = values
	}
	if r.Method == http.MethodHead || e.Status == http.StatusNotModified {
		h.Del("Content-Type")
		h.Del("Content-Length")
		w.WriteHeader(e.Status)
		return
	}
	body := errorBody(e, h.Get("X-Amz-Request-Id"), h.Get("X-Amz-Id-2"))
	h.Set("Content-Type", "application/xml")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(e.Status)
	_, _ = w.Write(body) // the client may be gone; there is nobody left to tell
}

func errorBody(e *Error, requestID, hostID string) []byte {
	elements := []Element{{"Code", e.Code}, {"Message", e.Message}}
	elements = append(elements, e.Extra...)
	elements = append(elements, Element{"RequestId", requestID}, Element{"HostId", hostID})
	out := append([]byte(xml.Header), "<Error>"...)
	for _, el := range elements {
		out = AppendElement(out, el.Name, el.Value)
	}
	return append(out, "</Error>"...)
}
