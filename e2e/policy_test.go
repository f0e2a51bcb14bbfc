package e2e

import (
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/e2e/cluster"
)

const validatingPolicy = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: buckets}
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules:
    - {apiGroups: [velero.io], apiVersions: ["*"], operations: [CREATE, UPDATE], resources: [backupstoragelocations]}
  validations:
  - expression: object.spec.objectStorage.bucket.startsWith("velero-")
    messageExpression: '"bucket " + object.spec.objectStorage.bucket + " of " + request.userInfo.username + " in " + namespaceObject.metadata.name'
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: buckets}
spec: {policyName: buckets, validationActions: [Deny]}
`

// testValidatingPolicy shows that policies of the cluster hold for our kinds, with the name of who asked kube-apiserver.
func testValidatingPolicy(t *testing.T, c *cluster.Cluster) {
	c.KubectlWith(t, validatingPolicy, "apply", "-f", "-")
	defer c.KubectlWith(t, validatingPolicy, "delete", "-f", "-")
	location := devtest.Location("policy", "us-east-1", "", "policy")
	var got devtest.Result
	devtest.Poll(t, 20*time.Second, "the policy to hold", func() bool {
		got = c.Run(t, elsewhere(location), "create", "--dry-run=server", "-f", "-")
		return got.Code != 0
	})
	devtest.WantContains(t, got.Stderr, "ValidatingAdmissionPolicy 'buckets' with binding 'buckets' denied request: bucket elsewhere of admin in velero")

	c.KubectlWith(t, location, "create", "-f", "-")
	defer c.Kubectl(t, "delete", "bsl", "policy")
	got = c.Run(t, elsewhere(location), "apply", "--server-side", "--force-conflicts", "-f", "-")
	if got.Code == 0 {
		t.Error("an update that the policy forbids was accepted")
	}
}

// Two policies, one for each way to write a mutation.
const mutatingPolicies = `apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicy
metadata: {name: applied}
spec:
  failurePolicy: Fail
  reinvocationPolicy: Never
  matchConstraints:
    resourceRules:
    - {apiGroups: [velero.io], apiVersions: ["*"], operations: [CREATE], resources: [backupstoragelocations]}
  mutations:
  - patchType: ApplyConfiguration
    applyConfiguration:
      expression: 'Object{metadata: Object.metadata{labels: {"made-by": request.userInfo.username}}, spec: Object.spec{accessMode: "ReadOnly"}}'
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicy
metadata: {name: patched}
spec:
  failurePolicy: Fail
  reinvocationPolicy: Never
  matchConstraints:
    resourceRules:
    - {apiGroups: [velero.io], apiVersions: ["*"], operations: [CREATE], resources: [backupstoragelocations]}
  mutations:
  - patchType: JSONPatch
    jsonPatch:
      expression: '[JSONPatch{op: "add", path: "/spec/objectStorage/prefix", value: namespaceObject.metadata.name}]'
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicyBinding
metadata: {name: applied}
spec: {policyName: applied}
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicyBinding
metadata: {name: patched}
spec: {policyName: patched}
`

// testMutatingPolicy shows that what a policy writes is stored, and checked like what a user writes.
func testMutatingPolicy(t *testing.T, c *cluster.Cluster) {
	c.KubectlWith(t, mutatingPolicies, "apply", "-f", "-")
	defer c.KubectlWith(t, mutatingPolicies, "delete", "-f", "-")
	location := devtest.Location("policy", "us-east-1", "", "")
	const fields = "jsonpath={.metadata.labels.made-by} {.spec.accessMode} {.spec.objectStorage.prefix}"
	devtest.Poll(t, 20*time.Second, "the policies to hold", func() bool {
		got := c.Run(t, location, "create", "--dry-run=server", "-f", "-", "-o", fields)
		if got.Code != 0 {
			t.Fatal(got.Stderr)
		}
		return got.Stdout == "admin ReadOnly velero"
	})
	c.KubectlWith(t, location, "create", "-f", "-")
	defer c.Kubectl(t, "delete", "bsl", "policy")
	if got := c.Kubectl(t, "get", "bsl", "policy", "-o", fields); got != "admin ReadOnly velero" {
		t.Errorf("stored is %q", got)
	}
}
