package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/velero-locations/velero-locations/simulator"
)

type simulatorOptions struct {
	config, dataDir, s3Address, ec2Address, cloudsAddress, metadataAddress, controlAddress, caFile string
	announcement                                                                                   announcement
}

func newSimulatorCommand() *cobra.Command {
	var o simulatorOptions
	cmd := &cobra.Command{
		Use:   "simulator",
		Short: "Run the storage simulator alone",
		Long: "Run the storage simulator alone: S3, EC2, and disks and volumes as those of Azure and Portworx, with the regions, accounts,\n" +
			"access keys, buckets and volumes of a configuration file, or those of the documentation without one.\n" +
			"It prints its addresses when it is ready, and runs until it is interrupted. Its subcommands control one that runs.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.config, "config", "", "File that describes the simulated cloud (apiVersion "+simulator.APIVersion+"). Without one it is that of the documentation, in memory.")
	flags.StringVar(&o.dataDir, "data-dir", "", "Directory for buckets, objects, volumes and snapshots; replaces dataDir of the file. Without either they are kept in memory.")
	flags.StringVar(&o.s3Address, "s3-address", "", "Address to serve S3 on, host:port, port 0 for any free one; replaces s3.address of the file.")
	flags.StringVar(&o.ec2Address, "ec2-address", "", "Address to serve EC2 and STS on, host:port, port 0 for any free one; replaces ec2.address of the file. Without either there is none.")
	flags.StringVar(&o.cloudsAddress, "clouds-address", "", "Address to serve the simulated Azure and Portworx on, host:port, port 0 for any free one; replaces clouds.address of the file. Without either there is none.")
	flags.StringVar(&o.metadataAddress, "metadata-address", "", "Address to serve the instance metadata service on, host:port, port 0 for any free one; replaces metadata.address of the file. Without either there is none.")
	flags.StringVar(&o.controlAddress, "control-address", "", "Address to serve the control API on, host:port, port 0 for any free one; replaces control.address of the file. Without either there is none.")
	flags.StringVar(&o.caFile, "ca-file", "", "File to write the certificate to that clients of HTTPS must trust; replaces caFile of the file.")
	o.announcement.addFlags(flags)
	cmd.AddCommand(newResetCommand(), newCheckCommand(), newFaultCommand(), newJournalCommand(), newKeyCommand(), newClockCommand(), newNodeCommand(), newVolumesCommand(), newSnapshotsCommand())
	return cmd
}

func (o *simulatorOptions) load(ctx context.Context) (*simulator.Config, error) {
	if o.config == "" {
		return simulator.Default()
	}
	return simulator.Load(ctx, o.config)
}

func (o *simulatorOptions) run(cmd *cobra.Command) (err error) {
	config, err := o.load(cmd.Context())
	if err != nil {
		return err
	}
	config.DataDir = cmp.Or(o.dataDir, config.DataDir)
	config.S3.Address = cmp.Or(o.s3Address, config.S3.Address)
	config.EC2.Address = cmp.Or(o.ec2Address, config.EC2.Address)
	config.Clouds.Address = cmp.Or(o.cloudsAddress, config.Clouds.Address)
	config.Metadata.Address = cmp.Or(o.metadataAddress, config.Metadata.Address)
	config.Control.Address = cmp.Or(o.controlAddress, config.Control.Address)
	config.CAFile = cmp.Or(o.caFile, config.CAFile)
	if err := o.announcement.withdraw(); err != nil {
		return err
	}
	sim, err := simulator.New(*config)
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
}

func printEndpoint(w io.Writer, service, url string, regions map[string]string) {
	if url != "" {
		fmt.Fprintf(w, "%s is served at %s\n", service, url)
	}
	for _, region := range slices.Sorted(maps.Keys(regions)) {
		fmt.Fprintf(w, "%s of %s is served at %s\n", service, region, regions[region])
	}
}
