package main

import (
	"strings"
	"testing"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
)

// TestAccess asks kubectl who somebody is and what he may do, of the user who may do everything and of one who may do nothing.
func TestAccess(t *testing.T) {
	t.Parallel()
	s := startDev(t, t.TempDir())
	for command, want := range map[string][]string{
		"kubectl auth whoami":                                    {"Username ", " dev\n", " [system:masters system:authenticated]\n"},
		"kubectl auth whoami -o jsonpath={.status.userInfo}":     {`"username":"dev"`},
		"kubectl auth can-i create backupstoragelocations":       {"yes\n"},
		"kubectl auth can-i get secrets/cloud-credentials -A":    {"yes\n"},
		"kubectl auth can-i get /metrics":                        {"yes\n"},
		"kubectl auth can-i --list":                              {"*.*", "[*]"},
		"kubectl api-resources --api-group=authorization.k8s.io": {"selfsubjectaccessreviews", "SelfSubjectRulesReview"},
		"kubectl explain selfsubjectaccessreview.spec":           {"resourceAttributes"},
	} {
		devtest.WantContains(t, s.Must(t, command), want...)
	}
	if got := s.Shell(t, "kubectl auth can-i create backupstoragelocations --as nobody"); got.Code != 1 || got.Stdout != "no\n" {
		t.Errorf("whether somebody may who may not: %+v", got)
	}
	devtest.WantContains(t, s.Must(t, "kubectl auth whoami --as nobody"), "nobody", "[system:authenticated]")
	if got := s.Shell(t, "kubectl auth can-i --list --as nobody"); got.Code != 0 || strings.Contains(got.Stdout, "*.*") || !strings.Contains(got.Stderr, "may be incomplete: this server can list only") {
		t.Errorf("what somebody may who may nothing: %+v", got)
	}
	for question, want := range map[string]string{
		`{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview","spec":{}}`:                                                             "spec.resourceAttributes: Required value",
		`{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview","spec":{"resourceAttributes":{},"nonResourceAttributes":{"path":"/"}}}`: "spec.nonResourceAttributes: Forbidden",
		`{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectRulesReview","spec":{}}`:                                                              "spec.namespace: Required value",
	} {
		if got := s.Shell(t, "echo '"+question+"' | kubectl create --validate=false -f -"); got.Code == 0 || !strings.Contains(got.Stderr, want) {
			t.Errorf("%s: %+v, want %s", question, got, want)
		}
	}
}
