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
				fmt.Fprintln(c.ErrOut, k.nothing(len(found), namespace))
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

// nothing says why no object is shown: there is none, or none of those that there are is asked for.
func (k kind[T, L]) nothing(found int, namespace string) string {
	if found == 0 {
		return fmt.Sprintf("No %s found in namespace %s.", k.plural, namespace)
	}
	return fmt.Sprintf("None of the %d %s found in namespace %s is %s.", found, k.plural, namespace, k.filtered)
}
