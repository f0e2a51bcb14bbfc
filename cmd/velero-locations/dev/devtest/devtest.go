// Package devtest has the sessions of users that tests run against a server, whichever way it is served: by
// `velero-locations dev` itself, or by a test that lays out a directory as dev does, for a server behind a real
// kube-apiserver.
package devtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// Server is a server that speaks for itself by the files of a directory: kubeconfig and env for clients, credentials
// and accounts/ for the storage, and bin/ with the commands that sessions are typed in.
type Server struct {
	Dir string
	// Env is added to the environment of the commands.
	Env []string
}

// Sessions by name. Each begins on a server without locations, in whose simulated regions nothing is stored.
var Sessions = map[string]func(*testing.T, Server){
	"Transcript":     transcript,
	"WrongLocations": wrongLocations,
	"Verbs":          verbs,
	"Namespaces":     namespaces,
	"Warnings":       warn,
	"ApplyingAgain":  applyAgain,
}

// Result of a command.
type Result struct {
	Stdout, Stderr string
	Code           int
}

// Path joins the names of a file to the server's directory.
func (s Server) Path(elem ...string) string {
	return filepath.Join(append([]string{s.Dir}, elem...)...)
}

// Poll asks until the answer is yes.
func Poll(tb testing.TB, timeout time.Duration, what string, ok func() bool) {
	tb.Helper()
	err := wait.PollUntilContextTimeout(context.Background(), 20*time.Millisecond, timeout, true, func(context.Context) (bool, error) {
		return ok(), nil
	})
	if err != nil {
		tb.Fatalf("waiting for %s: %v", what, err)
	}
}

// patience is how long a command may take, which tells one that hangs from a busy machine.
const patience = 5 * time.Minute

// Command returns a command that runs kubectl against the server.
func (s Server) Command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, s.Path("bin", "kubectl"), args...)
	cmd.Env = append(append(os.Environ(), s.Env...), "KUBECONFIG="+s.Path("kubeconfig"))
	return cmd
}

// Run runs kubectl with a standard input.
func (s Server) Run(tb testing.TB, stdin string, args ...string) Result {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return run(tb, s.Command(ctx, args...), stdin)
}

// Kubectl runs a command that must succeed and returns what it prints.
func (s Server) Kubectl(tb testing.TB, args ...string) string {
	tb.Helper()
	return s.KubectlWith(tb, "", args...)
}

// KubectlWith is Kubectl with a standard input.
func (s Server) KubectlWith(tb testing.TB, stdin string, args ...string) string {
	tb.Helper()
	got := s.Run(tb, stdin, args...)
	if got.Code != 0 {
		tb.Fatalf("kubectl %s: exit code %d\n%s%s", strings.Join(args, " "), got.Code, got.Stdout, got.Stderr)
	}
	return got.Stdout
}

// Shell runs a line as a user types it who has sourced the server's environment, with the server's own commands first.
func (s Server) Shell(tb testing.TB, line string) Result {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", `. "$0/env"; PATH="$0/bin:$PATH"; `+line, s.Dir)
	cmd.Env = append(os.Environ(), s.Env...)
	return run(tb, cmd, "")
}

// Must is Shell for a line that succeeds; it returns what the line prints.
func (s Server) Must(tb testing.TB, line string) string {
	tb.Helper()
	got := s.Shell(tb, line)
	if got.Code != 0 {
		tb.Fatalf("%s: exit code %d\n%s%s", line, got.Code, got.Stdout, got.Stderr)
	}
	return got.Stdout
}

func run(tb testing.TB, cmd *exec.Cmd, stdin string) Result {
	tb.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &stdout, &stderr
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		tb.Fatalf("%s: %v", strings.Join(cmd.Args, " "), err)
	}
	return Result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// Location is the manifest of a backup storage location in the bucket velero-backups of a region.
func Location(name, region, secret, prefix string) string {
	manifest := fmt.Sprintf(`---
apiVersion: velero.io/v1
kind: BackupStorageLocation
metadata:
  name: %s
  namespace: velero
spec:
  provider: aws
  config: {region: %s}
  objectStorage:
    bucket: velero-backups
`, name, region)
	if prefix != "" {
		manifest += fmt.Sprintf("    prefix: %s\n", prefix)
	}
	if secret != "" {
		manifest += fmt.Sprintf("  credential: {name: %s, key: cloud}\n", secret)
	}
	return manifest
}

// SnapshotLocation is the manifest of a volume snapshot location, ebs.
const SnapshotLocation = `apiVersion: velero.io/v1
kind: VolumeSnapshotLocation
metadata: {name: ebs, namespace: velero}
spec: {provider: aws, config: {region: us-east-1}}
`

// WantContains fails the test for each text that is not in another.
func WantContains(tb testing.TB, got string, want ...string) {
	tb.Helper()
	for _, w := range want {
		if !strings.Contains(got, w) {
			tb.Errorf("got\n%s\nwant it to contain %q", got, w)
		}
	}
}
