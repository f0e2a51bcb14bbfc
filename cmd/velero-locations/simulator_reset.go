package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/velero-locations/velero-locations/simulator/control"
)

func newResetCommand() *cobra.Command {
	client := &control.Client{}
	var keep []string
	cmd := &cobra.Command{
		Use: "reset", Short: "Take a running simulator back to its configuration", Args: cobra.NoArgs,
		Example: "  velero-locations simulator reset\n" +
			"  velero-locations simulator reset --keep objects,volumes",
		RunE: func(cmd *cobra.Command, _ []string) error {
			parts, err := control.ParseParts(keep)
			if err != nil {
				return fmt.Errorf("--keep: %w", err)
			}
			return client.Reset(cmd.Context(), parts...)
		},
	}
	addControlFlag(cmd, client)
	cmd.Flags().StringSliceVar(&keep, "keep", nil, "Parts of the state that stay as they are: objects, volumes, keys, faults, journal, clock.")
	return cmd
}
