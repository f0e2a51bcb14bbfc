package e2e

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/e2e/cluster"
)

// auditPolicy is that of docs/operations.md.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: RequestResponse
  verbs: [create, update, patch, delete]
- level: Metadata
`

// auditEvent is what is looked at of an entry.
type auditEvent struct {
	Verb      string
	User      struct{ Username string }
	ObjectRef struct{ Resource, Name string }

	RequestObject, ResponseObject struct {
		Spec struct{ Provider string }
	}
}

// TestAudit shows that our server's own audit has what kube-apiserver's lacks: the objects, and who they are from. Beside that,
// each line of its log is JSON if it is told so.
func TestAudit(t *testing.T) {
	c := cluster.StartKubernetes(t)
	policy, audit := c.Path("audit.yaml"), c.Path("audit.log")
	if err := os.WriteFile(policy, []byte(auditPolicy), 0o600); err != nil {
		t.Fatal(err)
	}
	c.Serve(t, "--embedded-etcd-dir", c.Path("velero-etcd"), "--audit-policy-file", policy, "--audit-log-path", audit, "--logging-format=json", "-v=2")
	c.KubectlWith(t, devtest.SnapshotLocation, "create", "-f", "-")

	var created auditEvent
	devtest.Poll(t, 10*time.Second, "the creation to be in the audit", func() bool {
		data, err := os.ReadFile(audit)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			var event auditEvent
			if err := json.Unmarshal([]byte(line), &event); err == nil && event.Verb == "create" && event.ObjectRef.Resource == "volumesnapshotlocations" {
				created = event
				return true
			}
		}
		return false
	})
	if created.User.Username != "admin" || created.RequestObject.Spec.Provider != "aws" || created.ResponseObject.Spec.Provider != "aws" {
		t.Errorf("the audit has %+v", created)
	}

	c.StopServer(t)
	log, err := os.ReadFile(c.Path("logs", "velero-locations-apiserver.log"))
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for line := range strings.Lines(string(log)) {
		lines++
		if !json.Valid([]byte(line)) {
			t.Errorf("the log has %s", line)
		}
	}
	if lines == 0 {
		t.Error("nothing is logged")
	}
}
