package verbs

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/yaml"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups/probe"
	"github.com/velero-locations/velero-locations/generated/clientset/versioned"
	"github.com/velero-locations/velero-locations/locations"
)

// Checker tries what backups need of a location.
type Checker func(context.Context, CheckRequest) (probe.Report, error)

// CheckRequest is what is to be tried, with what is known of the location's namespace.
type CheckRequest struct {
	// Kubernetes is the API that Secrets are in.
	Kubernetes kubernetes.Interface
	// DefaultS3Endpoint is the URL of the storage of locations that name none. Empty: Amazon's.
	DefaultS3Endpoint string
	Location          *v1.BackupStorageLocation
	Volumes           []v1.VolumeSnapshotLocation
	Records           probe.Records
}

// checkFormats are those in which a check can be printed.
var checkFormats = []string{"table", "json", "yaml"}

// checkLocation tries what backups need of a location.
func checkLocation(c *connection) *cobra.Command {
	var (
		request CheckRequest
		format  string
		timeout = 2 * time.Minute
	)
	cmd := &cobra.Command{
		Use:   "check NAME",
		Short: "Try, from here, what backups need of a location, with its own credentials",
		Args: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(checkFormats, format) {
				return fmt.Errorf("--output %q: want one of %s", format, strings.Join(checkFormats, ", "))
			}
			return oneName(backupLocation.short)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
			defer cancel()
			if err := request.fill(ctx, c, args[0]); err != nil {
				return err
			}
			report, err := c.check(ctx, request)
			if err != nil {
				return err
			}
			return c.printReport(report, format)
		},
		ValidArgsFunction: backupLocation.completeNames(c, 1),
	}
	flags := cmd.Flags()
	flags.StringVarP(&format, "output", "o", checkFormats[0], "How to print what was found out. One of: "+strings.Join(checkFormats, ", "))
	addTimeout(cmd, &timeout, "How long the check may take")
	flags.StringVar(&request.DefaultS3Endpoint, "default-s3-endpoint", cmp.Or(os.Getenv("AWS_ENDPOINT_URL_S3"), os.Getenv("AWS_ENDPOINT_URL")),
		"URL of the storage of locations whose spec.config has no s3Url; empty: Amazon S3. If absent: $AWS_ENDPOINT_URL_S3, else $AWS_ENDPOINT_URL")
	completeFlag(cmd, "output", checkFormats...)
	return cmd
}

// fill reads the location, and what belongs to it. Records that may not be read leave steps out.
func (r *CheckRequest) fill(ctx context.Context, c *connection, name string) error {
	clientset, namespace, err := c.connect()
	if err != nil {
		return err
	}
	if r.Kubernetes, err = c.core(); err != nil {
		return err
	}
	if r.Location, err = clientset.VeleroV1().BackupStorageLocations(namespace).Get(ctx, name, metav1.GetOptions{}); err != nil {
		return err
	}
	r.Records.Unread = r.list(ctx, clientset, namespace)
	return nil
}

func (r *CheckRequest) list(ctx context.Context, clientset versioned.Interface, namespace string) error {
	backups, err := clientset.VeleroV1().Backups(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("listing the backups: %w", err)
	}
	volumes, err := clientset.VeleroV1().VolumeSnapshotLocations(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("listing the snapshot locations: %w", err)
	}
	restores, err := clientset.VeleroV1().Restores(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("listing the restores: %w", err)
	}
	repositories, err := clientset.VeleroV1().BackupRepositories(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("listing the repositories: %w", err)
	}
	r.Volumes = volumes.Items
	r.Records = probe.Records{Backups: backups.Items, Restores: restores.Items, Repositories: repositories.Items}
	return nil
}

// printReport prints a report. That a step has failed is an error.
func (c *connection) printReport(report probe.Report, format string) error {
	switch format {
	case "json":
		encoder := json.NewEncoder(c.Out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(report); err != nil {
			return fmt.Errorf("printing the report: %w", err)
		}
	case "yaml":
		text, err := yaml.Marshal(report)
		if err != nil {
			return fmt.Errorf("printing the report: %w", err)
		}
		fmt.Fprint(c.Out, string(text))
	default:
		table := newTabWriter(c.Out)
		fmt.Fprintln(table, "CHECK\tRESULT\tMESSAGE")
		for _, row := range report.Checks {
			fmt.Fprintln(table, strings.TrimRight(row.Check+"\t"+string(row.Result)+"\t"+printable(row.Message), "\t"))
		}
		if err := table.Flush(); err != nil {
			return fmt.Errorf("printing the report: %w", err)
		}
	}
	if failures := report.Failures(); len(failures) > 0 {
		return fmt.Errorf("backup storage location %q failed %s: %s", report.Location, locations.Count(len(failures), "check"), strings.Join(failures, ", "))
	}
	return nil
}

// printable keeps words of a storage from moving a terminal's cursor.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}
