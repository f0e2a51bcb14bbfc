package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/controllers/restore"
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
kind: PersistentVolume
metadata: {name: tin}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Delete
  storageClassName: ""
  claimRef: {apiVersion: v1, kind: PersistentVolumeClaim, namespace: bakery, name: tin}
  hostPath: {path: /tin}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: tin, namespace: bakery, labels: {tier: front}}
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: ""
  volumeName: tin
  resources: {requests: {storage: 1Gi}}
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: jar}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Delete
  storageClassName: ""
  claimRef: {apiVersion: v1, kind: PersistentVolumeClaim, namespace: bakery, name: jar}
  hostPath: {path: /jar}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: jar, namespace: bakery, labels: {tier: front}}
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: ""
  volumeName: jar
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
apiVersion: v1
kind: ConfigMap
metadata: {name: held, namespace: bakery, finalizers: [example.com/held]}
data: {a: b}
---
apiVersion: v1
kind: Service
metadata: {name: balanced, namespace: cellar}
spec: {type: LoadBalancer, externalTrafficPolicy: Local, ports: [{port: 80}]}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly, namespace: cellar, labels: {tier: back}}
spec: {schedule: "@daily", suspend: true, jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: casks, namespace: cellar}
spec:
  replicas: 0
  serviceName: casks
  selector: {matchLabels: {app: casks}}
  template: {metadata: {labels: {app: casks}}, spec: {containers: [{name: c, image: i}]}}
  volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed, namespace: cellar}
spec: {podSelector: {}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop, namespace: bakery}
spec: {rules: [{host: shop.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: plain, port: {number: 80}}}}]}}]}
---
apiVersion: v1
kind: LimitRange
metadata: {name: small, namespace: cellar}
spec: {limits: [{type: Container, max: {cpu: "4"}}]}
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: oven}
value: 7
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: bake-all, labels: {tier: front}}
rules: [{apiGroups: [""], resources: [configmaps], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: bake-all}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: bake-all}
subjects: [{kind: ServiceAccount, name: baker, namespace: bakery}, {kind: ServiceAccount, name: keeper, namespace: elsewhere}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: taste.example.com}
webhooks:
- name: taste.example.com
  admissionReviewVersions: [v1]
  sideEffects: NoneOnDryRun
  failurePolicy: Ignore
  clientConfig: {url: "https://127.0.0.1:1/"}
  rules: [{apiGroups: [taste.example.com], apiVersions: [v1], operations: [CREATE], resources: [none]}]
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

// restoreCases are the restores that are compared, of which each goes into namespaces of its own unless it says where. B and C are the
// names that namespaces bakery and cellar get.
var restoreCases = map[string]string{
	"everything":         ``,
	"one-namespace":      `includedNamespaces: [bakery]`,
	"two-namespaces":     `includedNamespaces: [bakery, cellar]`,
	"not-one-namespace":  `excludedNamespaces: [bakery]`,
	"no-such-namespace":  `includedNamespaces: [nosuch]`,
	"pattern":            `includedNamespaces: ["bak*"]`,
	"not-a-pattern":      `excludedNamespaces: ["c?llar"]`,
	"resources":          `includedResources: [configmaps, secrets]`,
	"short-names":        `includedResources: [cm, deploy]`,
	"with-group":         `includedResources: [deployments.apps, cakes.bakery.example.com]`,
	"no-such-resource":   `includedResources: [nosuch.example.com]`,
	"both-filters":       "includedNamespaces: [cellar]\nincludedResources: [configmaps, services]",
	"no-secrets":         `excludedResources: [secrets]`,
	"no-workloads":       `excludedResources: [pods, deployments.apps, jobs.batch, cronjobs, statefulsets]`,
	"labels":             `labelSelector: {matchLabels: {tier: front}}`,
	"labels-expressions": `labelSelector: {matchExpressions: [{key: tier, operator: In, values: [back]}]}`,
	"labels-exist":       `labelSelector: {matchExpressions: [{key: tier, operator: Exists}]}`,
	"labels-absent":      `labelSelector: {matchExpressions: [{key: tier, operator: DoesNotExist}]}`,
	"labels-not-in":      `labelSelector: {matchExpressions: [{key: tier, operator: NotIn, values: [back]}]}`,
	"labels-none":        `labelSelector: {matchLabels: {tier: nosuch}}`,
	"labels-of-some":     "labelSelector: {matchLabels: {tier: back}}\nincludedResources: [configmaps]",
	"or-labels":          `orLabelSelectors: [{matchLabels: {tier: back}}, {matchLabels: {tier: front}}]`,
	"or-labels-one":      `orLabelSelectors: [{matchLabels: {tier: back}}]`,
	"no-cluster":         `includeClusterResources: false`,
	"cluster":            "includeClusterResources: true\nincludedNamespaces: [cellar]",
	"cluster-all":        `includeClusterResources: true`,
	"node-ports":         `preserveNodePorts: true`,
	"no-node-ports":      `preserveNodePorts: false`,
	"volumes":            `restorePVs: true`,
	"no-volumes":         `restorePVs: false`,
	"status":             `restoreStatus: {includedResources: [cakes.bakery.example.com]}`,
	"status-of-all":      `restoreStatus: {includedResources: ["*"]}`,
	"status-of-others":   `restoreStatus: {excludedResources: [cakes.bakery.example.com]}`,
	"status-of-pods":     `restoreStatus: {includedResources: [pods, deployments.apps], excludedResources: [pods]}`,
	"claims-only":        `includedResources: [persistentvolumeclaims]`,
	"pods-only":          `includedResources: [pods]`,
	"pods-and-claims":    `includedResources: [pods, persistentvolumeclaims, persistentvolumes]`,
	"services-only":      `includedResources: [services]`,
	"accounts-only":      `includedResources: [serviceaccounts, roles, rolebindings]`,
	"jobs-only":          `includedResources: [jobs.batch, cronjobs.batch]`,
	"patience":           `itemOperationTimeout: 1m`,
	"schedule":           `scheduleName: nightly`,
	"theirs":             `backupName: theirs`,
	"theirs-labels":      "backupName: theirs\nlabelSelector: {matchLabels: {tier: front}}",
	"theirs-resources":   "backupName: theirs\nincludedResources: [configmaps, secrets, services]",
	"into-one":           `namespaceMapping: {bakery: B, cellar: B}`,
	"one-stays":          `namespaceMapping: {bakery: B}`,
	"over":               ``,
	"over-none":          `existingResourcePolicy: none`,
	"over-update":        `existingResourcePolicy: update`,
	"over-update-labels": "existingResourcePolicy: update\nlabelSelector: {matchLabels: {tier: front}}",
	"over-update-theirs": "existingResourcePolicy: update\nbackupName: theirs",

	"modified":             `resourceModifier: {kind: configmap, name: patches}`,
	"modified-kind":        `resourceModifier: {kind: ConfigMap, name: patches}`,
	"modified-merge":       `resourceModifier: {kind: configmap, name: merges}`,
	"modified-strategic":   `resourceModifier: {kind: configmap, name: strategic}`,
	"modified-conditions":  `resourceModifier: {kind: configmap, name: conditions}`,
	"modified-fails":       `resourceModifier: {kind: configmap, name: fails}`,
	"over-update-modified": "existingResourcePolicy: update\nresourceModifier: {kind: configmap, name: merges}",

	"policy":         `resourcePolicy: {kind: configmap, name: policy}`,
	"policy-labels":  "resourcePolicy: {kind: configmap, name: policy}\nlabelSelector: {matchLabels: {tier: front}}",
	"policy-exclude": "resourcePolicy: {kind: configmap, name: policy}\nexcludedResources: [configmaps]",
	"policy-rest":    `resourcePolicy: {kind: configmap, name: policy-rest}`,
	"policy-pattern": `resourcePolicy: {kind: configmap, name: policy-pattern}`,
	"policy-cluster": `resourcePolicy: {kind: configmap, name: policy-cluster}`,

	"refused-policy":         `resourcePolicy: {kind: configmap, name: nosuch}`,
	"refused-policy-version": `resourcePolicy: {kind: configmap, name: version}`,
	"refused-policy-volumes": `resourcePolicy: {kind: configmap, name: policy-volumes}`,
	"refused-policy-names":   `resourcePolicy: {kind: configmap, name: policy-names}`,

	"refused-backup":      `backupName: nosuch`,
	"refused-schedule":    `scheduleName: nosuch`,
	"refused-resource":    `includedResources: [nodes]`,
	"refused-modifier":    `resourceModifier: {kind: configmap, name: nosuch}`,
	"refused-version":     `resourceModifier: {kind: configmap, name: version}`,
	"refused-empty":       `resourceModifier: {kind: configmap, name: empty}`,
	"refused-two-patches": `resourceModifier: {kind: configmap, name: two}`,
	"refused-operation":   `resourceModifier: {kind: configmap, name: operation}`,
}

// resourcePolicies are those of restores, by the names of their ConfigMaps.
var resourcePolicies = map[string]string{
	"policy":         `namespacedFilterPolicies: [{namespaces: [bakery], resourceFilters: [{kinds: [configmaps, Deployment], labelSelector: {matchLabels: {tier: front}}}, {kinds: [cakes.bakery.example.com, svc], excludedNames: [pl*]}]}]`,
	"policy-rest":    `namespacedFilterPolicies: [{namespaces: [cellar], resourceFilters: [{kinds: ["*"], orLabelSelectors: [{matchLabels: {tier: back}}, {matchLabels: {tier: front}}]}, {kinds: [statefulsets.apps]}]}]`,
	"policy-pattern": `namespacedFilterPolicies: [{namespaces: ["*"], resourceFilters: [{kinds: [secrets], names: [recipe]}]}, {namespaces: [cellar], resourceFilters: [{kinds: [limitranges]}]}]`,
	"policy-cluster": `clusterScopedFilterPolicy: {resourceFilters: [{kinds: [persistentvolumes], names: [shelf]}]}`,
	"policy-volumes": `volumePolicies: [{conditions: {storageClass: [slow]}, action: {type: skip}}]`,
	"policy-names":   `namespacedFilterPolicies: [{namespaces: [cellar], resourceFilters: [{names: [a]}]}]`,
}

// modifierRules are the rules of resource modifiers, by the names of their ConfigMaps.
var modifierRules = map[string]string{
	"patches": `[{conditions: {groupResource: configmaps, resourceNameRegex: "^(flour|wine)$"}, patches: [{operation: add, path: /data/more, value: x}, {operation: test, path: /kind, value: ConfigMap}]},
		{conditions: {groupResource: deployments.apps}, patches: [{operation: replace, path: /spec/replicas, value: "3"}, {operation: copy, from: /metadata/name, path: /metadata/labels/copied}]},
		{conditions: {groupResource: secrets}, patches: [{operation: test, path: /type, value: nosuch}, {operation: remove, path: /data}]},
		{conditions: {groupResource: services, matches: [{path: /spec/type, value: NodePort}]}, patches: [{operation: add, path: /metadata/annotations, value: '{"a": "1"}'}, {operation: add, path: /metadata/annotations/b, value: '"2"'}]}]`,
	"merges": `[{conditions: {groupResource: configmaps}, mergePatches: [{patchData: "metadata: {labels: {merged: yes-it-is, tier: null}}"}, {patchData: '{"metadata":{"annotations":{"second":"2"}}}'}]},
		{conditions: {groupResource: persistentvolumeclaims}, mergePatches: [{patchData: "spec: {storageClassName: fast}"}]},
		{conditions: {groupResource: cakes.bakery.example.com}, mergePatches: [{patchData: "spec: {layers: 5}"}]}]`,
	"strategic": `[{conditions: {groupResource: deployments.apps}, strategicPatches: [{patchData: "spec: {template: {spec: {containers: [{name: c, image: other}, {name: d, image: i}]}}}"}]},
		{conditions: {groupResource: services, resourceNameRegex: ports}, strategicPatches: [{patchData: '{"spec": {"ports": [{"port": 82, "name": "c"}]}}'}]}]`,
	"conditions": `[{conditions: {groupResource: "*", namespaces: [cellar], labelSelector: {matchLabels: {tier: front}}}, mergePatches: [{patchData: "metadata: {labels: {by: namespace-and-labels}}"}]},
		{conditions: {groupResource: "{jobs,cronjobs}.ba*"}, mergePatches: [{patchData: "metadata: {labels: {by: choice}}"}]},
		{conditions: {groupResource: "**", namespaces: ["bak*"], resourceNameRegex: "^s", matches: [{path: /metadata/labels/tier, value: back}]}, mergePatches: [{patchData: "metadata: {labels: {by: match}}"}]}]`,
	"fails":     `[{conditions: {groupResource: configmaps, resourceNameRegex: "^wine$"}, patches: [{operation: remove, path: /data/nosuch}]}, {conditions: {groupResource: configmaps}, mergePatches: [{patchData: "metadata: {labels: {second: rule}}"}]}]`,
	"empty":     `[]`,
	"two":       `[{conditions: {groupResource: configmaps}, patches: [{operation: remove, path: /data}], mergePatches: [{patchData: "{}"}]}]`,
	"operation": `[{conditions: {groupResource: configmaps}, patches: [{operation: drop, path: /data}]}]`,
}

// standing is what is there in the namespaces of restores whose names begin with over, before them.
const standing = `apiVersion: v1
kind: Namespace
metadata: {name: B, labels: {mine: "1"}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: flour, namespace: B, labels: {mine: "1"}}
data: {kind: wheat, mine: "1"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: sugar, namespace: B}
binaryData: {grains: AAED}
immutable: true
---
apiVersion: v1
kind: Secret
metadata: {name: recipe, namespace: B, annotations: {mine: "1"}}
type: Opaque
stringData: {steps: stir}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: baker, namespace: B, labels: {mine: "1"}, annotations: {role: mine}}
secrets: [{name: mine}]
---
apiVersion: v1
kind: Service
metadata: {name: plain, namespace: B}
spec: {ports: [{port: 8080}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: bake, namespace: B}
rules: [{apiGroups: [bakery.example.com], resources: [cakes], verbs: [get, list]}]
`

// clusterCases are restores after what has no namespace was deleted, definitions and their objects among it. It is one: the informers of
// Velero's server do not get over the deletion of a definition that it has restored.
var clusterCases = map[string]string{"bare": `backupName: wide`}

// clusterObjects are those without a namespace that are deleted before, and looked at after, clusterCases.
const clusterObjects = "crd/cakes.bakery.example.com pv/shelf priorityclass/oven clusterrole/bake-all clusterrolebinding/bake-all validatingwebhookconfiguration/taste.example.com"

// TestRestores has Velero's own server and our controller restore the same backups, made by either, by the same specs, and compares all
// that is there then.
func TestRestores(t *testing.T) {
	c := cluster.Start(t)
	prepareRestores(t, c)
	got := map[string]map[string]outcome{"velero": {}, "ours": {}}
	c.StopController(t)
	c.StartVelero(t)
	c.Must(t, "velero backup create theirs --include-namespaces bakery,cellar --wait")
	restoreAll(t, c, "velero", restoreCases, got["velero"])
	c.StopVelero(t)
	c.StartController(t)
	foreseen := foresee(t, c)
	restoreAll(t, c, "ours", restoreCases, got["ours"])
	compareForecasts(t, c, foreseen)
	restoreBare(t, c, "ours", got["ours"])
	c.StopController(t)
	c.StartVelero(t)
	restoreBare(t, c, "velero", got["velero"])
	for _, name := range slices.Sorted(maps.Keys(got["ours"])) {
		theirs, ours := got["velero"][name], got["ours"][name]
		if name == "cluster" { // Velero makes namespaces of which nothing is restored, too
			maps.DeleteFunc(theirs.Objects, func(key string, _ any) bool { return strings.HasPrefix(key, "Namespace ") && ours.Objects[key] == nil })
		}
		if !compareOutcomes(t, name, theirs, ours) {
			for _, who := range []string{"velero", "ours"} {
				t.Log(c.Shell(t, "velero restore describe "+name+"-"+who).Stdout)
			}
		}
	}
}

// compareOutcomes says whether two restores have left the same.
func compareOutcomes(t *testing.T, name string, theirs, ours outcome) bool {
	t.Helper()
	if ours.Warnings > theirs.Warnings { // Velero warns of what is there of which only the owners of fields, or their times, differ, too
		t.Errorf("%s: %d warnings, Velero gives %d", name, ours.Warnings, theirs.Warnings)
	}
	theirs.Warnings = ours.Warnings
	diff := cmp.Diff(theirs, ours)
	if diff != "" {
		t.Errorf("%s (-Velero +ours):\n%s", name, diff)
	}
	return diff == ""
}

// wide is what a backup has that clusterCases restore.
const wide = "--include-namespaces bakery,cellar --include-cluster-scoped-resources customresourcedefinitions.apiextensions.k8s.io,persistentvolumes," +
	"priorityclasses.scheduling.k8s.io,clusterroles.rbac.authorization.k8s.io,clusterrolebindings.rbac.authorization.k8s.io,validatingwebhookconfigurations.admissionregistration.k8s.io"

// prepareRestores makes what is backed up, our backups of it, and what restores find.
func prepareRestores(t *testing.T, c *cluster.Cluster) {
	t.Helper()
	c.Must(t, `velero install --provider aws --plugins velero/velero-plugin-for-aws:v1.14.3 --no-secret --bucket velero-backups --prefix both \
		--backup-location-config region=us-east-1,s3ForcePathStyle=true,s3Url=$AWS_ENDPOINT_URL_S3 --use-volume-snapshots=false`)
	c.KubectlWith(t, restorable, "apply", "--server-side", "-f", "-")
	c.Kubectl(t, "wait", "--for=condition=Established", "crd/cakes.bakery.example.com")
	owner := c.Kubectl(t, "get", "configmap", "flour", "-n", "bakery", "-o", "jsonpath={.metadata.uid}")
	c.KubectlWith(t, strings.ReplaceAll(cakes, "UID", owner), "apply", "--server-side", "-f", "-")
	for object, status := range map[string]string{
		"pvc/shelf": `{"phase":"Bound"}`, "pvc/jar": `{"phase":"Bound"}`, "pod/oven": `{"phase":"Running"}`, "pod/cold": `{"phase":"Succeeded"}`,
		"deployment/shop": `{"observedGeneration":1}`, "cake/lemon": `{"baked":true}`,
	} {
		c.Kubectl(t, "patch", object, "-n", "bakery", "--subresource=status", "--type=merge", "-p", `{"status":`+status+`}`)
	}
	var found strings.Builder
	rules := maps.Clone(resourcePolicies)
	for name, rule := range modifierRules {
		rules[name] = "resourceModifierRules: " + rule
	}
	for name, rule := range rules {
		config := map[string]any{
			"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": name, "namespace": "velero"},
			"data": map[string]string{"rules": "version: v1\n" + rule},
		}
		text, err := json.Marshal(config)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&found, "---\n%s\n", text)
	}
	found.WriteString("---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: version, namespace: velero}, data: {rules: 'version: v2'}}\n")
	for name := range restoreCases {
		for _, who := range []string{"velero", "ours"} {
			if strings.HasPrefix(name, "over") {
				found.WriteString("---\n" + strings.ReplaceAll(standing, "B", "b-"+name+"-"+who))
			}
		}
	}
	c.KubectlWith(t, found.String(), "create", "-f", "-")
	c.Kubectl(t, "wait", "--for=jsonpath={.status.phase}=Available", "bsl/default", "-n", "velero", "--timeout=60s")
	for _, backup := range []string{"b --include-namespaces bakery,cellar", "wide " + wide} {
		devtest.WantContains(t, c.Must(t, "velero backup create "+backup+" --wait"), "completed with status: Completed")
	}
	c.Kubectl(t, "label", "backups.velero.io/b", "-n", "velero", "velero.io/schedule-name=nightly")
}

// outcome is what a restore has left: its phase and counts, and the objects that there are, without what every object has of its own.
type outcome struct {
	Phase            string
	Errors, Warnings int
	Objects          map[string]any
}

var uuids = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// servers are the names by which either server owns the fields that it changes.
var servers = regexp.MustCompile(`"(velero-server|velero-locations-controller)"`)

// kept are the resources that are looked at after a restore.
const kept = "configmaps,secrets,serviceaccounts,services,persistentvolumeclaims,pods,deployments,statefulsets,jobs,cronjobs,roles,rolebindings,hpa,pdb,networkpolicies,ingresses,limitranges"

// manifest is a restore by a spec, into namespaces of its own.
func manifest(name, spec string) string {
	spec = strings.NewReplacer("B", "b-"+name, "C", "c-"+name).Replace(strings.ReplaceAll(spec, "ConfigMap", "KIND"))
	if !strings.Contains(spec, "namespaceMapping:") {
		spec += fmt.Sprintf("\nnamespaceMapping: {bakery: b-%s, cellar: c-%s}", name, name)
	}
	if !strings.Contains(spec, "backupName:") && !strings.Contains(spec, "scheduleName:") {
		spec += "\nbackupName: b"
	}
	spec = strings.ReplaceAll(strings.TrimPrefix(strings.ReplaceAll(spec, "KIND", "ConfigMap"), "\n"), "\n", "\n  ")
	return fmt.Sprintf("---\napiVersion: velero.io/v1\nkind: Restore\nmetadata: {name: %s, namespace: velero}\nspec:\n  %s\n", name, spec)
}

// restoreAll has whoever runs restore by all specs, and looks what has become of them.
func restoreAll(t *testing.T, c *cluster.Cluster, who string, cases map[string]string, got map[string]outcome) {
	t.Helper()
	var manifests strings.Builder
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		manifests.WriteString(manifest(name+"-"+who, cases[name]))
	}
	c.KubectlWith(t, manifests.String(), "create", "--validate=ignore", "-f", "-")
	ending := []string{"wait", "-n", "velero", "--for=jsonpath={.status.completionTimestamp}", "--timeout=300s"}
	for name := range cases {
		if !strings.HasPrefix(name, "refused") { // those have no such time
			ending = append(ending, "restore/"+name+"-"+who)
		}
	}
	c.Kubectl(t, ending...)
	devtest.Poll(t, time.Minute, "the end of those that are refused", func() bool {
		var list v1.RestoreList
		decode(t, c.Kubectl(t, "get", "restores.velero.io", "-n", "velero", "-o", "json"), &list)
		for i := range list.Items {
			status := &list.Items[i].Status
			if status.CompletionTimestamp == nil && status.Phase != v1.RestorePhaseFailedValidation {
				return false
			}
			if name := strings.TrimSuffix(list.Items[i].Name, "-"+who); list.Items[i].Name == name+"-"+who && has(cases, name) {
				got[name] = outcome{Phase: string(status.Phase), Errors: status.Errors, Warnings: status.Warnings, Objects: map[string]any{}}
			}
		}
		return true
	})
	for _, resources := range []string{kept, "namespaces", "cakes"} {
		var list struct{ Items []map[string]any }
		if found := c.Shell(t, "kubectl get -A -o json --show-managed-fields "+resources); found.Code == 0 { // without their definition, there are no cakes
			decode(t, found.Stdout, &list)
		} else if resources != "cakes" {
			t.Fatal(found.Stderr)
		}
		for _, object := range list.Items {
			metadata, _ := object["metadata"].(map[string]any)
			namespace, _ := metadata["namespace"].(string)
			if resources == "namespaces" {
				namespace, _ = metadata["name"].(string)
			}
			name, of := strings.CutSuffix(namespace, "-"+who)
			if name = name[min(len("b-"), len(name)):]; of && has(cases, name) {
				keep(t, got[name], object, name+"-"+who)
			}
		}
	}
}

func has(cases map[string]string, name string) bool {
	_, found := cases[name]
	return found
}

// keep adds an object to an outcome.
func keep(t *testing.T, to outcome, object map[string]any, name string) {
	t.Helper()
	text, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	var neutral map[string]any
	decode(t, servers.ReplaceAllString(uuids.ReplaceAllString(strings.ReplaceAll(string(text), name, "NAME"), "UUID"), `"SERVER"`), &neutral)
	neutralize(neutral)
	if status, is := neutral["status"].(map[string]any); is {
		delete(status, "lastPhaseTransitionTime")
	}
	metadata, _ := neutral["metadata"].(map[string]any)
	if neutral["kind"] == "Namespace" { // who made it
		delete(metadata, "managedFields")
	}
	key := fmt.Sprint(neutral["kind"], " ", metadata["name"])
	if namespace := metadata["namespace"]; namespace != nil {
		key = fmt.Sprint(neutral["kind"], " ", namespace, "/", metadata["name"])
	}
	to.Objects[key] = neutral
}

// restoreBare has whoever runs restore by clusterCases, one after the other, each into a cluster that lacks what has no namespace.
func restoreBare(t *testing.T, c *cluster.Cluster, who string, got map[string]outcome) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(clusterCases)) {
		c.Must(t, `for pv in $(kubectl get pv -o name); do kubectl patch $pv --type=merge -p '{"metadata":{"finalizers":null}}'; done`)
		c.Must(t, "kubectl delete pv --all && kubectl delete --ignore-not-found "+clusterObjects)
		restoreAll(t, c, who, map[string]string{name: clusterCases[name]}, got)
		var list struct{ Items []map[string]any }
		decode(t, c.Must(t, "kubectl get --ignore-not-found --show-managed-fields -o json "+clusterObjects), &list)
		for _, object := range list.Items {
			if object["kind"] == "CustomResourceDefinition" { // the cluster says when it was established
				delete(object, "status")
			}
			keep(t, got[name], object, name+"-"+who)
		}
	}
}

// foretold are the restores of which is asked before what they would do.
var foretold = []string{"everything", "over", "over-update", "labels", "no-cluster", "pods-and-claims", "modified-fails", "policy", "policy-rest", "refused-modifier"}

// foresee asks what restores would do, by their flags.
func foresee(t *testing.T, c *cluster.Cluster) map[string][]string {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", c.Path("kubeconfig"))
	if err != nil {
		t.Fatal(err)
	}
	config.QPS = -1
	tarball := c.Path("b.tar.gz")
	c.Must(t, "velero backup download b -o "+tarball)
	all := map[string][]string{}
	for _, name := range foretold {
		var asked v1.Restore
		if err := yaml.Unmarshal([]byte(manifest(name+"-ours", restoreCases[name])), &asked); err != nil {
			t.Fatal(err)
		}
		forecast, err := restore.Preview(t.Context(), config, &asked, download(tarball))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all[name] = []string{}
		for _, object := range forecast.Objects {
			if key := path.Join(object.Namespace, object.Name); object.Action != restore.LeftOut && (object.Resource != "namespaces" || object.Action == "created") {
				all[name] = append(all[name], fmt.Sprintf("%s(%s)", key, object.Action))
			}
		}
		if refused := len(forecast.Refused) > 0; refused != strings.HasPrefix(name, "refused") {
			t.Errorf("%s would be refused: %q", name, forecast.Refused)
		}
	}
	return all
}

// compareForecasts compares what was foreseen with the lists of what restores have done.
func compareForecasts(t *testing.T, c *cluster.Cluster, foreseen map[string][]string) {
	t.Helper()
	for name, want := range foreseen {
		var did []string
		for line := range strings.Lines(c.Must(t, "velero restore describe "+name+"-ours --details")) {
			if entry, is := strings.CutPrefix(strings.TrimSpace(line), "- "); is {
				did = append(did, entry)
			}
		}
		// The API itself refuses a pod whose account is not there, and changes of what is immutable.
		ofTheAPI := func(entry string) bool {
			return strings.Contains(entry, "/oven(") || strings.Contains(entry, "/sugar(")
		}
		want, did = slices.DeleteFunc(want, ofTheAPI), slices.DeleteFunc(did, ofTheAPI)
		slices.Sort(want)
		slices.Sort(did)
		if diff := cmp.Diff(did, want, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-done +foreseen):\n%s", name, diff)
		}
	}
}

// download is the file of a tarball, of a backup that has no volumes.
type download string

func (download) Snapshots(context.Context, string) ([]backups.Snapshot, bool, error) {
	return nil, false, nil
}

func (download) Read(context.Context, backups.File, string, any) (bool, error) { return false, nil }

func (d download) Unpack(_ context.Context, _, folder string) (*backups.Unpacked, bool, error) {
	file, err := os.Open(string(d))
	if err != nil {
		return nil, false, err
	}
	defer file.Close()
	contents, err := backups.Unpack(file, folder)
	return contents, err == nil, err
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
		delete(spec, "healthCheckNodePort")
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
