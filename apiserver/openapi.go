package apiserver

import (
	"slices"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/kube-openapi/pkg/common"
	"k8s.io/kube-openapi/pkg/spec3"
	"k8s.io/kube-openapi/pkg/validation/spec"
)

// hideStrategicPatches leaves strategic merge patches, which are served, out of the documents. What the documents have decides how
// kubectl apply compares: by merge patches a null in a manifest, such as creationTimestamp: null, is what is not there, as with
// Velero's CRDs; by strategic ones it would be a change, each time that the manifest is applied.
func hideStrategicPatches(v2 *common.Config, v3 *common.OpenAPIV3Config) {
	const hidden = string(types.StrategicMergePatchType)
	v2.PostProcessSpec = func(document *spec.Swagger) (*spec.Swagger, error) {
		for _, path := range document.Paths.Paths {
			if path.Patch != nil {
				path.Patch.Consumes = slices.DeleteFunc(slices.Clone(path.Patch.Consumes), func(media string) bool { return media == hidden })
			}
		}
		return document, nil
	}
	v3.PostProcessSpec = func(document *spec3.OpenAPI) (*spec3.OpenAPI, error) {
		for _, path := range document.Paths.Paths {
			if path.Patch != nil && path.Patch.RequestBody != nil {
				delete(path.Patch.RequestBody.Content, hidden)
			}
		}
		return document, nil
	}
}
