package main

import "strings"

// group says what a case needs of a server.
type group string

const (
	signedV4 group = "signature v4"
	signedV2 group = "signature v2"
	overTLS  group = "TLS and encryption"
	beyond   group = "not S3, or CORS"
)

var groups = []group{signedV4, signedV2, overTLS, beyond}

// beyondS3 are cases of another server's extensions, and of what the simulator does not claim.
var beyondS3 = map[string]bool{"testCorsSetGetDelete": true, "testCors": true}

func groupOf(name string) group {
	switch {
	case beyondS3[name]:
		return beyond
	case needsTLS(name):
		return overTLS
	case strings.HasSuffix(name, "V2"):
		return signedV2
	}
	return signedV4
}

func needsTLS(name string) bool {
	return strings.Contains(name, "Encrypt") || strings.Contains(name, "SSEC") || strings.Contains(name, "SSES3") || strings.Contains(name, "Decrypt")
}

// exceptions are the cases that are expected to fail, each with the reason; docs/simulator-minio-tests.md lists them too.
var exceptions = map[string]string{}
