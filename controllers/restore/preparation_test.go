package restore

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
)

func parse(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	object := &unstructured.Unstructured{}
	content, err := yaml.YAMLToJSON([]byte(text))
	if err == nil {
		err = json.Unmarshal(content, &object.Object) // numbers as they come from an API
	}
	if err != nil {
		t.Fatal(err)
	}
	return object
}

// TestPreparations shows what objects lose, and what they need.
func TestPreparations(t *testing.T) {
	yes := true
	mapped := velerov1.RestoreSpec{NamespaceMapping: map[string]string{"a": "b"}}
	for name, tc := range map[string]struct {
		resource schema.GroupResource
		spec     velerov1.RestoreSpec
		object   string
		want     string // empty: as it was
		needs    []string
		skipped  bool
	}{
		"a pod": {
			resource: podResource,
			object: `{metadata: {name: p, namespace: a}, spec: {nodeName: node-1, priority: 5, priorityClassName: high, serviceAccountName: s,
				volumes: [{name: data, persistentVolumeClaim: {claimName: c}}, {name: s-token-1, secret: {secretName: x}}],
				containers: [{name: c, resources: {}, volumeMounts: [{name: s-token-1, mountPath: /t}, {name: data, mountPath: /d}]}]}}`,
			want: `{metadata: {name: p, namespace: a}, spec: {priorityClassName: high, serviceAccountName: s,
				volumes: [{name: data, persistentVolumeClaim: {claimName: c}}],
				containers: [{name: c, resources: {}, volumeMounts: [{name: data, mountPath: /d}]}]}}`,
			needs: []string{"priorityclasses.scheduling.k8s.io/high", "persistentvolumeclaims/a/c"},
		},
		"a static pod": {
			resource: podResource, object: `{metadata: {name: p, annotations: {kubernetes.io/config.mirror: x}}}`, skipped: true,
		},
		"a claim": {
			resource: pvcResource,
			object:   `{metadata: {name: c, annotations: {pv.kubernetes.io/bind-completed: "yes", volume.kubernetes.io/selected-node: node-1, mine: x}}, spec: {volumeName: v}}`,
			want:     `{metadata: {name: c, annotations: {mine: x}}, spec: {volumeName: v}}`,
			needs:    []string{"persistentvolumes/v"},
		},
		"an unbound claim": {resource: pvcResource, object: `{metadata: {name: c}}`},
		"a secret":         {resource: secretResource, object: `{metadata: {name: s}, type: Opaque, data: {token: eA==}}`},
		"the token of an account": {
			resource: secretResource, object: `{metadata: {name: s-token-1, annotations: {kubernetes.io/service-account.name: s}}, type: kubernetes.io/service-account-token}`, skipped: true,
		},
		"a token that somebody asked for": {
			resource: secretResource,
			object: `{metadata: {name: mine, annotations: {kubernetes.io/service-account.name: s, kubernetes.io/service-account.uid: u}},
				type: kubernetes.io/service-account-token, data: {token: eA==, ca.crt: eA==, more: eA==}}`,
			want: `{metadata: {name: mine, annotations: {kubernetes.io/service-account.name: s}}, type: kubernetes.io/service-account-token, data: {more: eA==}}`,
		},
		"an account": {
			resource: serviceAccountResource,
			object:   `{metadata: {name: s}, secrets: [{name: s-token-1}, {name: kept}]}`,
			want:     `{metadata: {name: s}, secrets: [{name: kept}]}`,
		},
		"a job": {
			resource: schema.GroupResource{Group: "batch", Resource: "jobs"},
			object:   `{metadata: {name: j}, spec: {selector: {matchLabels: {controller-uid: u, batch.kubernetes.io/controller-uid: u}}, template: {metadata: {labels: {controller-uid: u, mine: x}}}}}`,
			want:     `{metadata: {name: j}, spec: {selector: {matchLabels: {}}, template: {metadata: {labels: {mine: x}}}}}`,
		},
		"a binding": {
			resource: schema.GroupResource{Group: "rbac.authorization.k8s.io", Resource: "clusterrolebindings"}, spec: mapped,
			object: `{metadata: {name: r}, subjects: [{kind: ServiceAccount, namespace: a, name: s}, {kind: ServiceAccount, namespace: c, name: s}, {kind: User, name: u}]}`,
			want:   `{metadata: {name: r}, subjects: [{kind: ServiceAccount, namespace: b, name: s}, {kind: ServiceAccount, namespace: c, name: s}, {kind: User, name: u}]}`,
		},
		"webhooks": {
			resource: schema.GroupResource{Group: "admissionregistration.k8s.io", Resource: "validatingwebhookconfigurations"},
			object:   `{apiVersion: admissionregistration.k8s.io/v1, metadata: {name: w}, webhooks: [{name: a, sideEffects: Unknown}, {name: b, sideEffects: NoneOnDryRun}]}`,
			want:     `{apiVersion: admissionregistration.k8s.io/v1, metadata: {name: w}, webhooks: [{name: a, sideEffects: None}, {name: b, sideEffects: NoneOnDryRun}]}`,
		},
		"an APIService of the cluster's own": {
			resource: schema.GroupResource{Group: "apiregistration.k8s.io", Resource: "apiservices"},
			object:   `{metadata: {name: v1., labels: {kube-aggregator.kubernetes.io/automanaged: onstart}}}`, skipped: true,
		},
		"a service": {
			resource: serviceResource,
			object:   `{metadata: {name: s}, spec: {type: NodePort, clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1], ports: [{port: 80, targetPort: 0, nodePort: 30001}]}}`,
			want:     `{metadata: {name: s}, spec: {type: NodePort, ports: [{port: 80, targetPort: 0}]}}`,
		},
		"a headless service": {
			resource: serviceResource, object: `{metadata: {name: s}, spec: {clusterIP: None, clusterIPs: [None]}}`,
		},
		"a service that keeps its ports": {
			resource: serviceResource, spec: velerov1.RestoreSpec{PreserveNodePorts: &yes},
			object: `{metadata: {name: s}, spec: {type: NodePort, ports: [{port: 80, targetPort: 0, nodePort: 30001}]}}`,
		},
		"ports that were applied": {
			resource: serviceResource,
			object: `{metadata: {name: s, annotations: {kubectl.kubernetes.io/last-applied-configuration: '{"spec":{"ports":[{"name":"a","nodePort":30001}]}}'}},
				spec: {type: NodePort, ports: [{name: a, port: 80, targetPort: 0, nodePort: 30001}, {name: b, port: 81, targetPort: 0, nodePort: 30002}]}}`,
			want: `{metadata: {name: s, annotations: {kubectl.kubernetes.io/last-applied-configuration: '{"spec":{"ports":[{"name":"a","nodePort":30001}]}}'}},
				spec: {type: NodePort, ports: [{name: a, port: 80, targetPort: 0, nodePort: 30001}, {name: b, port: 81, targetPort: 0}]}}`,
		},
		"ports that somebody owns": {
			resource: serviceResource,
			object: `{metadata: {name: s, managedFields: [{manager: m, fieldsV1: {"f:spec": {"f:healthCheckNodePort": {}, "f:ports": {'k:{"port":80,"protocol":"TCP"}': {"f:nodePort": {}}}}}}]},
				spec: {type: LoadBalancer, externalTrafficPolicy: Local, healthCheckNodePort: 31000, ports: [{port: 80, protocol: TCP, targetPort: 0, nodePort: 30001}, {port: 81, protocol: TCP, targetPort: 0, nodePort: 30002}]}}`,
			want: `{metadata: {name: s, managedFields: [{manager: m, fieldsV1: {"f:spec": {"f:healthCheckNodePort": {}, "f:ports": {'k:{"port":80,"protocol":"TCP"}': {"f:nodePort": {}}}}}}]},
				spec: {type: LoadBalancer, externalTrafficPolicy: Local, healthCheckNodePort: 31000, ports: [{port: 80, protocol: TCP, targetPort: 0, nodePort: 30001}, {port: 81, protocol: TCP, targetPort: 0}]}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			object := parse(t, tc.object)
			needs, skipping, err := preparations[tc.resource](object, &tc.spec)
			if err != nil {
				t.Fatal(err)
			}
			if tc.skipped != (skipping != "") {
				t.Errorf("skipped: %q", skipping)
			}
			if tc.want == "" {
				tc.want = tc.object
			}
			want := parse(t, tc.want)
			if diff := cmp.Diff(plain(t, want), plain(t, object)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			var named []string
			for _, need := range needs {
				named = append(named, need.String())
			}
			if !slices.Equal(named, tc.needs) {
				t.Errorf("it needs %q", named)
			}
		})
	}
}

// plain is an object as it is sent.
func plain(t *testing.T, object *unstructured.Unstructured) string {
	t.Helper()
	text, err := yaml.Marshal(object.Object)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestScope shows what is restored on its own, and what if something else needs it.
func TestScope(t *testing.T) {
	no, yes := false, true
	settings := backups.Object{Resource: schema.GroupResource{Resource: "configmaps"}, Namespace: "shop", Name: "settings"}
	volume := backups.Object{Resource: pvResource, Name: "v"}
	for name, tc := range map[string]struct {
		spec             velerov1.RestoreSpec
		object           backups.Object
		selected, needed bool
	}{
		"everything":                 {object: settings, selected: true, needed: true},
		"without a namespace":        {object: volume, selected: true, needed: true},
		"another namespace":          {velerov1.RestoreSpec{IncludedNamespaces: []string{"blog"}}, settings, false, false},
		"a pattern":                  {velerov1.RestoreSpec{IncludedNamespaces: []string{"sh*"}}, settings, true, true},
		"an excluded namespace":      {velerov1.RestoreSpec{ExcludedNamespaces: []string{"shop"}}, settings, false, false},
		"needed by some namespaces":  {velerov1.RestoreSpec{IncludedNamespaces: []string{"shop"}}, volume, false, true},
		"all of the cluster":         {velerov1.RestoreSpec{IncludedNamespaces: []string{"shop"}, IncludeClusterResources: &yes}, volume, true, true},
		"none of the cluster":        {velerov1.RestoreSpec{IncludeClusterResources: &no}, volume, false, false},
		"an excluded resource":       {velerov1.RestoreSpec{ExcludedResources: []string{"persistentvolumes"}}, volume, false, false},
		"another resource":           {velerov1.RestoreSpec{IncludedResources: []string{"secrets"}}, settings, false, false},
		"a resource by another case": {velerov1.RestoreSpec{IncludedResources: []string{"ConfigMaps"}}, settings, true, true},
	} {
		s, err := newScope(&tc.spec, nil)
		if err != nil {
			t.Fatal(err)
		}
		if selected, needed := s.selects(tc.object), s.needed(tc.object); selected != tc.selected || needed != tc.needed {
			t.Errorf("%s: got %v, %v", name, selected, needed)
		}
	}
}

// TestOrder shows that what others need goes first.
func TestOrder(t *testing.T) {
	objects := map[schema.GroupResource][]backups.Object{}
	for _, name := range []string{"services", "zebras.zoo", "clusters.cluster.x-k8s.io", "pods", "ants.zoo", "persistentvolumeclaims", "persistentvolumes", "customresourcedefinitions.apiextensions.k8s.io"} {
		objects[schema.ParseGroupResource(name)] = nil
	}
	var got []string
	for _, resource := range ordered(objects) {
		got = append(got, resource.String())
	}
	want := []string{"customresourcedefinitions.apiextensions.k8s.io", "persistentvolumes", "persistentvolumeclaims", "pods", "services", "ants.zoo", "zebras.zoo", "clusters.cluster.x-k8s.io"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}
