package apiserver

import (
	"net/http"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apiserver/pkg/endpoints/handlers/negotiation"
	"k8s.io/apiserver/pkg/endpoints/handlers/responsewriters"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
)

// withoutProtobuf answers in JSON where a client would take Protocol Buffers or JSON of groups whose
// types have no other encoding. Kubernetes' own clients ask so - its namespace controller does - and
// would be told 406, as the generic server offers Protocol Buffers for every type. Requests may still
// be sent in Protocol Buffers, and tables and metadata be answered in them: those types have the encoding.
// A watch that takes nothing else is refused, rather than begun and broken off at the first event.
func withoutProtobuf(handler http.Handler, groups sets.Set[string], codecs serializer.CodecFactory) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info, ok := genericapirequest.RequestInfoFrom(r.Context())
		if accept := r.Header.Get("Accept"); ok && groups.Has(info.APIGroup) && strings.Contains(accept, runtime.ContentTypeProtobuf) {
			rest := dropProtobuf(accept)
			switch {
			case rest != "":
				r.Header.Set("Accept", rest)
			case info.Verb == "watch":
				version := schema.GroupVersion{Group: info.APIGroup, Version: info.APIVersion}
				responsewriters.ErrorNegotiated(negotiation.NewNotAcceptableError([]string{runtime.ContentTypeJSON}), codecs, version, w, r)
				return
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
