package main

import (
	"errors"
	"fmt"
	"net"

	"github.com/spf13/cobra"

	"github.com/velero-locations/velero-locations/simulator"
)

type simulatorOptions struct {
	config, dataDir, s3Address string
}

func newSimulatorCommand() *cobra.Command {
	var o simulatorOptions
	cmd := &cobra.Command{
		Use:   "simulator",
		Short: "Run the storage simulator alone, from a configuration file",
		Long: "Run the storage simulator alone: S3 with the regions, accounts, access keys and buckets of a configuration file.\n" +
			"It prints one line with its address when it is ready, and runs until it is interrupted.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.config, "config", "", "File that describes the simulated cloud (apiVersion "+simulator.APIVersion+").")
	flags.StringVar(&o.dataDir, "data-dir", "", "Directory for buckets and objects; replaces dataDir of the file. Without either they are kept in memory.")
	flags.StringVar(&o.s3Address, "s3-address", "", "Address to serve S3 on, host:port, port 0 for any free one; replaces s3.address of the file.")
	return cmd
}

func (o *simulatorOptions) run(cmd *cobra.Command) (err error) {
	if o.config == "" {
		return errors.New("--config is required")
	}
	config, err := simulator.Load(o.config)
	if err != nil {
		return err
	}
	if o.dataDir != "" {
		config.DataDir = o.dataDir
	}
	if o.s3Address != "" {
		config.S3.Address = o.s3Address
	}
	sim, err := simulator.New(*config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sim.Close()) }()
	listener, err := (&net.ListenConfig{}).Listen(cmd.Context(), "tcp", config.S3.Address)
	if err != nil {
		return fmt.Errorf("listening for S3: %w", err)
	}
	if _, err := fmt.Fprintf(cmd.OutOrStdout(), "S3 is served at http://%s\n", listener.Addr()); err != nil {
		return errors.Join(fmt.Errorf("printing the address: %w", err), listener.Close())
	}
	return sim.Serve(cmd.Context(), listener)
}
