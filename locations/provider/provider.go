// Package provider holds the rules of storage providers: how they are named, and what their
// settings mean.
package provider

import "strings"

// AWS is the normal form of the provider of Amazon S3, and of all storage that speaks its protocol.
const AWS = "velero.io/aws"

// Normal returns the normal form of a provider's name, as Velero's plugin lookup does: a name
// without a slash belongs to velero.io, so that aws and velero.io/aws are the same. An empty name
// stays empty.
func Normal(name string) string {
	if name == "" || strings.Contains(name, "/") {
		return name
	}
	return "velero.io/" + name
}

// SpeaksS3 says whether locations of a provider, named in any form, are reached by the S3 protocol
// with the settings of AWSObjectStore.
func SpeaksS3(name string) bool {
	return Normal(name) == AWS
}
