package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/e2e/cluster"
)

// restorable is what is backed up to compare restores: objects that a restore must change, leave out or make before others.
const restorable = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: cakes.bakery.example.com}
spec:
  group: bakery.example.com
  names: {kind: Cake, plural: cakes, singular: cake}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
---
apiVersion: v1
kind: Namespace
metadata: {name: bakery, labels: {team: a}, annotations: {note: kept}}
---
apiVersion: v1
kind: Namespace
metadata: {name: cellar}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: flour, namespace: bakery, labels: {tier: front}}
data: {kind: rye}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: sugar, namespace: bakery, labels: {tier: back}, annotations: {note: sweet}}
binaryData: {grains: AAEC}
immutable: true
---
apiVersion: v1
kind: ConfigMap
metadata: {name: wine, namespace: cellar, labels: {tier: front}}
data: {year: "2019"}
---
apiVersion: v1
kind: Secret
metadata: {name: recipe, namespace: bakery}
type: Opaque
stringData: {steps: mix}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: baker, namespace: bakery, annotations: {role: baker}}
secrets: [{name: recipe}, {name: baker-token-abcde}]
imagePullSecrets: [{name: recipe}]
---
apiVersion: v1
kind: Secret
metadata: {name: baker-token-abcde, namespace: bakery, annotations: {kubernetes.io/service-account.name: baker}}
type: kubernetes.io/service-account-token
---
apiVersion: v1
kind: Secret
metadata: {name: long-lived, namespace: bakery, annotations: {kubernetes.io/service-account.name: baker}}
type: kubernetes.io/service-account-token
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: bake, namespace: bakery}
rules: [{apiGroups: [bakery.example.com], resources: [cakes], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: bake, namespace: bakery}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: bake}
subjects: [{kind: ServiceAccount, name: baker, namespace: bakery}, {kind: ServiceAccount, name: keeper, namespace: cellar}, {kind: User, name: jane, apiGroup: rbac.authorization.k8s.io}]
---
apiVersion: v1
kind: Service
metadata: {name: plain, namespace: bakery}
spec: {ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: headless, namespace: bakery}
spec: {clusterIP: None, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: elsewhere, namespace: bakery}
spec: {type: ExternalName, externalName: example.com}
---
apiVersion: v1
kind: Service
metadata: {name: ports, namespace: bakery}
spec: {type: NodePort, ports: [{name: a, port: 80}, {name: b, port: 81}]}
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: shelf, annotations: {pv.kubernetes.io/bound-by-controller: "yes"}}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Retain
  storageClassName: ""
  claimRef: {apiVersion: v1, kind: PersistentVolumeClaim, namespace: bakery, name: shelf}
  hostPath: {path: /shelf}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: shelf, namespace: bakery, annotations: {pv.kubernetes.io/bind-completed: "yes", volume.kubernetes.io/selected-node: node-1}}
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: ""
  volumeName: shelf
  resources: {requests: {storage: 1Gi}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: unbound, namespace: bakery}
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: slow
  resources: {requests: {storage: 1Gi}}
---
apiVersion: v1
kind: Pod
metadata: {name: oven, namespace: bakery, labels: {tier: front}}
spec:
  serviceAccountName: baker
  automountServiceAccountToken: false
  nodeName: gone
  containers: [{name: c, image: i, volumeMounts: [{name: shelf, mountPath: /shelf}]}]
  volumes: [{name: shelf, persistentVolumeClaim: {claimName: shelf}}]
---
apiVersion: v1
kind: Pod
metadata: {name: cold, namespace: bakery}
spec: {serviceAccountName: baker, automountServiceAccountToken: false, containers: [{name: c, image: i}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop, namespace: bakery, labels: {tier: front}}
spec:
  replicas: 0
  selector: {matchLabels: {app: shop}}
  template: {metadata: {labels: {app: shop}}, spec: {containers: [{name: c, image: i}]}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: dough, namespace: bakery}
spec: {suspend: true, template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: shop, namespace: bakery}
spec: {maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}, metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: shop, namespace: bakery}
spec: {minAvailable: 1, selector: {matchLabels: {app: shop}}}
`

const cakes = `apiVersion: bakery.example.com/v1
kind: Cake
metadata: {name: lemon, namespace: bakery, ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: flour, uid: UID}]}
spec: {layers: 3}
`

// restoreCases are the restores that are compared. Each goes into namespaces of its own.
var restoreCases = map[string]string{
	"everything":         ``,
	"one-namespace":      `includedNamespaces: [bakery]`,
	"not-one-namespace":  `excludedNamespaces: [bakery]`,
	"pattern":            `includedNamespaces: ["bak*"]`,
	"resources":          `includedResources: [configmaps, secrets]`,
	"short-names":        `includedResources: [cm, deploy]`,
	"with-group":         `includedResources: [deployments.apps, cakes.bakery.example.com]`,
	"no-secrets":         `excludedResources: [secrets]`,
	"labels":             `labelSelector: {matchLabels: {tier: front}}`,
	"labels-expressions": `labelSelector: {matchExpressions: [{key: tier, operator: In, values: [back]}]}`,
	"labels-none":        `labelSelector: {matchLabels: {tier: nosuch}}`,
	"or-labels":          `orLabelSelectors: [{matchLabels: {tier: back}}, {matchLabels: {tier: front}}]`,
	"no-cluster":         `includeClusterResources: false`,
	"cluster":            "includeClusterResources: true\nincludedNamespaces: [cellar]",
	"node-ports":         `preserveNodePorts: true`,
	"no-volumes":         `restorePVs: false`,
	"status":             `restoreStatus: {includedResources: [cakes.bakery.example.com]}`,
	"status-of-others":   `restoreStatus: {excludedResources: [cakes.bakery.example.com]}`,
	"claims-only":        `includedResources: [persistentvolumeclaims]`,
	"pods-only":          `includedResources: [pods]`,
	"pods-and-claims":    `includedResources: [pods, persistentvolumeclaims, persistentvolumes]`,
}

// TestRestores has Velero's own server and our controller restore one backup by the same specs, and compares all that is there then.
func TestRestores(t *testing.T) {
	c := cluster.Start(t)
	c.Must(t, `velero install --provider aws --plugins velero/velero-plugin-for-aws:v1.14.3 --no-secret --bucket velero-backups --prefix both \
		--backup-location-config region=us-east-1,s3ForcePathStyle=true,s3Url=$AWS_ENDPOINT_URL_S3 --use-volume-snapshots=false`)
	c.KubectlWith(t, restorable, "apply", "--server-side", "-f", "-")
	c.Kubectl(t, "wait", "--for=condition=Established", "crd/cakes.bakery.example.com")
	owner := c.Kubectl(t, "get", "configmap", "flour", "-n", "bakery", "-o", "jsonpath={.metadata.uid}")
	c.KubectlWith(t, strings.ReplaceAll(cakes, "UID", owner), "apply", "--server-side", "-f", "-")
	for object, status := range map[string]string{
		"pvc/shelf": `{"phase":"Bound"}`, "pod/oven": `{"phase":"Running"}`, "pod/cold": `{"phase":"Succeeded"}`,
		"deployment/shop": `{"observedGeneration":1}`, "cake/lemon": `{"baked":true}`,
	} {
		c.Kubectl(t, "patch", object, "-n", "bakery", "--subresource=status", "--type=merge", "-p", `{"status":`+status+`}`)
	}
	c.Kubectl(t, "wait", "--for=jsonpath={.status.phase}=Available", "bsl/default", "-n", "velero", "--timeout=60s")
	devtest.WantContains(t, c.Must(t, "velero backup create b --include-namespaces bakery,cellar --wait"), "completed with status: Completed")
	c.StopController(t)
	names := slices.Sorted(maps.Keys(restoreCases))

	got := map[string]map[string]outcome{}
	for _, who := range []struct {
		name        string
		start, stop func(*testing.T)
	}{
		{"velero", func(t *testing.T) { t.Helper(); c.StartVelero(t) }, func(t *testing.T) { t.Helper(); c.StopVelero(t) }},
		{"ours", func(t *testing.T) { t.Helper(); c.StartController(t) }, func(*testing.T) {}}, // which answers what is asked below
	} {
		who.start(t)
		got[who.name] = map[string]outcome{}
		for _, name := range names {
			got[who.name][name] = restoreAndForget(t, c, name+"-"+who.name, restoreCases[name])
		}
		who.stop(t)
	}
	for _, name := range names {
		theirs, ours := got["velero"][name], got["ours"][name]
		if name == "cluster" { // Velero makes namespaces of which nothing is restored, too
			delete(theirs.Objects, "Namespace b-NAME")
		}
		if ours.Warnings > theirs.Warnings { // Velero warns of a definition of which only the owners of fields differ, too
			t.Errorf("%s: %d warnings, Velero gives %d", name, ours.Warnings, theirs.Warnings)
		}
		theirs.Warnings = ours.Warnings
		if diff := cmp.Diff(theirs, ours); diff != "" {
			t.Errorf("%s (-Velero +ours):\n%s", name, diff)
			for _, who := range []string{"velero", "ours"} {
				t.Log(c.Shell(t, "velero restore describe "+name+"-"+who).Stdout)
			}
		}
	}
}

// outcome is what a restore has left: its phase and counts, and the objects that there are, without what every object has of its own.
type outcome struct {
	Phase            string
	Errors, Warnings int
	Objects          map[string]any
}

var uuids = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// kept are the resources that are looked at after a restore.
const kept = "configmaps,secrets,serviceaccounts,services,persistentvolumeclaims,pods,deployments,jobs,roles,rolebindings,hpa,pdb,cakes"

func restoreAndForget(t *testing.T, c *cluster.Cluster, name, spec string) outcome {
	t.Helper()
	to := map[string]string{"bakery": "b-" + name, "cellar": "c-" + name}
	manifest := fmt.Sprintf("apiVersion: velero.io/v1\nkind: Restore\nmetadata: {name: %s, namespace: velero}\nspec:\n  backupName: b\n  namespaceMapping: {bakery: %s, cellar: %s}\n  ", name, to["bakery"], to["cellar"])
	c.KubectlWith(t, manifest+strings.ReplaceAll(spec, "\n", "\n  ")+"\n", "create", "--validate=ignore", "-f", "-")
	c.Kubectl(t, "wait", "--for=jsonpath={.status.completionTimestamp}", "restore/"+name, "-n", "velero", "--timeout=120s")
	var restore struct {
		Status struct {
			Phase            string
			Errors, Warnings int
		}
	}
	decode(t, c.Kubectl(t, "get", "restore", name, "-n", "velero", "-o", "json"), &restore)
	out := outcome{Phase: restore.Status.Phase, Errors: restore.Status.Errors, Warnings: restore.Status.Warnings, Objects: map[string]any{}}
	normal := func(text string) string {
		return uuids.ReplaceAllString(strings.ReplaceAll(text, name, "NAME"), "UUID")
	}
	for _, namespace := range to {
		var list struct{ Items []map[string]any }
		decode(t, normal(c.Kubectl(t, "get", kept, "-n", namespace, "-o", "json", "--show-managed-fields", "--ignore-not-found")), &list)
		for _, object := range list.Items {
			neutralize(object)
			metadata, _ := object["metadata"].(map[string]any)
			out.Objects[fmt.Sprint(object["kind"], " ", metadata["namespace"], "/", metadata["name"])] = object
		}
		var ns map[string]any
		if text := c.Kubectl(t, "get", "namespace", namespace, "-o", "json", "--ignore-not-found"); text != "" {
			decode(t, normal(text), &ns)
			neutralize(ns)
			out.Objects["Namespace "+normal(namespace)] = ns
		}
		c.Kubectl(t, "delete", "namespace", namespace, "--ignore-not-found", "--wait=false")
	}
	return out
}

func decode(t *testing.T, text string, into any) {
	t.Helper()
	if text == "" {
		return
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
}

// neutralize takes out what no two objects have alike.
func neutralize(object map[string]any) {
	metadata, _ := object["metadata"].(map[string]any)
	for _, field := range []string{"uid", "resourceVersion", "creationTimestamp", "generation"} {
		delete(metadata, field)
	}
	if spec, is := object["spec"].(map[string]any); is {
		delete(spec, "clusterIP")
		delete(spec, "clusterIPs")
		ports, _ := spec["ports"].([]any)
		for _, port := range ports {
			if p, is := port.(map[string]any); is {
				delete(p, "nodePort")
			}
		}
	}
	managed, _ := metadata["managedFields"].([]any)
	for _, entry := range managed {
		if e, is := entry.(map[string]any); is {
			delete(e, "time")
		}
	}
}
