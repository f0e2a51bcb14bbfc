//go:build kind

package cluster

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kind/pkg/exec"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/simulator/control"
	"github.com/velero-locations/velero-locations/simulator/journal"
)

// nodePorts let tests reach what pods serve.
const nodePorts = `apiVersion: v1
kind: Service
metadata: {name: s3-for-tests, namespace: velero-locations}
spec:
  type: NodePort
  selector: {app.kubernetes.io/name: velero-locations, app.kubernetes.io/component: simulator}
  ports: [{port: 9000, nodePort: 30900, targetPort: s3}]
---
apiVersion: v1
kind: Service
metadata: {name: apiserver-for-tests, namespace: velero-locations}
spec:
  type: NodePort
  selector: {app.kubernetes.io/name: velero-locations, app.kubernetes.io/component: apiserver}
  ports: [{port: 443, nodePort: 30843, targetPort: https}]
`

// InstallWith applies an overlay with components of deploy/.
func (k *Kind) InstallWith(tb testing.TB, overlay string, components ...string) {
	tb.Helper()
	const deploy = "deploy"
	if err := os.Symlink(filepath.Join(Repository(tb), deploy), k.Path(deploy)); err != nil {
		tb.Fatal(err)
	}
	lines := []string{"apiVersion: kustomize.config.k8s.io/v1beta1", "kind: Kustomization", "resources: [deploy/overlays/" + overlay + "]", "components:"}
	for _, component := range components {
		lines = append(lines, "- deploy/components/"+component)
	}
	k.write(tb, []byte(strings.Join(lines, "\n")), "kustomization.yaml")
	k.Kubectl(tb, "apply", "-k", k.Dir)
}

// Reach waits until all that the overlay simulator installs works, and can be reached by tests.
func (k *Kind) Reach(tb testing.TB) {
	tb.Helper()
	k.KubectlWith(tb, nodePorts, "apply", "-f", "-")
	k.AwaitServer(tb, "statefulset")
	k.rollOut(tb, "deployment/velero-locations-simulator")

	encoded := k.Kubectl(tb, "get", "secret", "velero-locations-serving", "-n", home, "-o", `jsonpath={.data.ca\.crt}`)
	ours, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		tb.Fatal(err)
	}
	theirs, err := os.ReadFile(k.ServingCA())
	if err != nil {
		tb.Fatal(err)
	}
	k.write(tb, slices.Concat(theirs, []byte("\n"), ours), "pki", "serving-ca.pem")
	host := program + "." + home + ".svc:443"
	k.serverURL = "https://" + host
	k.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if address == host {
			address = serverAddress
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
}

// Reset leaves nothing of what was done in Velero's namespace and in the storage, and waits until locations are checked again.
func (k *Kind) Reset(tb testing.TB) {
	tb.Helper()
	k.Wait(tb, "delete", "namespace", Namespace, "--ignore-not-found", "--timeout=5m")
	k.Install(tb, "simulator") // the rights of the controllers in the namespace went with it
	k.Kubectl(tb, "rollout", "restart", "-n", home, "deployment/velero-locations-simulator")
	k.rollOut(tb, "deployment/velero-locations-simulator")
	k.KubectlWith(tb, devtest.Location("first", "us-east-1", "", "first"), "apply", "-f", "-")
	k.Wait(tb, "wait", "--for=jsonpath={.status.phase}=Available", "bsl/first", "--timeout=5m")
	k.Kubectl(tb, "delete", "bsl", "first")
}

// StopServer takes the pod of our server away.
func (k *Kind) StopServer(tb testing.TB) {
	tb.Helper()
	k.Kubectl(tb, "scale", "statefulset/velero-locations", "-n", home, "--replicas=0")
	k.Wait(tb, "wait", "--for=delete", "pod/velero-locations-0", "-n", home, "--timeout=5m")
}

// StartServer brings the pod of our server back.
func (k *Kind) StartServer(tb testing.TB) {
	tb.Helper()
	k.Kubectl(tb, "scale", "statefulset/velero-locations", "-n", home, "--replicas=1")
	k.rollOut(tb, "statefulset/velero-locations")
}

// AwaitServer waits until our server, which is a workload of a kind, and the controllers work.
func (k *Kind) AwaitServer(tb testing.TB, kind string) {
	tb.Helper()
	k.rollOut(tb, kind+"/velero-locations")
	k.Wait(tb, "wait", "--for=condition=Available", "--timeout=5m", "apiservice/v1.velero.io", "apiservice/v2alpha1.velero.io")
	k.rollOut(tb, "deployment/velero-locations-controller")
}

// LeaveToVelero has our controllers do no more than where Velero's own server carries out backups.
func (k *Kind) LeaveToVelero(tb testing.TB) {
	tb.Helper()
	k.Kubectl(tb, "patch", "-n", home, "deployment/velero-locations-controller", "--type=json", "-p",
		`[{"op":"replace","path":"/spec/template/spec/containers/0/args/1","value":"--controllers=snapshot-location"}]`)
	k.rollOut(tb, "deployment/velero-locations-controller")
}

// OnNode runs a command on a node, and returns the lines that it prints.
func (k *Kind) OnNode(tb testing.TB, name string, command ...string) []string {
	tb.Helper()
	for _, node := range k.nodes {
		if node.String() != name {
			continue
		}
		out, err := exec.CombinedOutputLines(node.Command(command[0], command[1:]...))
		if err != nil {
			tb.Fatalf("%s on %s: %v\n%s", strings.Join(command, " "), name, err, strings.Join(out, "\n"))
		}
		return out
	}
	tb.Fatalf("there is no node %s", name)
	return nil
}

// EtcdKeys makes what an etcd of the cluster and our server show each other: Secret etcd-serving, of which the names are in namespace
// etcd, and Secret velero-locations-etcd.
func (k *Kind) EtcdKeys(tb testing.TB, names ...string) {
	tb.Helper()
	authority := k.authority(tb, "etcd")
	for _, key := range []struct {
		template          *x509.Certificate
		secret, namespace string
	}{
		{serving(names...), "etcd-serving", "etcd"},
		{client(program), program + "-etcd", home},
	} {
		k.issue(tb, authority, key.secret, key.template)
		k.Kubectl(tb, "create", "secret", "generic", key.secret, "-n", key.namespace, "--from-file=ca.crt="+k.Path("pki", "etcd-ca.pem"),
			"--from-file=tls.crt="+k.Path("pki", key.secret+".pem"), "--from-file=tls.key="+k.Path("pki", key.secret+".key"))
	}
}

// Control returns a client of the simulator's control API, which its pod serves to itself.
func (k *Kind) Control(tb testing.TB) *control.Client {
	tb.Helper()
	address, port := freeAddress(tb)
	client := &control.Client{Address: address}
	forward := k.start(tb, "port-forward", Tool(tb, "kubectl"), "--kubeconfig", k.Path("kubeconfig"), "port-forward",
		"-n", home, "deployment/velero-locations-simulator", port+":7446")
	forward.await(tb, func() error {
		_, err := client.Clock(context.Background())
		return err
	})
	return client
}

// Journal returns what the simulator was asked that a filter picks, oldest first: all of it, where the API gives pages.
func Journal(tb testing.TB, simulator *control.Client, filter journal.Filter) []journal.Entry {
	tb.Helper()
	var all []journal.Entry
	for {
		page, err := simulator.Journal(tb.Context(), filter)
		if err != nil {
			tb.Fatal(err)
		}
		if len(page) == 0 {
			return all
		}
		all = append(all, page...)
		filter.After = page[len(page)-1].Sequence
	}
}

func (k *Kind) rollOut(tb testing.TB, workload string) {
	tb.Helper()
	k.RollOut(tb, home, workload)
}

// RollOut waits until all pods of a workload are those of its newest version, and ready.
func (k *Kind) RollOut(tb testing.TB, namespace, workload string) {
	tb.Helper()
	k.Wait(tb, "rollout", "status", "-n", namespace, workload, "--timeout=5m")
}

// Wait runs a kubectl that may take longer than those of sessions.
func (k *Kind) Wait(tb testing.TB, args ...string) {
	tb.Helper()
	if out, err := k.Command(context.Background(), args...).CombinedOutput(); err != nil {
		tb.Fatalf("kubectl %s: %v\n%s\n%s", strings.Join(args, " "), err, out, k.Kubectl(tb, "get", "pods", "-A", "-o", "wide"))
	}
}
