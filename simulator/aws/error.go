// Package aws is what services of AWS have in common: how they refuse requests. Signatures and the Query protocol are
// packages below it.
package aws

import (
	"errors"
	"net/http"

	"github.com/velero-locations/velero-locations/simulator/faults"
)

// Error is an answer that refuses a request. Codes, messages and statuses are those that the service documents.
type Error struct {
	Code    string
	Message string
	Status  int
	// Extra are the elements that S3 adds to the body for a code, such as Region or BucketName, in order.
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

// AsError returns err as an answer; what is neither one nor a fault's becomes InternalError, whose body tells nothing about
// the cause.
func AsError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	if fault := (*faults.Refusal)(nil); errors.As(err, &fault) {
		return NewError(fault.Status, fault.Code, fault.Message)
	}
	return NewError(http.StatusInternalServerError, "InternalError", "We encountered an internal error. Please try again.")
}
