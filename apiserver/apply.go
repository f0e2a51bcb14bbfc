package apiserver

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"reflect"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/endpoints/handlers/responsewriters"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/warning"
	"sigs.k8s.io/yaml"

	"github.com/velero-locations/velero-locations/apis/velero/written"
)

// readPatches reads what is applied as carefully as what is created: the generic server decodes neither an apply patch nor a strategic
// merge patch, keeps the nulls of the first, and says little of what it cannot read. What cannot be read here is left for it to refuse.
func (a *API) readPatches(handler http.Handler, maxBytes int64) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info, ok := genericapirequest.RequestInfoFrom(r.Context())
		media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")) // "" is no patch that is read here
		patch := types.PatchType(media)
		if !ok || info.Verb != "patch" || patch != types.ApplyYAMLPatchType && patch != types.StrategicMergePatchType {
			handler.ServeHTTP(w, r)
			return
		}
		kind := a.jsonKind(info)
		data, err := io.ReadAll(io.LimitReader(r.Body, maxBytes+1))
		if kind != nil && err == nil && int64(len(data)) <= maxBytes {
			data, err = readPatch(r, data, patch, kind)
			if err != nil {
				version := schema.GroupVersion{Group: info.APIGroup, Version: info.APIVersion}
				responsewriters.ErrorNegotiated(err, a.Codecs, version, w, r)
				return
			}
			r.ContentLength = int64(len(data))
		}
		r.Body = unread{io.MultiReader(bytes.NewReader(data), r.Body), r.Body}
		handler.ServeHTTP(w, r)
	})
}

// jsonKind returns the Go type of what a request is about, nil of a group that Velero's rules are not for.
func (a *API) jsonKind(info *genericapirequest.RequestInfo) reflect.Type {
	asked := schema.GroupVersionResource{Group: info.APIGroup, Version: info.APIVersion, Resource: info.Resource}
	for _, kind := range a.Kinds {
		if kind.GroupVersionResource() == asked && a.jsonOnly.Has(asked.Group) {
			return a.Scheme.AllKnownTypes()[kind.GroupVersionKind()]
		}
	}
	return nil
}

// unread is a body of which a part was read, which comes again.
type unread struct {
	io.Reader
	io.Closer
}

// readPatch returns a patch without the nulls that stand for no value, or says what is wrong in it.
func readPatch(r *http.Request, data []byte, patch types.PatchType, kind reflect.Type) ([]byte, error) {
	text, err := yaml.YAMLToJSONStrict(data)
	if err != nil {
		return data, nil //nolint:nilerr // the server says so
	}
	object, err := parse(text)
	if err != nil {
		return data, nil //nolint:nilerr // the server says so
	}
	if patch == types.StrategicMergePatchType {
		return data, strategicMistakes(r, written.ReadPatch(object, kind))
	}
	reading := written.Read(object, kind)
	switch {
	case len(reading.Mistakes) > 0:
		return nil, mistyped(reading)
	case !reading.Dropped || len(reading.Unknown) > 0: // which the server refuses
		return data, nil
	}
	return json.Marshal(object)
}

// strategicMistakes says what is wrong in a strategic merge patch. Of unknown fields the generic server tells those of types alone that
// do not read themselves.
func strategicMistakes(r *http.Request, reading written.Reading) error {
	if len(reading.Mistakes) > 0 {
		return mistyped(reading)
	}
	switch r.URL.Query().Get("fieldValidation") {
	case metav1.FieldValidationIgnore:
	case metav1.FieldValidationStrict:
		var errs field.ErrorList
		for _, unknown := range reading.Unknown {
			errs = append(errs, field.Invalid(field.NewPath("patch"), field.OmitValueType{}, unknown.Error()))
		}
		if len(errs) > 0 {
			return apierrors.NewInvalid(schema.GroupKind{}, "", errs)
		}
	default:
		for _, unknown := range reading.Unknown {
			warning.AddWarning(r.Context(), "", unknown.Error())
		}
	}
	return nil
}

func mistyped(reading written.Reading) error {
	return apierrors.NewBadRequest(reading.Mistakes.ToAggregate().Error())
}
