package apiserver

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
)

// TestReadApplied shows what the server is given of an apply patch, and that all that it is to refuse itself it is given as it was sent.
func TestReadApplied(t *testing.T) {
	api, err := NewAPI(Velero)
	if err != nil {
		t.Fatal(err)
	}
	const (
		location = "apiVersion: velero.io/v1\nkind: BackupStorageLocation\n"
		apply    = "application/apply-patch+yaml"
		maxBytes = 1000
	)
	for _, test := range []struct{ name, group, media, data, want string }{
		{"a null in a map", "velero.io", apply, location + "spec: {config: {region: a, profile: }}\n", `{"apiVersion":"velero.io/v1","kind":"BackupStorageLocation","spec":{"config":{"region":"a"}}}`},
		{"a null in a list", "velero.io", apply, "apiVersion: velero.io/v1\nkind: Backup\nspec: {includedNamespaces: [~]}\n", `refused: spec.includedNamespaces[0]: Invalid value: "null": must be a value: write it, or leave the item out`},
		{"no null", "velero.io", apply + "; charset=utf-8", location + "spec: {config: {region: a}}\n", location + "spec: {config: {region: a}}\n"},
		{"a null of a field", "velero.io", apply, location + "spec: {provider: ~}\n", location + "spec: {provider: ~}\n"},
		{"no YAML", "velero.io", apply, "a: [", "a: ["},
		{"keys that are there twice", "velero.io", apply, location + "spec: {config: {a: ~, a: ~}}\n", location + "spec: {config: {a: ~, a: ~}}\n"},
		{"nothing", "velero.io", apply, "", ""},
		{"another kind", "velero.io", apply, "kind: Bakcup\nspec: {config: {a: ~}}\n", "kind: Bakcup\nspec: {config: {a: ~}}\n"},
		{"another patch", "velero.io", "application/merge-patch+json", `{"spec":{"config":{"a":null}}}`, `{"spec":{"config":{"a":null}}}`},
		{"another group", "", apply, "apiVersion: v1\nkind: ConfigMap\ndata: {a: ~}\n", "apiVersion: v1\nkind: ConfigMap\ndata: {a: ~}\n"},
		{"too much", "velero.io", apply, location + "spec: {config: {a: ~}}\n" + strings.Repeat("#", maxBytes), location + "spec: {config: {a: ~}}\n" + strings.Repeat("#", maxBytes)},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := "nothing was asked"
			handler := api.readApplied(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				data, err := io.ReadAll(r.Body)
				if err != nil || r.ContentLength != int64(len(data)) {
					t.Errorf("%v; %d bytes are announced, %d come", err, r.ContentLength, len(data))
				}
				got = string(data)
			}), maxBytes)
			request := httptest.NewRequest(http.MethodPatch, "/", strings.NewReader(test.data))
			request = request.WithContext(genericapirequest.WithRequestInfo(request.Context(), &genericapirequest.RequestInfo{
				IsResourceRequest: true, APIGroup: test.group, APIVersion: "v1", Verb: "patch",
			}))
			request.Header.Set("Content-Type", test.media)
			response := httptest.NewRecorder()
			handler.ServeHTTP(response, request)
			if message, refused := strings.CutPrefix(test.want, "refused: "); refused {
				if response.Code != http.StatusBadRequest || !strings.Contains(response.Body.String(), strings.ReplaceAll(message, `"`, `\"`)) {
					t.Errorf("%d, %s, want a refusal: %s", response.Code, response.Body, message)
				}
				return
			}
			if got != test.want {
				t.Errorf("the server is given %q, want %q", got, test.want)
			}
		})
	}
}
