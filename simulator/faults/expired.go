package faults

import "fmt"

// Expired refuses a request as if the credentials that signed it had expired: ExpiredToken, or what the service has for it.
type Expired struct{}

// Validate has nothing to check.
func (Expired) Validate() error { return nil }

// Inject refuses.
func (Expired) Inject(x *Exchange) error {
	return fmt.Errorf("%w: %w", ErrExpired, Error{Code: "ExpiredToken"}.Inject(x))
}
