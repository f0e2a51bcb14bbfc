package verbs

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"
)

// completionTimeout is how long completion may keep a user waiting at the TAB key.
const completionTimeout = 3 * time.Second

// completeNames offers the names of the namespace's objects that were not typed yet; at most
// limit of them are typed, or any number if it is negative.
func (k kind[T, L]) completeNames(c *connection, limit int) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if limit >= 0 && len(args) >= limit {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), completionTimeout)
		defer cancel()
		client, _, err := k.connect(c)
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		found, err := k.list(ctx, client, "")
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		var names []cobra.Completion
		for _, object := range found {
			if name := object.GetName(); !slices.Contains(args, name) {
				names = append(names, name)
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeFlag offers fixed values.
func completeFlag(cmd *cobra.Command, flag string, values ...string) {
	// It fails only for a flag that there is not; tests see that.
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}

// completeNamesFlag offers the names of a kind's objects.
func (k kind[T, L]) completeNamesFlag(c *connection, cmd *cobra.Command, flag string) {
	complete := k.completeNames(c, -1)
	_ = cmd.RegisterFlagCompletionFunc(flag, func(cmd *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return complete(cmd, nil, typed)
	})
}
