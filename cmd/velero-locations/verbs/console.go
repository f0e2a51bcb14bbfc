package verbs

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/velero-locations/velero-locations/console"
	page "github.com/velero-locations/velero-locations/simulator/console"
)

// showConsole serves a page that shows locations and backups, by the rights of the kubeconfig's user.
func showConsole(c *connection) *cobra.Command {
	var (
		address    string
		all, write bool
	)
	cmd := &cobra.Command{
		Use:   "console",
		Short: "Show locations, backups and schedules on a page for the browser, at an address of this machine",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			options := console.Options{Write: write, Kubectl: []string{"kubectl"}}
			for _, name := range []string{"kubeconfig", "context", "cluster", "user", "server", "as", "as-uid"} { // not what is secret
				if flag := cmd.Flags().Lookup(name); flag != nil && flag.Changed {
					options.Kubectl = append(options.Kubectl, "--"+name+"="+flag.Value.String())
				}
			}
			if !all {
				var err error
				if options.Namespace, err = c.namespace(); err != nil {
					return err
				}
			}
			config, err := c.flags.REST()
			if err != nil {
				return err
			}
			cluster, err := console.New(config, options)
			if err != nil {
				return err
			}
			group, ctx := errgroup.WithContext(cmd.Context())
			ctx, stop := context.WithCancel(ctx)
			group.Go(func() error { return cluster.Run(ctx) })
			group.Go(func() error {
				defer stop()
				return page.Serve(ctx, address, cluster, func(url string) {
					fmt.Fprintf(c.Out, "Console  %s\nWho has this address reads by your rights, until you press Ctrl-C.\n", url)
				})
			})
			return group.Wait()
		},
	}
	c.addFlags(cmd.Flags())
	cmd.Flags().StringVar(&address, "address", "127.0.0.1:0", "Address of this machine that the page is served at; port 0 takes any free one")
	cmd.Flags().BoolVarP(&all, "all-namespaces", "A", false, "Show all namespaces")
	cmd.Flags().BoolVar(&write, "write", false, "Let the page ask for checks of locations; without it nothing is changed")
	return cmd
}
