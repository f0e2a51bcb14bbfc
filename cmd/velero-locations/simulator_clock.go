package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/velero-locations/velero-locations/simulator/control"
)

func newClockCommand() *cobra.Command {
	client := &control.Client{}
	cmd := &cobra.Command{Use: "clock", Short: "Show and move the clock of a running simulator"}
	addControlFlag(cmd, client)
	cmd.AddCommand(
		&cobra.Command{
			Use: "show", Short: "Show the simulator's time, and how far it is ahead of the machine's", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				return printTime(cmd.OutOrStdout())(client.Clock(cmd.Context()))
			},
		},
		newClockSetCommand(client), newClockAdvanceCommand(client),
		&cobra.Command{
			Use: "reset", Short: "Take the clock back to the machine's time", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return client.ResetClock(cmd.Context()) },
		},
	)
	return cmd
}

func newClockSetCommand(client *control.Client) *cobra.Command {
	return &cobra.Command{
		Use: "set TIME", Short: "Move the clock to a time, from which it goes on", Args: cobra.ExactArgs(1),
		Example: "  velero-locations simulator clock set 2026-11-01T12:00:00Z",
		RunE: func(cmd *cobra.Command, args []string) error {
			to, err := time.Parse(time.RFC3339, args[0])
			if err != nil {
				return fmt.Errorf("%q is not a time such as \"2026-11-01T12:00:00Z\"", args[0])
			}
			return printTime(cmd.OutOrStdout())(client.SetClock(cmd.Context(), to))
		},
	}
}

func newClockAdvanceCommand(client *control.Client) *cobra.Command {
	return &cobra.Command{
		Use: "advance DURATION", Short: "Move the clock ahead, or back by a negative duration", Args: cobra.ExactArgs(1),
		Example: "  velero-locations simulator clock advance 20m\n" +
			"  velero-locations simulator clock advance -- -1h30m",
		RunE: func(cmd *cobra.Command, args []string) error {
			by, err := time.ParseDuration(args[0])
			if err != nil {
				return fmt.Errorf("%q is not a duration such as \"1h30m\"", args[0])
			}
			return printTime(cmd.OutOrStdout())(client.AdvanceClock(cmd.Context(), by))
		},
	}
}

// printTime prints the time that a call returns, or returns its error.
func printTime(w io.Writer) func(control.Time, error) error {
	return func(shown control.Time, err error) error {
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w, "%s offset=%s\n", shown.Now.Format(time.RFC3339), shown.Offset)
		return err
	}
}
