package objectstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
)

// TestDocuments shows that no answer is taken for what it is not, whatever is asked for.
func TestDocuments(t *testing.T) {
	const page = "<!doctype html><html><head><title>Sign in</title></head></html>"
	large := bytes.Repeat([]byte("x"), partSize+1)
	list := func(s *S3) error {
		for _, err := range s.Keys(t.Context(), "p/") {
			return err
		}
		return nil
	}
	put := func(s *S3) error { return s.Put(t.Context(), "key", bytes.NewReader(large)) }
	get := func(s *S3) error {
		_, err := s.Get(t.Context(), "key")
		return err
	}
	abandon := func(s *S3) error { return s.Abandon(t.Context(), "key") }
	upload := map[string]string{
		"POST uploads":  "<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>",
		"POST uploadId": "<CompleteMultipartUploadResult><Bucket>bbb</Bucket><ETag>e</ETag></CompleteMultipartUploadResult>",
	}
	const foreign = "what @ answers is not S3: correct spec.config.s3Url"
	for name, tc := range map[string]struct {
		do      func(*S3) error
		answers map[string]string // by method and what the query has; others are empty
		status  int               // 0: 200
		want    string            // empty: no error
	}{
		"a listing":                     {do: list, answers: map[string]string{"GET list-type": `<?xml version="1.0"?><!-- c --><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>`}},
		"a page for a listing":          {do: list, answers: map[string]string{"GET list-type": page}, want: foreign},
		"buckets for a listing":         {do: list, answers: map[string]string{"GET list-type": "<ListAllMyBucketsResult/>"}, want: foreign},
		"nothing for a listing":         {do: list, want: foreign},
		"a listing that ends early":     {do: list, answers: map[string]string{"GET list-type": "<ListBucketResult><Contents>"}, want: foreign},
		"a listing that is too large":   {do: list, answers: map[string]string{"GET list-type": "<ListBucketResult>" + strings.Repeat("<Contents><Key>k</Key></Contents>", 300_000)}, want: "what @ answers is larger than 8 MiB, which is the most that is read of it: correct spec.config.s3Url"},
		"an upload":                     {do: put, answers: upload},
		"a page for an upload":          {do: put, answers: map[string]string{"POST uploads": page}, want: foreign},
		"a page for the end of it":      {do: put, answers: map[string]string{"POST uploads": upload["POST uploads"], "POST uploadId": page}, want: foreign},
		"a refusal for the end of it":   {do: put, answers: map[string]string{"POST uploads": upload["POST uploads"], "POST uploadId": errorBody("Strange", "")}, want: `@ refuses to write "key" in the bucket "bbb" (200 Strange: words of the storage): correct spec.config or the credentials`},
		"no such object":                {do: get, status: 404, answers: map[string]string{"GET ": errorBody("NoSuchKey", "")}, want: `key of the bucket "bbb": there is no such object`},
		"a page for an object":          {do: get, status: 404, answers: map[string]string{"GET ": page}, want: "what @ answers is not S3 (404 Not Found: Sign in): correct spec.config.s3Url"},
		"uploads":                       {do: abandon, answers: map[string]string{"GET uploads": "<ListMultipartUploadsResult/>"}},
		"a listing in place of uploads": {do: abandon, answers: map[string]string{"GET uploads": "<ListBucketResult/>"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if tc.status != 0 {
					w.WriteHeader(tc.status)
				}
				for request, body := range tc.answers {
					method, key, _ := strings.Cut(request, " ")
					if r.Method == method && (key == "" || r.URL.Query().Has(key)) {
						fmt.Fprint(w, body)
					}
				}
				if r.Method == http.MethodPut {
					w.Header().Set("ETag", `"e"`)
				}
			})
			err := tc.do(open(t, address))
			if tc.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			requireMessage(t, err, strings.ReplaceAll(tc.want, "@", address))
			if foreign := name != "no such object"; foreign == errors.Is(err, ErrNotFound) {
				t.Errorf("it says that there is no object: %v", err)
			}
		})
	}
}

// TestBucketsForListing shows what storage answers that knows nothing of buckets in host names, and what to do about it.
func TestBucketsForListing(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<ListAllMyBucketsResult/>") })
	store := open(t, "http://s3.example")
	store.transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, strings.TrimPrefix(address, "http://"))
	}
	_, err := store.CommonPrefixes(t.Context(), "")
	requireMessage(t, err, `http://s3.example answers with a list of buckets, not with what is in the bucket "bbb", which the host name of the request named: set spec.config.s3ForcePathStyle to "true", or correct spec.config.s3Url`)
}
