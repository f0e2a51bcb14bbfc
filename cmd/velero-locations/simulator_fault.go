package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/velero-locations/velero-locations/simulator/control"
	"github.com/velero-locations/velero-locations/simulator/faults"
)

// addControlFlag adds the flag that says which simulator a command controls.
func addControlFlag(cmd *cobra.Command, client *control.Client) {
	address := os.Getenv(control.AddressVariable)
	if address == "" {
		address = "http://127.0.0.1:7446"
	}
	cmd.PersistentFlags().StringVar(&client.Address, "control", address, "Address of the simulator's control API; $"+control.AddressVariable+" is its default.")
}

func newFaultCommand() *cobra.Command {
	client := &control.Client{}
	cmd := &cobra.Command{Use: "fault", Short: "Make requests to a running simulator go wrong"}
	addControlFlag(cmd, client)
	cmd.AddCommand(newFaultAddCommand(client), newFaultListCommand(client), newFaultRemoveCommand(client))
	return cmd
}

func newFaultAddCommand(client *control.Client) *cobra.Command {
	var rule faults.Rule
	cmd := &cobra.Command{
		Use:   "add TYPE [PARAMETER=VALUE...]",
		Short: "Add a fault",
		Long:  "Add a fault, and print its name. Types and their parameters:\n\n" + describeFaults(),
		Example: "  velero-locations simulator fault add error code=SlowDown --operation s3:PutObject --times 3\n" +
			"  velero-locations simulator fault add outage --region eu-west-1 --name eu-is-down\n" +
			"  velero-locations simulator fault add reset at=upload afterBytes=1000000 --bucket velero --prefix backups/",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			parameters := map[string]string{}
			for _, arg := range args[1:] {
				name, value, found := strings.Cut(arg, "=")
				if !found {
					return fmt.Errorf("%q is not PARAMETER=VALUE", arg)
				}
				parameters[name] = value
			}
			var err error
			if rule.Fault, err = faults.New(args[0], parameters); err != nil {
				return err
			}
			added, err := client.AddFault(cmd.Context(), rule)
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), added.Name)
			return nil
		},
	}
	flags, match := cmd.Flags(), &rule.Match
	flags.StringVar(&rule.Name, "name", "", "Name of the fault; made up when left out.")
	flags.StringSliceVar(&match.Accounts, "account", nil, "Only requests of these accounts; * and ? are wild, here and below.")
	flags.StringSliceVar(&match.AccessKeys, "access-key", nil, "Only requests of these access keys.")
	flags.StringSliceVar(&match.Operations, "operation", nil, "Only these operations, such as s3:PutObject or s3:List*.")
	flags.StringSliceVar(&match.Regions, "region", nil, "Only these regions.")
	flags.StringSliceVar(&match.Buckets, "bucket", nil, "Only these buckets.")
	flags.StringSliceVar(&match.Resources, "resource", nil, "Only these volumes and snapshots, by their ids.")
	flags.StringVar(&match.Prefix, "prefix", "", "Only keys, and lists of prefixes, that begin so.")
	flags.IntVar(&rule.Skip, "skip", 0, "Serve so many of these requests unharmed first.")
	flags.IntVar(&rule.Times, "times", 0, "Harm so many requests then; 0 is all.")
	flags.Float64Var(&rule.Probability, "probability", 0, "Harm a request with this probability, up to 1; 0 is certainty.")
	return cmd
}

func describeFaults() string {
	var out strings.Builder
	for _, t := range faults.Types {
		fmt.Fprintf(&out, "  %s: %s\n", t.Name, t.Doc)
		for _, p := range t.Parameters() {
			fmt.Fprintf(&out, "    %s: %s\n", p.Name, p.Doc)
		}
	}
	return out.String()
}

func newFaultListCommand(client *control.Client) *cobra.Command {
	var format listFormat
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the faults in force, and how many requests each was about and harmed",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := client.Faults(cmd.Context())
			if err != nil {
				return err
			}
			return format.print(cmd.OutOrStdout(), control.FaultList{Faults: list}, func(table io.Writer) error { return printFaults(table, list) })
		},
	}
	format.addFlag(cmd)
	return cmd
}

func printFaults(table io.Writer, list []faults.Status) error {
	fmt.Fprintln(table, "NAME\tTYPE\tPARAMETERS\tMATCH\tMATCHED\tINJECTED")
	for _, status := range list {
		parameters, err := json.Marshal(status.Rule.Fault)
		if err != nil {
			return err
		}
		match, err := json.Marshal(status.Rule.Match)
		if err != nil {
			return err
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%d\n",
			status.Rule.Name, faults.TypeName(status.Rule.Fault), parameters, match, status.Matched, status.Injected)
	}
	return nil
}

func newFaultRemoveCommand(client *control.Client) *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "remove NAME... | --all",
		Short: "Remove faults",
		RunE: func(cmd *cobra.Command, names []string) error {
			if all == (len(names) > 0) {
				return errors.New("give either the names of faults or --all")
			}
			if all {
				return client.ClearFaults(cmd.Context())
			}
			for _, name := range names {
				if err := client.RemoveFault(cmd.Context(), name); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "Remove all faults.")
	return cmd
}
