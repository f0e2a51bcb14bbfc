package main

import (
	"github.com/spf13/cobra"

	"github.com/velero-locations/velero-locations/apiserver"
	"github.com/velero-locations/velero-locations/controllers"
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
	var probes controllers.ProberOptions
	cmd := &cobra.Command{
		Use:   "apiserver",
		Short: "Run the aggregated API server",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if probes.Enabled {
				if api.Environment.Prober, err = probes.New(); err != nil {
					return err
				}
			}
			return options.Run(cmd.Context())
		},
	}
	options.AddFlags(cmd.Flags())
	probes.AddFlags(cmd.Flags())
	return cmd, nil
}
