package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"

	"github.com/velero-locations/velero-locations/release"
	"github.com/velero-locations/velero-locations/simulator"
)

type simulatorOptions struct {
	flags        simulatorFlags
	announcement announcement
}

func newSimulatorCommand() *cobra.Command {
	var o simulatorOptions
	own := pflag.NewFlagSet("", pflag.ContinueOnError)
	o.flags.add(own)
	o.announcement.addFlags(own)
	cmd := &cobra.Command{
		Use:   "simulator",
		Short: "Run the storage simulator alone",
		Long: "Run the storage simulator alone: S3, EC2, and disks and volumes as those of Azure and Portworx, with the regions, accounts,\n" +
			"access keys, buckets and volumes of a configuration file, or those of the documentation without one.\n" +
			"It prints its addresses when it is ready, and runs until it is interrupted. Its subcommands control one that runs.\n\n" +
			"Each of the flags but those about logs has an environment variable, too: " + variableOf("access-key") + " is that of\n" +
			"--access-key. A flag comes before its variable, and that before the file.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := readEnvironment(own); err != nil {
				return err
			}
			return o.run(cmd)
		},
	}
	cmd.Flags().AddFlagSet(own)
	cmd.AddCommand(newResetCommand(), newStateCommand(), newHealthCommand(), newCheckCommand(), newFaultCommand(), newJournalCommand(), newEventsCommand(), newKeyCommand(), newClockCommand(), newNodeCommand(), newVolumesCommand(), newSnapshotsCommand())
	return cmd
}

func (o *simulatorOptions) load(ctx context.Context) (*simulator.Config, error) {
	if o.flags.config == "" {
		return simulator.Default(o.flags.change)
	}
	return simulator.Load(ctx, o.flags.config, o.flags.change)
}

func (o *simulatorOptions) run(cmd *cobra.Command) (err error) {
	config, err := o.load(cmd.Context())
	if err != nil {
		return err
	}
	if err := o.announcement.withdraw(); err != nil {
		return err
	}
	sim, err := simulator.New(*config, simulator.WithVersion(release.Current().Version))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sim.Close(), o.announcement.withdraw()) }()
	endpoints, err := sim.Listen(cmd.Context())
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(cmd.Context())
	group.Go(func() error { return sim.Run(ctx) })
	group.Go(func() error {
		if err := endpoints.Await(ctx); err != nil {
			return unlessStopped(ctx, err)
		}
		return o.announcement.announce(cmd.OutOrStdout(), endpoints)
	})
	return group.Wait()
}

// unlessStopped drops an error that comes of being stopped.
func unlessStopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func printEndpoints(w io.Writer, endpoints simulator.Endpoints) {
	printEndpoint(w, "S3", endpoints.S3, endpoints.S3Regions)
	printEndpoint(w, "EC2", endpoints.EC2, endpoints.EC2Regions)
	printEndpoint(w, "The clouds API", endpoints.Clouds, nil)
	printEndpoint(w, "The metadata service", endpoints.Metadata, nil)
	printEndpoint(w, "The control API", endpoints.Control, nil)
	printEndpoint(w, "The console", endpoints.Console, nil)
}

func printEndpoint(w io.Writer, service, url string, regions map[string]string) {
	if url != "" {
		fmt.Fprintf(w, "%s is served at %s\n", service, url)
	}
	for _, region := range slices.Sorted(maps.Keys(regions)) {
		fmt.Fprintf(w, "%s of %s is served at %s\n", service, region, regions[region])
	}
}
