package core

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/velero-locations/velero-locations/registry/generic"
	"github.com/velero-locations/velero-locations/registry/generic/table"
)

// Namespaces carry the finalizer "kubernetes" from creation on, so that a deleted one stays, in
// phase Terminating, until a controller has emptied it and takes the finalizer away.
var Namespaces = &generic.Resource[*corev1.Namespace, *corev1.NamespaceList]{
	GroupVersion:  corev1.SchemeGroupVersion,
	Plural:        "namespaces",
	ShortNames:    []string{"ns"},
	ClusterScoped: true,
	Columns: table.Columns[*corev1.Namespace]{
		{Name: "Status", Description: "Active, or Terminating while it is being emptied.", Value: func(n *corev1.Namespace) any { return string(n.Status.Phase) }},
		table.Age[*corev1.Namespace](),
	},
	Fields:              func(n *corev1.Namespace) fields.Set { return fields.Set{"status.phase": string(n.Status.Phase)} },
	ValidateName:        validation.ValidateNamespaceName,
	UnconditionalUpdate: true,
	Prepare:             prepareNamespace,
	Decorate:            showNamespacePhase,
	Validate:            func(*corev1.Namespace, *corev1.Namespace) field.ErrorList { return nil },
}

func prepareNamespace(namespace, old *corev1.Namespace) {
	if namespace.Labels == nil {
		namespace.Labels = map[string]string{}
	}
	namespace.Labels[corev1.LabelMetadataName] = namespace.Name
	if old == nil {
		namespace.Finalizers = append(namespace.Finalizers, string(corev1.FinalizerKubernetes))
	}
	showNamespacePhase(namespace)
}

func showNamespacePhase(namespace *corev1.Namespace) {
	namespace.Status.Phase = corev1.NamespaceActive
	if namespace.DeletionTimestamp != nil {
		namespace.Status.Phase = corev1.NamespaceTerminating
	}
}
