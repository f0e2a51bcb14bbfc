package kubeconfig_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/spf13/pflag"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/kubeconfig"
)

const written = `apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1", certificate-authority: %q}}]
users: [{name: u, user: {%s}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
`

// TestREST shows which kubeconfigs say how to reach an API, and that the others are refused by what is wrong with them; nobody is waited for.
func TestREST(t *testing.T) {
	dir := t.TempDir()
	empty, pipe, large, text := filepath.Join(dir, "empty"), filepath.Join(dir, "pipe"), filepath.Join(dir, "large"), filepath.Join(dir, "text")
	err := errors.Join(os.WriteFile(empty, nil, 0o600), os.WriteFile(text, []byte("no kubeconfig"), 0o600), syscall.Mkfifo(pipe, 0o600),
		os.WriteFile(large, nil, 0o600), os.Truncate(large, 16<<20+1))
	if err != nil {
		t.Fatal(err)
	}
	user := func(authority, user string) string {
		file := filepath.Join(t.TempDir(), "kubeconfig")
		if err := os.WriteFile(file, fmt.Appendf(nil, written, authority, user), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"good":             {[]string{"--kubeconfig", user(text, "")}, ""},
		"server":           {[]string{"--server", "http://127.0.0.1:1"}, ""},
		"none":             {nil, "no API to speak to: set $KUBECONFIG, or give --kubeconfig or --server"},
		"empty":            {[]string{"--kubeconfig", empty}, "no API to speak to"},
		"missing":          {[]string{"--kubeconfig", empty + "2"}, "reading the kubeconfig: stat " + empty + "2: no such file or directory"},
		"another file":     {[]string{"--kubeconfig", text}, text},
		"pipe":             {[]string{"--kubeconfig", pipe}, "reading the kubeconfig: " + pipe + " is a pipe: name a regular file"},
		"large":            {[]string{"--kubeconfig", large}, "reading the kubeconfig: " + large + " is larger than 16 MiB"},
		"endless":          {[]string{"--kubeconfig", "/dev/zero"}, "reading the kubeconfig: /dev/zero is a device"},
		"authority":        {[]string{"--kubeconfig", user("/dev/zero", "")}, "reading the kubeconfig: /dev/zero is a device"},
		"token":            {[]string{"--kubeconfig", user(text, "tokenFile: "+pipe)}, "reading the kubeconfig: " + pipe + " is a pipe"},
		"certificate":      {[]string{"--kubeconfig", user(text, "client-certificate: "+pipe)}, "reading the kubeconfig: " + pipe + " is a pipe"},
		"key":              {[]string{"--kubeconfig", user(text, "client-key: "+pipe)}, "reading the kubeconfig: " + pipe + " is a pipe"},
		"authority's flag": {[]string{"--server", "https://127.0.0.1:1", "--certificate-authority", pipe}, "reading the kubeconfig: " + pipe + " is a pipe"},
		"command of none":  {[]string{"--kubeconfig", user(text, "exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never}")}, "command must be specified for u"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, variable := range []string{"KUBERNETES_SERVICE_HOST", "KUBERNETES_MASTER"} {
				t.Setenv(variable, "")
			}
			t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "absent"))
			flags := kubeconfig.NewFlags()
			set := pflag.NewFlagSet("", pflag.ContinueOnError)
			flags.AddFlags(set)
			if err := set.Parse(test.args); err != nil {
				t.Fatal(err)
			}
			config, err := flags.REST()
			if err == nil && (test.want != "" || config.Host == "") || err != nil && (test.want == "" || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}
