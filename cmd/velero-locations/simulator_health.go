package main

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/velero-locations/velero-locations/simulator"
)

// healthTimeout is how long a simulator has to answer that it is well.
const healthTimeout = 3 * time.Second

func newHealthCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "health [HOST:PORT]",
		Short: "Say by the exit code whether a simulator on this machine is ready",
		Long: "Say by the exit code whether a simulator on this machine is ready: for images without a shell. It asks where S3 is served, by the\n" +
			"environment variables that the simulator reads, or at the address.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			address := healthAddress()
			if len(args) > 0 {
				address = args[0]
			}
			if err := simulator.ValidateAddress(address); err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), healthTimeout)
			defer cancel()
			if err := simulator.CheckReady(ctx, "http://"+address); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), "ok")
			return nil
		},
	}
}

// healthAddress is where a simulator with this environment serves S3, as it is reached on its machine.
func healthAddress() string {
	config := simulator.Config{}
	if host := os.Getenv(variableOf("host")); host != "" {
		config.SetHost(host)
	}
	address := cmp.Or(os.Getenv(variableOf("s3-address")), config.S3.Address, simulator.DefaultS3Address)
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address // which is then refused as it is
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}
