package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/velero-locations/velero-locations/simulator/control"
	"github.com/velero-locations/velero-locations/simulator/journal"
)

func newJournalCommand() *cobra.Command {
	client := &control.Client{}
	var filter journal.Filter
	var follow bool
	var output string
	cmd := &cobra.Command{
		Use:   "journal",
		Short: "Show the requests that a running simulator was sent, and what came of them",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			printEntry := printEntry
			switch output {
			case "":
			case "json":
				printEntry = func(w io.Writer, e journal.Entry) error { return json.NewEncoder(w).Encode(e) }
			default:
				return fmt.Errorf("--output: %q is not \"json\"", output)
			}
			if follow {
				return client.Follow(cmd.Context(), filter, func(e journal.Entry) error { return printEntry(cmd.OutOrStdout(), e) })
			}
			entries, err := client.Journal(cmd.Context(), filter)
			if err != nil {
				return err
			}
			for _, e := range entries {
				if err := printEntry(cmd.OutOrStdout(), e); err != nil {
					return err
				}
			}
			return nil
		},
	}
	addControlFlag(cmd, client)
	flags := cmd.Flags()
	flags.BoolVarP(&follow, "follow", "f", false, "Go on with each new request until interrupted.")
	flags.StringVarP(&output, "output", "o", "", "json prints an object a line.")
	flags.StringVar(&filter.Account, "account", "", "Only requests of this account; * and ? are wild, here and below.")
	flags.StringVar(&filter.AccessKey, "access-key", "", "Only requests of this access key.")
	flags.StringVar(&filter.Operation, "operation", "", "Only this operation, such as s3:PutObject.")
	flags.StringVar(&filter.Region, "region", "", "Only this region.")
	flags.StringVar(&filter.Bucket, "bucket", "", "Only this bucket.")
	flags.StringVar(&filter.Resource, "resource", "", "Only this volume or snapshot, by its id.")
	flags.StringVar(&filter.Prefix, "prefix", "", "Only keys that begin so.")
	flags.StringVar(&filter.Error, "error", "", "Only requests that were answered this error code; * is any.")
	flags.StringVar(&filter.Status, "status", "", "Only requests that were answered this status code, such as 404 or 5??.")
	return cmd
}

// printEntry prints an entry as a line: time, status, operation, what it was about, who asked, and how it went.
func printEntry(w io.Writer, e journal.Entry) error {
	status := strconv.Itoa(e.Status)
	if e.Status == 0 {
		status = "---"
	}
	object := cmp.Or(e.Bucket, e.Resource)
	if e.Key != "" {
		object += "/" + e.Key
	}
	line := fmt.Sprintf("%s %s %-24s %s account=%s key=%s region=%s in=%d out=%d took=%s",
		e.Time.UTC().Format("15:04:05.000"), status, cmp.Or(e.Operation, "-"), cmp.Or(object, "-"), cmp.Or(e.Account, "-"),
		cmp.Or(e.AccessKey, "-"), cmp.Or(e.Region, "-"), e.BytesIn, e.BytesOut,
		time.Duration(e.Seconds*float64(time.Second)).Round(10*time.Microsecond))
	if e.Error != "" {
		line += " error=" + e.Error
	}
	if len(e.Faults) > 0 {
		line += " faults=" + strings.Join(e.Faults, ",")
	}
	_, err := fmt.Fprintln(w, line)
	return err
}
