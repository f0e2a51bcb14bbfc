package main

import (
	"encoding/json"

	"github.com/spf13/cobra"

	"github.com/velero-locations/velero-locations/simulator/control"
	"github.com/velero-locations/velero-locations/simulator/s3/events"
)

func newEventsCommand() *cobra.Command {
	client := &control.Client{}
	var since uint64
	var follow bool
	cmd := &cobra.Command{
		Use:   "events",
		Short: "Show the notifications that the buckets of a running simulator sent, a JSON object a line",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			encoder := json.NewEncoder(cmd.OutOrStdout())
			if follow {
				return client.FollowEvents(cmd.Context(), since, func(m events.Message) error { return encoder.Encode(m) })
			}
			messages, err := client.Events(cmd.Context(), since)
			if err != nil {
				return err
			}
			for _, m := range messages {
				if err := encoder.Encode(m); err != nil {
					return err
				}
			}
			return nil
		},
	}
	addControlFlag(cmd, client)
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "Go on with each new notification until interrupted.")
	cmd.Flags().Uint64Var(&since, "since", 0, "Only notifications after the one of this sequence number.")
	return cmd
}
