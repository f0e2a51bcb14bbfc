package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// refuseOthers has each command that has others below it refuse what is none of them, with those that may have been meant. By itself
// cobra prints the help of a group instead, and the exit code is 0.
func refuseOthers(parent *cobra.Command) {
	for _, group := range parent.Commands() {
		if !group.HasSubCommands() {
			continue
		}
		group.Args = noOther
		group.SuggestionsMinimumDistance = 2 // so many letters may be wrong
		if !group.Runnable() {
			group.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
		}
		refuseOthers(group)
	}
}

func noOther(cmd *cobra.Command, args []string) error {
	err := cobra.NoArgs(cmd, args)
	if err == nil {
		return nil
	}
	if meant := cmd.SuggestionsFor(args[0]); len(meant) > 0 {
		return fmt.Errorf("%w: did you mean %s?", err, strings.Join(meant, " or "))
	}
	return err
}
