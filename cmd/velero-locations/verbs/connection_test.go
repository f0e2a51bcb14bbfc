package verbs

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

const contexts = `apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
users: [{name: u, user: {}}]
contexts:
- {name: with, context: {cluster: c, user: u, namespace: team-a}}
- {name: without, context: {cluster: c, user: u}}
current-context: with
`

func TestNamespace(t *testing.T) {
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(file, []byte(contexts), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		variable string
		args     []string
		want     string
	}{
		"flag":                      {"variable", []string{"-n", "flag"}, "flag"},
		"variable":                  {"variable", nil, "variable"},
		"context":                   {"", nil, "team-a"},
		"other context":             {"", []string{"--context", "without"}, "velero"},
		"other context, for Velero": {"", []string{"--kubecontext=without", "--colorized", "false"}, "velero"},
		"no kubeconfig":             {"", []string{"--kubeconfig", os.DevNull}, "velero"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("KUBECONFIG", file)
			t.Setenv(namespaceVariable, test.variable)
			c := newConnection(genericiooptions.NewTestIOStreamsDiscard())
			flags := pflag.NewFlagSet("", pflag.ContinueOnError)
			c.addFlags(flags)
			if err := flags.Parse(test.args); err != nil {
				t.Fatal(err)
			}
			if got, err := c.namespace(); err != nil || got != test.want {
				t.Errorf("namespace %q, %v; want %q", got, err, test.want)
			}
		})
	}
}
