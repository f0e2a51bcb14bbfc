// Package console is a page in the browser that shows what a simulator does, and lets who has the page's token change it. It is made of
// what its API answers alone; nothing of it is built, and nothing is loaded from elsewhere.
package console

import (
	"crypto/subtle"
	"embed"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
)

// Path is where the page is served.
const Path = "/console/"

// TokenHeader is the header by which the page shows that its user may change something.
const TokenHeader = "Console-Token"

//go:embed page
var files embed.FS

// policy lets the page load what is served beside it, and nothing else; and nobody show it in a frame, where others could click for its user.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// URL returns the address of the page for whoever may change something. The token is behind the #, which browsers send to nobody.
func URL(base, token string) string { return base + Path + "#token=" + url.QueryEscape(token) }

// New serves the page, and beside it the APIs that it asks, by what their paths begin with. A browser changes nothing without the
// token; programs do as before, as pages of others cannot pass for them.
func New(token string, apis map[string]http.Handler) (http.Handler, error) {
	page, err := fs.Sub(files, "page")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	for prefix, api := range apis {
		mux.Handle(prefix, guarded(token, api))
	}
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

// guarded refuses what a browser would change without the token.
func guarded(token string, api http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		safe := r.Method == http.MethodGet || r.Method == http.MethodHead
		browser := r.Header.Get("Sec-Fetch-Site") != "" || r.Header.Get("Origin") != ""
		if !safe && browser && subtle.ConstantTimeCompare([]byte(r.Header.Get(TokenHeader)), []byte(token)) != 1 {
			http.Error(w, "a page may change nothing here without the token: open the address that the program printed at its start", http.StatusForbidden)
			return
		}
		api.ServeHTTP(w, r)
	})
}
