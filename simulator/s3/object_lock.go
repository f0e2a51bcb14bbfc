package s3

import (
	"net/http"
	"strings"
	"time"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

const (
	lockModeHeader  = "X-Amz-Object-Lock-Mode"
	lockUntilHeader = "X-Amz-Object-Lock-Retain-Until-Date"
	legalHoldHeader = "X-Amz-Object-Lock-Legal-Hold"
	// bypassHeader asks to pass over a retention in governance mode, for which s3:BypassGovernanceRetention is needed.
	bypassHeader = "X-Amz-Bypass-Governance-Retention"
)

func (q *request) bypassesGovernance() bool {
	return strings.EqualFold(q.Header.Get(bypassHeader), "true")
}

// lockAttributes reads the object lock of an object that is written.
func (q *request) lockAttributes(h http.Header, a *store.Attributes) error {
	mode, until, hold := h.Get(lockModeHeader), h.Get(lockUntilHeader), h.Get(legalHoldHeader)
	if mode == "" && until == "" && hold == "" {
		return nil
	}
	if !q.bucket.Settings().ObjectLock {
		return aws.NewError(http.StatusBadRequest, "InvalidRequest", "Bucket is missing ObjectLockConfiguration")
	}
	if (mode == "") != (until == "") {
		return invalidArgument("x-amz-object-lock-mode", mode, "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied")
	}
	if mode != "" {
		retention, err := q.parseRetention(mode, until)
		if err != nil {
			return err
		}
		a.Retention = retention
	}
	if hold != "" && hold != holdOn && hold != holdOff {
		return invalidArgument("x-amz-object-lock-legal-hold", hold, "Legal Hold must be either of 'ON' or 'OFF'")
	}
	setLegalHold(a, hold)
	return nil
}

// checkLockedBody refuses content without a digest that is to be locked, by its own attributes or by default.
func (q *request) checkLockedBody(a store.Attributes, requests string) error {
	locked := a.Retention.Mode != "" || legalHoldOf(&store.Object{Attributes: a}) != "" || q.bucket.Settings().Retention.Mode != ""
	if !locked || q.body.Promised() || q.body.PromisedMD5() {
		return nil
	}
	return aws.NewError(http.StatusBadRequest, "InvalidRequest",
		"Content-MD5 OR x-amz-checksum- HTTP header is required for "+requests+" requests with Object Lock parameters")
}

func lockMissing() *aws.Error {
	return aws.NewError(http.StatusBadRequest, "InvalidRequest", "Bucket is missing Object Lock Configuration")
}

func (q *request) parseRetention(mode, until string) (store.Retention, error) {
	if mode != store.Governance && mode != store.Compliance {
		return store.Retention{}, invalidArgument("x-amz-object-lock-mode", mode, "Unknown wormMode directive.")
	}
	t, err := time.Parse(time.RFC3339, until)
	if err != nil {
		return store.Retention{}, invalidArgument("x-amz-object-lock-retain-until-date", until, "The retain until date must be provided in ISO 8601 format")
	}
	if !t.After(q.Now) {
		return store.Retention{}, invalidArgument("x-amz-object-lock-retain-until-date", until, "The retain until date must be in the future!")
	}
	return store.Retention{Mode: mode, Until: t.UTC()}, nil
}

// lockable finds the object of a request that is about its lock.
func (q *request) lockable() (*store.Object, error) {
	if !q.bucket.Settings().ObjectLock {
		return nil, lockMissing()
	}
	return q.object()
}
