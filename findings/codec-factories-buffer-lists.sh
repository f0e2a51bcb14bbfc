#!/usr/bin/env bash
# A server whose codec factory is its own sends no list item by item, though that is generally available and on for all others.
#
# Versions: k8s.io/apimachinery v0.37.2, k8s.io/apiserver v0.37.2
# Expected: streaming of lists is a property of the server, or at least of the JSON serializer; a factory that is handed to
#       NewDefaultAPIGroupInfo is the one that its group uses.
# Seen: it is an option of the factory that NewCodecFactory leaves off. NewDefaultAPIGroupInfo throws away the factory that it is given and
#       makes one with the option, so the sample server streams; whoever replaces the group's NegotiatedSerializer by one around his own
#       factory, to decode otherwise, has each list encoded into one buffer: half a GiB for 120,000 objects, on top of the objects.
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
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	genericapiserver "k8s.io/apiserver/pkg/server"
)

type longest int

func (l *longest) Write(p []byte) (int, error) {
	*l = max(*l, longest(len(p)))
	return len(p), nil
}

func main() {
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		panic(err)
	}
	list := &corev1.ConfigMapList{Items: make([]corev1.ConfigMap, 1000)}
	own := serializer.NewCodecFactory(scheme)
	show := func(what string, s runtime.NegotiatedSerializer) {
		info, _ := runtime.SerializerInfoForMediaType(s.SupportedMediaTypes(), runtime.ContentTypeJSON)
		var written longest
		if err := s.EncoderForVersion(info.Serializer, corev1.SchemeGroupVersion).Encode(list, &written); err != nil {
			panic(err)
		}
		fmt.Printf("%s: more than 10 kB at once: %t\n", what, written > 10000)
	}
	show("NewCodecFactory", own)
	show("NewDefaultAPIGroupInfo, given that", genericapiserver.NewDefaultAPIGroupInfo(corev1.GroupName, scheme, metav1.ParameterCodec, own).NegotiatedSerializer)
	show("NewCodecFactory with its option", serializer.NewCodecFactory(scheme, serializer.WithStreamingCollectionEncodingToJSON()))
}
GO
go mod init finding >/dev/null 2>&1
go get k8s.io/api@v0.37.2 k8s.io/apimachinery@v0.37.2 k8s.io/apiserver@v0.37.2 >/dev/null 2>&1
go mod tidy >/dev/null 2>&1
got=$(go run .)
echo "$got"
want='NewCodecFactory: more than 10 kB at once: true
NewDefaultAPIGroupInfo, given that: more than 10 kB at once: false
NewCodecFactory with its option: more than 10 kB at once: false'
[[ $got == "$want" ]] || { echo "this has changed" >&2; exit 1; }
