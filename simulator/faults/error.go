package faults

import (
	"cmp"
	"errors"
	"net/http"
	"regexp"
)

// Error refuses a request with a code of the service.
type Error struct {
	Code string `json:"code" doc:"Error code of the service, such as SlowDown."`
	// Status and Message are known for the usual codes, and else 500 and the code itself.
	Status  int    `json:"status,omitempty" doc:"HTTP status; left out: that of the code where it is known, else 500." minimum:"300" maximum:"599"`
	Message string `json:"message,omitempty" doc:"Message; left out: that of the code where it is known, else the code."`
}

// known are the codes that are worth a fault, with what AWS documents for them.
var known = map[string]Refusal{
	"SlowDown":              {http.StatusServiceUnavailable, "", "Please reduce your request rate."},
	"ServiceUnavailable":    {http.StatusServiceUnavailable, "", "Service is unable to handle request."},
	"InternalError":         {http.StatusInternalServerError, "", "We encountered an internal error. Please try again."},
	"OperationAborted":      {http.StatusConflict, "", "A conflicting conditional operation is currently in progress against this resource. Try again."},
	"RequestTimeout":        {http.StatusBadRequest, "", "Your socket connection to the server was not read from or written to within the timeout period."},
	"AccessDenied":          {http.StatusForbidden, "", "Access Denied"},
	"AccountProblem":        {http.StatusForbidden, "", "There is a problem with your AWS account that prevents the operation from completing successfully."},
	"AllAccessDisabled":     {http.StatusForbidden, "", "All access to this Amazon S3 resource has been disabled."},
	"InvalidAccessKeyId":    {http.StatusForbidden, "", "The AWS Access Key Id you provided does not exist in our records."},
	"InvalidObjectState":    {http.StatusForbidden, "", "The operation is not valid for the current state of the object."},
	"InvalidToken":          {http.StatusBadRequest, "", "The provided token is malformed or otherwise invalid."},
	"ExpiredToken":          {http.StatusBadRequest, "", "The provided token has expired."},
	"NoSuchBucket":          {http.StatusNotFound, "", "The specified bucket does not exist"},
	"NoSuchKey":             {http.StatusNotFound, "", "The specified key does not exist."},
	"NoSuchUpload":          {http.StatusNotFound, "", "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed."},
	"PreconditionFailed":    {http.StatusPreconditionFailed, "", "At least one of the pre-conditions you specified did not hold"},
	"EntityTooLarge":        {http.StatusBadRequest, "", "Your proposed upload exceeds the maximum allowed object size."},
	"TooManyBuckets":        {http.StatusBadRequest, "", "You have attempted to create more buckets than allowed"},
	"RequestLimitExceeded":  {http.StatusServiceUnavailable, "", "Request limit exceeded."},
	"UnauthorizedOperation": {http.StatusForbidden, "", "You are not authorized to perform this operation."},

	"Unavailable":                           {http.StatusServiceUnavailable, "", "The server is overloaded and can't handle the request."},
	"InsufficientVolumeCapacity":            {http.StatusServiceUnavailable, "", "There is not enough capacity to fulfill your EBS volume provision request."},
	"VolumeLimitExceeded":                   {http.StatusBadRequest, "", "You have exceeded the maximum number of volumes allowed for your account."},
	"SnapshotLimitExceeded":                 {http.StatusBadRequest, "", "You have exceeded the maximum number of snapshots allowed for your account."},
	"ConcurrentSnapshotLimitExceeded":       {http.StatusBadRequest, "", "Maximum allowed in-progress snapshots for a single volume exceeded."},
	"TooManyRequests":                       {http.StatusTooManyRequests, "", "The request rate is too high. Try again later."},
	"SnapshotCreationPerVolumeRateExceeded": {http.StatusBadRequest, "", "The maximum per volume CreateSnapshot request rate has been exceeded. Use an increasing or variable sleep interval between requests."},
}

var errorCode = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9.]*$`)

// Validate wants a code, and no status that means success.
func (e Error) Validate() error {
	if !errorCode.MatchString(e.Code) {
		return errors.New("code: it is not an error code such as SlowDown")
	}
	if e.Status != 0 && (e.Status < 300 || e.Status > 599) {
		return errors.New("status: it is not an HTTP status from 300 to 599")
	}
	return nil
}

// Inject refuses.
func (e Error) Inject(*Exchange) error {
	usual := known[e.Code]
	return &Refusal{
		Status:  cmp.Or(e.Status, usual.Status, http.StatusInternalServerError),
		Code:    e.Code,
		Message: cmp.Or(e.Message, usual.Message, e.Code),
	}
}
