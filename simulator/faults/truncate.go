package faults

// Truncate ends the answer before its announced length, with the regular end of the connection.
type Truncate struct {
	After int64 `json:"afterBytes,omitempty" doc:"How many bytes of the answer's body are sent." minimum:"0"`
}

// Validate wants a length.
func (t Truncate) Validate() error { return Download.validate(t.After, Download) }

// Inject prepares the end.
func (t Truncate) Inject(x *Exchange) error {
	return x.at(Download, t.After, func() error { return x.cut(false) })
}
