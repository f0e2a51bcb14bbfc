package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/velero-locations/velero-locations/simulator/control"
)

func newNodeCommand() *cobra.Command {
	client := &control.Client{}
	cmd := &cobra.Command{Use: "node", Short: "Lose nodes of a running simulator's Portworx, and what they hold"}
	addControlFlag(cmd, client)
	cmd.AddCommand(
		newNodeListCommand(client),
		newNodeChangeCommand("fail", "Lose a node, and with it its volumes and their local snapshots, for good", client.FailNode),
		newNodeChangeCommand("replace", "Put an empty node in the place of one that has failed", client.ReplaceNode),
	)
	return cmd
}

func newNodeListCommand(client *control.Client) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the nodes",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			nodes, err := client.Nodes(cmd.Context())
			if err != nil {
				return err
			}
			table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(table, "CLUSTER\tNODE\tACCOUNT\tSTATE")
			for _, node := range nodes {
				fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", node.Cluster, node.Name, node.Account, node.State)
			}
			return table.Flush()
		},
	}
}

func newNodeChangeCommand(name, short string, change func(ctx context.Context, cluster, node string) (control.NodeInfo, error)) *cobra.Command {
	return &cobra.Command{
		Use:     name + " CLUSTER/NODE",
		Short:   short,
		Example: "  velero-locations simulator node " + name + " px-dev/node-1",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cluster, node, found := strings.Cut(args[0], "/")
			if !found {
				return fmt.Errorf("%q is not CLUSTER/NODE", args[0])
			}
			changed, err := change(cmd.Context(), cluster, node)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s/%s is %s\n", changed.Cluster, changed.Name, changed.State)
			return nil
		},
	}
}
