package generic

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/client-go/kubernetes"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/apis/velero/validation"
	"github.com/velero-locations/velero-locations/locations/selection"
	"github.com/velero-locations/velero-locations/registry/cluster"
)

// Environment is what kinds need to know of the server that serves them. It is complete before the
// server answers, and does not change from then on. The zero value is a server that enforces all
// rules, has no defaults, and knows nothing of Secrets or of other kinds.
type Environment struct {
	// Rules of validation.
	Rules validation.Rules
	// Defaults of the locations of backups, where a namespace does not say.
	Defaults selection.Defaults
	// Authorizer says what users may do. Nil: they may do nothing.
	Authorizer authorizer.Authorizer
	// Kubernetes is the API that Secrets are in. Nil: they cannot be read.
	Kubernetes kubernetes.Interface

	// Prober asks the storage of locations that are typed. Nil: it is left to the controllers.
	Prober Prober

	// Cluster is what is backed up. Nil: nothing is known of it.
	Cluster *cluster.Cluster

	stores map[schema.GroupResource]*Store
}

// Prober asks the storage of a backup storage location whether it could be used.
type Prober interface {
	// Secrets are the names of those, in the location's namespace, that asking takes.
	Secrets(location *velerov1.BackupStorageLocation) []string
	// Ask returns what is in the way, on one line that holds no secret; empty: nothing is known to be. It takes no longer than the
	// context lasts, and does not ask whenever too much is asked.
	Ask(ctx context.Context, secrets kubernetes.Interface, location *velerov1.BackupStorageLocation) string
}

// Serve tells kinds of another one that the server serves.
func (e *Environment) Serve(resource schema.GroupResource, store *Store) {
	if e.stores == nil {
		e.stores = map[schema.GroupResource]*Store{}
	}
	e.stores[resource] = store
}

// Store returns the store of a kind, nil if the server does not serve it.
func (e *Environment) Store(resource schema.GroupResource) *Store { return e.stores[resource] }

// Secrets returns the keys of Secrets in the namespace of a request, nil for one that is not there.
// Left out are those that the request's user may not get, and those that cannot be read.
func (e *Environment) Secrets(ctx context.Context, names ...string) map[string]sets.Set[string] {
	if e.Kubernetes == nil {
		return nil
	}
	namespace := genericapirequest.NamespaceValue(ctx)
	secrets := map[string]sets.Set[string]{}
	for _, name := range names {
		if !e.May(ctx, "get", corev1.SchemeGroupVersion.WithResource("secrets"), namespace, name) {
			continue
		}
		secret, err := e.Kubernetes.CoreV1().Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
		switch {
		case err == nil:
			secrets[name] = sets.KeySet(secret.Data)
		case apierrors.IsNotFound(err):
			secrets[name] = nil
		}
	}
	return secrets
}

// May says whether the user of a request may do something with an object of a resource. Without a name all objects are meant,
// and without a namespace those of all namespaces.
func (e *Environment) May(ctx context.Context, verb string, resource schema.GroupVersionResource, namespace, name string) bool {
	user, ok := genericapirequest.UserFrom(ctx)
	if !ok || e.Authorizer == nil {
		return false
	}
	decision, _, err := e.Authorizer.Authorize(ctx, authorizer.AttributesRecord{
		User: user, Verb: verb, Namespace: namespace, Name: name,
		APIGroup: resource.Group, APIVersion: resource.Version, Resource: resource.Resource, ResourceRequest: true,
	})
	return err == nil && decision == authorizer.DecisionAllow
}
