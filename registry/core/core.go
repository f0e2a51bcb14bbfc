// Package core serves the few kinds of Kubernetes' core group that a server without a cluster needs:
// namespaces for locations to live in, Secrets for their credentials, config maps, events, and volumes with
// the claims to them.
//
// They are one package, a file each, since they share most of their rules.
package core

import "github.com/velero-locations/velero-locations/registry/generic"

// Kinds that this package serves.
var Kinds = []generic.Kind{Namespaces, Secrets, ConfigMaps, Events, PersistentVolumes, PersistentVolumeClaims}
