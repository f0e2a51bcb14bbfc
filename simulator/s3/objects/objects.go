// Package objects serves S3's operations on the objects of one bucket. It is the only place that knows gofakes3: what
// is asked of it was authenticated, authorised and decoded in front, and what gofakes3 answers is put right here.
package objects

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/johannesboyne/gofakes3"

	"github.com/velero-locations/velero-locations/simulator/store"
	"github.com/velero-locations/velero-locations/simulator/wire"
)

// Request is a request for a bucket that the signer may use.
type Request struct {
	Bucket *store.Bucket
	Key    string
	Body   *wire.Body
	// Attributes of the object that the request writes.
	Attributes store.Attributes
}

// Serve answers one of GetObject, HeadObject, PutObject, DeleteObject, DeleteObjects and the operations of multipart
// uploads. It is told which one by the method and the query of r, as S3 is. An error that it returns was not written.
func Serve(w http.ResponseWriter, r *http.Request, request Request) error {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		if request.Key != "" && !r.URL.Query().Has("uploadId") {
			if err := checkRead(w, r, request); err != nil {
				return err
			}
		}
	}
	b := &backend{request: request, http: r}
	answer := &response{inner: w, header: http.Header{}, backend: b, head: r.Method == http.MethodHead}
	// gofakes3's backends are not told who asks for what. One instance a request, which is a small struct, closes that gap.
	g := gofakes3.New(b, gofakes3.WithTimeSkewLimit(0), gofakes3.WithMetadataSizeLimit(0))
	g.Server().ServeHTTP(answer, inward(r, request))
	return answer.finish()
}

// checkRead evaluates the conditions of a GET or HEAD, which gofakes3 knows in part only.
func checkRead(w http.ResponseWriter, r *http.Request, request Request) error {
	object, err := request.Bucket.Get(request.Key)
	if err != nil {
		return Error(err, request.Key)
	}
	if err := Preconditions(r.Header, "", object); err != nil {
		if e := wire.AsError(err); e.Status == http.StatusNotModified {
			w.Header().Set("ETag", `"`+object.ETag+`"`)
			w.Header().Set("Last-Modified", object.Modified.Format(http.TimeFormat))
		}
		return err
	}
	if value := r.Header.Get("Range"); value != "" {
		r.Header.Set("Range", normalRange(value, object.Size))
	}
	return nil
}

// inward is the request as gofakes3 sees it: no header but those that it should act on, since it keeps every x-amz-
// header as metadata, and always a Content-Length, which it insists on.
func inward(r *http.Request, request Request) *http.Request {
	out := r.Clone(r.Context())
	out.Header = http.Header{}
	keep := []string{"Content-Md5", "Range"}
	if r.Method == http.MethodPut {
		keep = append(keep, "If-Match", "If-None-Match")
	}
	for _, name := range keep {
		if values := r.Header.Values(name); len(values) > 0 && values[0] != "" {
			out.Header[name] = values
		}
	}
	out.URL = &url.URL{Path: "/" + request.Bucket.Info().Name, RawQuery: r.URL.RawQuery}
	if request.Key != "" {
		out.URL.Path += "/" + request.Key
	}
	query := out.URL.Query()
	query.Del("versionId")
	out.URL.RawQuery = query.Encode()
	size := max(request.Body.Size, 0)
	out.Body, out.ContentLength = readCloser{request.Body}, size
	// gofakes3 refuses an empty part by its header, which S3 takes; it passes ContentLength on to the backend.
	if size == 0 && query.Has("partNumber") {
		size = 1
	}
	out.Header.Set("Content-Length", strconv.FormatInt(size, 10))
	return out
}

type readCloser struct{ *wire.Body }

// Close has nothing to release: the server closes the request's body.
func (readCloser) Close() error { return nil }
