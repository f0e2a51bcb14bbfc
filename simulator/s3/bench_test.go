package s3_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/velero-locations/velero-locations/simulator"
)

// recorder serves a client without a network, and keeps its last request to be served again without the client.
type recorder struct {
	handler http.Handler
	request *http.Request
	body    []byte
}

// RoundTrip serves the request.
func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	r.body = nil
	if request.Body != nil {
		var err error
		if r.body, err = io.ReadAll(request.Body); err != nil {
			return nil, err
		}
	}
	r.request = httptest.NewRequestWithContext(request.Context(), request.Method, request.URL.RequestURI(), http.NoBody)
	r.request.Host, r.request.ContentLength, r.request.Header = request.URL.Host, int64(len(r.body)), request.Header
	answer := httptest.NewRecorder()
	r.serve(answer)
	return answer.Result(), nil
}

func (r *recorder) serve(w http.ResponseWriter) {
	request := *r.request
	request.Header = r.request.Header.Clone()
	if len(r.body) > 0 {
		request.Body = io.NopCloser(bytes.NewReader(r.body))
	}
	r.handler.ServeHTTP(w, &request)
}

// BenchmarkS3 serves requests as minio-go sends them, again and again: what they cost without a network and a client.
func BenchmarkS3(b *testing.B) {
	sim, err := simulator.New(twoAccounts())
	if err != nil {
		b.Fatal(err)
	}
	defer sim.Close()
	r := &recorder{handler: sim.Handler()}
	client, err := minio.New("127.0.0.1:9000", &minio.Options{
		Creds: credentials.NewStaticV4(aliceKey.ID, aliceKey.Secret, ""), Region: "us-east-1", Transport: r,
	})
	if err != nil {
		b.Fatal(err)
	}
	again := func(name string) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r.serve(httptest.NewRecorder())
			}
		})
	}
	for i := range 1000 {
		text := strings.Repeat("x", 1024)
		if _, err := client.PutObject(b.Context(), "alice-home", fmt.Sprintf("k%03d", i), strings.NewReader(text), int64(len(text)), minio.PutObjectOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	again("put")
	if _, err := client.StatObject(b.Context(), "alice-home", "k000", minio.StatObjectOptions{}); err != nil {
		b.Fatal(err)
	}
	again("head")
	object, err := client.GetObject(b.Context(), "alice-home", "k000", minio.GetObjectOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer object.Close()
	if _, err := io.Copy(io.Discard, object); err != nil {
		b.Fatal(err)
	}
	again("get")
	for object := range client.ListObjects(b.Context(), "alice-home", minio.ListObjectsOptions{Recursive: true}) {
		if object.Err != nil {
			b.Fatal(object.Err)
		}
	}
	again("list")
}
