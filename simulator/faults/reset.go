package faults

// Reset resets the connection.
type Reset struct {
	// At is start by default.
	At    Point `json:"at,omitempty" doc:"start: before anything is done; upload: after so many bytes of the request's body; download: once the request is done, after so many bytes of the answer's body. Left out: start." enum:"start,upload,download"`
	After int64 `json:"afterBytes,omitempty" doc:"How many bytes of the body are transferred first." minimum:"0"`
}

// Validate wants a known point.
func (r Reset) Validate() error { return r.At.validate(r.After, Start, Upload, Download) }

// Inject resets now, or prepares to.
func (r Reset) Inject(x *Exchange) error {
	return x.at(r.At, r.After, func() error { return x.cut(true) })
}
