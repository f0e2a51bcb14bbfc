// Package core serves the few kinds of Kubernetes' core group that a server without a cluster needs:
// namespaces for locations to live in, Secrets for their credentials, config maps, events, and volumes with
// the claims to them.
//
// One Go type serves as wire and internal form of each kind: their rules need no other, and
// Kubernetes does not publish its internal types.
package core

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/velero-locations/velero-locations/registry/generic"
)

// Kinds that this package serves.
var Kinds = []generic.Kind{Namespaces, Secrets, ConfigMaps, Events, PersistentVolumes, PersistentVolumeClaims}

// AddToScheme registers the core group with the served kinds as their own internal form.
func AddToScheme(scheme *runtime.Scheme) error {
	if err := corev1.AddToScheme(scheme); err != nil {
		return fmt.Errorf("registering the types of core/v1: %w", err)
	}
	scheme.AddKnownTypes(schema.GroupVersion{Version: runtime.APIVersionInternal},
		&corev1.Namespace{}, &corev1.NamespaceList{},
		&corev1.Secret{}, &corev1.SecretList{},
		&corev1.ConfigMap{}, &corev1.ConfigMapList{},
		&corev1.Event{}, &corev1.EventList{},
		&corev1.PersistentVolume{}, &corev1.PersistentVolumeList{},
		&corev1.PersistentVolumeClaim{}, &corev1.PersistentVolumeClaimList{},
	)
	return nil
}
