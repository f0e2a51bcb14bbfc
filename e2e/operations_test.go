package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/e2e/cluster"
)

// nodes does what a cluster's nodes would do when workloads come and go.
type nodes struct {
	*cluster.Cluster
	certificates *cluster.Pod
	server       *cluster.ServerPod
}

// after is called with each command that was run.
func (n *nodes) after(t *testing.T, command string) {
	t.Helper()
	switch {
	case strings.HasPrefix(command, "kubectl apply -k") && n.server == nil:
		first := n.certificates == nil
		n.certificates = n.Pod(t, "deployment/velero-locations-certificates", "--health-address=")
		n.Kubectl(t, "wait", "--for=create", "secret/velero-locations-serving", "-n", home, "--timeout=60s")
		n.server = n.ServerPod(t, "statefulset/velero-locations")
		n.server.AwaitReady(t)
		n.server.Expose(t)
		if first {
			n.KubectlWith(t, devtest.SnapshotLocation, "apply", "-f", "-") // for there to be something to back up
		}
	case strings.HasPrefix(command, "kubectl apply -k"):
		n.server.Expose(t) // by its port on loopback, which the manifests know nothing of
	case strings.HasPrefix(command, "kubectl delete -k"):
		n.certificates.Stop(t)
		n.server.Stop(t)
		n.server = nil
		if err := os.RemoveAll(n.Path("pods")); err != nil { // with the volume
			t.Fatal(err)
		}
	}
}

// TestOperations runs the commands of docs/operations.md and compares what they print.
func TestOperations(t *testing.T) {
	repository := cluster.Repository(t)
	document, err := os.ReadFile(filepath.Join(repository, "docs", "operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	before, moving, found := strings.Cut(string(document), "\n## Move from Velero's CRDs\n")
	if !found {
		t.Fatal("the document says nothing of moving")
	}
	n := &nodes{Cluster: cluster.StartKubernetes(t)}
	if err := os.Symlink(filepath.Join(repository, "deploy"), n.Path("deploy")); err != nil {
		t.Fatal(err)
	}
	n.session(t, before)
	if got := n.Kubectl(t, "get", "namespaces", "-o", "name"); strings.Contains(got, home) {
		t.Errorf("after the uninstallation there are\n%s", got)
	}
	n.installVelero(t)
	n.session(t, moving)
	devtest.WantContains(t, n.Kubectl(t, "get", "restores.velero.io", "restore-1", "-n", "velero", "-o", "yaml"), "restores.velero.io/external-resources-finalizer")
	if got := n.Kubectl(t, "get", "apiservice", "v1.velero.io", "-o", "jsonpath={.spec.service}"); got != "" {
		t.Errorf("after the move back the API is served by %s", got)
	}
	devtest.WantContains(t, n.Kubectl(t, "get", "bsl,schedules.velero.io,backups.velero.io", "-n", "velero", "-o", "name"),
		"/default\n", "/nightly\n", "/nightly-1\n")
}

// session runs the commands of a document in the cluster's directory.
func (n *nodes) session(t *testing.T, document string) {
	t.Helper()
	commands := 0
	for block := range strings.SplitSeq(document, "```console\n") {
		block, _, found := strings.Cut(block, "```\n")
		if !found || !strings.HasPrefix(block, "$ ") {
			continue
		}
		for step := range strings.SplitSeq(strings.TrimPrefix(block, "$ "), "\n$ ") {
			command, want, _ := strings.Cut(step, "\n")
			got := n.Shell(t, "cd '"+n.Dir+"' && { "+command+"; } 2>&1")
			if got.Code != 0 || want != "" && strings.TrimSpace(got.Stdout) != strings.TrimSpace(want) {
				t.Fatalf("$ %s\nexit code %d\n%s\nbut the document has\n%s", command, got.Code, got.Stdout, want)
			}
			n.after(t, command)
			commands++
		}
	}
	if commands == 0 {
		t.Error("the document has no commands")
	}
}

// installVelero leaves the cluster as a user of Velero has it: with its CRDs, some objects, and a Deployment.
func (n *nodes) installVelero(t *testing.T) {
	t.Helper()
	n.Must(t, "velero install --crds-only --dry-run -o yaml | kubectl apply -f -")
	n.Kubectl(t, "wait", "--for=condition=Established", "crd", "-l", "component=velero", "--timeout=60s")
	n.KubectlWith(t, veleroObjects, "apply", "-f", "-")
	uid := n.Kubectl(t, "get", "schedules.velero.io", "nightly", "-n", "velero", "-o", "jsonpath={.metadata.uid}")
	n.Kubectl(t, "patch", "backups.velero.io", "nightly-1", "-n", "velero", "--type=merge", "-p",
		`{"metadata":{"ownerReferences":[{"apiVersion":"velero.io/v1","kind":"Schedule","name":"nightly","uid":"`+uid+`"}]}}`)
}

const veleroObjects = `apiVersion: apps/v1
kind: Deployment
metadata: {name: velero, namespace: velero}
spec:
  selector: {matchLabels: {deploy: velero}}
  template:
    metadata: {labels: {deploy: velero}}
    spec:
      containers:
      - {name: velero, image: velero}
---
apiVersion: velero.io/v1
kind: BackupStorageLocation
metadata: {name: default, namespace: velero}
spec:
  provider: aws
  default: true
  config: {region: us-east-1}
  objectStorage: {bucket: velero-backups}
---
apiVersion: velero.io/v1
kind: Schedule
metadata: {name: nightly, namespace: velero}
spec:
  schedule: 0 1 * * *
  template: {includedNamespaces: ["*"]}
---
apiVersion: velero.io/v1
kind: Backup
metadata:
  name: nightly-1
  namespace: velero
  labels: {velero.io/schedule-name: nightly}
spec: {includedNamespaces: ["*"], storageLocation: default, ttl: 720h0m0s}
status: {phase: Completed, formatVersion: 1.1.0, version: 1}
---
apiVersion: velero.io/v1
kind: Restore
metadata:
  name: restore-1
  namespace: velero
  finalizers: [restores.velero.io/external-resources-finalizer]
spec: {backupName: nightly-1}
status: {phase: Completed}
`
