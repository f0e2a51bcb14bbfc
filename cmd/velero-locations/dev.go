package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev"
)

func newDevCommand() *cobra.Command {
	options := dev.NewOptions()
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Run everything on loopback: etcd, API server, controllers and storage simulator",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			options.OnReady = func(info dev.Info) { printInfo(cmd.OutOrStdout(), info) }
			return dev.Run(cmd.Context(), options)
		},
	}
	options.AddFlags(cmd.Flags())
	return cmd
}

func printInfo(w io.Writer, info dev.Info) {
	fmt.Fprintf(w, "API server  %s\nS3          %s\n", info.Server, info.S3)
	for _, region := range slices.Sorted(maps.Keys(info.S3Regions)) {
		fmt.Fprintf(w, "  %-9s %s\n", region, info.S3Regions[region])
	}
	fmt.Fprintf(w, "EC2         %s\nClouds      %s\nSimulator   %s\nConsole     %s\nReady. In another terminal:  . %s\n", info.EC2, info.Clouds, info.SimulatorControl, info.Console, relative(info.Env))
}

// relative shortens a path below the working directory to what a user would type.
func relative(path string) string {
	dir, err := os.Getwd()
	if err != nil {
		return path
	}
	if short, err := filepath.Rel(dir, path); err == nil && filepath.IsLocal(short) {
		return short
	}
	return path
}
