package s3

import (
	"encoding/xml"
	"net/http"
	"strconv"

	"github.com/velero-locations/velero-locations/simulator/aws"
)

// writeError answers with the error: the XML body of S3, or none where HTTP allows none (HEAD, 304).
// The headers x-amz-request-id and x-amz-id-2 are expected to be set already and are repeated in the body.
func writeError(w http.ResponseWriter, r *http.Request, e *aws.Error) {
	h := w.Header()
	for name, values := range e.Headers {
		h[name] = values
	}
	if r.Method == http.MethodHead || e.Status == http.StatusNotModified {
		h.Del("Content-Type")
		h.Del("Content-Length")
		w.WriteHeader(e.Status)
		return
	}
	body := errorBody(e, h.Get("X-Amz-Request-Id"), h.Get("X-Amz-Id-2"))
	h.Set("Content-Type", "application/xml")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(e.Status)
	_, _ = w.Write(body) // the client may be gone; there is nobody left to tell
}

func errorBody(e *aws.Error, requestID, hostID string) []byte {
	out := append([]byte(xml.Header), "<Error>"...)
	out = appendElement(out, "Code", e.Code)
	out = appendElement(out, "Message", e.Message)
	for _, more := range e.Extra {
		out = appendElement(out, more.Name, more.Value)
	}
	out = appendElement(out, "RequestId", requestID)
	out = appendElement(out, "HostId", hostID)
	return append(out, "</Error>"...)
}
