package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/client-go/discovery"

	"github.com/velero-locations/velero-locations/apiserver"
	"github.com/velero-locations/velero-locations/apiserver/etcd"
	"github.com/velero-locations/velero-locations/cmd/velero-locations/kubeconfig"
	"github.com/velero-locations/velero-locations/internal/datadir"
)

func newEtcdCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "etcd",
		Short: "Save and restore the embedded etcd",
	}
	cmd.AddCommand(newEtcdSnapshotCommand(), newEtcdRestoreCommand())
	return cmd
}

func newEtcdSnapshotCommand() *cobra.Command {
	flags, store := kubeconfig.NewFlags(), &snapshotStore{}
	cmd := &cobra.Command{
		Use:   "snapshot FILE",
		Short: "Save a snapshot of the embedded etcd of a running server",
		Long: "Save a snapshot of the embedded etcd of a running server. The server is asked itself, not by way of kube-apiserver: --server or the\n" +
			"kubeconfig name it, and the user may get " + apiserver.SnapshotPath + ". With --bucket, it is put into object storage as well, and older ones are removed.",
		Example: "  velero-locations etcd snapshot velero.db\n  velero-locations etcd snapshot velero.db --bucket backups --prefix etcd --keep 7",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := store.validate(); err != nil {
				return err
			}
			size, err := saveSnapshot(cmd, flags, args[0])
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "Saved %d bytes to %s; their checksum is right.\n", size, args[0])
			if store.bucket == "" {
				return nil
			}
			key, err := store.put(cmd.Context(), args[0], time.Now())
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "Stored it as %s in bucket %s.\n", key, store.bucket)
			return nil
		},
	}
	flags.AddFlags(cmd.Flags())
	store.addFlags(cmd.Flags())
	return cmd
}

func saveSnapshot(cmd *cobra.Command, flags kubeconfig.Flags, file string) (size int64, err error) {
	config, err := flags.REST()
	if err != nil {
		return 0, err
	}
	client, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return 0, fmt.Errorf("making a client: %w", err)
	}
	content, err := client.RESTClient().Get().AbsPath(apiserver.SnapshotPath).Stream(cmd.Context())
	if err != nil {
		return 0, fmt.Errorf("asking the server for a snapshot: %w", err)
	}
	defer func() { _ = content.Close() }()
	err = datadir.Write(file, func(w io.Writer) error {
		size, err = etcd.CopySnapshot(w, content)
		return err
	})
	return size, err
}

func newEtcdRestoreCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "restore FILE --embedded-etcd-dir DIR",
		Short: "Make the data of an embedded etcd from a snapshot",
		Long: "Make the data of an embedded etcd from a snapshot, in a directory that is empty or not there: that of --embedded-etcd-dir of the API server, or\n" +
			"etcd in the data directory of dev. Revisions go on a billion later, so that watches begin anew. FILE is a regular file, which is read twice.",
		Example: "  velero-locations etcd restore velero.db --embedded-etcd-dir .dev/etcd",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := etcd.Restore(cmd.Context(), args[0], dir); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "Restored %s to %s.\n", args[0], dir)
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "embedded-etcd-dir", "", "Directory to restore to.")
	_ = cmd.MarkFlagRequired("embedded-etcd-dir") // which is there
	return cmd
}
