package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/e2e/cluster"
)

// home is the namespace that deploy/ installs to.
const home = "velero-locations"

// TestOverlays renders each overlay and has kube-apiserver look at it, and at the pods that it would make.
func TestOverlays(t *testing.T) {
	c := cluster.StartKubernetes(t)
	deploy := filepath.Join(cluster.Repository(t), "deploy")
	for _, needed := range []string{"base/namespace.yaml", "base/priority.yaml", "base/rbac.yaml", "components/snapshots/rbac.yaml"} {
		c.Kubectl(t, "apply", "--server-side", "-f", filepath.Join(deploy, needed))
	}
	c.Kubectl(t, "create", "serviceaccount", "default", "-n", home) // which a controller makes that does not run here

	overlays, err := os.ReadDir(filepath.Join(deploy, "overlays"))
	if err != nil || len(overlays) < 3 {
		t.Fatalf("there are %d overlays, want three at least: %v", len(overlays), err)
	}
	for _, overlay := range overlays {
		t.Run(overlay.Name(), func(t *testing.T) {
			manifests := c.Must(t, "velero-locations kubectl kustomize "+filepath.Join(deploy, "overlays", overlay.Name()))
			if strings.Contains(manifests, "insecureSkipTLSVerify") {
				t.Error("an APIService is not verified")
			}
			apply := c.Run(t, manifests, "apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-")
			if apply.Code != 0 || apply.Stderr != "" {
				t.Errorf("exit code %d:\n%s%s", apply.Code, apply.Stdout, apply.Stderr)
			}
			objects := parse(t, manifests)
			wantServed(t, objects)
			wantRollouts(t, objects)
			pods := 0
			for _, object := range objects {
				if pod, ok := podOf(t, object); ok {
					pods++
					if got := c.Run(t, pod, "create", "--dry-run=server", "--validate=strict", "-f", "-"); got.Code != 0 || got.Stderr != "" {
						t.Errorf("a pod of %s: exit code %d\n%s", object.GetName(), got.Code, got.Stderr)
					}
				}
			}
			if pods < 3 {
				t.Errorf("there are %d workloads, want three at least", pods)
			}
		})
	}
}

func parse(t *testing.T, manifests string) []unstructured.Unstructured {
	t.Helper()
	var objects []unstructured.Unstructured
	for document := range strings.SplitSeq(manifests, "\n---\n") {
		var object unstructured.Unstructured
		if err := yaml.Unmarshal([]byte(document), &object.Object); err != nil {
			t.Fatal(err)
		}
		objects = append(objects, object)
	}
	return objects
}

// wantServed fails the test unless each version that the server serves has an APIService.
func wantServed(t *testing.T, objects []unstructured.Unstructured) {
	t.Helper()
	missing := map[string]bool{}
	for _, version := range cluster.Versions(t) {
		missing[version.Version+"."+version.Group] = true
	}
	for _, object := range objects {
		if object.GetKind() == "APIService" {
			delete(missing, object.GetName())
			if object.GetLabels()["kube-aggregator.kubernetes.io/automanaged"] != "false" {
				t.Errorf("kube-apiserver may take APIService %s back", object.GetName())
			}
		}
	}
	if len(missing) > 0 {
		t.Errorf("there is no APIService for %v", missing)
	}
}

// wantRollouts fails the test for a Deployment whose replicas need a node each, and of which none may go before another has come:
// on as many nodes as replicas it could never be upgraded.
func wantRollouts(t *testing.T, objects []unstructured.Unstructured) {
	t.Helper()
	for _, object := range objects {
		if object.GetKind() != "Deployment" {
			continue
		}
		var deployment appsv1.Deployment
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &deployment); err != nil {
			t.Fatal(err)
		}
		affinity, rolling := deployment.Spec.Template.Spec.Affinity, deployment.Spec.Strategy.RollingUpdate
		apart := affinity != nil && affinity.PodAntiAffinity != nil && len(affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution) > 0
		if apart && (rolling == nil || rolling.MaxUnavailable == nil || rolling.MaxUnavailable.IntValue() == 0) {
			t.Errorf("Deployment %s is stuck where there are %d nodes", deployment.Name, *deployment.Spec.Replicas)
		}
	}
}

// podOf returns a pod as a workload makes it. Claims of its own, which the controller of StatefulSets adds, none has.
func podOf(t *testing.T, workload unstructured.Unstructured) (manifest string, ok bool) {
	t.Helper()
	path := []string{"spec", "template"}
	if workload.GetKind() == "CronJob" {
		path = []string{"spec", "jobTemplate", "spec", "template"}
	}
	found, ok, err := unstructured.NestedMap(workload.Object, path...)
	if err != nil || !ok {
		return "", false
	}
	var template corev1.PodTemplateSpec
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(found, &template); err != nil {
		t.Fatal(err)
	}
	pod := corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{GenerateName: workload.GetName() + "-", Namespace: workload.GetNamespace(), Labels: template.Labels},
		Spec:       template.Spec,
	}
	data, err := json.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	return string(data), true
}

// install applies an overlay in a cluster, and starts what makes the server's certificate.
func install(t *testing.T, overlay string) (*cluster.Cluster, *cluster.Pod) {
	t.Helper()
	c := cluster.StartKubernetes(t)
	c.Install(t, overlay)
	certificates := c.Pod(t, "deployment/velero-locations-certificates", "--health-address=")
	c.Kubectl(t, "wait", "--for=create", "secret/velero-locations-serving", "-n", home, "--timeout=60s")
	return c, certificates
}

// serveAndControl starts the pods of the server and of the controllers, which find a snapshot location unavailable.
func serveAndControl(t *testing.T, c *cluster.Cluster) (*cluster.ServerPod, *cluster.Pod) {
	t.Helper()
	server := c.ServerPod(t, "statefulset/velero-locations")
	server.AwaitReady(t)
	server.Expose(t)
	controller := c.Pod(t, "deployment/velero-locations-controller", "--health-address=", "--metrics-address=", "--default-volume-endpoints=aws=http://127.0.0.1:1")
	// Without a Secret it would be Velero's own identity that counts, which nothing is found out about from here.
	c.Kubectl(t, "create", "secret", "generic", "cloud-credentials", "-n", "velero",
		"--from-literal=cloud=[default]\naws_access_key_id=AKIAEXAMPLE\naws_secret_access_key=example")
	c.KubectlWith(t, devtest.SnapshotLocation, "apply", "-f", "-")
	c.Kubectl(t, "wait", "--for=jsonpath={.status.phase}=Unavailable", "vsl", "--all", "-n", "velero", "--timeout=30s")
	return server, controller
}

// TestInstall installs an overlay and runs each of its pods with the arguments, the files and the rights that it would have.
func TestInstall(t *testing.T) {
	c, certificates := install(t, "embedded-etcd")
	server, controller := serveAndControl(t, c)
	if server.Log(t) != "" {
		t.Errorf("the server says, with all that deploy/ gives it:\n%s", server.Log(t))
	}
	devtest.WantContains(t, c.ServerPod(t, "statefulset/velero-locations").Fails(t), "is in use by another process")

	// A new certificate is served without a restart. The authority stays, so that nothing has to be told of it.
	before := server.Certificate(t)
	c.Kubectl(t, "delete", "secret", "velero-locations-serving", "-n", home)
	certificates.Stop(t)
	certificates = c.Pod(t, "deployment/velero-locations-certificates", "--health-address=")
	c.Kubectl(t, "wait", "--for=create", "secret/velero-locations-serving", "-n", home, "--timeout=60s")
	server.Refresh(t)
	devtest.Poll(t, 90*time.Second, "the new certificate to be served", func() bool { return server.Certificate(t) != before })
	c.Kubectl(t, "get", "vsl", "ebs", "-n", "velero")

	controller.Stop(t)
	certificates.Stop(t)
	testOutage(t, c, server)
}

// TestExternalEtcd runs two replicas on an etcd outside of them: what is written to one is read from the other.
func TestExternalEtcd(t *testing.T) {
	c := cluster.StartKubernetes(t)
	deploy := filepath.Join(cluster.Repository(t), "deploy")
	c.Kubectl(t, "apply", "-f", filepath.Join(deploy, "base", "namespace.yaml"))
	manifests := c.Kubectl(t, "kustomize", filepath.Join(deploy, "overlays", "external-etcd"))
	const address = "https://etcd-client.etcd.svc:2379"
	if !strings.Contains(manifests, address) {
		t.Fatalf("the overlay does not name %s", address)
	}
	c.KubectlWith(t, strings.ReplaceAll(manifests, address, c.StartSecureEtcd(t)), "apply", "-f", "-")
	c.Pod(t, "deployment/velero-locations-certificates", "--health-address=")
	c.Kubectl(t, "wait", "--for=create", "secret/velero-locations-serving", "-n", home, "--timeout=60s")

	one := c.ServerPod(t, "deployment/velero-locations", "--shutdown-delay-duration=0s")
	two := c.ServerPod(t, "deployment/velero-locations", "--shutdown-delay-duration=0s")
	one.AwaitReady(t)
	two.AwaitReady(t)
	one.Expose(t)
	c.KubectlWith(t, devtest.Location("east", "us-east-1", "", ""), "apply", "-f", "-")
	one.Stop(t)
	two.Expose(t)
	c.Kubectl(t, "get", "bsl", "east", "-n", "velero")
	two.Stop(t)
}

// testOutage shows what the cluster goes through while the server is away, and that it gets over it.
func testOutage(t *testing.T, c *cluster.Cluster, server *cluster.ServerPod) {
	t.Helper()
	c.Kubectl(t, "create", "namespace", "elsewhere")
	server.Stop(t)
	if got := c.Run(t, "", "get", "bsl", "-n", "velero"); got.Code == 0 {
		t.Error("a server that is away answers")
	}
	c.Kubectl(t, "wait", "--for=condition=Available=false", "--timeout=60s", "apiservice/v1.velero.io")
	c.Kubectl(t, "delete", "namespace", "elsewhere", "--wait=false")
	c.Kubectl(t, "wait", "--for=condition=NamespaceDeletionDiscoveryFailure", "--timeout=60s", "namespace/elsewhere")

	server = c.ServerPod(t, "statefulset/velero-locations")
	server.AwaitReady(t)
	server.Expose(t)
	c.Kubectl(t, "wait", "--for=delete", "--timeout=60s", "namespace/elsewhere")
	c.Kubectl(t, "get", "vsl", "ebs", "-n", "velero")
	server.Stop(t)
}

// TestPreflight takes permissions from the server, sees it name them, and gives them by the rules that it prints.
func TestPreflight(t *testing.T) {
	c, _ := install(t, "embedded-etcd")
	for name, test := range map[string]struct {
		take [][]string // arguments of kubectl
		gone []string   // verb, resource and namespace that the server may no longer ask for
		want []string
	}{
		"namespaces": {
			take: [][]string{{"patch", "clusterrole", home, "--type=json", "-p", `[{"op":"remove","path":"/rules/0"}]`}},
			gone: []string{"list", "namespaces"},
			want: []string{"get/list/watch namespaces (for admission plugin NamespaceLifecycle)"},
		},
		"admission": {
			take: [][]string{{"patch", "clusterrole", home, "--type=json", "-p", `[{"op":"remove","path":"/rules/1"}]`}},
			gone: []string{"list", "mutatingadmissionpolicies.admissionregistration.k8s.io"},
			want: []string{
				"get/list/watch mutatingadmissionpolicies.admissionregistration.k8s.io, get/list/watch mutatingadmissionpolicybindings.admissionregistration.k8s.io (for admission plugin MutatingAdmissionPolicy)",
				"validatingadmissionpolicybindings.admissionregistration.k8s.io (for admission plugin ValidatingAdmissionPolicy)",
				"get/list/watch mutatingwebhookconfigurations.admissionregistration.k8s.io (for admission plugin MutatingAdmissionWebhook)",
				"get/list/watch validatingwebhookconfigurations.admissionregistration.k8s.io (for admission plugin ValidatingAdmissionWebhook)",
			},
		},
		"a single verb": {
			take: [][]string{{"patch", "clusterrole", home, "--type=json", "-p", `[{"op":"replace","path":"/rules/0/verbs","value":["get","list"]}]`}},
			gone: []string{"watch", "namespaces"},
			want: []string{"  watch namespaces (for admission plugin NamespaceLifecycle)"},
		},
		"priorities": {
			take: [][]string{{"patch", "clusterrole", home, "--type=json", "-p", `[{"op":"remove","path":"/rules/2"}]`}},
			gone: []string{"list", "flowschemas.flowcontrol.apiserver.k8s.io"},
			want: []string{"flowschemas.flowcontrol.apiserver.k8s.io, get/list/watch prioritylevelconfigurations.flowcontrol.apiserver.k8s.io (for --enable-priority-and-fairness)"},
		},
		"delegation": {
			take: [][]string{{"delete", "clusterrolebinding", home + ":auth-delegator"}},
			gone: []string{"create", "tokenreviews.authentication.k8s.io"},
			want: []string{"create tokenreviews.authentication.k8s.io (for", "create subjectaccessreviews.authorization.k8s.io (for what users may do)"},
		},
		"front proxy": {
			take: [][]string{{"delete", "rolebinding", home + ":auth-reader", "-n", "kube-system"}},
			gone: []string{"get", "configmaps/extension-apiserver-authentication", "-n", "kube-system"},
			want: []string{`get/list/watch configmaps "extension-apiserver-authentication" in namespace "kube-system"`},
		},
		"everything": {
			take: [][]string{
				{"delete", "clusterrolebinding", home, home + ":auth-delegator"},
				{"delete", "rolebinding", home + ":auth-reader", "-n", "kube-system"},
			},
			gone: []string{"list", "namespaces"},
			want: []string{"namespaces", "mutatingadmissionpolicies", "flowschemas", "tokenreviews", "subjectaccessreviews", "extension-apiserver-authentication"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, args := range test.take {
				c.Kubectl(t, args...)
			}
			await(t, c, "no", test.gone...)
			said := c.ServerPod(t, "statefulset/velero-locations").Fails(t)
			devtest.WantContains(t, said, append(test.want, "the cluster does not permit system:serviceaccount:velero-locations:velero-locations to")...)
			_, rules, found := strings.Cut(said, "kubectl apply -f:\n")
			if !found {
				t.Fatalf("it prints no rules:\n%s", said)
			}

			c.KubectlWith(t, rules, "apply", "-f", "-")
			await(t, c, "yes", test.gone...)
			server := c.ServerPod(t, "statefulset/velero-locations")
			server.AwaitReady(t)
			server.Stop(t)

			c.KubectlWith(t, rules, "delete", "-f", "-")
			c.Kubectl(t, "apply", "-f", filepath.Join(cluster.Repository(t), "deploy", "base", "rbac.yaml"))
			await(t, c, "yes", test.gone...)
		})
	}

	t.Run("warnings", func(t *testing.T) {
		c.Kubectl(t, "patch", "clusterrole", home, "--type=json", "-p", `[{"op":"remove","path":"/rules/3"}]`)
		await(t, c, "no", "get", "secrets")
		server := c.ServerPod(t, "statefulset/velero-locations")
		server.AwaitReady(t)
		if got := strings.Count(server.Log(t), "The server may not get secrets: without this permission there are no warnings of locations whose credential or caCertRef"); got != 1 {
			t.Errorf("%d lines say which warnings are missing, want one:\n%s", got, server.Log(t))
		}
	})
}

// await waits until kube-apiserver answers as it should whether the server may do something.
func await(t *testing.T, c *cluster.Cluster, want string, access ...string) {
	t.Helper()
	args := append([]string{"auth", "can-i", "--as=system:serviceaccount:velero-locations:velero-locations"}, access...)
	devtest.Poll(t, 30*time.Second, strings.Join(access, " ")+": "+want, func() bool {
		return strings.TrimSpace(c.Run(t, "", args...).Stdout) == want
	})
}

// TestNamespaces shows that the controllers do their work with rights in Velero's namespace only, and that a component gives them those
// in all.
func TestNamespaces(t *testing.T) {
	c, _ := install(t, "embedded-etcd")
	_, controller := serveAndControl(t, c)
	c.Kubectl(t, "wait", "--for=create", "event", "--field-selector=involvedObject.kind=VolumeSnapshotLocation", "-n", "velero", "--timeout=30s")
	if log := controller.Log(t); strings.Contains(log, "forbidden") {
		t.Errorf("the controller lacks rights:\n%s", log)
	}
	wantSecrets(t, c, map[string]string{"velero": "yes", "default": "no", "kube-system": "no"})

	if err := os.Symlink(filepath.Join(cluster.Repository(t), "deploy"), c.Path("deploy")); err != nil {
		t.Fatal(err)
	}
	const overlay = `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [deploy/overlays/embedded-etcd]
components: [deploy/components/all-namespaces]
`
	if err := os.WriteFile(c.Path("kustomization.yaml"), []byte(overlay), 0o600); err != nil {
		t.Fatal(err)
	}
	c.Kubectl(t, "apply", "-k", c.Dir)
	wantSecrets(t, c, map[string]string{"velero": "yes", "default": "yes"})
	if args := c.Kubectl(t, "get", "deployment/velero-locations-controller", "-n", home, "-o", "jsonpath={.spec.template.spec.containers[0].args}"); strings.Contains(args, "--namespace=") {
		t.Errorf("the controllers are kept to a namespace: %s", args)
	}
}

// wantSecrets compares, by namespace, whether the controllers may get Secrets.
func wantSecrets(t *testing.T, c *cluster.Cluster, want map[string]string) {
	t.Helper()
	for namespace, may := range want {
		devtest.Poll(t, 30*time.Second, "Secrets of "+namespace+": "+may, func() bool {
			got := c.Run(t, "", "auth", "can-i", "get", "secrets", "-n", namespace, "--as=system:serviceaccount:"+home+":velero-locations-controller")
			return strings.TrimSpace(got.Stdout) == may
		})
	}
}
