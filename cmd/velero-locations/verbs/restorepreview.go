package verbs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	controller "github.com/velero-locations/velero-locations/controllers/restore"
	"github.com/velero-locations/velero-locations/generated/clientset/versioned"
	"github.com/velero-locations/velero-locations/internal/bounded"
)

// contentsTimeout is how long the objects of a backup may take to be read.
const contentsTimeout = 10 * time.Minute

// preview prints what a restore would do, object by object. It is found out here, by the rights of the user: for a backup, the server
// gives the addresses of files, as to whoever downloads it, and the cluster is only read.
func (c *connection) preview(ctx context.Context, r *v1.Restore) error {
	clientset, _, err := c.connect()
	if err != nil {
		return err
	}
	config, err := c.flags.REST()
	if err != nil {
		return err
	}
	forecast, err := controller.Preview(ctx, config, r, &downloads{files{timeout: contentsTimeout}, c, clientset, r.Namespace})
	if err != nil {
		return fmt.Errorf("finding out what would be restored: %w", err)
	}
	if len(forecast.Refused) > 0 {
		return fmt.Errorf("restore %q would be refused: %s", r.Name, strings.Join(forecast.Refused, "; "))
	}
	for _, warning := range forecast.Warnings {
		fmt.Fprintf(c.ErrOut, "Warning: %s\n", warning)
	}
	table, counts := newTabWriter(c.Out), map[string]int{}
	fmt.Fprintln(table, "WOULD BE\tRESOURCE\tNAMESPACE\tNAME\tWHY")
	for _, object := range forecast.Objects {
		counts[object.Action]++
		line := strings.Join([]string{object.Action, object.Resource, object.Namespace, object.Name, strings.Join(strings.Fields(object.Why), " ")}, "\t")
		fmt.Fprintln(table, strings.TrimRight(line, "\t"))
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("printing what would be restored: %w", err)
	}
	fmt.Fprintf(c.Out, "Objects created: %d, updated: %d, skipped: %d, failed: %d, left out: %d.\n",
		counts["created"], counts["updated"], counts["skipped"], counts["failed"], counts[controller.LeftOut])
	return nil
}

// downloads are files of the backups of a namespace, as a restore reads them.
type downloads struct {
	files

	connection *connection
	clientset  versioned.Interface
	namespace  string
}

var _ controller.Files = &downloads{}

// Snapshots reads the list of a backup's snapshots.
func (f *downloads) Snapshots(ctx context.Context, backup string) (list []backups.Snapshot, found bool, err error) {
	found, err = f.Read(ctx, backups.VolumeSnapshots, backup, &list)
	return list, found, err
}

// Read reads a file of JSON.
func (f *downloads) Read(ctx context.Context, file backups.File, backup string, content any) (found bool, err error) {
	kind := v1.DownloadTargetKindBackupVolumeInfos
	if file == backups.VolumeSnapshots {
		kind = v1.DownloadTargetKindBackupVolumeSnapshots
	}
	return f.read(ctx, backup, kind, func(plain io.Reader) error {
		return json.NewDecoder(bounded.NewReader(plain, bounded.List)).Decode(content)
	})
}

// Unpack reads the objects.
func (f *downloads) Unpack(ctx context.Context, backup, folder string) (contents *backups.Unpacked, found bool, err error) {
	found, err = f.read(ctx, backup, v1.DownloadTargetKindBackupContents, func(tarball io.Reader) (err error) {
		contents, err = backups.Unpack(tarball, folder)
		return err
	})
	return contents, found, err
}

func (f *downloads) read(ctx context.Context, backup string, kind v1.DownloadTargetKind, decode func(io.Reader) error) (found bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	of, err := f.clientset.VeleroV1().Backups(f.namespace).Get(ctx, backup, metav1.GetOptions{})
	if err != nil {
		return false, err
	}
	file, err := f.open(ctx, f.connection, f.clientset, filesOfBackup(of), kind)
	switch {
	case errors.Is(err, errNoFile):
		return false, nil
	case err != nil:
		return false, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	if err := decode(file); err != nil {
		return false, fmt.Errorf("decoding the file: %w", err)
	}
	return true, nil
}
