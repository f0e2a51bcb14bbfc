package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/e2e/cluster"
)

// TestSnapshots runs the command of the CronJob that keeps snapshots, with the rights and the kubeconfig that deploy/ gives it.
func TestSnapshots(t *testing.T) {
	c := cluster.Start(t)
	component := filepath.Join(cluster.Repository(t), "deploy", "components", "snapshots")
	c.Kubectl(t, "apply", "-f", filepath.Join(component, "cronjob.yaml"), "-f", filepath.Join(component, "rbac.yaml"))
	var job batchv1.CronJob
	if err := json.Unmarshal([]byte(c.Kubectl(t, "get", "cronjob/velero-locations-snapshots", "-n", home, "-o", "json")), &job); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file, token, kubeconfig := filepath.Join(dir, "etcd.db"), filepath.Join(dir, "token"), filepath.Join(dir, "kubeconfig")
	pod := strings.NewReplacer(
		"/snapshots/etcd.db", file,
		"/etc/velero-locations/snapshots/kubeconfig", kubeconfig,
		"/etc/velero-locations/authority/ca.crt", c.ServingCA(),
		"/var/run/secrets/kubernetes.io/serviceaccount/token", token,
		"server: https://velero-locations.velero-locations.svc", "tls-server-name: velero-locations.velero-locations.svc\n    server: "+c.ServerURL(),
		"--bucket=velero-locations-snapshots", "--bucket=velero-backups", // the one that the simulator has
	)
	write := func(path, content string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(kubeconfig, pod.Replace(c.Kubectl(t, "get", "configmap/velero-locations-snapshots", "-n", home, "-o", "jsonpath={.data.kubeconfig}")))
	command := "velero-locations " + pod.Replace(strings.Join(job.Spec.JobTemplate.Spec.Template.Spec.Containers[0].Args, " "))

	write(token, c.Kubectl(t, "create", "token", "velero-locations-controller", "-n", home))
	if got := c.Shell(t, command); got.Code == 0 || !strings.Contains(got.Stderr, `cannot get path "/etcd/snapshot"`) {
		t.Errorf("a snapshot for a service account without the right: %+v", got)
	}
	write(token, c.Kubectl(t, "create", "token", "velero-locations-snapshots", "-n", home))
	devtest.WantContains(t, c.Must(t, command), "their checksum is right", "in bucket velero-backups")
	devtest.WantContains(t, c.Must(t, "velero-locations etcd restore "+file+" --embedded-etcd-dir "+filepath.Join(dir, "restored")), "Restored ")
}
