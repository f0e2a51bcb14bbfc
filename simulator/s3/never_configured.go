package s3

import (
	"encoding/xml"
	"net/http"
)

// What S3 answers of configurations that were never set: here they cannot be.
const (
	neverLogged      = `<BucketLoggingStatus xmlns="` + namespace + `"></BucketLoggingStatus>`
	neverAccelerated = `<AccelerateConfiguration xmlns="` + namespace + `"></AccelerateConfiguration>`
	ownerPays        = `<RequestPaymentConfiguration xmlns="` + namespace + `"><Payer>BucketOwner</Payer></RequestPaymentConfiguration>`
)

// neverConfigured answers with one of them.
func neverConfigured(document string) func(*request) error {
	return func(q *request) error {
		q.W.Header().Set("Content-Type", "application/xml")
		q.W.WriteHeader(http.StatusOK)
		_, _ = q.W.Write([]byte(xml.Header + document)) // the client may be gone
		return nil
	}
}
