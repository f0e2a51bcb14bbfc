package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev"
	"github.com/velero-locations/velero-locations/cmd/velero-locations/migrate"
)

func newMigrateCommand() *cobra.Command { return migrate.NewCommand(rehearse) }

// errRehearsed ends a server whose work is done.
var errRehearsed = errors.New("rehearsed")

// rehearse runs a server on an empty directory, for as long as a function runs.
func rehearse(ctx context.Context, do func(context.Context, *rest.Config) error) (err error) {
	dir, err := os.MkdirTemp("", "velero-locations-")
	if err != nil {
		return fmt.Errorf("making a directory to rehearse in: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	options := dev.NewOptions()
	options.DataDir, options.Port = filepath.Join(dir, "dev"), 0
	options.S3Address, options.EC2Address, options.CloudsAddress, options.SimulatorControlAddress = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	options.Controllers.Controllers = []string{"namespace"} // which acts on nothing here
	result := make(chan error, 1)
	options.OnReady = func(info dev.Info) {
		go func() {
			config, err := clientcmd.BuildConfigFromFlags("", info.Kubeconfig)
			if err == nil {
				err = do(ctx, config)
			}
			result <- err
			stop(errRehearsed)
		}()
	}
	err = dev.Run(ctx, options)
	if errors.Is(context.Cause(ctx), errRehearsed) {
		return <-result
	}
	return cmp.Or(err, context.Cause(ctx)) // a signal
}
