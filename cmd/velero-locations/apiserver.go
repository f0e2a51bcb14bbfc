package main

import (
	"github.com/spf13/cobra"

	"github.com/velero-locations/velero-locations/apiserver"
)

func newAPIServerCommand() (*cobra.Command, error) {
	api, err := apiserver.NewAPI(apiserver.Velero)
	if err != nil {
		return nil, err
	}
	options, err := apiserver.NewOptions(api)
	if err != nil {
		return nil, err
	}
	cmd := &cobra.Command{
		Use:   "apiserver",
		Short: "Run the aggregated API server",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return options.Run(cmd.Context()) },
	}
	options.AddFlags(cmd.Flags())
	return cmd, nil
}
