// Package kubeconfig is how commands find the API that they speak to: by kubectl's flags, and its files. Nothing is read that has no end,
// and no server is guessed.
package kubeconfig

import (
	"errors"
	"fmt"
	"os"

	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/velero-locations/velero-locations/internal/bounded"
)

// Flags are kubectl's flags for a kubeconfig.
type Flags struct{ *genericclioptions.ConfigFlags }

// NewFlags returns the flags of a command.
func NewFlags() Flags {
	flags := genericclioptions.NewConfigFlags(true)
	flags.CacheDir = nil // nothing is cached
	return Flags{flags}
}

// Raw is what all files of it have together.
func (f Flags) Raw() (clientcmdapi.Config, error) {
	return Read(f.ToRawKubeConfigLoader(), *f.CAFile, *f.CertFile, *f.KeyFile)
}

// REST says how to reach the API.
func (f Flags) REST() (*rest.Config, error) {
	if err := f.RequireServer(); err != nil {
		return nil, err
	}
	config, err := f.ToRESTConfig()
	if err != nil {
		return nil, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	return config, nil
}

// RequireServer refuses to guess: without it, kubectl's library would try localhost:8080.
func (f Flags) RequireServer() error {
	config, err := f.Raw()
	if err != nil {
		return err
	}
	if *f.APIServer != "" || os.Getenv("KUBERNETES_MASTER") != "" || len(config.Clusters) > 0 {
		return nil
	}
	if _, err := rest.InClusterConfig(); errors.Is(err, rest.ErrNotInCluster) {
		return errors.New("no API to speak to: set $KUBECONFIG, or give --kubeconfig or --server")
	}
	return nil
}

// Read reads the files of a kubeconfig, once it is sure that they, the files that they name, and others have an end.
func Read(loader clientcmd.ClientConfig, others ...string) (clientcmdapi.Config, error) {
	err := bounded.Check(loader.ConfigAccess().GetLoadingPrecedence()...)
	if err != nil {
		return clientcmdapi.Config{}, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	config, err := loader.RawConfig()
	if err == nil {
		for _, cluster := range config.Clusters {
			others = append(others, cluster.CertificateAuthority)
		}
		for _, user := range config.AuthInfos {
			others = append(others, user.ClientCertificate, user.ClientKey, user.TokenFile)
		}
		err = bounded.Check(others...)
	}
	if err != nil {
		return clientcmdapi.Config{}, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	return config, nil
}
