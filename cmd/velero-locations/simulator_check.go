package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/velero-locations/velero-locations/simulator"
)

func newCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check DIR",
		Short: "Look for damage in the data directory of a simulator that does not run",
		Long: "Look for damage in the data directory of a simulator that does not run (that of `velero-locations dev` is .dev/simulator): the index,\n" +
			"each record in it, each content against its checksum and its ETag, contents that nothing names, volumes, and the certificate.\n" +
			"Each problem is a line, and makes the exit code 1. Nothing is changed.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			problems := 0
			err := simulator.Check(args[0], func(problem string) {
				problems++
				fmt.Fprintln(cmd.OutOrStdout(), problem)
			})
			switch {
			case err != nil:
				return err
			case problems > 0:
				return fmt.Errorf("problems in %s: %d", args[0], problems)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s is in good order\n", args[0])
			return nil
		},
	}
}
