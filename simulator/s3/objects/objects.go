// Package objects serves S3's GetObject, HeadObject, DeleteObject and AbortMultipartUpload on what the front found. It is the only place that knows gofakes3: what is asked of it was authenticated, authorised and
// decoded in front, and what gofakes3 answers is put right here.
package objects

import (
	"net/http"
	"net/url"

	"github.com/johannesboyne/gofakes3"

	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// Request is a request for a bucket that the signer may use.
type Request struct {
	Bucket *store.Bucket
	Key    string
	// Object and Content are what GetObject and HeadObject answer with; Content is nil for HeadObject.
	Object  *store.Object
	Content store.Content
	// Deletion is what DeleteObject deletes.
	Deletion store.Deletion
	// Describe adds the headers that say more of an object that is answered with.
	Describe func(*store.Object, http.Header)
}

// Serve answers one of the package's operations. It is told which one by the method and the query of r, as S3 is. An
// error that it returns was not written.
func Serve(w http.ResponseWriter, r *http.Request, request Request) error {
	b := &backend{request: request, headers: http.Header{}}
	answer := &response{inner: w, header: http.Header{}, backend: b, head: r.Method == http.MethodHead}
	// gofakes3's backends are not told who asks for what. One instance a request, which is a small struct, closes that gap.
	g := gofakes3.New(b, gofakes3.WithTimeSkewLimit(0), gofakes3.WithMetadataSizeLimit(0))
	g.Server().ServeHTTP(answer, inward(r, request))
	return answer.finish()
}

// inward is the request as gofakes3 sees it, with nothing but what it should act on.
func inward(r *http.Request, request Request) *http.Request {
	out := r.WithContext(r.Context()) // a copy; what is changed below is replaced in it, not changed
	out.Header = http.Header{}
	if value := r.Header.Get("Range"); value != "" {
		out.Header.Set("Range", value)
	}
	out.URL = &url.URL{Path: "/" + request.Bucket.Info().Name + "/" + request.Key}
	if r.URL.RawQuery != "" {
		query := r.URL.Query()
		query.Del("versionId")
		query.Del("partNumber")
		out.URL.RawQuery = query.Encode()
	}
	out.Body, out.ContentLength = http.NoBody, 0
	return out
}
