package objectstore

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

// early answers before it reads, and keeps what it was to send.
type early struct {
	body io.Reader
	err  error
}

func (e *early) RoundTrip(req *http.Request) (*http.Response, error) {
	e.body = req.Body
	return &http.Response{Body: io.NopCloser(strings.NewReader("answer"))}, e.err
}

// TestDetaching shows that what is sent is left alone from the moment that the client has read the answer.
func TestDetaching(t *testing.T) {
	for name, failure := range map[string]error{"answered": nil, "failed": errors.New("no answer")} {
		t.Run(name, func(t *testing.T) {
			content := strings.NewReader("content")
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "http://s3.example", content)
			if err != nil {
				t.Fatal(err)
			}
			given := req.Body
			server := &early{err: failure}
			resp, err := detaching{server}.RoundTrip(req)
			if !errors.Is(err, failure) || req.Body != given {
				t.Fatalf("got %v, or the request was changed", err)
			}
			if failure == nil {
				part := make([]byte, 3)
				if n, err := server.body.Read(part); n != 3 || err != nil {
					t.Errorf("before the answer is read: got %d, %v", n, err)
				}
				if err := resp.Body.Close(); err != nil {
					t.Error(err)
				}
			}
			left := content.Len()
			if n, err := server.body.Read(make([]byte, 3)); n != 0 || !errors.Is(err, io.EOF) || content.Len() != left {
				t.Errorf("afterwards: got %d, %v", n, err)
			}
		})
	}
}
