package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/velero-locations/velero-locations/internal/bounded"
	"github.com/velero-locations/velero-locations/simulator/call"
	"github.com/velero-locations/velero-locations/simulator/control"
)

func newVolumesCommand() *cobra.Command {
	client := &control.Client{}
	volumes := listing[control.VolumeInfo]{
		list:    client.Volumes,
		wrap:    func(volumes []control.VolumeInfo) any { return control.VolumeList{Volumes: volumes} },
		origin:  func(v control.VolumeInfo) origin { return origin{v.Provider, v.Account, v.Region} },
		columns: []string{"PROVIDER", "ID", "ACCOUNT", "REGION/ZONE", "SIZE", "STATE", "CONTENT", "AGE"},
		row: func(v control.VolumeInfo, now time.Time) []string {
			return []string{v.Provider, v.ID, v.Account, cmp.Or(v.Zone, v.Region), gibibytes(v.Size), v.Status, abbreviate(v.Content), age(now, v.Created)}
		},
	}
	cmd := volumes.command(client)
	cmd.Use = "volumes"
	cmd.Short = "List the volumes of a running simulator, or write to one"
	cmd.AddCommand(newVolumesWriteCommand(client))
	return cmd
}

func newSnapshotsCommand() *cobra.Command {
	client := &control.Client{}
	snapshots := listing[control.SnapshotInfo]{
		list:    client.Snapshots,
		wrap:    func(snapshots []control.SnapshotInfo) any { return control.SnapshotList{Snapshots: snapshots} },
		origin:  func(s control.SnapshotInfo) origin { return origin{s.Provider, s.Account, s.Region} },
		columns: []string{"PROVIDER", "ID", "ACCOUNT", "REGION", "VOLUME", "SIZE", "STATE", "PROGRESS", "CONTENT", "AGE"},
		row: func(s control.SnapshotInfo, now time.Time) []string {
			return []string{s.Provider, s.ID, s.Account, s.Region, s.Volume, gibibytes(s.Size), s.Status, s.Progress, abbreviate(s.Content), age(now, s.Started)}
		},
	}
	cmd := snapshots.command(client)
	cmd.Use = "snapshots"
	cmd.Short = "List the snapshots of a running simulator"
	return cmd
}

func newVolumesWriteCommand(client *control.Client) *cobra.Command {
	return &cobra.Command{
		Use:   "write ID TEXT... | ID -",
		Short: "Write to a volume, and print the identity of what it holds then",
		Long:  "Write the text, or with - the standard input, to a volume after all that was written before, and print the identity of what it holds then.",
		Args:  cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			text := strings.Join(args[1:], " ")
			if text == "-" {
				input, err := bounded.ReadInput(cmd.Context(), cmd.InOrStdin(), control.MaxRequest)
				if err != nil {
					return fmt.Errorf("reading the standard input: %w", err)
				}
				text = string(input)
			}
			volume, err := client.WriteVolume(cmd.Context(), args[0], text)
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), volume.Content)
			return nil
		},
	}
}

// listing is what is particular to a list of volumes or of snapshots.
type listing[T any] struct {
	list func(context.Context) ([]T, error)
	// wrap makes the answer of the control API of what was picked.
	wrap    func([]T) any
	origin  func(T) origin
	columns []string
	row     func(T, time.Time) []string
}

// origin of a volume or a snapshot; or patterns of origins, of which an empty one is any.
type origin struct{ provider, account, region string }

func (l listing[T]) command(client *control.Client) *cobra.Command {
	var pattern origin
	var format listFormat
	cmd := &cobra.Command{
		Long: "They are those of all accounts and regions. CONTENT is the beginning of the identity of what they hold: what holds the same has the same.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			items, err := l.list(cmd.Context())
			if err != nil {
				return err
			}
			now, err := client.Now(cmd.Context())
			if err != nil {
				return err
			}
			items = slices.DeleteFunc(items, func(item T) bool { return !pattern.matches(l.origin(item)) })
			return format.print(cmd.OutOrStdout(), l.wrap(items), func(table io.Writer) error {
				fmt.Fprintln(table, strings.Join(l.columns, "\t"))
				for _, item := range items {
					fmt.Fprintln(table, strings.Join(l.row(item, now), "\t"))
				}
				return nil
			})
		},
	}
	addControlFlag(cmd, client)
	format.addFlag(cmd)
	flags := cmd.Flags()
	flags.StringVar(&pattern.provider, "provider", "", "Only those of this provider; * and ? are wild, here and below.")
	flags.StringVar(&pattern.account, "account", "", "Only those of this account.")
	flags.StringVar(&pattern.region, "region", "", "Only those in this region.")
	return cmd
}

func (o origin) matches(other origin) bool {
	matches := func(pattern, value string) bool { return call.Matches(cmp.Or(pattern, "*"), value) }
	return matches(o.provider, other.provider) && matches(o.account, other.account) && matches(o.region, other.region)
}

func gibibytes(size int) string { return fmt.Sprintf("%dGi", size) }

// abbreviate leaves enough of a content's identity to tell contents apart by eye.
func abbreviate(content string) string { return content[:min(12, len(content))] }

// age is by the simulator's clock, as the time of creation is.
func age(now, created time.Time) string { return duration.HumanDuration(now.Sub(created)) }
