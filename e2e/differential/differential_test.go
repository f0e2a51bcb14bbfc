package differential

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/velero-locations/velero-locations/e2e/cluster"
)

// TestDifferential sends the corpus to a kube-apiserver with Velero's CRDs, and to one behind which our server stands. In
// what the answers differ is in differences.yaml, with the reason; all of what is there still differs.
func TestDifferential(t *testing.T) {
	crds, ours := startBoth(t)
	kinds := loadKinds(t, ours)
	if t.Failed() {
		return
	}
	installCRDs(t, crds, kinds)
	cases := pair(t, kinds)
	for _, c := range []*cluster.Cluster{crds, ours} {
		createNamespaces(t, c, cases)
		createNeeded(t, c, cases)
	}
	differences, counts := replay(t, crds, ours, cases)
	purposes := loadPurposes(t)
	unexplained, stale := explain(purposes, slices.Collect(maps.Keys(counts)), differences)
	for _, d := range unexplained {
		t.Errorf("%s", d)
	}
	for _, p := range stale {
		t.Errorf("differences.yaml: nothing differs any more as this says: %s", p)
	}
	if len(unexplained)+len(stale) == 0 {
		checkDocument(t, kinds, counts, purposes)
	}
	for _, plural := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("%s: %d requests, %d of them for fields", plural, counts[plural].sent, counts[plural].fields)
	}
	t.Logf("%d differences, %d of them not explained", len(differences), len(unexplained))
}

func startBoth(t *testing.T) (crds, ours *cluster.Cluster) {
	t.Helper()
	crds = cluster.StartAPI(t)
	ours = cluster.StartAPI(t)
	ours.Serve(t, "--embedded-etcd-dir", ours.Path("velero-etcd"))
	return crds, ours
}

func installCRDs(t *testing.T, c *cluster.Cluster, kinds []*kind) {
	t.Helper()
	var manifests []string
	for _, k := range kinds {
		data, err := yaml.Marshal(k.crd)
		if err != nil {
			t.Fatal(err)
		}
		manifests = append(manifests, string(data))
	}
	c.KubectlWith(t, strings.Join(manifests, "---\n"), "create", "-f", "-")
	c.Kubectl(t, "wait", "--for=condition=Established", "--timeout=30s", "crd", "--all")
}

// testCase is a script for one kind.
type testCase struct {
	script *script
	kind   *kind
}

func pair(t *testing.T, kinds []*kind) []testCase {
	t.Helper()
	var cases []testCase
	for _, s := range loadCorpus(t) {
		for _, k := range kinds {
			if s.isFor(k) {
				cases = append(cases, testCase{s.in(k), k})
			}
		}
	}
	for _, k := range kinds {
		for _, s := range fieldScripts(t, k) {
			cases = append(cases, testCase{s.in(k), k})
		}
	}
	return cases
}

// workers is how many scripts run at a time.
const workers = 8

func createNamespaces(t *testing.T, c *cluster.Cluster, cases []testCase) {
	t.Helper()
	client := c.Clientset(t).CoreV1().Namespaces()
	var group errgroup.Group
	group.SetLimit(workers)
	seen := map[string]bool{}
	for _, tc := range cases {
		name := tc.script.namespace
		if seen[name] {
			continue
		}
		seen[name] = true
		group.Go(func() error {
			_, err := client.Create(context.Background(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
			if apierrors.IsAlreadyExists(err) {
				return nil
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}

// needs are manifests of what must be there for objects of a kind not to be refused, in a namespace.
var needs = map[string]string{"backups": locations, "schedules": locations, "deletebackuprequests": locations + records, "downloadrequests": locations + records}

// in gives the script a namespace of its own for a kind whose objects need others, which other kinds' scripts must not see.
func (s *script) in(k *kind) *script {
	if needs[k.plural()] == "" {
		return s
	}
	own := *s
	own.namespace += "-" + k.plural()
	return &own
}

// createNeeded makes what the objects of the cases need.
func createNeeded(t *testing.T, c *cluster.Cluster, cases []testCase) {
	t.Helper()
	var manifests []string
	seen := map[string]bool{}
	for _, tc := range cases {
		if namespace, needed := tc.script.namespace, needs[tc.kind.plural()]; needed != "" && !seen[namespace] {
			seen[namespace] = true
			manifests = append(manifests, fmt.Sprintf(needed, namespace))
		}
	}
	for few := range slices.Chunk(manifests, 50) { // which a command has the time for, on a busy machine, too
		c.KubectlWith(t, strings.Join(few, ""), "create", "-f", "-")
	}
}

// locations are those that the samples of backups and schedules name.
const locations = `---
apiVersion: velero.io/v1
kind: BackupStorageLocation
metadata: {name: default, namespace: %[1]s}
spec: {provider: example.com/any, default: true, objectStorage: {bucket: backups, prefix: a}}
---
apiVersion: velero.io/v1
kind: BackupStorageLocation
metadata: {name: other, namespace: %[1]s}
spec: {provider: example.com/any, objectStorage: {bucket: backups, prefix: b}}
---
apiVersion: velero.io/v1
kind: VolumeSnapshotLocation
metadata: {name: default, namespace: %[1]s}
spec: {provider: example.com/any}
`

// records are of the backups and the restore that the samples of requests name.
const records = `---
apiVersion: velero.io/v1
kind: Backup
metadata: {name: nightly, namespace: %[1]s}
spec: {storageLocation: default}
status: {phase: Completed}
---
apiVersion: velero.io/v1
kind: Backup
metadata: {name: weekly, namespace: %[1]s}
spec: {storageLocation: default}
status: {phase: Completed}
---
apiVersion: velero.io/v1
kind: Restore
metadata: {name: nightly, namespace: %[1]s}
spec: {backupName: nightly}
status: {phase: Completed}
`

// count is how many requests were sent to both servers, and how many of them were made from the CRD.
type count struct{ sent, fields int }

// replay sends all cases to both servers and returns in what the answers differ, in the order of the cases.
func replay(t *testing.T, crds, ours *cluster.Cluster, cases []testCase) ([]difference, map[string]*count) {
	t.Helper()
	left, err := newServer(crds.Config)
	if err != nil {
		t.Fatal(err)
	}
	right, err := newServer(ours.Config)
	if err != nil {
		t.Fatal(err)
	}
	results := make([][]difference, len(cases))
	sent := make([]int, len(cases))
	var group errgroup.Group
	group.SetLimit(workers)
	for i, tc := range cases {
		group.Go(func() (err error) {
			if results[i], sent[i], err = tc.replay(left, right); err != nil {
				return fmt.Errorf("%s, %s: %w", tc.kind.plural(), tc.script.name, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	wantSent(t, cases, sent)
	counts := map[string]*count{}
	for i, tc := range cases {
		plural := tc.kind.plural()
		if counts[plural] == nil {
			counts[plural] = &count{}
		}
		counts[plural].sent += sent[i]
		if strings.HasPrefix(tc.script.name, fieldsTheme) {
			counts[plural].fields += sent[i]
		}
	}
	return slices.Concat(results...), counts
}

// wantSent fails the test for requests that are sent for no kind, because one before them always ends the case.
func wantSent(t *testing.T, cases []testCase, sent []int) {
	t.Helper()
	most := map[string]int{}
	for i, tc := range cases {
		most[tc.script.name] = max(most[tc.script.name], sent[i])
	}
	for _, tc := range cases {
		if n := most[tc.script.name]; n < len(tc.script.requests) {
			t.Errorf("%s: request %d is never sent", tc.script.name, n+1)
			most[tc.script.name] = len(tc.script.requests) // it is told once
		}
	}
}

// replay runs a case on both servers. It ends with the first write that only one of them does: what follows would be about something
// else on each.
func (tc testCase) replay(crds, ours *server) (found []difference, sent int, err error) {
	left, right := newRun(crds, tc.script, tc.kind), newRun(ours, tc.script, tc.kind)
	for i := range tc.script.requests {
		crdAnswer, err := left.send(context.Background(), &tc.script.requests[i])
		if err != nil {
			return nil, sent, fmt.Errorf("request %d, with CRDs: %w", i+1, err)
		}
		ourAnswer, err := right.send(context.Background(), &tc.script.requests[i])
		if err != nil {
			return nil, sent, fmt.Errorf("request %d, ours: %w", i+1, err)
		}
		sent++
		for _, d := range compare(crdAnswer, ourAnswer) {
			d.kind, d.name = tc.kind.plural(), fmt.Sprintf("%s (%d)", tc.script.name, i+1)
			found = append(found, d)
		}
		if crdAnswer.done() != ourAnswer.done() && tc.script.requests[i].writes() {
			break
		}
	}
	return found, sent, nil
}
