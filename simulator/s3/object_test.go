package s3_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/minio/minio-go/v7/pkg/signer"
)

// TestMetadataNames: S3 sends the names of metadata in lower case, and boto takes them as they come.
func TestMetadataNames(t *testing.T) {
	c := start(t, twoAccounts())
	c.send(t, aliceKey, "us-east-1", http.MethodPut, "/alice-home/k", "", func(r *http.Request) { r.Header.Set("X-Amz-Meta-Team-Name", "a") })
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		r := httptest.NewRequest(method, c.URL+"/alice-home/k", http.NoBody)
		r.Header.Set("X-Amz-Content-Sha256", hash(nil))
		recorder := httptest.NewRecorder() // over a connection, Go's client would spell names its own way
		c.Handler().ServeHTTP(recorder, signer.SignV4(*r, aliceKey.ID, aliceKey.Secret, "", "us-east-1"))
		if got := map[string][]string(recorder.Header())["x-amz-meta-team-name"]; !slices.Equal(got, []string{"a"}) {
			t.Errorf("%s answers %v", method, recorder.Header())
		}
	}
}
