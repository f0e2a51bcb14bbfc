// Package migrate moves the objects of group velero.io from CustomResourceDefinitions to this server, and back, by way of a file. Nothing
// is touched before all of it is known to be accepted.
package migrate

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/kubeconfig"
)

// Rehearsal runs a server that is like the one to move to and empty, for as long as the function runs that gets its address.
type Rehearsal func(ctx context.Context, do func(context.Context, *rest.Config) error) error

type command struct {
	*cobra.Command

	flags    kubeconfig.Flags
	rehearse Rehearsal
}

// NewCommand returns the command with those below it.
func NewCommand(rehearse Rehearsal) *cobra.Command {
	parent := &cobra.Command{
		Use:   "migrate",
		Short: "Move all objects between Velero's CRDs and this server, in either direction",
	}
	add := func(use, short, long string, run func(command, context.Context, string) error) *cobra.Command {
		c := command{flags: kubeconfig.NewFlags(), rehearse: rehearse}
		c.Command = &cobra.Command{
			Use: use + " FILE", Short: short, Long: short + ".\n\n" + long, Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error { return run(c, cmd.Context(), args[0]) },
		}
		c.flags.AddFlags(c.Flags())
		parent.AddCommand(c.Command)
		return c.Command
	}
	add("export", "Save all objects to a file, and say which of them this server would refuse",
		"Nothing is changed in the cluster. The objects are put into a server that runs for the time of the command, in this process: what is refused\n"+
			"there is named, to be mended in the cluster before the objects are exported again. The status of objects and their other metadata are in the file.",
		command.export)
	var confirmed bool
	remove := add("remove", "Remove from the cluster what was exported, with who serves it",
		"CustomResourceDefinitions are deleted, with all objects; of this server, the APIServices, so that CRDs can take the place of its objects,\n"+
			"which stay in etcd. That is refused if Velero runs, or if anything has changed since the export. A removal that was interrupted is repeated.",
		func(c command, ctx context.Context, file string) error { return c.remove(ctx, file, confirmed) })
	remove.Flags().BoolVar(&confirmed, "confirm", false, "Really remove them")
	add("import", "Make all objects of a file",
		"Owner references get the uids of the owners as they are now. Objects are made with their status; the time of creation is that of the import. What\n"+
			"is there already is left alone: an import that was interrupted is repeated. It is refused if Velero runs, or if there are both CRDs and a server.",
		command.load)
	return parent
}

func (c command) cluster() (*cluster, error) {
	config, err := c.flags.REST()
	if err != nil {
		return nil, err
	}
	return newCluster(config)
}

func (c command) printf(format string, args ...any) {
	fmt.Fprintf(c.OutOrStdout(), format+"\n", args...)
}

func (c command) export(ctx context.Context, file string) error {
	from, err := c.cluster()
	if err != nil {
		return err
	}
	serving, _, err := from.owner(ctx)
	if err != nil {
		return err
	}
	if serving == nobody {
		return errors.New("nobody serves velero.io in this cluster: there is nothing to export")
	}
	count := 0
	err = writeArchive(file, func(put func(schema.GroupVersionResource, *unstructured.Unstructured) error) error {
		for _, resource := range kinds {
			err := from.each(ctx, resource, func(object *unstructured.Unstructured) error {
				if object.GetDeletionTimestamp() != nil {
					c.printf("Left out, as it is being deleted: %s %s/%s", resource.Resource, object.GetNamespace(), object.GetName())
					return nil
				}
				count++
				return put(resource, object)
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	c.printf("Exported %d objects from %s to %s.", count, serving, file)
	if serving != byCRDs {
		return nil
	}
	return c.rehearse(ctx, func(ctx context.Context, config *rest.Config) error { return c.try(ctx, config, file) })
}

// try puts the objects into a server that is there for it.
func (c command) try(ctx context.Context, config *rest.Config, file string) error {
	to, err := newCluster(config)
	if err != nil {
		return err
	}
	namespaces := map[string]bool{}
	err = readArchive(file, func(_ schema.GroupVersionResource, object *unstructured.Unstructured) error {
		namespaces[object.GetNamespace()] = true
		return nil
	})
	if err != nil {
		return err
	}
	for name := range namespaces {
		namespace := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": name}}}
		_, err := to.Resource(schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}).Create(ctx, namespace, metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("making namespace %s to try in: %w", name, err)
		}
	}
	return c.report(ctx, to, file, "would be made by this server", "mend them in the cluster, and export again")
}

func (c command) load(ctx context.Context, file string) error {
	to, err := c.cluster()
	if err != nil {
		return err
	}
	serving, crds, err := to.owner(ctx)
	switch {
	case err != nil:
		return err
	case serving == nobody:
		return errors.New("nobody serves velero.io in this cluster: install this server, or Velero's CRDs, first")
	case serving == byServer && len(crds) > 0:
		return fmt.Errorf("%s serves velero.io, and there are CustomResourceDefinitions as well (%s): remove them first, by velero-locations migrate remove, with the APIServices away",
			serving, strings.Join(crds, ", "))
	}
	if err := to.idle(ctx); err != nil {
		return err
	}
	return c.report(ctx, to, file, fmt.Sprintf("made in %s", serving), "mend them in the file or in the cluster, and import again")
}

// report loads an archive, and says what became of its objects.
func (c command) report(ctx context.Context, to *cluster, file, done, advice string) error {
	o, err := to.load(ctx, file)
	if err != nil {
		return err
	}
	already := ""
	if o.already > 0 {
		already = fmt.Sprintf(", %d were there already", o.already)
	}
	c.printf("%d objects %s%s.", o.made, done, already)
	if len(o.problems) == 0 {
		return nil
	}
	slices.Sort(o.problems)
	for _, problem := range o.problems {
		c.printf("  %s", problem)
	}
	return fmt.Errorf("%d objects are not as they were: %s", len(o.problems), advice)
}

func (c command) remove(ctx context.Context, file string, confirmed bool) error {
	from, err := c.cluster()
	if err != nil {
		return err
	}
	return c.removeFrom(ctx, from, file, confirmed)
}

// removeFrom does what is left to do, so that it is repeated after an interruption: what says who serves the group goes last.
func (c command) removeFrom(ctx context.Context, from *cluster, file string, confirmed bool) error {
	serving, crds, err := from.owner(ctx)
	switch {
	case err != nil:
		return err
	case serving == standalone:
		return fmt.Errorf("%s serves velero.io in this cluster: there is nothing to remove", serving)
	case serving == nobody && len(crds) > 0:
		return c.awaitRemoval(ctx, from, crds)
	}
	if err := from.idle(ctx); err != nil {
		return err
	}
	left, err := from.unchanged(ctx, file)
	if err != nil {
		return err
	}
	if left.gone > 0 {
		c.printf("Of the objects in %s %d are gone already.", file, left.gone)
	}
	if serving == nobody {
		c.printf("Nobody serves velero.io in this cluster: nothing is left to remove.")
		return nil
	}
	if !confirmed {
		return fmt.Errorf("%d objects would be removed from %s; all of them are in %s: say --confirm to do so", left.count, serving, file)
	}
	if serving == byServer {
		if err := from.removeAPIServices(ctx); err != nil {
			return err
		}
		c.printf("Removed the APIServices of velero.io; the %d objects stay with their server.", left.count)
		return nil
	}
	for _, object := range left.finalized {
		if err := from.release(ctx, object); err != nil {
			return err
		}
	}
	if err := from.removeDefinitions(ctx, crds); err != nil {
		return err
	}
	c.printf("Removed %d objects, and %d CustomResourceDefinitions.", left.count, len(crds))
	return nil
}

// awaitRemoval waits for definitions that nobody serves any more, if they have been deleted. Of others nobody knows the objects.
func (c command) awaitRemoval(ctx context.Context, from *cluster, crds []string) error {
	for _, name := range crds {
		crd, err := from.Resource(definitions).Get(ctx, name, metav1.GetOptions{})
		if err == nil && crd.GetDeletionTimestamp() == nil {
			return fmt.Errorf("nobody serves velero.io, though there is CustomResourceDefinition %s, whose objects cannot be compared: try again when it is served", name)
		}
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("reading CustomResourceDefinition %s: %w", name, err)
		}
	}
	if err := from.awaitGone(ctx, crds); err != nil {
		return err
	}
	c.printf("The last %d CustomResourceDefinitions have gone, which were deleted before.", len(crds))
	return nil
}

// held is an object that finalizers keep.
type held struct {
	resource schema.GroupVersionResource
	types.NamespacedName
}

// release takes the finalizers from an object: who would take them is stopped. The archive has them still.
func (c *cluster) release(ctx context.Context, object held) error {
	_, err := c.Resource(object.resource).Namespace(object.Namespace).Patch(ctx, object.Name, types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("taking the finalizers from %s %s: %w", object.resource.Resource, object.NamespacedName, err)
	}
	return nil
}

// remaining is what is in a cluster of an archive.
type remaining struct {
	finalized   []held
	count, gone int
}

// unchanged makes sure that an archive has all objects as they are in the cluster.
func (c *cluster) unchanged(ctx context.Context, file string) (left remaining, err error) {
	versions, finalized := map[types.UID]string{}, map[types.UID]*unstructured.Unstructured{}
	err = readArchive(file, func(_ schema.GroupVersionResource, object *unstructured.Unstructured) error {
		versions[object.GetUID()] = object.GetResourceVersion()
		if len(object.GetFinalizers()) > 0 {
			finalized[object.GetUID()] = object
		}
		return nil
	})
	if err != nil {
		return left, err
	}
	left.gone = len(versions)
	var changed []string
	for _, resource := range kinds {
		err := c.each(ctx, resource, func(object *unstructured.Unstructured) error {
			left.count++
			version, archived := versions[object.GetUID()]
			if archived {
				left.gone--
			}
			name := types.NamespacedName{Namespace: object.GetNamespace(), Name: object.GetName()}
			if len(object.GetFinalizers()) > 0 {
				left.finalized = append(left.finalized, held{resource, name})
			}
			if version != object.GetResourceVersion() && object.GetDeletionTimestamp() == nil && !released(finalized[object.GetUID()], object) {
				changed = append(changed, fmt.Sprintf("%s %s", resource.Resource, name))
			}
			return nil
		})
		if err != nil {
			return left, err
		}
	}
	if len(changed) > 0 {
		return left, fmt.Errorf("%d objects have changed since %s was written, such as %s: export again", len(changed), file, changed[0])
	}
	return left, nil
}

// released says whether an object is as it was but for its finalizers, which a removal that was interrupted has taken.
func released(was, is *unstructured.Unstructured) bool {
	if was == nil || len(is.GetFinalizers()) > 0 {
		return false
	}
	without := func(object *unstructured.Unstructured) map[string]any {
		object = object.DeepCopy()
		object.SetFinalizers(nil)
		object.SetResourceVersion("")
		object.SetManagedFields(nil)
		return object.Object
	}
	return reflect.DeepEqual(without(was), without(is))
}
