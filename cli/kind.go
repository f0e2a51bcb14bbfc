package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/velero-locations/velero-locations/generated/clientset/versioned"
)

// object is one location.
type object interface {
	runtime.Object
	metav1.Object
}

// kind says what is particular to a kind of location. T is the kind, L its list.
type kind[T object, L runtime.Object] struct {
	// singular and plural are what the kind is called on the command line.
	singular, plural string
	// noun is what messages call it; created is what the message of create does, in Velero's words.
	noun, created string
	// apiKind is what the API calls it.
	apiKind string
	// providers are those that completion offers.
	providers func() []string

	client  func(versioned.Interface, string) client[T, L]
	newList func() L
	// newCreation returns what create makes a location from.
	newCreation func() creation[T]
	// newChange returns what set changes.
	newChange func() change
	// addFilters adds flags to get that pick among the locations that were found. May be nil.
	addFilters func(*pflag.FlagSet) func(T) bool
	// columns of the table of these locations, after the name.
	columns func([]T) []column[T]
}

// client is what the generated clientset offers for a kind.
type client[T object, L runtime.Object] interface {
	Create(context.Context, T, metav1.CreateOptions) (T, error)
	Get(context.Context, string, metav1.GetOptions) (T, error)
	List(context.Context, metav1.ListOptions) (L, error)
	Patch(context.Context, string, types.PatchType, []byte, metav1.PatchOptions, ...string) (T, error)
	Delete(context.Context, string, metav1.DeleteOptions) error
}

// creation is a location to be, as flags describe it.
type creation[T object] interface {
	addFlags(*pflag.FlagSet)
	// required names the flags that must be given.
	required() []string
	// location is called once the flags are parsed. Name and labels are for the verb to add.
	location(*pflag.FlagSet) (T, error)
}

// change is what flags change of a location.
type change interface {
	addFlags(*pflag.FlagSet)
	// spec returns a JSON merge patch of the spec, with no other field than those that flags name.
	spec(*pflag.FlagSet) (map[string]any, error)
}

func (k kind[T, L]) names() (singular, plural string) {
	return k.singular, k.plural
}

// connect returns a client of the kind.
func (k kind[T, L]) connect(c *connection) (client[T, L], string, error) {
	clientset, namespace, err := c.connect()
	if err != nil {
		return nil, "", err
	}
	return k.client(clientset, namespace), namespace, nil
}

// find returns the locations of these names or, without names, all that the selector selects. Those
// that were found are returned even if others were not.
func (k kind[T, L]) find(ctx context.Context, client client[T, L], names []string, selector string) ([]T, error) {
	if len(names) == 0 {
		return k.list(ctx, client, selector)
	}
	var found []T
	var missing []error
	for _, name := range names {
		location, err := client.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			missing = append(missing, err)
			continue
		}
		found = append(found, location)
	}
	return found, errors.Join(missing...)
}

func (k kind[T, L]) list(ctx context.Context, client client[T, L], selector string) ([]T, error) {
	list, err := client.List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil, err
	}
	var found []T
	err = meta.EachListItem(list, func(item runtime.Object) error {
		location, ok := item.(T)
		if !ok {
			return fmt.Errorf("a list of %s has a %T", k.plural, item)
		}
		found = append(found, location)
		return nil
	})
	return found, err
}
