package objectstore

import (
	"errors"
	"net/http"
)

// What a brief question may take.
const (
	briefRequests = 4
	briefKeys     = 100
	briefPage     = 256 << 10
	briefHeader   = 64 << 10
)

// errEnough ends what is more than a few requests.
var errEnough = errors.New("no more is asked")

func (o *S3Options) attempts() int {
	if o.Brief {
		return 1
	}
	return attempts
}

// pageSize is how many keys a page is asked for; 0: as many as the storage gives.
func (o *S3Options) pageSize() int {
	if o.Brief {
		return briefKeys
	}
	return 0
}

func (o *S3Options) mostOfPage() int64 {
	if o.Brief {
		return briefPage
	}
	return page
}

// frugal lets few requests through, if they are to be few.
func (s *S3) frugal(transport http.RoundTripper) http.RoundTripper {
	if !s.opts.Brief {
		return transport
	}
	return few{transport, s}
}

type few struct {
	http.RoundTripper

	store *S3
}

// RoundTrip implements http.RoundTripper.
func (f few) RoundTrip(req *http.Request) (*http.Response, error) {
	if f.store.spent.Add(1) > briefRequests {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, errEnough
	}
	return f.RoundTripper.RoundTrip(req)
}
