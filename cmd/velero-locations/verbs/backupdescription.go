package verbs

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/generated/clientset/versioned"
)

// backupDescription describes backups, from their records and from their files in the bucket. A file
// that cannot be read is said to be so in its place.
type backupDescription struct {
	files   files
	details bool
	json    jsonFormat
}

func (o *backupDescription) addFlags(cmd *cobra.Command) {
	o.files.timeout = 30 * time.Second
	o.files.addFlags(cmd)
	cmd.Flags().BoolVar(&o.details, "details", false, "Describe volumes and list the objects, too")
	cmd.Flags().VarP(&o.json, "output", "o", `"plaintext" or, of one backup, "json"`)
	completeFlag(cmd, "output", "plaintext", "json")
}

// alone: JSON is one document.
func (o *backupDescription) alone() bool { return bool(o.json) }

func (o *backupDescription) describe(ctx context.Context, c *connection, clientset versioned.Interface, b *v1.Backup) string {
	report := newBackupReader(&o.files, c, clientset, b).report(ctx, o.details)
	if o.json {
		return report.json()
	}
	return describe(func(d *describer) { d.backup(report) })
}

// jsonFormat is a flag that says whether a description is JSON.
type jsonFormat bool

var _ pflag.Value = new(jsonFormat)

// Set knows Velero's two formats.
func (f *jsonFormat) Set(value string) error {
	if value != "plaintext" && value != "json" {
		return errors.New("want plaintext or json")
	}
	*f = value == "json"
	return nil
}

// String shows what was given, or the default.
func (f *jsonFormat) String() string {
	if *f {
		return "json"
	}
	return "plaintext"
}

// Type is what help calls the value.
func (f *jsonFormat) Type() string { return "string" }
