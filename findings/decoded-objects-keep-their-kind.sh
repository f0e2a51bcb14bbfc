#!/usr/bin/env bash
# Whether an object that was decoded to the internal version names its kind depends on what it is decoded into.
#
# Versions: k8s.io/apimachinery v0.37.2, k8s.io/api v0.37.2
# Expected: a decoder to the internal version returns objects without apiVersion and kind, as servers rely on: a server that registers one Go type as
#       wire and internal form gets the same from it.
# Seen: without an object to decode into, the name is taken away; into an object of the wire's own type it stays, although the decoder
#       is one to the internal version. The generic API server decodes requests and etcd's values the second way: with one type
#       for both, items of lists show their kind, which they do nowhere in Kubernetes, and a write that changes nothing differs from what is stored.
# Needs: Go.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
cat >main.go <<'GO'
package main

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
)

func main() {
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		panic(err)
	}
	internal := schema.GroupVersion{Version: runtime.APIVersionInternal}
	scheme.AddKnownTypes(internal, &corev1.ConfigMap{})
	codecs := serializer.NewCodecFactory(scheme)
	json, _ := runtime.SerializerInfoForMediaType(codecs.SupportedMediaTypes(), runtime.ContentTypeJSON)
	decoder := codecs.DecoderToVersion(json.Serializer, internal)
	for _, into := range []runtime.Object{nil, &corev1.ConfigMap{}} {
		object, _, err := decoder.Decode([]byte(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}`), nil, into)
		fmt.Printf("into %T: a %T of kind %q, %v\n", into, object, object.GetObjectKind().GroupVersionKind().Kind, err)
	}
}
GO
go mod init finding >/dev/null 2>&1
go get k8s.io/apimachinery@v0.37.2 k8s.io/api@v0.37.2 >/dev/null 2>&1
go mod tidy >/dev/null 2>&1
got=$(go run .)
echo "$got"
want='into <nil>: a *v1.ConfigMap of kind "", <nil>
into *v1.ConfigMap: a *v1.ConfigMap of kind "ConfigMap", <nil>'
[[ $got == "$want" ]] || { echo "this has changed" >&2; exit 1; }
