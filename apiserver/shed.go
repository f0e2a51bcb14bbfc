package apiserver

import (
	"io"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	apiuser "k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/endpoints/handlers/responsewriters"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/component-base/metrics"
	"k8s.io/component-base/metrics/legacyregistry"

	"github.com/velero-locations/velero-locations/internal/memory"
)

// What requests need in memory, about. Where it is too little, the next look at what is in use mends that.
const (
	// bodyNeeds is how much of it each byte of a body needs: it is kept as it came, decoded, merged with what is stored, and encoded.
	bodyNeeds = 10
	// objectNeeds is for what is answered with one object, listNeeds with many, which are encoded one by one.
	objectNeeds, listNeeds = 256 << 10, 4 << 20
	// watchNeeds is what a watch needs for as long as it lasts, most of it for its connection and its stacks.
	watchNeeds = 256 << 10
)

// retrySeconds is after how long a client that was refused is to ask again.
const retrySeconds = 1

var shedRequests = metrics.NewCounterVec(&metrics.CounterOpts{
	Name: "velero_locations_shed_requests_total", StabilityLevel: metrics.ALPHA,
	Help: "Requests that were refused with code 429, since there was no memory for them, by their verb.",
}, []string{"verb"})

func init() { legacyregistry.MustRegister(shedRequests) }

// shed refuses requests for which there is no memory, before their bodies are read. What frees memory or asks for health passes, and so
// does the server itself.
func (a *API) shed(handler http.Handler, budget *memory.Budget, maxBody int64) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info, ok := genericapirequest.RequestInfoFrom(r.Context())
		if !ok || passes(r, info) {
			handler.ServeHTTP(w, r)
			return
		}
		done, admitted := admit(budget, r, info, maxBody)
		if !admitted {
			shedRequests.WithLabelValues(info.Verb).Inc()
			_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, maxBody)) // a client that still sends would find the connection broken
			version := schema.GroupVersion{Group: info.APIGroup, Version: info.APIVersion}
			err := apierrors.NewTooManyRequests("the server's memory is almost used up: ask again later, for less at a time; whoever runs the server can give it more", retrySeconds)
			responsewriters.ErrorNegotiated(err, a.Codecs, version, w, r)
			return
		}
		defer done()
		handler.ServeHTTP(w, r)
	})
}

func admit(budget *memory.Budget, r *http.Request, info *genericapirequest.RequestInfo, maxBody int64) (done func(), ok bool) {
	if info.Verb == "watch" {
		return func() {}, budget.Hold(watchNeeds)
	}
	return budget.Admit(needs(r, info, maxBody))
}

// passes says of which requests none is refused.
func passes(r *http.Request, info *genericapirequest.RequestInfo) bool {
	if !info.IsResourceRequest || info.Verb == "delete" || info.Verb == "deletecollection" {
		return true
	}
	if info.Verb == "create" && info.Resource == "deletebackuprequests" { // by which backups are deleted
		return true
	}
	who, ok := genericapirequest.UserFrom(r.Context())
	return ok && who.GetName() == apiuser.APIServerUser
}

// needs estimates what a request needs.
func needs(r *http.Request, info *genericapirequest.RequestInfo, maxBody int64) int64 {
	switch {
	case info.Verb == "list":
		return listNeeds
	case info.Verb == "get":
		return objectNeeds
	case r.ContentLength < 0 || r.ContentLength > maxBody:
		return objectNeeds + maxBody*bodyNeeds
	}
	return objectNeeds + r.ContentLength*bodyNeeds
}
