package backupstoragelocation

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/fields"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/apis/velero/warnings"
	"github.com/velero-locations/velero-locations/registry/generic"
)

// bucketIndex finds locations by what they must have in common to get in each other's way.
const bucketIndex = "bucket"

// mostNamespaces is of how many namespaces it is found out whether a user may see them who may not see all. Others count as hidden.
const mostNamespaces = 10

// elsewhere returns the locations of other namespaces in the bucket of a location: those that the user may see, and the rest.
func elsewhere(ctx context.Context, view *generic.View, l location) (seen, hidden []location) {
	bucket := warnings.BucketOf(l)
	if bucket == "" {
		return nil, nil
	}
	anywhere := genericapirequest.WithNamespace(ctx, "")
	all, err := generic.List[location](anywhere, view, v1.Resource("backupstoragelocations"), fields.OneTermEqualSelector(bucketIndex, bucket))
	if err != nil {
		return nil, nil
	}
	all = slices.DeleteFunc(slices.Clone(all), func(other location) bool { return other.Namespace == l.Namespace })
	if len(all) == 0 || mayList(ctx, view, "") {
		return all, nil
	}
	may := map[string]bool{}
	for _, other := range all {
		if _, asked := may[other.Namespace]; !asked && len(may) < mostNamespaces {
			may[other.Namespace] = mayList(ctx, view, other.Namespace)
		}
		if may[other.Namespace] {
			seen = append(seen, other)
		} else {
			hidden = append(hidden, other)
		}
	}
	return seen, hidden
}

func mayList(ctx context.Context, view *generic.View, namespace string) bool {
	return view.Environment.May(ctx, "list", v1.SchemeGroupVersion.WithResource("backupstoragelocations"), namespace, "")
}
