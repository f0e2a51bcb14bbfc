package apiserver

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
)

// TestReadPatches shows what the server is given of a patch, and that all that it is to refuse itself it is given as it was sent.
func TestReadPatches(t *testing.T) {
	api, err := NewAPI(Core, Velero)
	if err != nil {
		t.Fatal(err)
	}
	const (
		location  = "apiVersion: velero.io/v1\nkind: BackupStorageLocation\n"
		apply     = "application/apply-patch+yaml"
		strategic = "application/strategic-merge-patch+json"
		maxBytes  = 1000
	)
	for _, test := range []struct{ name, resource, media, data, want string }{
		{"a null in a map", "backupstoragelocations", apply, location + "spec: {config: {region: a, profile: }}\n", `{"apiVersion":"velero.io/v1","kind":"BackupStorageLocation","spec":{"config":{"region":"a"}}}`},
		{"a null in a list", "backups", apply, "apiVersion: velero.io/v1\nkind: Backup\nspec: {includedNamespaces: [~]}\n", `refused: spec.includedNamespaces[0]: Invalid value: "null": must be a value: write it, or leave the item out`},
		{"no null", "backupstoragelocations", apply + "; charset=utf-8", location + "spec: {config: {region: a}}\n", location + "spec: {config: {region: a}}\n"},
		{"a null of a field", "backupstoragelocations", apply, location + "spec: {provider: ~, backupSyncPeriod: ~}\n", `{"apiVersion":"velero.io/v1","kind":"BackupStorageLocation","spec":{"backupSyncPeriod":null}}`},
		{"an unknown field", "backupstoragelocations", apply, location + "spec: {colour: red, config: {a: ~}}\n", location + "spec: {colour: red, config: {a: ~}}\n"},
		{"an unknown field in a strategic merge patch", "backups?fieldValidation=Strict", strategic, `{"spec":{"hook":null,"$patch":"replace"}}`, `refused: patch: Invalid value: unknown field "spec.hook", did you mean "hooks"?`},
		{"one that is ignored", "backups?fieldValidation=Ignore", strategic, `{"spec":{"colour":"red"}}`, `{"spec":{"colour":"red"}}`},
		{"no YAML", "backupstoragelocations", apply, "a: [", "a: ["},
		{"keys that are there twice", "backupstoragelocations", apply, location + "spec: {config: {a: ~, a: ~}}\n", location + "spec: {config: {a: ~, a: ~}}\n"},
		{"nothing", "backupstoragelocations", apply, "", ""},
		{"a wrong type", "backupstoragelocations", apply, location + "spec: {config: {s3ForcePathStyle: true}}\n", `refused: spec.config[s3ForcePathStyle]: Invalid value: true: must be text: put it in quotes, "true"`},
		{"a wrong type in a strategic merge patch", "backupstoragelocations", strategic, `{"spec":{"config":{"profile":null,"s3ForcePathStyle":true}}}`, `refused: spec.config[s3ForcePathStyle]: Invalid value: true`},
		{"nulls in a strategic merge patch", "backups", strategic, `{"spec":{"ttl":null,"metadata":{"labels":{"a":null}},"$retainKeys":["ttl"]}}`, `{"spec":{"ttl":null,"metadata":{"labels":{"a":null}},"$retainKeys":["ttl"]}}`},
		{"another patch", "backupstoragelocations", "application/merge-patch+json", `{"spec":{"config":{"a":null}}}`, `{"spec":{"config":{"a":null}}}`},
		{"another group", "configmaps", apply, "apiVersion: v1\nkind: ConfigMap\ndata: {a: ~}\n", "apiVersion: v1\nkind: ConfigMap\ndata: {a: ~}\n"},
		{"too much", "backupstoragelocations", apply, location + "spec: {config: {a: ~}}\n" + strings.Repeat("#", maxBytes), location + "spec: {config: {a: ~}}\n" + strings.Repeat("#", maxBytes)},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := "nothing was asked"
			handler := api.readPatches(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				data, err := io.ReadAll(r.Body)
				if err != nil || r.ContentLength != int64(len(data)) {
					t.Errorf("%v; %d bytes are announced, %d come", err, r.ContentLength, len(data))
				}
				got = string(data)
			}), maxBytes)
			request := httptest.NewRequest(http.MethodPatch, "/"+test.resource, strings.NewReader(test.data))
			request = request.WithContext(genericapirequest.WithRequestInfo(request.Context(), &genericapirequest.RequestInfo{
				IsResourceRequest: true, APIGroup: "velero.io", APIVersion: "v1", Resource: strings.TrimPrefix(request.URL.Path, "/"), Verb: "patch",
			}))
			request.Header.Set("Content-Type", test.media)
			response := httptest.NewRecorder()
			handler.ServeHTTP(response, request)
			if message, refused := strings.CutPrefix(test.want, "refused: "); refused {
				if response.Code/100 != 4 || !strings.Contains(said(t, response), message) {
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

// said is the message of an answer.
func said(t *testing.T, response *httptest.ResponseRecorder) string {
	t.Helper()
	var status metav1.Status
	if err := json.Unmarshal(response.Body.Bytes(), &status); err != nil {
		t.Fatalf("%s: %v", response.Body, err)
	}
	return status.Message
}
