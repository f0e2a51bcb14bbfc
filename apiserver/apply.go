package apiserver

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"reflect"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apiserver/pkg/endpoints/handlers/responsewriters"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	"sigs.k8s.io/yaml"
)

// readApplied reads objects that are applied as carefully as those that are created: the generic server reads an apply patch
// by the schema, with no decoder, and keeps its nulls. What cannot be read here is left for that server to refuse.
func (a *API) readApplied(handler http.Handler, maxBytes int64) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info, ok := genericapirequest.RequestInfoFrom(r.Context())
		media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if !ok || info.Verb != "patch" || !a.jsonOnly.Has(info.APIGroup) || err != nil || media != string(types.ApplyYAMLPatchType) {
			handler.ServeHTTP(w, r)
			return
		}
		data, err := io.ReadAll(io.LimitReader(r.Body, maxBytes+1))
		if err == nil && int64(len(data)) <= maxBytes {
			data, err = a.applied(data)
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

// unread is a body of which a part was read, which comes again.
type unread struct {
	io.Reader
	io.Closer
}

// applied returns an apply patch without the nulls that stand for no value, or says what is wrong in it.
func (a *API) applied(data []byte) ([]byte, error) {
	text, err := yaml.YAMLToJSONStrict(data)
	if err != nil {
		return data, nil //nolint:nilerr // the server says so
	}
	object, err := parse(text)
	if err != nil {
		return data, nil //nolint:nilerr // the server says so
	}
	version, _ := object["apiVersion"].(string)
	kind, _ := object["kind"].(string)
	typed, err := a.Scheme.New(schema.FromAPIVersionAndKind(version, kind))
	if err != nil {
		return data, nil //nolint:nilerr // the server says so
	}
	var written written
	written.readObject(object, reflect.TypeOf(typed).Elem(), nil)
	if len(written.mistakes) > 0 {
		return nil, apierrors.NewBadRequest(written.mistakes.ToAggregate().Error())
	}
	if !written.dropped {
		return data, nil
	}
	return json.Marshal(object)
}
