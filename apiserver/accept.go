package apiserver

import (
	"net/http"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/sets"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
)

// withoutProtobuf answers in JSON where a client would take Protocol Buffers or JSON of groups whose
// types have no other encoding. Kubernetes' own clients ask so - its namespace controller does - and
// would be told 406, as the generic server offers Protocol Buffers for every type. Requests may still
// be sent in Protocol Buffers, and tables and metadata be answered in them: those types have the encoding.
func withoutProtobuf(handler http.Handler, groups sets.Set[string]) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info, ok := genericapirequest.RequestInfoFrom(r.Context())
		if accept := r.Header.Get("Accept"); ok && groups.Has(info.APIGroup) && strings.Contains(accept, runtime.ContentTypeProtobuf) {
			if rest := dropProtobuf(accept); rest != "" {
				r.Header.Set("Accept", rest)
			}
		}
		handler.ServeHTTP(w, r)
	})
}

// dropProtobuf removes the media ranges for which Protocol Buffers of the objects themselves are asked.
func dropProtobuf(accept string) string {
	var kept []string
	for mediaRange := range strings.SplitSeq(accept, ",") {
		if !strings.Contains(mediaRange, runtime.ContentTypeProtobuf) || strings.Contains(mediaRange, "as=") {
			kept = append(kept, strings.TrimSpace(mediaRange))
		}
	}
	return strings.Join(kept, ",")
}
