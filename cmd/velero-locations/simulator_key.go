package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/velero-locations/velero-locations/internal/bounded"
	"github.com/velero-locations/velero-locations/simulator/control"
)

func newKeyCommand() *cobra.Command {
	client := &control.Client{}
	cmd := &cobra.Command{
		Use:   "key",
		Short: "Add, rotate and disable the access keys of a running simulator",
		Long: "Add, rotate and disable the access keys of a running simulator. What add and rotate print is a file of credentials, as Velero and AWS's\n" +
			"clients read them; nothing else ever shows a secret.",
	}
	addControlFlag(cmd, client)
	cmd.AddCommand(newKeyAddCommand(client), newKeyListCommand(client),
		&cobra.Command{
			Use: "rotate ID", Short: "Replace an access key by a new one that may do the same, and print that", Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				key, err := client.RotateKey(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				printCredentials(cmd.OutOrStdout(), key)
				return nil
			},
		},
		&cobra.Command{
			Use: "disable ID", Short: "Refuse requests that are signed with an access key", Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				return client.SetKeyActive(cmd.Context(), args[0], false)
			},
		},
		&cobra.Command{
			Use: "enable ID", Short: "Accept requests that are signed with an access key again", Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				return client.SetKeyActive(cmd.Context(), args[0], true)
			},
		},
		&cobra.Command{
			Use: "remove ID", Short: "Remove an access key", Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error { return client.RemoveKey(cmd.Context(), args[0]) },
		},
	)
	return cmd
}

func newKeyAddCommand(client *control.Client) *cobra.Command {
	var key control.NewKey
	var policyFile, expires string
	cmd := &cobra.Command{
		Use:     "add --account ACCOUNT",
		Short:   "Add an access key with a secret that is made up, and print it",
		Example: "  velero-locations simulator key add --account 222222222222 > credentials",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if policyFile != "" {
				data, err := bounded.ReadFile(cmd.Context(), policyFile)
				if err != nil {
					return fmt.Errorf("--policy: %w", err)
				}
				if err := yaml.UnmarshalStrict(data, &key.Policy); err != nil {
					return fmt.Errorf("--policy: reading %s: %w", policyFile, err)
				}
			}
			if expires != "" {
				var err error
				if key.Expires, err = time.Parse(time.RFC3339, expires); err != nil {
					return fmt.Errorf("--expires: %q is not a time such as \"2026-11-01T12:00:00Z\"", expires)
				}
			}
			added, err := client.AddKey(cmd.Context(), key)
			if err != nil {
				return err
			}
			printCredentials(cmd.OutOrStdout(), added)
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&key.Account, "account", "", "Id of the account that the key acts for.")
	flags.StringVar(&key.ID, "id", "", "Id of the key; made up when left out.")
	flags.StringVar(&key.SessionToken, "session-token", "", "Makes it a temporary key, with this token.")
	flags.StringVar(&expires, "expires", "", "When the key ends, such as 2026-11-01T12:00:00Z; left out: never.")
	flags.StringVar(&policyFile, "policy", "", "File with what the key may do: a list of statements, as in accessKeys[].policy of the configuration.")
	_ = cmd.MarkFlagRequired("account") // fails only for a flag that is not there
	return cmd
}

// printCredentials prints a key as a file of credentials, with a profile that every client takes without being told.
func printCredentials(w io.Writer, key control.IssuedKey) {
	fmt.Fprintf(w, "[default]\naws_access_key_id=%s\naws_secret_access_key=%s\n", key.ID, key.Secret)
	if key.SessionToken != "" {
		fmt.Fprintf(w, "aws_session_token=%s\n", key.SessionToken)
	}
}

func newKeyListCommand(client *control.Client) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List access keys, without their secrets",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			keys, err := client.Keys(cmd.Context())
			if err != nil {
				return err
			}
			switch output {
			case "json":
				encoder := json.NewEncoder(cmd.OutOrStdout())
				encoder.SetIndent("", "  ")
				return encoder.Encode(control.KeyList{Keys: keys})
			case "":
				return printKeys(cmd.OutOrStdout(), keys)
			}
			return fmt.Errorf("--output: %q is not \"json\"", output)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "json prints the keys' policies, too.")
	return cmd
}

func printKeys(w io.Writer, keys []control.KeyInfo) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tACCOUNT\tACTIVE\tEXPIRES\tSTATEMENTS")
	for _, key := range keys {
		expires := "never"
		if !key.Expires.IsZero() {
			expires = key.Expires.UTC().Format(time.RFC3339)
		}
		fmt.Fprintf(table, "%s\t%s\t%t\t%s\t%d\n", key.ID, cmp.Or(key.Account, "-"), key.Active, expires, len(key.Policy))
	}
	return table.Flush()
}
