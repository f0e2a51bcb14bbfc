package objects

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"github.com/velero-locations/velero-locations/simulator/aws"
)

// response takes what gofakes3 answers. A success goes through with its headers put right; a failure is kept back,
// to be written as S3 writes it.
type response struct {
	inner   http.ResponseWriter
	header  http.Header
	backend *backend
	head    bool
	status  int
	failure bytes.Buffer
}

var _ http.ResponseWriter = (*response)(nil)

// Header collects the headers of the answer.
func (a *response) Header() http.Header { return a.header }

// WriteHeader starts the answer, unless it is a failure.
func (a *response) WriteHeader(status int) {
	if a.status != 0 {
		return
	}
	if a.status = status; a.failed() {
		return
	}
	for _, name := range []string{
		"X-Amz-Request-Id", "X-Amz-Id-2", "Server", // set in front
		"Access-Control-Allow-Origin", // no CORS configuration allows it
		"X-Amz-Delete-Marker",         // known here
	} {
		a.header.Del(name)
	}
	maps.Copy(a.header, a.backend.headers)
	for name, values := range a.header {
		if strings.HasPrefix(name, "X-Amz-Meta-") {
			name = strings.ToLower(name) // as S3 sends them: clients not written in Go take the name as it comes
		}
		a.inner.Header()[name] = values
	}
	a.inner.WriteHeader(status)
}

// Write passes on the body of a success.
func (a *response) Write(p []byte) (int, error) {
	if a.status == 0 {
		if a.header.Get("Content-Type") == "" {
			a.header.Set("Content-Type", "application/xml")
		}
		a.WriteHeader(http.StatusOK)
	}
	if a.failed() {
		return a.failure.Write(p)
	}
	return a.inner.Write(p)
}

func (a *response) failed() bool { return a.status >= http.StatusMultipleChoices }

// finish ends the answer and returns the failure that is still to be written.
func (a *response) finish() error {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	switch {
	case !a.failed():
		return nil
	case a.backend.err != nil:
		return a.backend.err
	case a.head:
		return aws.NewError(a.status, http.StatusText(a.status), "")
	}
	return a.parse()
}

// messages are S3's, for codes that gofakes3 leaves without one.
var messages = map[string]string{
	"InvalidRange":         "The requested range is not satisfiable",
	"InvalidURI":           "Couldn't parse the specified URI.",
	"KeyTooLongError":      "Your key is too long",
	"MethodNotAllowed":     "The specified method is not allowed against this resource.",
	"MissingContentLength": "You must provide the Content-Length HTTP header.",
}

func (a *response) parse() error {
	var failure struct{ Code, Message string }
	if err := xml.Unmarshal(a.failure.Bytes(), &failure); err != nil || failure.Code == "" {
		return fmt.Errorf("gofakes3 answered %d without an error in its body", a.status)
	}
	if message, found := messages[failure.Code]; found {
		failure.Message = message
	}
	return aws.NewError(a.status, failure.Code, failure.Message)
}
