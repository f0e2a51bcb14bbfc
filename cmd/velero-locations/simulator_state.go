package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/velero-locations/velero-locations/simulator/control"
)

func newStateCommand() *cobra.Command {
	client := &control.Client{}
	cmd := &cobra.Command{
		Use:   "state",
		Short: "Save the whole state of a running simulator as one archive, and load it",
		Long: "Save the whole state of a running simulator but its journal as one archive, and load it: objects with all versions, buckets, uploads\n" +
			"that are under way, volumes, snapshots, access keys, faults and the clock. Secrets are in it. It can be loaded into any simulator whose\n" +
			"configuration has the accounts and regions, in memory or with a data directory. One that is refused changes nothing.",
	}
	addControlFlag(cmd, client)
	cmd.AddCommand(
		&cobra.Command{
			Use: "save FILE", Short: "Save the state to a file, or with - to the standard output", Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				if args[0] == toStdout {
					return client.SaveState(cmd.Context(), cmd.OutOrStdout())
				}
				return saveState(cmd.Context(), client, args[0])
			},
		},
		&cobra.Command{
			Use: "load FILE", Short: "Load the state from a file, or with - from the standard input", Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				if args[0] == toStdout {
					return client.LoadState(cmd.Context(), cmd.InOrStdin())
				}
				file, err := os.Open(args[0])
				if err != nil {
					return fmt.Errorf("opening the state: %w", err)
				}
				defer func() { _ = file.Close() }() // it was only read
				return client.LoadState(cmd.Context(), io.NopCloser(file))
			},
		},
	)
	return cmd
}

// saveState makes a file of the state that only its owner reads. It is whole, or not there.
func saveState(ctx context.Context, client *control.Client, path string) error {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".")
	if err != nil {
		return fmt.Errorf("making the file of the state: %w", err)
	}
	err = errors.Join(client.SaveState(ctx, file), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}
