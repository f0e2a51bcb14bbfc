package faults

// Expired refuses a request as if the credentials that signed it had expired: ExpiredToken, as STS's tokens do.
type Expired struct{}

// Validate has nothing to check.
func (Expired) Validate() error { return nil }

// Inject refuses.
func (Expired) Inject(x *Exchange) error { return Error{Code: "ExpiredToken"}.Inject(x) }
