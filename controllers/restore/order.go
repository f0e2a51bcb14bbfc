package restore

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/velero-locations/velero-locations/backups"
)

var (
	crdResource            = schema.GroupResource{Group: "apiextensions.k8s.io", Resource: "customresourcedefinitions"}
	namespaceResource      = schema.GroupResource{Resource: "namespaces"}
	pvResource             = schema.GroupResource{Resource: "persistentvolumes"}
	pvcResource            = schema.GroupResource{Resource: "persistentvolumeclaims"}
	podResource            = schema.GroupResource{Resource: "pods"}
	secretResource         = schema.GroupResource{Resource: "secrets"}
	serviceResource        = schema.GroupResource{Resource: "services"}
	serviceAccountResource = schema.GroupResource{Resource: "serviceaccounts"}
	priorityClassResource  = schema.GroupResource{Group: "scheduling.k8s.io", Resource: "priorityclasses"}
)

// first and last are the resources that are restored before and after the others, which are in the order of their names: Velero's
// --restore-resource-priorities in 1.18.
var (
	first = []schema.GroupResource{
		crdResource,
		namespaceResource,
		{Group: "storage.k8s.io", Resource: "storageclasses"},
		{Group: "snapshot.storage.k8s.io", Resource: "volumesnapshotclasses"},
		{Group: "snapshot.storage.k8s.io", Resource: "volumesnapshotcontents"},
		{Group: "snapshot.storage.k8s.io", Resource: "volumesnapshots"},
		{Group: "velero.io", Resource: "datauploads"},
		pvResource,
		pvcResource,
		{Group: "rbac.authorization.k8s.io", Resource: "clusterroles"},
		{Group: "rbac.authorization.k8s.io", Resource: "roles"},
		serviceAccountResource,
		{Group: "rbac.authorization.k8s.io", Resource: "clusterrolebindings"},
		{Group: "rbac.authorization.k8s.io", Resource: "rolebindings"},
		secretResource,
		{Resource: "configmaps"},
		{Resource: "limitranges"},
		priorityClassResource,
		podResource,
		{Group: "apps", Resource: "replicasets"},
		{Group: "cluster.x-k8s.io", Resource: "clusterclasses"},
		{Resource: "endpoints"},
		serviceResource,
	}
	last = []schema.GroupResource{
		{Group: "run.tanzu.vmware.com", Resource: "clusterbootstraps"},
		{Group: "cluster.x-k8s.io", Resource: "clusters"},
		{Group: "addons.cluster.x-k8s.io", Resource: "clusterresourcesets"},
		{Group: "kappctrl.k14s.io", Resource: "apps"},
		{Group: "packaging.carvel.dev", Resource: "packageinstalls"},
	}
)

// ordered returns the resources of a backup in the order in which they are restored.
func ordered(objects map[schema.GroupResource][]backups.Object) []schema.GroupResource {
	rank := func(r schema.GroupResource) int {
		if i := slices.Index(first, r); i >= 0 {
			return i - len(first)
		}
		return slices.Index(last, r) + 1 // 0 for the others
	}
	return slices.SortedFunc(maps.Keys(objects), func(a, b schema.GroupResource) int {
		if ra, rb := rank(a), rank(b); ra != rb {
			return ra - rb
		}
		return strings.Compare(a.String(), b.String())
	})
}
