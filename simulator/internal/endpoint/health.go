package endpoint

import (
	"fmt"
	"net/http"
)

// The paths at which every endpoint says how it is.
const (
	HealthPath = "/healthz"
	ReadyPath  = "/readyz"
)

// WithHealth answers whether the server runs and whether it is ready, for those who wait for it or watch over it. Requests that
// are the service's own although they have one of the paths are told by own; nil: none is.
func WithHealth(next http.Handler, ready func() bool, own func(*http.Request) bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asks := (r.URL.Path == HealthPath || r.URL.Path == ReadyPath) && (r.Method == http.MethodGet || r.Method == http.MethodHead)
		if !asks || own != nil && own(r) {
			next.ServeHTTP(w, r)
			return
		}
		status, text := http.StatusOK, "ok"
		if r.URL.Path == ReadyPath && !ready() {
			status, text = http.StatusServiceUnavailable, "not all addresses are served yet"
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(status)
		_, _ = fmt.Fprintln(w, text) // the client may be gone
	})
}
