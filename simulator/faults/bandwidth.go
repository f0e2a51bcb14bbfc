package faults

import (
	"errors"
	"time"
)

// Bandwidth limits how fast the bodies of a request and of its answer are transferred.
type Bandwidth struct {
	BytesPerSecond int64 `json:"bytesPerSecond" doc:"Rate of transfer in each direction." minimum:"1"`
}

// Validate wants a rate.
func (b Bandwidth) Validate() error {
	if b.BytesPerSecond < 1 {
		return errors.New("bytesPerSecond: it is not a positive number")
	}
	return nil
}

// slice of time in which a piece is transferred.
const slice = 20 * time.Millisecond

// Inject slows both directions down.
func (b Bandwidth) Inject(x *Exchange) error {
	limited := func(_ int64, size int) (int, error) {
		n := int64(max(1, float64(b.BytesPerSecond)*slice.Seconds()))
		n = min(n, int64(size))
		return int(n), x.wait(time.Duration(float64(n) / float64(b.BytesPerSecond) * float64(time.Second)))
	}
	x.upload = append(x.upload, limited)
	x.download = append(x.download, limited)
	return nil
}
