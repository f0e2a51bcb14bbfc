package backupstoragelocation

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"

	"github.com/velero-locations/velero-locations/apis/velero/warnings"
	"github.com/velero-locations/velero-locations/registry/generic"
)

// ask asks the storage of a location whose place or credentials are new, for users who may get the Secrets that it takes: nobody
// has keys used by writing their name who could not read them.
func ask(ctx context.Context, view *generic.View, l, old location) []string {
	env := view.Environment
	if env.Prober == nil || env.Kubernetes == nil || old != nil && asBefore(l, old) {
		return nil
	}
	for _, name := range env.Prober.Secrets(l) {
		if !env.May(ctx, "get", corev1.SchemeGroupVersion.WithResource("secrets"), l.Namespace, name) {
			return nil
		}
	}
	return warnings.Answer(env.Prober.Ask(ctx, env.Kubernetes, l))
}

// asBefore says that the storage would be asked the same.
func asBefore(l, old location) bool {
	return l.Spec.Provider == old.Spec.Provider && apiequality.Semantic.DeepEqual(l.Spec.Config, old.Spec.Config) &&
		apiequality.Semantic.DeepEqual(l.Spec.ObjectStorage, old.Spec.ObjectStorage) && apiequality.Semantic.DeepEqual(l.Spec.Credential, old.Spec.Credential)
}
