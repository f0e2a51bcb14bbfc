package verbs

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"
)

// set changes the fields that flags name, and no other: it sends a merge patch, so that what others
// change at the same time stays, and that the server moves the default if it is asked to.
func (k kind[T, L]) set(c *connection) *cobra.Command {
	var (
		change = k.newChange()
		dry    dryRun
		out    output
	)
	cmd := &cobra.Command{
		Use:   "set NAME",
		Short: "Change a " + k.singular + "; what no flag names stays as it is",
		Args:  oneName(k.short),
		RunE: func(cmd *cobra.Command, args []string) error {
			spec, err := change.spec(cmd.Context(), cmd.Flags())
			if err != nil {
				return err
			}
			if len(spec) == 0 {
				return fmt.Errorf("nothing to set: give %s", flagsOf(change))
			}
			patch, err := json.Marshal(map[string]any{"spec": spec})
			if err != nil {
				return fmt.Errorf("encoding the change: %w", err)
			}
			client, _, err := k.connect(c)
			if err != nil {
				return err
			}
			object, err := k.patch(cmd.Context(), client, args[0], patch, dry)
			if err != nil {
				return err
			}
			if out.wanted() {
				return k.print(c, out, object)
			}
			fmt.Fprintf(c.Out, k.changed+"\n", object.GetName(), dry.suffix())
			return nil
		},
		ValidArgsFunction: k.completeNames(c, 1),
	}
	change.addFlags(cmd.Flags())
	dry.addFlag(cmd)
	out.addFlags(cmd, "Print the "+k.short+" as it became.")
	return cmd
}

// patch sends a merge patch.
func (k kind[T, L]) patch(ctx context.Context, client client[T, L], name string, patch []byte, dry dryRun) (object T, err error) {
	// The server, too, tries a patch again, but only a few times.
	err = retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		object, err = client.Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{DryRun: dry.option(), FieldManager: fieldManager})
		return err
	})
	return object, readable(err)
}

// flagsOf lists the flags of a change for an error.
func flagsOf(change change) string {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	change.addFlags(flags)
	var names []string
	flags.VisitAll(func(flag *pflag.Flag) { names = append(names, "--"+flag.Name) })
	return strings.Join(names, " or ")
}
