// Package objects serves S3's GetObject, HeadObject, PutObject, DeleteObject, UploadPart and AbortMultipartUpload on what
// the front found. It is the only place that knows gofakes3: what is asked of it was authenticated, authorised and
// decoded in front, and what gofakes3 answers is put right here.
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
	// Object and Content are what GetObject and HeadObject answer with; Content is nil for HeadObject.
	Object  *store.Object
	Content store.Content
	// Write is what PutObject and UploadPart write, but for its body.
	Write store.Write
	// Deletion is what DeleteObject deletes.
	Deletion store.Deletion
	// Describe returns the headers that say more of an object that is answered with or was written.
	Describe func(*store.Object) map[string]string
}

// Serve answers one of the package's operations. It is told which one by the method and the query of r, as S3 is. An
// error that it returns was not written.
func Serve(w http.ResponseWriter, r *http.Request, request Request) error {
	b := &backend{request: request}
	answer := &response{inner: w, header: http.Header{}, backend: b, head: r.Method == http.MethodHead}
	// gofakes3's backends are not told who asks for what. One instance a request, which is a small struct, closes that gap.
	g := gofakes3.New(b, gofakes3.WithTimeSkewLimit(0), gofakes3.WithMetadataSizeLimit(0))
	g.Server().ServeHTTP(answer, inward(r, request))
	return answer.finish()
}

// inward is the request as gofakes3 sees it: no header but those that it should act on, since it keeps every x-amz-
// header as metadata, and always a Content-Length, which it insists on.
func inward(r *http.Request, request Request) *http.Request {
	out := r.WithContext(r.Context()) // a copy; what is changed below is replaced in it, not changed
	out.Header = http.Header{}
	if value := r.Header.Get("Range"); value != "" {
		out.Header.Set("Range", value)
	}
	query := r.URL.Query()
	query.Del("versionId")
	if !query.Has("uploadId") {
		query.Del("partNumber")
	}
	out.URL = &url.URL{Path: "/" + request.Bucket.Info().Name + "/" + request.Key, RawQuery: query.Encode()}
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
