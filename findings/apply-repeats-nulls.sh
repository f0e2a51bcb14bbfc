#!/usr/bin/env bash
# Whether kubectl apply ever calls a manifest with a null unchanged depends on a media type in the server's OpenAPI document.
#
# Versions: k8s.io/kubectl v0.37.2
# Expected: what is null in a manifest is not there: programs print creationTimestamp: null, and charts a blank value. Applied again, nothing is to be done.
# Seen: kubectl computes a strategic merge patch where the document says that the kind's resource takes one, and a merge patch elsewhere, as for CRDs. The
#       merge patch leaves nulls out: it is {}, and the object is "unchanged". The strategic one repeats each null, though the object has
#       no such field and never will, or one that cannot be changed: it is sent, changes nothing, and the object is "configured", each time.
# Needs: Go.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
cat >main.go <<'GO'
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/cli-runtime/pkg/resource"
	"k8s.io/client-go/openapi3"
	"k8s.io/client-go/rest"
	"k8s.io/kube-openapi/pkg/spec3"
	"k8s.io/kubectl/pkg/cmd/apply"
)

var gvk = schema.GroupVersionKind{Group: "example.org", Version: "v1", Kind: "Thing"}

// document describes the kind as an API server does; its resource takes patches of some media types.
func document(mediaTypes ...string) string {
	const kind = `"x-kubernetes-group-version-kind":`
	const of = `{"group":"example.org","version":"v1","kind":"Thing"}`
	content := `"` + strings.Join(mediaTypes, `":{},"`) + `":{}`
	return `{"openapi":"3.0.0","paths":{"/apis/example.org/v1/things/{name}":{"patch":{` + kind + of + `,"requestBody":{"content":{` + content + `}}}}},
		"components":{"schemas":{"Thing":{"type":"object",` + kind + `[` + of + `],"properties":{
			"metadata":{"type":"object"},"spec":{"type":"object","additionalProperties":{"type":"string"}}}}}}}`
}

// root is where kubectl has the documents from.
type root struct {
	openapi3.Root
	text string
}

func (r root) GVSpec(schema.GroupVersion) (*spec3.OpenAPI, error) {
	var parsed spec3.OpenAPI
	return &parsed, json.Unmarshal([]byte(r.text), &parsed)
}

func (r root) GVSpecAsMap(schema.GroupVersion) (map[string]any, error) {
	var parsed map[string]any
	return parsed, json.Unmarshal([]byte(r.text), &parsed)
}

const (
	// manifest is what a program printed that leaves times which are not set as null, or a chart with a blank value.
	manifest = `{"apiVersion":"example.org/v1","kind":"Thing","metadata":{"creationTimestamp":null,"name":"one"},"spec":{"a":"b","blank":null}}`
	applied  = `{"kubectl.kubernetes.io/last-applied-configuration":` + "%q" + `}`
)

func main() {
	// The object as it is after the manifest was applied for the first time.
	annotations := fmt.Sprintf(applied, manifest)
	stored := `{"apiVersion":"example.org/v1","kind":"Thing","metadata":{"annotations":` + annotations + `,"creationTimestamp":"2026-01-01T00:00:00Z","name":"one"},"spec":{"a":"b"}}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, stored)
	}))
	defer server.Close()
	version := gvk.GroupVersion()
	client, err := rest.UnversionedRESTClientFor(&rest.Config{Host: server.URL, APIPath: "/apis", ContentConfig: rest.ContentConfig{
		GroupVersion: &version, NegotiatedSerializer: resource.UnstructuredPlusDefaultContentConfig().NegotiatedSerializer,
	}})
	if err != nil {
		panic(err)
	}
	mapping := &meta.RESTMapping{GroupVersionKind: gvk, Resource: version.WithResource("things"), Scope: meta.RESTScopeRoot}
	for _, mediaTypes := range [][]string{
		{"application/json-patch+json", "application/merge-patch+json"},
		{"application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json"},
	} {
		current := &unstructured.Unstructured{}
		if err := current.UnmarshalJSON([]byte(stored)); err != nil {
			panic(err)
		}
		modified := strings.Replace(stored, `"creationTimestamp":"2026-01-01T00:00:00Z"`, `"creationTimestamp":null`, 1)
		modified = strings.Replace(modified, `"spec":{"a":"b"}`, `"spec":{"a":"b","blank":null}`, 1)
		patcher := &apply.Patcher{Mapping: mapping, Helper: resource.NewHelper(client, mapping), Overwrite: true, OpenAPIV3Root: root{text: document(mediaTypes...)}}
		patch, _, err := patcher.Patch(current, []byte(modified), "manifest", "", "one", os.Stdout)
		fmt.Println(len(mediaTypes), "media types:", string(patch), err)
	}
}
GO
go mod init finding >/dev/null 2>&1
go get k8s.io/kubectl@v0.37.2 >/dev/null 2>&1
go mod tidy >/dev/null 2>&1
got=$(go run .)
echo "$got"
want='2 media types: {} <nil>
3 media types: {"metadata":{"creationTimestamp":null},"spec":{"blank":null}} <nil>'
[[ $got == "$want" ]] || { echo "this has changed" >&2; exit 1; }
