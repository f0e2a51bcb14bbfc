package generic

import (
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apiserver/pkg/storage"
	"k8s.io/client-go/tools/cache"
)

// predicate selects objects, and tells the watch cache which of its indexes may be of use.
func (r *Resource[T, L]) predicate(label labels.Selector, field fields.Selector) storage.SelectionPredicate {
	return storage.SelectionPredicate{Label: label, Field: field, GetAttrs: r.attributes, IndexFields: slices.Collect(maps.Keys(r.Indexes))}
}

// indexers keep the watch cache's indexes.
func (r *Resource[T, L]) indexers() *cache.Indexers {
	if len(r.Indexes) == 0 {
		return nil
	}
	indexers := cache.Indexers{}
	for name, value := range r.Indexes {
		indexers[storage.FieldIndex(name)] = func(object any) ([]string, error) {
			obj, ok := object.(T)
			if !ok {
				return nil, fmt.Errorf("indexing %s: got a %T", r.Plural, object)
			}
			return []string{value(obj)}, nil
		}
	}
	return &indexers
}
