package verbs

import (
	"fmt"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/verbs/keyvalues"
)

// create sends an object, or with --output prints what it would send.
func (k kind[T, L]) create(c *connection) *cobra.Command {
	var (
		creation            = k.newCreation()
		labels, annotations = keyvalues.Map{}, keyvalues.Map{}
		dry                 dryRun
		out                 output
	)
	cmd := &cobra.Command{
		Use:   "create NAME",
		Short: "Create a " + k.singular,
		Args:  k.nameToCreate(creation),
		RunE: func(cmd *cobra.Command, args []string) error {
			object, err := k.newObject(cmd, c, creation, args)
			if err != nil {
				return err
			}
			object.SetLabels(labels.Over(object.GetLabels()))
			object.SetAnnotations(annotations.Over(object.GetAnnotations()))
			// As Velero does: what is printed is for a file, and nothing is sent.
			if out.wanted() && !bool(dry) {
				if r, ok := creation.(referrer[T]); ok {
					if err := r.checkReferences(cmd.Context(), c, object); err != nil {
						return err
					}
				}
				return k.print(c, out, object)
			}
			client, _, err := k.connect(c)
			if err != nil {
				return err
			}
			object, err = client.Create(cmd.Context(), object, metav1.CreateOptions{DryRun: dry.option(), FieldManager: fieldManager})
			if err != nil {
				return readable(err)
			}
			if out.wanted() {
				return k.print(c, out, object)
			}
			fmt.Fprintf(c.Out, k.created+"\n", object.GetName(), dry.suffix())
			if f, ok := creation.(follower[T]); ok {
				return f.follow(cmd.Context(), c, object, dry)
			}
			return nil
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	creation.addFlags(c, cmd)
	cmd.Flags().Var(labels, "labels", "Labels of the "+k.short+", as KEY=VALUE,...")
	cmd.Flags().Var(annotations, "annotations", "Annotations of the "+k.short+", as KEY=VALUE,...")
	dry.addFlag(cmd)
	out.addFlags(cmd, "Print the "+k.short+" instead of sending it; with --dry-run=server, as the server would store it.")
	return cmd
}

// nameToCreate accepts one name, or none if the creation finds one.
func (k kind[T, L]) nameToCreate(creation creation[T]) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if u, ok := creation.(unnamed); ok && len(args) == 0 && u.nameOptional() {
			return nil
		}
		return oneName(k.short)(cmd, args)
	}
}

// newObject is the object that flags and arguments describe.
func (k kind[T, L]) newObject(cmd *cobra.Command, c *connection, creation creation[T], args []string) (T, error) {
	var none T
	namespace, err := c.namespace()
	if err != nil {
		return none, err
	}
	name := ""
	if len(args) > 0 {
		name = args[0]
	}
	object, err := creation.object(cmd, c, name)
	if err != nil {
		return none, err
	}
	object.SetNamespace(namespace)
	return object, nil
}
