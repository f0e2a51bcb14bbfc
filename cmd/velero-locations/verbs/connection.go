package verbs

import (
	"fmt"
	"os"

	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/kubeconfig"
	"github.com/velero-locations/velero-locations/generated/clientset/versioned"
)

const (
	// namespaceVariable names the namespace where no flag does, as for Velero's client.
	namespaceVariable = "VELERO_NAMESPACE"
	// defaultNamespace is where Velero keeps everything unless told otherwise.
	defaultNamespace = "velero"
	// fieldManager is who, in managedFields, wrote what these commands write.
	fieldManager = "velero-locations"
)

// connection says which API, and which namespace of it, commands speak to, and where they print.
type connection struct {
	genericiooptions.IOStreams
	flags kubeconfig.Flags
	check Checker
}

func newConnection(streams genericiooptions.IOStreams) *connection {
	c := &connection{IOStreams: streams, flags: kubeconfig.NewFlags()}
	c.flags.WrapConfigFn = func(config *rest.Config) *rest.Config {
		config.WarningHandler = rest.NewWarningWriter(c.ErrOut, rest.WarningWriterOptions{Deduplicate: true})
		config.QPS = -1 // it is for the server to say when one command asks too much
		return config
	}
	return c
}

// addFlags adds kubectl's flags for a kubeconfig, and those of Velero that all verbs have.
func (c *connection) addFlags(flags *pflag.FlagSet) {
	c.flags.AddFlags(flags)
	flags.Lookup("namespace").Usage = "Namespace to work in. If absent: $" + namespaceVariable +
		", else the namespace of the kubeconfig's context, else " + defaultNamespace
	flags.StringVar(c.flags.Context, "kubecontext", "", "Velero's name for --context")
	flags.Var(&optionalBool{}, "colorized", "Accepted, and of no effect: nothing is printed in colors")
}

// connect returns a client and the namespace to use it in. Warnings of the server are printed.
func (c *connection) connect() (versioned.Interface, string, error) {
	namespace, err := c.namespace()
	if err != nil {
		return nil, "", err
	}
	config, err := c.flags.REST()
	if err != nil {
		return nil, "", err
	}
	client, err := versioned.NewForConfig(config)
	if err != nil {
		return nil, "", fmt.Errorf("making a client: %w", err)
	}
	return client, namespace, nil
}

// core returns a client of Kubernetes' own kinds.
func (c *connection) core() (kubernetes.Interface, error) {
	config, err := c.flags.REST()
	if err != nil {
		return nil, err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	return client, nil
}

// namespace is that of the flag, else of the environment, else of the kubeconfig's context, else Velero's.
func (c *connection) namespace() (string, error) {
	if *c.flags.Namespace != "" {
		return *c.flags.Namespace, nil
	}
	if namespace := os.Getenv(namespaceVariable); namespace != "" {
		return namespace, nil
	}
	config, err := c.flags.Raw()
	if err != nil {
		return "", err
	}
	name := config.CurrentContext
	if *c.flags.Context != "" {
		name = *c.flags.Context
	}
	if context := config.Contexts[name]; context != nil && context.Namespace != "" {
		return context.Namespace, nil
	}
	return defaultNamespace, nil
}
