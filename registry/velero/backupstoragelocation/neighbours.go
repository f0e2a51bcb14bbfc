package backupstoragelocation

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/fields"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/apis/velero/warnings"
	"github.com/velero-locations/velero-locations/registry/generic"
)

// Locations are found by where they lie, so that nobody looks at all that share a bucket. placeIndex has the place of each, and
// withinIndex what it lies in at one depth of its nest, from the bucket on; what lies deeper is found by the deepest.
const placeIndex = "place"

const deepest = 3

func withinIndex(depth int) string { return fmt.Sprint("within-", depth) }

// defaultIndex has the namespaces of defaults.
const defaultIndex = "default-of"

func indexes() map[string]func(location) string {
	all := map[string]func(location) string{
		defaultIndex: func(l location) string {
			if !l.Spec.Default {
				return ""
			}
			return l.Namespace
		},
		placeIndex: func(l location) string {
			nest := warnings.Nest(l)
			return at(nest, len(nest)-1)
		},
	}
	for depth := range deepest + 1 {
		all[withinIndex(depth)] = func(l location) string { return at(warnings.Nest(l), depth) }
	}
	return all
}

func at(nest []string, depth int) string {
	if depth < 0 || depth >= len(nest) {
		return ""
	}
	return nest[depth]
}

// mostNamespaces is of how many namespaces it is found out whether a user may see them who may not see all. Others count as hidden.
const mostNamespaces = 10

// near returns the locations of all namespaces that a location may disturb, or be disturbed by: those that the user may see, of the
// location's own namespace first, and the rest.
func near(ctx context.Context, view *generic.View, l location) (seen, hidden []location) {
	nest := warnings.Nest(l)
	if len(nest) == 0 {
		return nil, nil
	}
	inner := len(nest) - 1
	depth := min(inner, deepest)
	selectors := []fields.Selector{fields.OneTermEqualSelector(withinIndex(depth), nest[depth])}
	for _, outer := range nest[:inner] {
		selectors = append(selectors, fields.OneTermEqualSelector(placeIndex, outer))
	}
	var all []location
	for _, selector := range selectors {
		found, err := generic.List[location](genericapirequest.WithNamespace(ctx, ""), view, v1.Resource("backupstoragelocations"), selector)
		if err != nil {
			return nil, nil
		}
		all = append(all, found...)
	}
	var elsewhere []location
	for _, other := range all {
		if other.Namespace == l.Namespace {
			seen = append(seen, other)
		} else {
			elsewhere = append(elsewhere, other)
		}
	}
	visible, hidden := split(ctx, view, elsewhere)
	return append(seen, visible...), hidden
}

// split tells locations of other namespaces that the user may see from the rest.
func split(ctx context.Context, view *generic.View, all []location) (seen, hidden []location) {
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
