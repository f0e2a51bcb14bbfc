//go:build kind

package nodes

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/e2e/cluster"
	"github.com/velero-locations/velero-locations/simulator/control"
	"github.com/velero-locations/velero-locations/simulator/policy"
)

const (
	cloud    = "http://velero-locations-simulator.velero-locations.svc"
	settings = ",s3ForcePathStyle=true,s3Url=" + cloud + ":9000"
)

// installation is a way by which Velero gets into clusters. Each brings the locations "default" and "west", whose prefixes begin with the
// name of the way, a snapshot location, and a schedule that is paused.
type installation struct {
	name    string
	install func(t *testing.T, k *cluster.Kind, prefix string)
	// afterwards is tried in one of them only, if it is not nil.
	afterwards func(t *testing.T, k *cluster.Kind, prefix string)
}

var installations = []installation{
	{"client", installByClient, testEndpoint},
	{"chart", installByChart, nil},
}

// TestVeleroKind has Velero's own server and node agent back up and restore the files of volumes.
func TestVeleroKind(t *testing.T) {
	k := cluster.StartKind(t)
	k.LeaveToVelero(t)
	k.Load(t, "velero", "velero-plugin-for-aws", "files")
	simulator := k.Control(t)
	for _, way := range installations {
		t.Run(way.name, func(t *testing.T) {
			k.Kubectl(t, "apply", "-f", filepath.Join(cluster.Repository(t), "deploy", "components", "simulator", "velero.yaml"))
			giveConfinedKey(t, k, simulator, way.name)
			way.install(t, k, way.name)
			k.RollOut(t, "velero", "deployment/velero")
			k.RollOut(t, "velero", "daemonset/node-agent")
			testFiles(t, &storage{Kind: k, control: simulator, prefix: way.name})
			if way.afterwards != nil {
				way.afterwards(t, k, way.name)
			}
			// Without CRDs the client does not see that there may be any, which have a finalizer of Velero's server.
			k.Wait(t, "delete", "restores.velero.io", "--all", "-n", "velero", "--timeout=3m")
			k.Must(t, "velero uninstall --force")
			k.Wait(t, "wait", "--for=delete", "namespace/velero", "--timeout=3m")
		})
	}
}

// giveConfinedKey puts a key into Secret secondary that may do no more than what docs/compatibility.md says is needed, below the prefix of
// location west.
func giveConfinedKey(t *testing.T, k *cluster.Kind, simulator *control.Client, prefix string) {
	t.Helper()
	key, err := simulator.AddKey(t.Context(), control.NewKey{Account: west.id, Policy: policy.Policy{{
		Effect: policy.Allow, Bucket: bucket, Prefix: prefix + "/" + west.folder + "/",
		Actions: []string{"s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject"},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "cloud")
	if err := os.WriteFile(file, fmt.Appendf(nil, "[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n", key.ID, key.Secret), 0o600); err != nil {
		t.Fatal(err)
	}
	k.Kubectl(t, "create", "secret", "generic", "secondary", "-n", "velero", "--from-file=cloud="+file)
}

func installByClient(t *testing.T, k *cluster.Kind, prefix string) {
	t.Helper()
	k.Must(t, fmt.Sprintf(`velero install --provider aws --plugins velero/velero-plugin-for-aws:v1.14.3 --use-node-agent --velero-pod-cpu-request 50m \
		--secret-file $(dirname $KUBECONFIG)/accounts/primary --bucket velero-backups --prefix %s/east \
		--backup-location-config region=us-east-1%s --snapshot-location-config region=us-east-1`, prefix, settings))
	k.Kubectl(t, "delete", "crd", "-l", "component=velero", "--wait=false")
	// The client has no flag for this. (There is room for the next pod beside the former one by the request of CPU.)
	k.Kubectl(t, "set", "env", "deployment/velero", "-n", "velero", "AWS_ENDPOINT_URL_EC2="+cloud+":7445")
	k.Must(t, fmt.Sprintf(`velero backup-location create west --provider aws --bucket velero-backups --prefix %s/west \
		--config region=eu-west-1%s --credential secondary=cloud`, prefix, settings))
	k.Must(t, "velero schedule create minutely --schedule '* * * * *' --paused --include-namespaces shop --storage-location west --default-volumes-to-fs-backup")
}

// installByChart applies what Velero's Helm chart would install.
func installByChart(t *testing.T, k *cluster.Kind, prefix string) {
	t.Helper()
	manifests, err := os.ReadFile("testdata/chart.yaml")
	if err != nil {
		t.Fatal(err)
	}
	k.KubectlWith(t, strings.ReplaceAll(string(manifests), "PREFIX", prefix), "apply", "-f", "-")
}

// testEndpoint shows that a location that gets its endpoint from the environment of Velero's pods is Available, by the plugin, and has
// no repositories: Kopia looks for those at Amazon.
func testEndpoint(t *testing.T, k *cluster.Kind, prefix string) {
	t.Helper()
	for _, workload := range []string{"deployment/velero", "daemonset/node-agent"} {
		k.Kubectl(t, "set", "env", workload, "-n", "velero", "AWS_ENDPOINT_URL_S3="+cloud+":9000")
		k.RollOut(t, "velero", workload)
	}
	k.Must(t, "velero backup-location create elsewhere --provider aws --bucket velero-backups --prefix "+prefix+"/elsewhere --config region=us-east-1,s3ForcePathStyle=true")
	k.Wait(t, "wait", "--for=jsonpath={.status.phase}=Available", "bsl/elsewhere", "-n", "velero", "--timeout=2m")
	k.KubectlWith(t, `apiVersion: velero.io/v1
kind: BackupRepository
metadata: {name: elsewhere, namespace: velero}
spec: {volumeNamespace: shop, backupStorageLocation: elsewhere, repositoryType: kopia, maintenanceFrequency: 1h}
`, "create", "-f", "-")
	k.Wait(t, "wait", "--for=jsonpath={.status.phase}=NotReady", "backuprepositories.velero.io/elsewhere", "-n", "velero", "--timeout=4m")
	devtest.WantContains(t, k.Kubectl(t, "get", "backuprepositories.velero.io", "elsewhere", "-n", "velero", "-o", "jsonpath={.status.message}"), "us-east-1.amazonaws.com")
}
