package verbs

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

// get prints objects: those of the names given, in their order, or all that flags pick.
func (k kind[T, L]) get(c *connection) *cobra.Command {
	var (
		selector string
		out      output
		keep     = func(T) bool { return true }
	)
	cmd := &cobra.Command{
		Use:   "get [NAME...]",
		Short: "Get " + k.plural,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && selector != "" {
				return errors.New("give either names or --selector, not both")
			}
			client, namespace, err := k.connect(c)
			if err != nil {
				return err
			}
			found, missing := k.find(cmd.Context(), client, args, selector)
			var kept []T
			for _, object := range found {
				if keep(object) {
					kept = append(kept, object)
				}
			}
			if missing != nil && len(found) == 0 {
				return missing
			}
			if len(kept) == 0 && out.table() {
				fmt.Fprintf(c.ErrOut, "No %s found in namespace %s.\n", k.plural, namespace)
				return missing
			}
			return errors.Join(k.print(c, out, kept...), missing)
		},
		ValidArgsFunction: k.completeNames(c, -1),
	}
	cmd.Flags().StringVarP(&selector, "selector", "l", "", "Only "+k.plural+" whose labels match this selector")
	if k.addFilters != nil {
		keep = k.addFilters(cmd.Flags())
	}
	out.addFlags(cmd, "How to print the "+k.plural+".")
	return cmd
}
