#!/usr/bin/env bash
# kubectl and Helm validate objects of an aggregated API themselves until its schema has reached kube-apiserver, and refuse nulls as long.
#
# Versions: k8s.io/kubectl v0.37.2
# Expected: a server that validates fields does so for all of its kinds from the first moment, and what is accepted later is accepted now.
# Seen: whether a kind's resource has the parameter fieldValidation is read in its OpenAPI v3 document. Of a CRD that has none yet, that of Namespace
#       is read instead; of an aggregated API, the client validates by the older document: a null in a map of texts, as charts render a blank
#       value, is an "unknown object type". Right after an APIService is there, Helm fails with that, and a second later it does not.
# Needs: Go.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
cat >main.go <<'GO'
package main

import (
	"fmt"

	openapi_v2 "github.com/google/gnostic-models/openapiv2"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/cli-runtime/pkg/resource"
	"k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/openapi"
	kubectlopenapi "k8s.io/kubectl/pkg/util/openapi"
	"k8s.io/kubectl/pkg/validation"
)

// server is a kube-apiserver that has documents of its own kinds, and perhaps of others.
type server map[string]openapi.GroupVersion

func (s server) Paths() (map[string]openapi.GroupVersion, error) { return s, nil }

// kind is a document in which a kind is.
type kind string

func (kind) ServerRelativeURL() string { return "" }

func (k kind) Schema(string) ([]byte, error) {
	return []byte(`{"openapi":"3.0.0","paths":{"/":{"patch":{"x-kubernetes-group-version-kind":` + string(k) + `,
		"parameters":[{"name":"fieldValidation","in":"query"}]}}}}`), nil
}

const (
	namespace = kind(`{"group":"","version":"v1","kind":"Namespace"}`)
	thing     = kind(`{"group":"example.org","version":"v1","kind":"Thing"}`)
)

// OpenAPISchema is the older document, in which kube-apiserver has the kind already.
func (server) OpenAPISchema() (kubectlopenapi.Resources, error) {
	document, err := openapi_v2.ParseDocument([]byte(`{"swagger":"2.0","info":{"title":"","version":""},"paths":{},"definitions":{"Thing":{"type":"object",
		"x-kubernetes-group-version-kind":[{"group":"example.org","version":"v1","kind":"Thing"}],"properties":{
			"apiVersion":{"type":"string"},"kind":{"type":"string"},"spec":{"type":"object","additionalProperties":{"type":"string"}}}}}}`))
	if err != nil {
		return nil, err
	}
	return kubectlopenapi.NewOpenAPIData(document)
}

func main() {
	definition := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": map[string]any{"name": "things.example.org"},
		"spec": map[string]any{"group": "example.org", "names": map[string]any{"kind": "Thing"}},
	}}
	lists := map[schema.GroupVersionResource]string{{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}: "CustomResourceDefinitionList"}
	for _, test := range []struct {
		what    string
		objects []runtime.Object
		server  server
	}{
		{"of a CRD", []runtime.Object{definition}, server{"api/v1": namespace}},
		{"of an aggregated API", nil, server{"api/v1": namespace}},
		{"of an aggregated API, later", nil, server{"api/v1": namespace, "apis/example.org/v1": thing}},
	} {
		client := fake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), lists, test.objects...)
		verifier := resource.NewQueryParamVerifierV3(client, test.server, resource.QueryParamFieldValidation)
		validator := validation.NewParamVerifyingSchema(validation.NewSchemaValidation(test.server), verifier, "Strict")
		for _, spec := range []string{`{"a":"b"}`, `{"a":"b","blank":null}`} {
			err := validator.ValidateBytes([]byte(`{"apiVersion":"example.org/v1","kind":"Thing","spec":` + spec + `}`))
			fmt.Println(test.what, spec, err)
		}
	}
}
GO
go mod init finding >/dev/null 2>&1
go get k8s.io/kubectl@v0.37.2 >/dev/null 2>&1
go mod tidy >/dev/null 2>&1
got=$(go run .)
echo "$got"
want='of a CRD {"a":"b"} <nil>
of a CRD {"a":"b","blank":null} <nil>
of an aggregated API {"a":"b"} <nil>
of an aggregated API {"a":"b","blank":null} unknown object type "nil" in Thing.spec.blank
of an aggregated API, later {"a":"b"} <nil>
of an aggregated API, later {"a":"b","blank":null} <nil>'
[[ $got == "$want" ]] || { echo "this has changed" >&2; exit 1; }
