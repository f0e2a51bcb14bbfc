package cluster

import (
	"net/http"
	"testing"

	"helm.sh/helm/v4/pkg/action"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/rest"
)

// Helm returns what Helm's actions need to work in a namespace. Its requests go through what wrap returns, unless that is nil.
func (c *Cluster) Helm(tb testing.TB, namespace string, wrap func(http.RoundTripper) http.RoundTripper) *action.Configuration {
	tb.Helper()
	flags := genericclioptions.NewConfigFlags(true)
	kubeconfig := c.Path("kubeconfig")
	flags.KubeConfig, flags.Namespace = &kubeconfig, &namespace
	flags.WrapConfigFn = func(config *rest.Config) *rest.Config {
		if wrap != nil {
			config.Wrap(wrap)
		}
		return config
	}
	helm := action.NewConfiguration()
	if err := helm.Init(flags, namespace, "secret"); err != nil {
		tb.Fatal(err)
	}
	return helm
}
