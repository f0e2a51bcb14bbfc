package dev

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/drivers/azure"
	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/drivers/portworx"
	"github.com/velero-locations/velero-locations/internal/pki"
	"github.com/velero-locations/velero-locations/simulator/control"
)

// kubeconfig returns a kubeconfig for the server's administrator.
func kubeconfig(server string, authority *pki.Authority, admin pki.KeyPair) ([]byte, error) {
	const name = "velero-locations-dev"
	config := clientcmdapi.NewConfig()
	config.Clusters[name] = &clientcmdapi.Cluster{Server: server, CertificateAuthorityData: authority.CertPEM}
	config.AuthInfos[name] = &clientcmdapi.AuthInfo{ClientCertificateData: admin.CertPEM, ClientKeyData: admin.KeyPEM}
	config.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name, Namespace: veleroNamespace}
	config.CurrentContext = name
	data, err := clientcmd.Write(*config)
	if err != nil {
		return nil, fmt.Errorf("encoding the kubeconfig: %w", err)
	}
	return data, nil
}

// environment returns a shell file that points clients at this server and simulator. Its own
// kubectl comes last in PATH: it serves where no other is installed.
func (d *dev) environment() []byte {
	variables := [][2]string{
		{"KUBECONFIG", d.path("kubeconfig")},
		{"AWS_SHARED_CREDENTIALS_FILE", d.path("credentials")},
		{"AWS_ENDPOINT_URL_S3", d.endpoints.S3},
		{"AWS_ENDPOINT_URL_EC2", d.endpoints.EC2},
		{"AWS_ENDPOINT_URL_STS", d.endpoints.EC2},
		{azure.EndpointVariable, d.endpoints.Clouds},
		{portworx.EndpointVariable, d.endpoints.Clouds},
		{control.AddressVariable, d.endpoints.Control},
		{"VELERO_NAMESPACE", veleroNamespace},
	}
	var b strings.Builder
	for _, v := range variables {
		fmt.Fprintf(&b, "export %s=%s\n", v[0], shellQuote(v[1]))
	}
	bin := shellQuote(d.path("bin"))
	fmt.Fprintf(&b, "case \":$PATH:\" in *:%s:*) ;; *) export PATH=\"$PATH\":%s ;; esac\n", bin, bin)
	return []byte(b.String())
}

func shellQuote(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// linkCommands puts this program into the data directory's bin, under each name that it answers to.
func (d *dev) linkCommands() error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	bin := d.path("bin")
	if err := os.MkdirAll(bin, 0o700); err != nil {
		return fmt.Errorf("making the directory of commands: %w", err)
	}
	for _, name := range []string{"velero-locations", "velero", "kubectl"} {
		link := filepath.Join(bin, name)
		if err := os.Remove(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("linking %s: %w", name, err)
		}
		if err := os.Symlink(program, link); err != nil {
			return fmt.Errorf("linking %s: %w", name, err)
		}
	}
	return nil
}
