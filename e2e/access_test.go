package e2e

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	authorizationclient "k8s.io/client-go/kubernetes/typed/authorization/v1"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/e2e/cluster"
)

// testRoles shows what Kubernetes' own roles mean for our kinds: admin and edit may do everything in their namespace, view may
// look, but not at the URLs of what is in backups, and who has no role may do nothing.
func testRoles(t *testing.T, c *cluster.Cluster) {
	users := map[string]devtest.Server{}
	for _, role := range []string{"admin", "edit", "view"} {
		users[role] = c.As(t, role+"-of-velero")
		c.Kubectl(t, "create", "rolebinding", role+"-of-velero", "-n", cluster.Namespace, "--clusterrole="+role, "--user="+role+"-of-velero")
	}
	users["none"] = c.As(t, "nobody")
	for role, verbs := range map[string][]string{"admin": {"list", "create"}, "edit": {"list", "create"}, "view": {"list"}} {
		for _, verb := range verbs {
			devtest.Poll(t, 20*time.Second, "the role "+role+" to be put together", func() bool {
				return users[role].Run(t, "", "auth", "can-i", verb, "bsl").Code == 0
			})
		}
	}
	makeDefault(t, c, cluster.Namespace)
	defer c.Kubectl(t, "delete", "bsl", "default")
	all := kinds(t, c)
	for role, user := range users {
		t.Run(role, func(t *testing.T) { testRole(t, user, role, all) })
	}
}

// testRole does as a user who has a role what it permits, and what it does not, with each kind.
func testRole(t *testing.T, user devtest.Server, role string, all []kind) {
	client := dynamicClient(t, user)
	access, err := authorizationclient.NewForConfig(cluster.Config(t, user))
	if err != nil {
		t.Fatal(err)
	}
	may := func(kind kind, verb string) error {
		review, err := access.SelfSubjectAccessReviews().Create(t.Context(), &authorizationv1.SelfSubjectAccessReview{
			Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authorizationv1.ResourceAttributes{
				Namespace: cluster.Namespace, Verb: verb, Group: kind.version.Group, Version: kind.version.Version, Resource: kind.Name,
			}},
		}, metav1.CreateOptions{})
		if err == nil && !review.Status.Allowed {
			err = apierrors.NewForbidden(kind.version.WithResource(kind.Name).GroupResource(), "", errors.New(verb))
		}
		return err
	}
	writes := role == "admin" || role == "edit"
	for _, kind := range all {
		reads := writes || role == "view" && kind.Name != "downloadrequests"
		resource := client.Resource(kind.version.WithResource(kind.Name))
		_, listed := resource.Namespace(cluster.Namespace).List(t.Context(), metav1.ListOptions{})
		_, created := resource.Namespace(cluster.Namespace).Create(t.Context(), object(t, kind.sample), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		_, elsewhere := resource.Namespace("default").List(t.Context(), metav1.ListOptions{})
		for what, got := range map[string]struct {
			err  error
			want bool
		}{
			"may watch": {may(kind, "watch"), reads}, "may delete collections": {may(kind, "deletecollection"), writes},
			"list": {listed, reads}, "create": {created, writes}, "list in another namespace": {elsewhere, false},
		} {
			if got.want != (got.err == nil) || !got.want && !apierrors.IsForbidden(got.err) {
				t.Errorf("%s, %s: %v, want it to be allowed: %t", kind.Kind, what, got.err, got.want)
			}
		}
	}
}

// wantAllowed compares whether kubectl was allowed to do something.
func wantAllowed(t *testing.T, want bool, got devtest.Result) {
	t.Helper()
	if want != (got.Code == 0) || !want && got.Stdout != "no\n" && !strings.Contains(got.Stderr, "(Forbidden)") {
		t.Errorf("allowed: want %t, got %+v", want, got)
	}
}

// testReader shows a user who may only read one kind.
func testReader(t *testing.T, c *cluster.Cluster) {
	reader := c.As(t, "reader", "auditors")
	c.Kubectl(t, "create", "role", "auditor", "-n", cluster.Namespace, "--verb=get,list,watch", "--resource=backupstoragelocations.velero.io")
	c.Kubectl(t, "create", "rolebinding", "auditors", "-n", cluster.Namespace, "--role=auditor", "--group=auditors")
	c.KubectlWith(t, devtest.Location("audited", "us-east-1", "", "audited"), "apply", "-f", "-")
	defer c.Kubectl(t, "delete", "bsl", "audited")

	devtest.WantContains(t, reader.Kubectl(t, "get", "bsl", "audited"), "audited")
	reader.Watch(t, "get", "bsl", "-w").WantLine(t, "audited")
	devtest.WantContains(t, reader.Kubectl(t, "auth", "can-i", "--list"), "backupstoragelocations.velero.io")
	for _, args := range [][]string{
		{"delete", "bsl", "audited"},
		{"label", "bsl", "audited", "a=b"},
		{"patch", "bsl", "audited", "--type=merge", "-p", "{}"},
		{"get", "vsl"},
		{"get", "bsl", "-A"},
	} {
		got := reader.Run(t, "", args...)
		wantAllowed(t, false, got)
		devtest.WantContains(t, got.Stderr, `User "reader" cannot`)
	}
	c.Kubectl(t, "get", "bsl", "audited")
}

// testImpostors asks our server without kube-apiserver in between. Who a user is, is told by the certificate of the front
// proxy, by a certificate of the user's own or by a token; a name in a header is no more than that.
func testImpostors(t *testing.T, c *cluster.Cluster) {
	anonymous := c.Client(t, "")
	header := http.Header{"X-Remote-User": {"admin"}, "X-Remote-Group": {"system:masters"}}
	locations := c.ServerURL() + "/apis/velero.io/v1/namespaces/velero/backupstoragelocations"

	code, body := get(t, anonymous, locations, header)
	if code != http.StatusForbidden || !strings.Contains(body, `User \"system:anonymous\" cannot list resource`) {
		t.Errorf("a name in a header: %d %s, want 403 for system:anonymous", code, body)
	}
	code, body = get(t, anonymous, c.Config.Host+"/apis/velero.io/v1/namespaces/velero/backupstoragelocations", header)
	if code != http.StatusForbidden || !strings.Contains(body, `User \"system:anonymous\" cannot list resource`) {
		t.Errorf("a name in a header to kube-apiserver: %d %s, want 403 for system:anonymous", code, body)
	}

	wantAllowed(t, false, c.As(t, "somebody").Run(t, "", "get", "bsl"))
	code, body = get(t, c.Client(t, "somebody"), locations, header)
	if code != http.StatusForbidden || !strings.Contains(body, `User \"somebody\" cannot list resource`) {
		t.Errorf("a user with a name in a header: %d %s, want 403 for somebody", code, body)
	}

	for token, want := range map[string]int{
		c.Kubectl(t, "create", "token", "velero-locations-controller", "-n", "velero-locations"): http.StatusOK,
		c.Kubectl(t, "create", "token", "velero-locations", "-n", "velero-locations"):            http.StatusForbidden,
		"not-a-token": http.StatusUnauthorized,
	} {
		code, body = get(t, anonymous, locations, http.Header{"Authorization": {"Bearer " + strings.TrimSpace(token)}})
		if code != want {
			t.Errorf("a token: %d %s, want %d", code, body, want)
		}
	}
}

// get asks for a URL with additional headers.
func get(t *testing.T, client *http.Client, url string, header http.Header) (code int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		request.Header[name] = values
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(data)
}
