package devtest

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// verbs is what users do with kubectl.
func verbs(t *testing.T, s Server) {
	t.Helper()
	manifest := filepath.Join(t.TempDir(), "east.yaml")
	if err := os.WriteFile(manifest, []byte(Location("east", "us-east-1", "", "")), 0o600); err != nil {
		t.Fatal(err)
	}
	watched := s.Watch(t, "get", "bsl", "-A", "-w")
	snapshots := s.Watch(t, "get", "vsl", "-A", "-w")
	onlyNew := s.Watch(t, "get", "bsl", "--watch-only", "-o", "name")

	s.Kubectl(t, "apply", "-f", manifest)
	s.Kubectl(t, "wait", "--for=jsonpath={.status.phase}=Available", "bsl/east", "--timeout=5s")
	watched.WantLine(t, "east", "Available")
	onlyNew.WantLine(t, "backupstoragelocation.velero.io/east")

	s.KubectlWith(t, SnapshotLocation, "apply", "-f", "-")
	snapshots.WantLine(t, "ebs")
	WantContains(t, s.Kubectl(t, "get", "bsl,vsl", "-A", "-o", "name"), "backupstoragelocation.velero.io/east", "volumesnapshotlocation.velero.io/ebs")

	WantContains(t, s.Kubectl(t, "get", "bsl"), "NAME", "PHASE", "LAST VALIDATED", "AGE", "DEFAULT")
	WantContains(t, s.Kubectl(t, "get", "bsl", "-o", "wide"), "PROVIDER", "BUCKET", "PREFIX", "REGION", "ACCESS MODE", "MESSAGE", "aws", "velero-backups", "us-east-1", "ReadWrite")
	WantContains(t, s.Kubectl(t, "get", "velero"), "backupstoragelocation.velero.io/east")
	WantContains(t, s.Kubectl(t, "explain", "bsl.spec", "--recursive"), "objectStorage", "caCertRef", "-required-", "enum: ReadOnly, ReadWrite")
	WantContains(t, s.Kubectl(t, "describe", "bsl", "east"), "Available", "Events:", "Normal")
	WantContains(t, s.Kubectl(t, "api-resources"), "bsl", "vsl", "VolumeSnapshotLocation")

	if got := s.Kubectl(t, "apply", "-f", manifest); !strings.Contains(got, "unchanged") {
		t.Errorf("the second apply said %q, want unchanged", got)
	}
	WantContains(t, s.Kubectl(t, "apply", "--server-side", "--force-conflicts", "-f", manifest), "serverside-applied")
	if got := s.Run(t, "", "diff", "-f", manifest); got.Code != 0 {
		t.Errorf("diff of what is there: exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
	}
	changed := strings.Replace(Location("east", "us-east-1", "", ""), "provider: aws", "provider: aws\n  default: true", 1)
	if got := s.Run(t, changed, "diff", "-f", "-"); got.Code != 1 || !strings.Contains(got.Stdout, "+  default: true") {
		t.Errorf("diff of a change: exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
	}

	s.Kubectl(t, "patch", "bsl", "east", "--type=merge", "-p", `{"spec":{"accessMode":"ReadOnly"}}`)
	s.Kubectl(t, "patch", "bsl", "east", "--type=json", "-p", `[{"op":"replace","path":"/spec/accessMode","value":"ReadWrite"}]`)
	if got := s.Run(t, "", "patch", "bsl", "east", "--type=strategic", "-p", `{"spec":{"default":true}}`); got.Code != 0 {
		t.Errorf("strategic patch: %s", got.Stderr)
	}
	s.Kubectl(t, "label", "bsl", "east", "team=a")
	s.Kubectl(t, "annotate", "bsl", "east", "note=b")
	generation := s.Kubectl(t, "get", "bsl", "east", "-o", "jsonpath={.metadata.generation}")
	if generation != "4" {
		t.Errorf("generation is %s after three changes of the spec, want 4", generation)
	}
	for _, selector := range [][]string{
		{"-l", "team=a"},
		{"--field-selector", "status.phase=Available"},
		{"--field-selector", "spec.provider=aws,spec.default=true"},
		{"--field-selector", "metadata.name=east"},
	} {
		if got := s.Kubectl(t, append([]string{"get", "bsl", "-o", "name"}, selector...)...); got != "backupstoragelocation.velero.io/east\n" {
			t.Errorf("get %v printed %q", selector, got)
		}
	}
	if got := s.Run(t, "", "get", "bsl", "--field-selector", "spec.bucket=x"); got.Code == 0 || !strings.Contains(got.Stderr, "must be one of") {
		t.Errorf("an unknown field selector: exit code %d, %s", got.Code, got.Stderr)
	}

	dry := s.KubectlWith(t, Location("dry", "us-east-1", "", ""), "apply", "--dry-run=server", "-f", "-")
	WantContains(t, dry, "server dry run")
	if got := s.Run(t, "", "get", "bsl", "dry"); got.Code == 0 {
		t.Error("a dry run made the location")
	}
	s.edit(t, "east", "s/bucket: .*/&\\n    prefix: edited/")
	if got := s.Kubectl(t, "get", "bsl", "east", "-o", "jsonpath={.spec.objectStorage.prefix}"); got != "edited" {
		t.Errorf("after edit the prefix is %q", got)
	}

	s.chunks(t)
	s.Kubectl(t, "delete", "bsl", "--all", "-A")
	if got := s.Kubectl(t, "get", "bsl", "-A", "-o", "name"); got != "" {
		t.Errorf("after delete --all there is %q", got)
	}
}

// edit runs `kubectl edit` with sed as the editor.
func (s Server) edit(t *testing.T, name, script string) {
	t.Helper()
	editor := filepath.Join(t.TempDir(), "editor")
	if err := os.WriteFile(editor, []byte("#!/bin/sh\nsed -i.bak '"+script+"' \"$1\"\n"), 0o700); err != nil { // it is to be run
		t.Fatal(err)
	}
	cmd := s.Command(t.Context(), "edit", "bsl", name)
	cmd.Env = append(cmd.Env, "KUBE_EDITOR="+editor)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("edit: %v\n%s", err, out)
	}
}

// chunks lists more locations than fit in a chunk.
func (s Server) chunks(t *testing.T) {
	t.Helper()
	var manifests strings.Builder
	for i := range 25 {
		manifests.WriteString(Location(fmt.Sprintf("chunk-%02d", i), "us-east-1", "", ""))
	}
	s.KubectlWith(t, manifests.String(), "create", "-f", "-")
	got := s.Run(t, "", "get", "bsl", "--chunk-size=4", "-o", "name", "-v=6")
	if n := strings.Count(got.Stdout, "/chunk-"); n != 25 {
		t.Errorf("a list in chunks has %d of 25 locations", n)
	}
	if n := strings.Count(got.Stderr, "continue="); n < 6 {
		t.Errorf("a list in chunks of 4 was continued %d times\n%s", n, got.Stderr)
	}
}

// Watch is a running `kubectl get --watch`.
type Watch struct {
	lines  chan string
	stderr string // once lines is closed
	code   int    // and this
}

// Watch starts kubectl with arguments that make it watch, until the test ends.
func (s Server) Watch(t *testing.T, args ...string) *Watch {
	t.Helper()
	cmd := s.Command(t.Context(), args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w := &Watch{lines: make(chan string, 1000)}
	go func() {
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			w.lines <- scanner.Text()
		}
		_ = cmd.Wait() // the test ends it
		w.stderr, w.code = stderr.String(), cmd.ProcessState.ExitCode()
		close(w.lines)
	}()
	return w
}

// End waits for the watch to end by itself, and returns its exit code and what it says of it.
func (w *Watch) End(t *testing.T) (code int, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for {
		select {
		case _, more := <-w.lines:
			if !more {
				return w.code, w.stderr
			}
		case <-ctx.Done():
			t.Fatal("the watch does not end")
		}
	}
}

// WantLine waits for a line that has all of these words.
func (w *Watch) WantLine(t *testing.T, words ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var seen []string
	for {
		select {
		case line, ok := <-w.lines:
			if !ok {
				t.Fatalf("the watch ended after %q: %s", seen, w.stderr)
			}
			missing := false
			for _, word := range words {
				missing = missing || !strings.Contains(line, word)
			}
			if !missing {
				return
			}
			seen = append(seen, line)
		case <-ctx.Done():
			t.Fatalf("no line with %q came, but %q", words, seen)
		}
	}
}

// namespaces shows that namespaces are kept as in a cluster.
func namespaces(t *testing.T, s Server) {
	t.Helper()
	got := s.Run(t, strings.Replace(Location("east", "us-east-1", "", ""), "namespace: velero", "namespace: nowhere", 1), "apply", "-f", "-")
	if got.Code == 0 || !strings.Contains(got.Stderr, `namespaces "nowhere" not found`) {
		t.Errorf("a location in no namespace: exit code %d, %s", got.Code, got.Stderr)
	}
	s.Kubectl(t, "create", "namespace", "team-a")
	s.KubectlWith(t, strings.Replace(Location("east", "us-east-1", "", ""), "namespace: velero", "namespace: team-a", 1), "apply", "-f", "-")
	s.Kubectl(t, "create", "configmap", "settings", "-n", "team-a", "--from-literal=a=b")
	s.Kubectl(t, "create", "secret", "generic", "key", "-n", "team-a", "--from-literal=a=b")
	s.Kubectl(t, "delete", "namespace", "team-a", "--timeout=30s")
	s.Kubectl(t, "create", "namespace", "team-a")
	// But for what a cluster puts into each namespace.
	if got := s.Kubectl(t, "get", "bsl,vsl,secret,configmap", "-n", "team-a", "-o", "name", "--field-selector=metadata.name!=kube-root-ca.crt"); got != "" {
		t.Errorf("a deleted namespace left %q", got)
	}
	if got := s.Run(t, "", "delete", "namespace", "default"); got.Code == 0 {
		t.Error("the namespace default was deleted")
	}
}
