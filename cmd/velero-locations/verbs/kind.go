package verbs

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/velero-locations/velero-locations/generated/clientset/versioned"
)

// object is one of a kind.
type object interface {
	runtime.Object
	metav1.Object
}

// kind says what is particular to a kind, for the verbs that kinds share. T is the kind, L its list.
type kind[T object, L runtime.Object] struct {
	// singular and plural are what the kind is called on the command line; short in sentences about it.
	singular, plural, short string
	// apiKind is what the API calls it.
	apiKind string
	// created, changed and deleted are Velero's words for what was done, with a %q for the name and a %s for the note of a dry run.
	created, changed, deleted string
	// deletes says, in help, what delete does.
	deletes string

	client  func(versioned.Interface, string) client[T, L]
	newList func() L
	// newCreation returns what create makes an object from.
	newCreation func() creation[T]
	// newChange returns what set changes. Nil: the kind has no set.
	newChange func() change
	// newDescription returns what describe tells. Nil: the kind has no describe.
	newDescription func() description[T]
	// remove asks for the deletion of an object that is not deleted at once. Nil: it is.
	remove func(context.Context, versioned.Interface, T, dryRun) error
	// addFilters adds flags to get that pick among the objects that were found. May be nil.
	addFilters func(*pflag.FlagSet) func(T) bool
	// filtered says what none of the objects that were found is, if those filters leave nothing.
	filtered string
	// compare is the order of rows. Nil: as they come.
	compare func(a, b T) int
	// columns of the table of these objects, after the name.
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

// creation is an object to be, as flags describe it.
type creation[T object] interface {
	addFlags(*connection, *cobra.Command)
	// object is called once the flags are parsed. It names the object, which has a name of its own if
	// none was given; the namespace and what the flags --labels and --annotations say are for the verb to add.
	object(cmd *cobra.Command, c *connection, name string) (T, error)
}

// unnamed is a creation that may find a name by itself.
type unnamed interface {
	// nameOptional says, once the flags are parsed, whether it will.
	nameOptional() bool
}

// referrer is a creation whose object names others, which are to be there even if it is only printed.
type referrer[T object] interface {
	checkReferences(ctx context.Context, c *connection, object T) error
}

// follower is a creation that has more to tell of an object than that it was created.
type follower[T object] interface {
	follow(ctx context.Context, c *connection, created T, dry dryRun) error
}

// change is what flags change of an object.
type change interface {
	addFlags(*pflag.FlagSet)
	// spec returns a JSON merge patch of the spec, with no other field than those that flags name.
	spec(context.Context, *pflag.FlagSet) (map[string]any, error)
}

// connect returns a client of the kind.
func (k kind[T, L]) connect(c *connection) (client[T, L], string, error) {
	clientset, namespace, err := c.connect()
	if err != nil {
		return nil, "", err
	}
	return k.client(clientset, namespace), namespace, nil
}

// find returns the objects of these names or, without names, all that the selector selects. Those
// that were found are returned even if others were not.
func (k kind[T, L]) find(ctx context.Context, client client[T, L], names []string, selector string) ([]T, error) {
	if len(names) == 0 {
		return k.list(ctx, client, selector)
	}
	var found []T
	var missing []error
	for _, name := range names {
		object, err := client.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			missing = append(missing, err)
			continue
		}
		found = append(found, object)
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
		object, ok := item.(T)
		if !ok {
			return fmt.Errorf("a list of %s has a %T", k.plural, item)
		}
		found = append(found, object)
		return nil
	})
	return found, err
}
