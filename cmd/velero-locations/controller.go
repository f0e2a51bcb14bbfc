package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/kubeconfig"
	"github.com/velero-locations/velero-locations/controllers"
)

// newControllerCommand returns the command that runs the controllers against a Kubernetes API.
func newControllerCommand() *cobra.Command {
	opts := controllers.NewOptions()
	var file string
	cmd := &cobra.Command{
		Use:   "controller",
		Short: "Run the controllers against a Kubernetes API that serves velero.io",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := clientConfig(file)
			if err != nil {
				return err
			}
			return controllers.Run(cmd.Context(), config, opts)
		},
	}
	cmd.Flags().StringVar(&file, "kubeconfig", "",
		"File that says how to reach the API; empty: those that $KUBECONFIG names or, in a pod, the cluster it runs in.")
	opts.AddFlags(cmd.Flags())
	return cmd
}

// clientConfig finds out how to reach the API: by the file if one is given, else by $KUBECONFIG,
// else as a pod of the cluster. ~/.kube/config is not looked at unless $KUBECONFIG names it.
func clientConfig(file string) (*rest.Config, error) {
	rules := &clientcmd.ClientConfigLoadingRules{ExplicitPath: file}
	if file == "" {
		rules.Precedence = kubeconfigFiles()
	}
	if file == "" && len(rules.Precedence) == 0 {
		config, err := rest.InClusterConfig()
		if errors.Is(err, rest.ErrNotInCluster) {
			return nil, errors.New("no API to run against: give --kubeconfig or set $KUBECONFIG")
		}
		return config, err
	}
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{})
	if _, err := kubeconfig.Read(loader); err != nil {
		return nil, err
	}
	config, err := loader.ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	return config, nil
}

func kubeconfigFiles() []string {
	return filepath.SplitList(os.Getenv(clientcmd.RecommendedConfigPathEnvVar))
}
