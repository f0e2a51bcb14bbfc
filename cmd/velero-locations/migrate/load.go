package migrate

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/dynamic"
)

// loaders is how many objects are made at a time.
const loaders = 8

// outcome of putting the objects of an archive into a cluster.
type outcome struct {
	mu            sync.Mutex
	uids          map[types.UID]types.UID // by those in the archive
	made, already int
	problems      []string
}

func (o *outcome) problem(resource schema.GroupVersionResource, object *unstructured.Unstructured, format string, args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.problems = append(o.problems, fmt.Sprintf("%s %s/%s: %s", resource.Resource, object.GetNamespace(), object.GetName(), fmt.Sprintf(format, args...)))
}

// load makes the objects of an archive, kind by kind. One that is there already, as it is in the archive, is left alone: a load that was
// interrupted is repeated. One that is refused, or different, does not keep the others; the outcome names it.
func (c *cluster) load(ctx context.Context, archive string) (*outcome, error) {
	o, archived := &outcome{uids: map[types.UID]types.UID{}}, sets.New[schema.GroupVersionResource]()
	err := readArchive(archive, func(of schema.GroupVersionResource, _ *unstructured.Unstructured) error {
		archived.Insert(of)
		return nil
	})
	if err != nil {
		return o, err
	}
	for _, resource := range kinds {
		if !archived.Has(resource) {
			continue
		}
		group, inner := errgroup.WithContext(ctx)
		group.SetLimit(loaders)
		read := scan(archive, func(of schema.GroupVersionResource, object *unstructured.Unstructured) error {
			if of == resource {
				group.Go(func() error { return c.put(inner, o, resource, object) })
			}
			return inner.Err()
		})
		if err := group.Wait(); err != nil {
			return o, err
		}
		if read != nil {
			return o, read
		}
	}
	return o, c.compareDefaults(ctx, o, archive)
}

// put makes one object. An error is one that others would have, too.
func (c *cluster) put(ctx context.Context, o *outcome, resource schema.GroupVersionResource, archived *unstructured.Unstructured) error {
	client := c.Resource(resource).Namespace(archived.GetNamespace())
	wanted := archived.DeepCopy()
	wanted.SetUID("")
	wanted.SetResourceVersion("")
	wanted.SetManagedFields(nil)
	wanted.SetOwnerReferences(o.owners(archived.GetOwnerReferences()))
	got, err := client.Create(ctx, wanted, metav1.CreateOptions{FieldManager: "velero-locations-migrate"})
	existed := apierrors.IsAlreadyExists(err)
	if existed {
		got, err = client.Get(ctx, archived.GetName(), metav1.GetOptions{})
	}
	if err == nil && !existed {
		got, err = ensureStatus(ctx, client, wanted, got)
	}
	switch {
	case err != nil && refuses(err):
		o.problem(resource, archived, "%v", err)
		return nil
	case err != nil:
		return fmt.Errorf("making %s %s/%s: %w", resource.Resource, archived.GetNamespace(), archived.GetName(), err)
	}
	parts := []string{"spec", "status"}
	if existed { // since when controllers may have written its status
		parts = parts[:1]
	}
	for _, part := range parts {
		if path := missing(archived.Object[part], got.Object[part], part); path != "" {
			what := "it was made, but %s is not as it was"
			if existed {
				what = "there is another of this name: %s is different"
			}
			o.problem(resource, archived, what, path)
			return nil
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.uids[archived.GetUID()] = got.GetUID()
	if existed {
		o.already++
	} else {
		o.made++
	}
	return nil
}

// ensureStatus writes the status of an object whose kind does not take it when it is made.
func ensureStatus(ctx context.Context, client dynamic.ResourceInterface, wanted, got *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	if wanted.Object["status"] == nil || got.Object["status"] != nil {
		return got, nil
	}
	got = got.DeepCopy()
	got.Object["status"] = wanted.Object["status"]
	updated, err := client.UpdateStatus(ctx, got, metav1.UpdateOptions{})
	if apierrors.IsNotFound(err) { // the status was empty
		return got, nil
	}
	return updated, err
}

// refuses says whether an error is about the object that was sent.
func refuses(err error) bool {
	var status apierrors.APIStatus
	return errors.As(err, &status) && status.Status().Code >= 400 && status.Status().Code < 500 && !apierrors.IsUnauthorized(err) && !apierrors.IsTooManyRequests(err)
}

// owners returns references to owners as they are known here. What is not in the archive is taken to have stayed.
func (o *outcome) owners(references []metav1.OwnerReference) []metav1.OwnerReference {
	o.mu.Lock()
	defer o.mu.Unlock()
	var known []metav1.OwnerReference
	for _, reference := range references {
		if uid, moved := o.uids[reference.UID]; moved {
			reference.UID = uid
		}
		known = append(known, reference)
	}
	return known
}

// missing returns the path of a field that was in one value and is not the same in another, empty if there is none. What has come in
// addition are defaults.
func missing(was, is any, path string) string {
	switch was := was.(type) {
	case nil:
		return ""
	case map[string]any:
		now, _ := is.(map[string]any)
		for key, value := range was {
			if at := missing(value, now[key], path+"."+key); at != "" {
				return at
			}
		}
		return ""
	}
	if !reflect.DeepEqual(was, is) {
		return path
	}
	return ""
}

// compareDefaults looks once more at the locations: where several were the default of a namespace, only the last has stayed it.
func (c *cluster) compareDefaults(ctx context.Context, o *outcome, archive string) error {
	lost := map[types.UID]bool{}
	err := c.each(ctx, backupLocations, func(object *unstructured.Unstructured) error {
		lost[object.GetUID()] = !isDefault(object)
		return nil
	})
	if err != nil {
		return err
	}
	return readArchive(archive, func(resource schema.GroupVersionResource, object *unstructured.Unstructured) error {
		if resource == backupLocations && isDefault(object) && lost[o.uids[object.GetUID()]] {
			o.problem(resource, object, "it is no longer the default, since another of its namespace is, too: set spec.default of all but one to false")
		}
		return nil
	})
}

func isDefault(location *unstructured.Unstructured) bool {
	is, _, _ := unstructured.NestedBool(location.Object, "spec", "default")
	return is
}
