// Package reallife gives velero-locations what people write: corpus/ has manifests as stores' instructions, installers and
// tools make them, each with the verdict that it deserves; chart/ has a release for Helm. There is nothing in it but the tests.
package reallife
