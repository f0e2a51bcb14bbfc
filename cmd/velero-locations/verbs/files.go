package verbs

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/generated/clientset/versioned"
)

// answerEvery is how often a request for the address of a file is looked at.
const answerEvery = 25 * time.Millisecond

// errNoFile says that a backup or restore does not have a file.
var errNoFile = errors.New("file not found")

// filed is a backup or a restore that has files: what it is, and the location whose bucket they are in.
type filed struct {
	noun, namespace, name, location string
}

func filesOfBackup(b *v1.Backup) filed {
	return filed{noun: backup.short, namespace: b.Namespace, name: b.Name, location: b.Spec.StorageLocation}
}

// files reads those of backups and restores, from addresses that the server gives to whoever asks it by a DownloadRequest.
type files struct {
	timeout    time.Duration
	insecure   bool
	caCertFile string
}

func (f *files) addFlags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.insecure, "insecure-skip-tls-verify", false, "Do not verify the certificate of the storage's endpoint; then anybody may answer in its place")
	cmd.Flags().StringVar(&f.caCertFile, "cacert", "", "File with certificates (PEM) to verify the storage's endpoint with. If absent: those of the backup location")
}

func (f *files) addTimeout(cmd *cobra.Command) {
	f.timeout = time.Minute
	addTimeout(cmd, &f.timeout, "How long to wait for the file")
}

// open asks for a file and begins to read it; what is kept compressed, as all but the contents are, comes as
// it was before. The context ends the reading, too.
func (f *files) open(ctx context.Context, c *connection, clientset versioned.Interface, of filed, kind v1.DownloadTargetKind) (io.ReadCloser, error) {
	address, err := requestAddress(ctx, clientset, of, kind)
	if err != nil {
		return nil, err
	}
	client, err := f.httpClient(ctx, c, clientset, of)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("the address of the file: %w", err)
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("reading from the storage: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, errors.Join(refusal(response), response.Body.Close())
	}
	if kind == v1.DownloadTargetKindBackupContents {
		return response.Body, nil
	}
	plain, err := gzip.NewReader(response.Body)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("decompressing the file: %w", err), response.Body.Close())
	}
	return struct {
		io.Reader
		io.Closer
	}{plain, response.Body}, nil
}

// refusal is what a storage has to say instead of a file.
func refusal(response *http.Response) error {
	if response.StatusCode == http.StatusNotFound {
		return errNoFile
	}
	const most = 1000
	body, err := io.ReadAll(io.LimitReader(response.Body, most))
	if err != nil {
		return fmt.Errorf("the storage answers %s", response.Status)
	}
	return fmt.Errorf("the storage answers %s: %s", response.Status, strings.Join(strings.Fields(string(body)), " "))
}

// requestAddress asks the server where a file can be read.
func requestAddress(ctx context.Context, clientset versioned.Interface, of filed, kind v1.DownloadTargetKind) (string, error) {
	requests := clientset.VeleroV1().DownloadRequests(of.namespace)
	request := &v1.DownloadRequest{
		ObjectMeta: metav1.ObjectMeta{GenerateName: of.name + "-"}, // cut by the server, if it is long
		Spec:       v1.DownloadRequestSpec{Target: v1.DownloadTarget{Kind: kind, Name: of.name}},
	}
	request, err := requests.Create(ctx, request, metav1.CreateOptions{FieldManager: fieldManager})
	if err != nil {
		return "", fmt.Errorf("asking for the address of the file: %w", readable(err))
	}
	err = wait.PollUntilContextCancel(ctx, answerEvery, false, func(ctx context.Context) (bool, error) {
		found, err := requests.Get(ctx, request.Name, metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		request = found
		return request.Status.DownloadURL != "", nil
	})
	switch {
	case ctx.Err() != nil:
		return "", fmt.Errorf("no controller gave the address of the file in time: is one running, and is backup location %q available?", of.location)
	case err != nil:
		return "", fmt.Errorf("asking for the address of the file: %w", err)
	}
	return request.Status.DownloadURL, nil
}

// httpClient trusts, beside what the system trusts, the certificates of the flag or else of the location.
func (f *files) httpClient(ctx context.Context, c *connection, clientset versioned.Interface, of filed) (*http.Client, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	certificates, err := readCACert(ctx, f.caCertFile)
	if err != nil {
		return nil, err
	}
	if certificates == nil {
		if certificates, err = c.locationCertificates(ctx, clientset, of); err != nil {
			fmt.Fprintf(c.ErrOut, "Warning: %v\n", err) // the storage may do without
		}
	}
	roots.AppendCertsFromPEM(certificates)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: roots, InsecureSkipVerify: f.insecure} // whoever says so wants it
	return &http.Client{Transport: transport}, nil
}

// locationCertificates are those of the location. Without any there are none.
func (c *connection) locationCertificates(ctx context.Context, clientset versioned.Interface, of filed) ([]byte, error) {
	location, err := clientset.VeleroV1().BackupStorageLocations(of.namespace).Get(ctx, of.location, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("reading the certificates of the backup's location: %w", err)
	}
	storage := location.Spec.ObjectStorage
	switch {
	case storage == nil:
		return nil, nil
	case storage.CACertRef == nil:
		return storage.CACert, nil
	}
	core, err := c.core()
	if err != nil {
		return nil, err
	}
	secret, err := core.CoreV1().Secrets(of.namespace).Get(ctx, storage.CACertRef.Name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("reading the certificates of the backup's location: %w", err)
	}
	return secret.Data[storage.CACertRef.Key], nil
}

// backupLogs prints a backup's log.
func backupLogs(c *connection) *cobra.Command {
	var f files
	cmd := &cobra.Command{
		Use:   "logs BACKUP",
		Short: "Print the log of a backup",
		Args:  oneName("backup"),
		RunE: func(cmd *cobra.Command, args []string) error {
			clientset, b, err := c.backup(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if !backupFiles(b.Status.Phase) {
				return fmt.Errorf("backup %q has no log yet: it is %s", b.Name, orUnknown(string(b.Status.Phase)))
			}
			return f.copy(cmd.Context(), c, clientset, filesOfBackup(b), v1.DownloadTargetKindBackupLog, c.Out)
		},
		ValidArgsFunction: backup.completeNames(c, 1),
	}
	f.addFlags(cmd)
	f.addTimeout(cmd)
	return cmd
}

// backup reads a backup.
func (c *connection) backup(ctx context.Context, name string) (versioned.Interface, *v1.Backup, error) {
	clientset, namespace, err := c.connect()
	if err != nil {
		return nil, nil, err
	}
	b, err := clientset.VeleroV1().Backups(namespace).Get(ctx, name, metav1.GetOptions{})
	return clientset, b, err
}

// copy writes a file, within the timeout.
func (f *files) copy(ctx context.Context, c *connection, clientset versioned.Interface, of filed, kind v1.DownloadTargetKind, w io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	file, err := f.open(ctx, c, clientset, of, kind)
	if err != nil {
		return fmt.Errorf("%s %q: %w", of.noun, of.name, err)
	}
	defer file.Close() //nolint:errcheck // it was only read
	if _, err := io.Copy(w, file); err != nil {
		return fmt.Errorf("%s %q: reading the file: %w", of.noun, of.name, err)
	}
	return nil
}

// backupDownload writes the objects of a backup to a file. One that breaks off leaves no file.
func backupDownload(c *connection) *cobra.Command {
	var (
		f     files
		path  string
		force bool
	)
	cmd := &cobra.Command{
		Use:   "download BACKUP",
		Short: "Download the objects of a backup; what volumes hold is not among them",
		Args:  oneName("backup"),
		RunE: func(cmd *cobra.Command, args []string) error {
			clientset, b, err := c.backup(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if path == "" {
				if path, err = filepath.Abs(b.Name + "-data.tar.gz"); err != nil {
					return fmt.Errorf("finding the working directory: %w", err)
				}
			}
			err = writeFile(path, force, func(w io.Writer) error {
				return f.copy(cmd.Context(), c, clientset, filesOfBackup(b), v1.DownloadTargetKindBackupContents, w)
			})
			if err != nil {
				return err
			}
			fmt.Fprintf(c.Out, "Backup %s has been successfully downloaded to %s\n", b.Name, path)
			return nil
		},
		ValidArgsFunction: backup.completeNames(c, 1),
	}
	f.addFlags(cmd)
	f.addTimeout(cmd)
	cmd.Flags().StringVarP(&path, "output", "o", "", "File to write. If absent: NAME-data.tar.gz in the working directory")
	cmd.Flags().BoolVar(&force, "force", false, "Overwrite the file if it exists")
	return cmd
}

// writeFile has a file written; if that fails, there is none.
func writeFile(path string, overwrite bool, write func(io.Writer) error) error {
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if overwrite {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	file, err := os.OpenFile(path, flags, 0o600) // the user chose it
	if err != nil {
		return fmt.Errorf("--output: %w", err)
	}
	if err := errors.Join(write(file), file.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}
