package browser_test

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/velero-locations/velero-locations/e2e/browser"
	"github.com/velero-locations/velero-locations/e2e/cluster"
)

// TestPagesAndDev shows the same of the API server of dev, whose users have certificates, and which no page gets to see.
func TestPagesAndDev(t *testing.T) {
	tabs := browser.Start(t, stranger)
	dev := cluster.StartDev(t)
	file, err := os.ReadFile(dev.Path("kubeconfig"))
	if err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.RESTConfigFromKubeConfig(file)
	if err != nil {
		t.Fatal(err)
	}
	const objects, locations = "/api/v1/namespaces/velero/", "/apis/velero.io/v1/namespaces/velero/backupstoragelocations"
	state := func() string {
		return dev.Kubectl(t, "get", "namespaces,secrets,configmaps,pv,pvc,bsl,vsl,backups.velero.io", "--all-namespaces", "-o", "name")
	}
	before, elsewhere := state(), site(t)
	for _, attack := range [][2]string{
		{"http://" + stranger + ":" + elsewhere, config.Host}, {"http://localhost:" + elsewhere, config.Host}, {"https://" + stranger + ":" + port(t, config.Host), ""},
	} {
		page := tabs.Open(t, attack[0])
		for _, request := range []browser.Request{
			{Method: "GET", Path: objects + "secrets"},
			{Method: "GET", Path: locations},
			{Method: "GET", Path: locations + "?watch=true"},
			{Method: "GET", Path: "/metrics"},
			{Method: "GET", Path: "/debug/pprof/"},
			{Method: "GET", Path: "/etcd/snapshot"},
			{Method: "POST", Path: objects + "configmaps", Body: `{"metadata":{"name":"made"}}`},
			{Method: "POST", Path: locations, Body: `{"metadata":{"name":"made"},"spec":{"provider":"aws","objectStorage":{"bucket":"velero"}}}`},
			{Method: "PUT", Path: objects + "secrets/cloud-credentials", Body: `{"metadata":{"name":"cloud-credentials"}}`},
			{Method: "DELETE", Path: objects + "secrets/cloud-credentials"},
			{Method: "DELETE", Path: "/api/v1/namespaces/shop"},
		} {
			for _, seen := range page.Attack(t, attack[1], request) {
				if attack[1] != "" || seen.Status < http.StatusBadRequest && !strings.Contains(seen.Text, `"status":"Failure"`) && !strings.Contains(seen.Text, `"status": "Failure"`) {
					t.Errorf("%s: %s %s by %s: the page reads %d %q", attack[0], request.Method, request.Path, seen.Way, seen.Status, seen.Text)
				}
			}
			if after := state(); after != before {
				t.Fatalf("%s: %s %s: there was\n%s\nand is\n%s", attack[0], request.Method, request.Path, before, after)
			}
		}
	}
}
