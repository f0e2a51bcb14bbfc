package snapshotter

import (
	"errors"

	"github.com/velero-locations/velero-locations/drivers/advice"
)

// Reason is what kind of error it is, whatever the provider calls it.
type Reason string

const (
	// NotFound means that there is no such volume or snapshot in the location's region and account.
	NotFound Reason = "NotFound"
	// Elsewhere means that the volume, or the zone that one is wanted in, is in another region than
	// the location.
	Elsewhere Reason = "Elsewhere"
	// NotReady means that the volume or the snapshot is still being made, so that waiting helps.
	NotReady Reason = "NotReady"
	// Lost means that there is such a snapshot, but nothing can ever be made from it.
	Lost Reason = "Lost"
	// WrongRegion means that the provider has no such region, or the endpoint is not of it.
	WrongRegion Reason = "WrongRegion"
	// CredentialsRefused means that other credentials would help: the key is not known, or has
	// expired, or the file of credentials cannot be read.
	CredentialsRefused Reason = "CredentialsRefused"
	// Denied means that the credentials are good, but may not do this.
	Denied Reason = "Denied"
	// Throttled means that the provider is overloaded, or a quota is used up.
	Throttled Reason = "Throttled"
	// Unreachable means that there was no answer, or none that could be read.
	Unreachable Reason = "Unreachable"
	// Refused means that the provider answered with some other error.
	Refused Reason = "Refused"
)

// Error is why something could not be done with a volume or a snapshot.
type Error struct {
	Reason Reason
	// Code is the provider's own code, such as InvalidVolume.NotFound. Empty: it gave none.
	Code string
	// Advice says on one line what happened, a colon, and what to do. It holds no secret.
	Advice string
	// Cause is what kept the provider from being asked, or from answering; nil if it answered.
	Cause error
}

// Error is the advice.
func (e *Error) Error() string { return e.Advice }

// Unwrap returns the cause; nil if the provider answered.
func (e *Error) Unwrap() error { return e.Cause }

// CredentialsRefused says that other credentials, or other permissions of the same, would help.
func (e *Error) CredentialsRefused() bool {
	return e.Reason == CredentialsRefused || e.Reason == Denied
}

// ReasonOf returns the reason of an error; empty if it is not of a snapshotter.
func ReasonOf(err error) Reason {
	var failure *Error
	if errors.As(err, &failure) {
		return failure.Reason
	}
	return ""
}

// NewBadCredentials returns the error of a driver that cannot use a credentials file.
func NewBadCredentials(err error) *Error {
	return &Error{Reason: CredentialsRefused, Advice: err.Error(), Cause: err}
}

// NewUnreachable returns the error of a request that got no answer from an endpoint. Correct says
// what of its address users can correct, such as "endpoint_url in the credentials".
func NewUnreachable(endpoint, correct string, cause error) *Error {
	target := advice.Target{Endpoint: endpoint, Service: "the provider's service", Setting: correct}
	return &Error{Reason: Unreachable, Advice: target.Unreached(cause), Cause: cause}
}
