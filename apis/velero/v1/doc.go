// Package v1 is version v1 of group velero.io: what clients write and read, JSON-compatible with Velero v1.18, and its defaults.
//
// The comments on its types are what `kubectl explain` prints.
//
// +k8s:deepcopy-gen=package
// +k8s:defaulter-gen=TypeMeta
// +k8s:openapi-gen=true
// +k8s:openapi-model-package=io.velero.v1
// +groupName=velero.io
// +groupGoName=Velero
package v1
