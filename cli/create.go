package cli

import (
	"fmt"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// create sends a location, or with --output prints what it would send.
func (k kind[T, L]) create(c *connection) *cobra.Command {
	var (
		creation = k.newCreation()
		labels   = keyValues{}
		dry      dryRun
		out      output
	)
	cmd := &cobra.Command{
		Use:   "create NAME",
		Short: "Create a " + k.singular,
		Args:  oneName,
		RunE: func(cmd *cobra.Command, args []string) error {
			location, err := creation.location(cmd.Flags())
			if err != nil {
				return err
			}
			location.SetName(args[0])
			location.SetLabels(labels)
			// As Velero does: what is printed is for a file, and nothing is sent.
			if out.wanted() && !bool(dry) {
				namespace, err := c.namespace()
				if err != nil {
					return err
				}
				location.SetNamespace(namespace)
				return k.print(c, out, location)
			}
			client, _, err := k.connect(c)
			if err != nil {
				return err
			}
			location, err = client.Create(cmd.Context(), location, metav1.CreateOptions{DryRun: dry.option(), FieldManager: fieldManager})
			if err != nil {
				return readable(err)
			}
			if out.wanted() {
				return k.print(c, out, location)
			}
			fmt.Fprintf(c.Out, "%s %q configured successfully%s.\n", k.created, location.GetName(), dry.suffix())
			return nil
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	creation.addFlags(cmd.Flags())
	cmd.Flags().Var(labels, "labels", "Labels of the location, as KEY=VALUE,...")
	dry.addFlag(cmd)
	out.addFlags(cmd, "Print the location instead of sending it; with --dry-run=server, as the server would store it.")
	require(cmd, creation.required()...)
	k.completeFlags(cmd)
	return cmd
}
