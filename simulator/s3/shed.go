package s3

import (
	"net/http"
	"strings"

	"github.com/velero-locations/velero-locations/internal/memory"
	"github.com/velero-locations/velero-locations/simulator/aws"
)

// What requests need in memory, about.
const (
	// streamNeeds is for content on its way to a disk or from one.
	streamNeeds = 64 << 10
	// listNeeds is for the page of a listing.
	listNeeds = 4 << 20
	// documentNeeds is how much of it each byte of a document needs.
	documentNeeds = 8
)

// admit refuses what there is no memory for, as S3 refuses what is too much for it. What deletes passes. The function says that the request
// is done.
func (q *request) admit(op operation, budget *memory.Budget) (done func(), err error) {
	switch {
	case q.Method == http.MethodDelete || q.Method == http.MethodHead || op.name == "DeleteObjects":
		return func() {}, nil
	case op.needs&stream != 0 && q.server.options.Store.InMemory():
		if !budget.Hold(max(q.ContentLength, 0) + streamNeeds) {
			return nil, slowDown()
		}
		return func() {}, nil
	}
	needs := int64(streamNeeds)
	switch {
	case strings.HasPrefix(op.name, "List"):
		needs = listNeeds
	case op.needs&stream == 0:
		needs += min(max(q.ContentLength, 0), maxDocument) * documentNeeds
	}
	done, ok := budget.Admit(needs)
	if !ok {
		return nil, slowDown()
	}
	return done, nil
}

func slowDown() *aws.Error {
	return aws.NewError(http.StatusServiceUnavailable, "SlowDown", "Please reduce your request rate: the simulator's memory is almost used up.")
}
