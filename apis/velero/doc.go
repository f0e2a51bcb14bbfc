// Package velero holds the internal form of group velero.io: the one form that registries, validation
// and defaults of the server work on, whatever version a client speaks.
//
// +k8s:deepcopy-gen=package
// +groupName=velero.io
package velero
