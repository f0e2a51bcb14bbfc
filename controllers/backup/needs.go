package backup

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/velero-locations/velero-locations/controllers/backup/inventory"
	"github.com/velero-locations/velero-locations/resources"
)

var (
	podResource   = schema.GroupResource{Resource: "pods"}
	claimResource = schema.GroupResource{Resource: "persistentvolumeclaims"}
	// definitionResource is of definitions of custom resources, whose names are those of the resources.
	definitionResource = schema.GroupResource{Group: "apiextensions.k8s.io", Resource: "customresourcedefinitions"}
)

// needs say what an object cannot be restored without: a pod its claims, a claim its volume.
var needs = map[schema.GroupResource]func(content []byte) ([]object, error){
	podResource: func(content []byte) ([]object, error) {
		var pod corev1.Pod
		if err := json.Unmarshal(content, &pod); err != nil {
			return nil, fmt.Errorf("reading a pod: %w", err)
		}
		var claims []object
		for _, volume := range pod.Spec.Volumes {
			if claim := volume.PersistentVolumeClaim; claim != nil {
				claims = append(claims, object{claimResource, pod.Namespace, claim.ClaimName})
			}
		}
		return claims, nil
	},
	claimResource: func(content []byte) ([]object, error) {
		var claim corev1.PersistentVolumeClaim
		if err := json.Unmarshal(content, &claim); err != nil {
			return nil, fmt.Errorf("reading a claim: %w", err)
		}
		if claim.Spec.VolumeName == "" {
			return nil, nil
		}
		return []object{{resource: pvResource, name: claim.Spec.VolumeName}}, nil
	},
}

// addNeeds adds what an object that was just added needs, and remembers volumes for their snapshots.
func (r *run) addNeeds(ctx context.Context, id object, found *inventory.Object) error {
	if id.resource == pvResource {
		pv := &corev1.PersistentVolume{}
		if err := json.Unmarshal(found.JSON, pv); err != nil {
			return fmt.Errorf("reading persistent volume %q: %w", id.name, err)
		}
		r.pvs = append(r.pvs, pv)
	}
	if id.resource == accountResource {
		return r.addRoles(ctx, id)
	}
	find := needs[id.resource]
	if find == nil && id.resource != pvResource {
		return nil
	}
	r.added[id] = true
	if find == nil {
		return nil
	}
	needed, err := find(found.JSON)
	if err != nil {
		return err
	}
	for _, other := range needed {
		if err := r.addOne(ctx, other, r.needed, r.scope.Whole); err != nil {
			return err
		}
	}
	return nil
}

// addDefinition adds the definition of a resource, if it is a custom one: unless definitions are backed up on their own, or
// left out.
func (r *run) addDefinition(ctx context.Context, of *resources.Resource) error {
	if of.Group == "" {
		return nil
	}
	return r.addOne(ctx, object{resource: definitionResource, name: of.GroupResource().String()}, r.onlyNeeded, r.scope.Whole)
}

// needed says whether a resource may be in the backup because something else is.
func (r *run) needed(resource *resources.Resource) bool {
	if resource.Namespaced {
		return r.scope.Resource(resource)
	}
	return r.scope.Needed(resource)
}

// addOne reads an object and adds it, if its resource is allowed, and it belongs to the backup. One that is gone by now is not added.
func (r *run) addOne(ctx context.Context, id object, allowed func(*resources.Resource) bool, belongs func(*metav1.PartialObjectMetadata) bool) error {
	resource := r.resource(id.resource)
	if resource == nil || !allowed(resource) || r.added[id] {
		return nil
	}
	found, err := r.api.Get(ctx, *resource, id.namespace, id.name)
	switch {
	case ctx.Err() != nil:
		return err
	case apierrors.IsNotFound(err) && id.resource == definitionResource: // not every resource has one
		return nil
	case apierrors.IsNotFound(err):
		r.record.Doubtful(id.namespace, fmt.Sprintf("%s %q is referred to, but not there", id.resource, id.name))
		return nil
	case err != nil:
		r.record.Failed(id.namespace, err)
		return nil
	case !belongs(&found.Meta):
		return nil
	}
	return r.add(ctx, resource, &found)
}

// addOrdered adds those objects of a resource that spec.orderedResources puts before the others.
func (r *run) addOrdered(ctx context.Context, resource *resources.Resource) error {
	for _, name := range r.scope.Ordered(resource) {
		id := object{resource: resource.GroupResource(), name: name}
		if namespace, rest, found := strings.Cut(name, "/"); found {
			id.namespace, id.name = namespace, rest
		}
		before := r.done
		if err := r.addOne(ctx, id, r.scope.Resource, r.scope.Object); err != nil {
			return err
		}
		if r.done > before {
			r.added[id] = true
		}
	}
	return nil
}
