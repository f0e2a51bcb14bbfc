package apiserver

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"k8s.io/apimachinery/pkg/util/sets"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
)

// TestWithoutProtobuf shows what is made of the Accept header of clients, and that a watch which could never send an event
// is not begun.
func TestWithoutProtobuf(t *testing.T) {
	api, err := NewAPI(Velero)
	if err != nil {
		t.Fatal(err)
	}
	const protobuf = "application/vnd.kubernetes.protobuf"
	for _, test := range []struct {
		name, group, verb, accept string
		want                      string // what is left to the server; "" if it is not asked
	}{
		{"both", "velero.io", "get", protobuf + ",application/json", "application/json"},
		{"metadata", "velero.io", "list", protobuf + ";as=PartialObjectMetadataList;v=v1;g=meta.k8s.io", protobuf + ";as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"},
		{"nothing else", "velero.io", "get", protobuf, protobuf},
		{"nothing else, watching", "velero.io", "watch", protobuf + ";stream=watch", ""},
		{"metadata, watching", "velero.io", "watch", protobuf + ";as=PartialObjectMetadata;v=v1;g=meta.k8s.io", protobuf + ";as=PartialObjectMetadata;v=v1;g=meta.k8s.io"},
		{"another group", "", "watch", protobuf, protobuf},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got string
			handler := withoutProtobuf(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header.Get("Accept") }), sets.New("velero.io"), api.Codecs)
			request := httptest.NewRequest(http.MethodGet, "/", nil)
			request = request.WithContext(genericapirequest.WithRequestInfo(request.Context(), &genericapirequest.RequestInfo{
				IsResourceRequest: true, APIGroup: test.group, APIVersion: "v1", Verb: test.verb,
			}))
			request.Header.Set("Accept", test.accept)
			response := httptest.NewRecorder()
			handler.ServeHTTP(response, request)
			if got != test.want {
				t.Errorf("the server is asked for %q, want %q", got, test.want)
			}
			if refused := response.Code == http.StatusNotAcceptable; refused != (test.want == "") {
				t.Errorf("answered %d", response.Code)
			}
		})
	}
}
