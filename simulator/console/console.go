// Package console is a page in the browser that shows what a simulator does, and what a cluster backs up, and lets who has the page's
// token change it. It is made of what the APIs beside it answer alone; nothing of it is built, and nothing is loaded from elsewhere.
package console

import (
	"crypto/subtle"
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
)

// Path is where the page is served.
const Path = "/console/"

// ClusterPath is below what the API of a cluster is served.
const ClusterPath = Path + "cluster/"

// Sources are the APIs that the page asks, as far as there are any. It has views of those alone.
type Sources struct {
	// Simulator is the control API. All paths that are not the page's are its own.
	Simulator http.Handler
	// Cluster answers below ClusterPath, which it does not see. What it shows is its user's alone: nobody reads it without the token.
	Cluster http.Handler
}

// TokenHeader is the header by which the page shows that its user may change something.
const TokenHeader = "Console-Token"

//go:embed page
var files embed.FS

// policy lets the page load what is served beside it, and nothing else; and nobody show it in a frame, where others could click for its user.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// URL returns the address of the page for whoever may change something. The token is behind the #, which browsers send to nobody.
func URL(base, token string) string { return base + Path + "#token=" + url.QueryEscape(token) }

// New serves the page, and beside it the APIs that it asks. A browser changes nothing without the token; of the simulator, programs do as
// before, as pages of others cannot pass for them.
func New(token string, sources Sources) (http.Handler, error) {
	page, err := fs.Sub(files, "page")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	if sources.Simulator != nil {
		mux.Handle("/", guarded(token, changesOfBrowsers, sources.Simulator))
	}
	if sources.Cluster != nil {
		api := guarded(token, everything, http.StripPrefix(strings.TrimSuffix(ClusterPath, "/"), sources.Cluster))
		mux.Handle("GET "+ClusterPath, api)
		mux.Handle("POST "+ClusterPath, api)
	}
	mux.HandleFunc("GET "+Path+"sources", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, "{\"simulator\":%t,\"cluster\":%t,\"token\":%t}\n", sources.Simulator != nil, sources.Cluster != nil, has(r, token)) // the client may be gone
	})
	mux.Handle("GET /{$}", http.RedirectHandler(Path, http.StatusFound))
	static := http.StripPrefix(strings.TrimSuffix(Path, "/"), http.FileServerFS(page))
	mux.HandleFunc("GET "+Path, func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Cache-Control", "no-cache")
		static.ServeHTTP(w, r)
	})
	return mux, nil
}

// guarded refuses, without the token, what is guarded by it.
func guarded(token string, by func(*http.Request) bool, api http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if by(r) && !has(r, token) {
			http.Error(w, "this needs the token: open the address that the program printed at its start", http.StatusForbidden)
			return
		}
		api.ServeHTTP(w, r)
	})
}

func has(r *http.Request, token string) bool {
	return subtle.ConstantTimeCompare([]byte(r.Header.Get(TokenHeader)), []byte(token)) == 1
}

func everything(*http.Request) bool { return true }

func changesOfBrowsers(r *http.Request) bool {
	safe := r.Method == http.MethodGet || r.Method == http.MethodHead
	return !safe && (r.Header.Get("Sec-Fetch-Site") != "" || r.Header.Get("Origin") != "")
}
