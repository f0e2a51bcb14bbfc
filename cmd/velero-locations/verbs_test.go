package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const snapshotLocation = `apiVersion: velero.io/v1
kind: VolumeSnapshotLocation
metadata: {name: ebs, namespace: velero}
spec: {provider: aws, config: {region: us-east-1}}
`

// TestVerbs runs what users do with kubectl, all of it against one server.
func TestVerbs(t *testing.T) {
	s := startDev(t, t.TempDir())
	manifest := filepath.Join(t.TempDir(), "east.yaml")
	if err := os.WriteFile(manifest, []byte(location("east", "us-east-1", "", "")), 0o600); err != nil {
		t.Fatal(err)
	}
	watched := s.watch(t, "get", "bsl", "-A", "-w")
	snapshots := s.watch(t, "get", "vsl", "-A", "-w")
	onlyNew := s.watch(t, "get", "bsl", "--watch-only", "-o", "name")

	s.kubectl(t, "apply", "-f", manifest)
	s.kubectl(t, "wait", "--for=jsonpath={.status.phase}=Available", "bsl/east", "--timeout=5s")
	watched.wantLine(t, "east", "Available")
	onlyNew.wantLine(t, "backupstoragelocation.velero.io/east")

	s.kubectlWith(t, snapshotLocation, "apply", "-f", "-")
	snapshots.wantLine(t, "ebs")
	wantContains(t, s.kubectl(t, "get", "bsl,vsl", "-A", "-o", "name"), "backupstoragelocation.velero.io/east", "volumesnapshotlocation.velero.io/ebs")

	wantContains(t, s.kubectl(t, "get", "bsl"), "NAME", "PHASE", "LAST VALIDATED", "AGE", "DEFAULT")
	wantContains(t, s.kubectl(t, "get", "bsl", "-o", "wide"), "PROVIDER", "BUCKET", "PREFIX", "REGION", "ACCESS MODE", "MESSAGE", "aws", "velero-backups", "us-east-1", "ReadWrite")
	wantContains(t, s.kubectl(t, "get", "velero"), "backupstoragelocation.velero.io/east")
	wantContains(t, s.kubectl(t, "explain", "bsl.spec", "--recursive"), "objectStorage", "caCertRef", "-required-", "enum: ReadOnly, ReadWrite")
	wantContains(t, s.kubectl(t, "describe", "bsl", "east"), "Available", "Events:", "Normal")
	wantContains(t, s.kubectl(t, "api-resources"), "bsl", "vsl", "VolumeSnapshotLocation")

	if got := s.kubectl(t, "apply", "-f", manifest); !strings.Contains(got, "unchanged") {
		t.Errorf("the second apply said %q, want unchanged", got)
	}
	wantContains(t, s.kubectl(t, "apply", "--server-side", "--force-conflicts", "-f", manifest), "serverside-applied")
	if got := s.run(t, "", "diff", "-f", manifest); got.code != 0 {
		t.Errorf("diff of what is there: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	changed := strings.Replace(location("east", "us-east-1", "", ""), "provider: aws", "provider: aws\n  default: true", 1)
	if got := s.run(t, changed, "diff", "-f", "-"); got.code != 1 || !strings.Contains(got.stdout, "+  default: true") {
		t.Errorf("diff of a change: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}

	s.kubectl(t, "patch", "bsl", "east", "--type=merge", "-p", `{"spec":{"accessMode":"ReadOnly"}}`)
	s.kubectl(t, "patch", "bsl", "east", "--type=json", "-p", `[{"op":"replace","path":"/spec/accessMode","value":"ReadWrite"}]`)
	if got := s.run(t, "", "patch", "bsl", "east", "--type=strategic", "-p", `{"spec":{"default":true}}`); got.code != 0 {
		t.Errorf("strategic patch: %s", got.stderr)
	}
	s.kubectl(t, "label", "bsl", "east", "team=a")
	s.kubectl(t, "annotate", "bsl", "east", "note=b")
	generation := s.kubectl(t, "get", "bsl", "east", "-o", "jsonpath={.metadata.generation}")
	if generation != "4" {
		t.Errorf("generation is %s after three changes of the spec, want 4", generation)
	}
	for _, selector := range [][]string{
		{"-l", "team=a"},
		{"--field-selector", "status.phase=Available"},
		{"--field-selector", "spec.provider=aws,spec.default=true"},
		{"--field-selector", "metadata.name=east"},
	} {
		if got := s.kubectl(t, append([]string{"get", "bsl", "-o", "name"}, selector...)...); got != "backupstoragelocation.velero.io/east\n" {
			t.Errorf("get %v printed %q", selector, got)
		}
	}
	if got := s.run(t, "", "get", "bsl", "--field-selector", "spec.bucket=x"); got.code == 0 || !strings.Contains(got.stderr, "must be one of") {
		t.Errorf("an unknown field selector: exit code %d, %s", got.code, got.stderr)
	}

	dry := s.kubectlWith(t, location("dry", "us-east-1", "", ""), "apply", "--dry-run=server", "-f", "-")
	wantContains(t, dry, "server dry run")
	if got := s.run(t, "", "get", "bsl", "dry"); got.code == 0 {
		t.Error("a dry run made the location")
	}
	s.edit(t, "east", "s/bucket: .*/&\\n    prefix: edited/")
	if got := s.kubectl(t, "get", "bsl", "east", "-o", "jsonpath={.spec.objectStorage.prefix}"); got != "edited" {
		t.Errorf("after edit the prefix is %q", got)
	}

	s.chunks(t)
	s.kubectl(t, "delete", "bsl", "--all", "-A")
	if got := s.kubectl(t, "get", "bsl", "-A", "-o", "name"); got != "" {
		t.Errorf("after delete --all there is %q", got)
	}
}

// edit runs `kubectl edit` with sed as the editor.
func (s *server) edit(t *testing.T, name, script string) {
	t.Helper()
	editor := filepath.Join(t.TempDir(), "editor")
	if err := os.WriteFile(editor, []byte("#!/bin/sh\nsed -i.bak '"+script+"' \"$1\"\n"), 0o700); err != nil { //nolint:gosec // it is to be run
		t.Fatal(err)
	}
	cmd := s.kubectlCommand(t.Context(), "edit", "bsl", name)
	cmd.Env = append(cmd.Env, "KUBE_EDITOR="+editor)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("edit: %v\n%s", err, out)
	}
}

// chunks lists more locations than fit in a chunk.
func (s *server) chunks(t *testing.T) {
	t.Helper()
	var manifests strings.Builder
	for i := range 25 {
		manifests.WriteString(location(fmt.Sprintf("chunk-%02d", i), "us-east-1", "", ""))
	}
	s.kubectlWith(t, manifests.String(), "create", "-f", "-")
	got := s.run(t, "", "get", "bsl", "--chunk-size=4", "-o", "name", "-v=6")
	if n := strings.Count(got.stdout, "/chunk-"); n != 25 {
		t.Errorf("a list in chunks has %d of 25 locations", n)
	}
	if n := strings.Count(got.stderr, "continue="); n < 6 {
		t.Errorf("a list in chunks of 4 was continued %d times\n%s", n, got.stderr)
	}
}

// watch is a running `kubectl get --watch`.
type watch struct {
	lines  chan string
	stderr string // once lines is closed
}

func (s *server) watch(t *testing.T, args ...string) *watch {
	t.Helper()
	cmd := s.kubectlCommand(t.Context(), args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w := &watch{lines: make(chan string, 1000)}
	go func() {
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			w.lines <- scanner.Text()
		}
		_ = cmd.Wait() // the test ends it
		w.stderr = stderr.String()
		close(w.lines)
	}()
	return w
}

// wantLine waits for a line that has all of these words.
func (w *watch) wantLine(t *testing.T, words ...string) {
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

// TestNamespaces shows that namespaces are kept as in a cluster.
func TestNamespaces(t *testing.T) {
	s := startDev(t, t.TempDir())
	got := s.run(t, strings.Replace(location("east", "us-east-1", "", ""), "namespace: velero", "namespace: nowhere", 1), "apply", "-f", "-")
	if got.code == 0 || !strings.Contains(got.stderr, `namespaces "nowhere" not found`) {
		t.Errorf("a location in no namespace: exit code %d, %s", got.code, got.stderr)
	}
	s.kubectl(t, "create", "namespace", "team-a")
	s.kubectlWith(t, strings.Replace(location("east", "us-east-1", "", ""), "namespace: velero", "namespace: team-a", 1), "apply", "-f", "-")
	s.kubectl(t, "create", "configmap", "settings", "-n", "team-a", "--from-literal=a=b")
	s.kubectl(t, "create", "secret", "generic", "key", "-n", "team-a", "--from-literal=a=b")
	s.kubectl(t, "delete", "namespace", "team-a", "--timeout=30s")
	s.kubectl(t, "create", "namespace", "team-a")
	if got := s.kubectl(t, "get", "bsl,vsl,secret,configmap", "-n", "team-a", "-o", "name"); got != "" {
		t.Errorf("a deleted namespace left %q", got)
	}
	if got := s.run(t, "", "delete", "namespace", "default"); got.code == 0 {
		t.Error("the namespace default was deleted")
	}
}

// TestAnonymousIsRefused asks without a client certificate.
func TestAnonymousIsRefused(t *testing.T) {
	s := startDev(t, t.TempDir())
	server := strings.TrimSpace(s.kubectl(t, "config", "view", "-o", "jsonpath={.clusters[0].cluster.server}"))
	if !strings.HasPrefix(server, "https://127.0.0.1:") {
		t.Errorf("the server is at %s, want loopback", server)
	}
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // who the server is does not matter here
	for _, path := range []string{"/", "/api", "/readyz", "/apis/velero.io/v1/backupstoragelocations", "/metrics"} {
		response, err := client.Get(server + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s without a certificate: %s, want 401", path, response.Status)
		}
	}
}
