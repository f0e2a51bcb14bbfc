package faults

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"
)

// Point is where in an exchange a fault strikes.
type Point string

const (
	// Start is before anything was done.
	Start Point = "start"
	// Upload is in the body of the request.
	Upload Point = "upload"
	// Download is in the body of the answer: by then the request was done, whatever its client thinks.
	Download Point = "download"
)

func (p Point) validate(after int64, points ...Point) error {
	if p != "" && !slices.Contains(points, p) {
		return fmt.Errorf("at: %q is not one of %v", p, points)
	}
	if after < 0 {
		return errors.New("afterBytes: it is negative")
	}
	return nil
}

// at calls strike at a point. A strike that returns nil lets the transfer go on.
func (x *Exchange) at(point Point, after int64, strike func() error) error {
	limited := func(before int64, size int) (int, error) {
		if before >= after {
			return size, strike()
		}
		return int(min(after-before, int64(size))), nil
	}
	switch point {
	case Upload:
		x.upload = append(x.upload, limited)
	case Download:
		x.download = append(x.download, limited)
	default:
		return strike()
	}
	return nil
}

// hang leaves the exchange as it is for a while, or with zero until the client gives up or the server stops. Without an
// end it throws away the rest of the request's body: a server that does not read can't see its client leave.
func (x *Exchange) hang(duration time.Duration) error {
	if x.sent > 0 {
		_ = http.NewResponseController(x.inner).Flush() // a client that is gone ends the wait below
	}
	if duration > 0 {
		return x.wait(duration)
	}
	if _, err := io.Copy(io.Discard, x.body); err == nil || errors.Is(err, http.ErrBodyReadAfterClose) {
		<-x.request.Context().Done()
	}
	return x.cut(false)
}
