package preflight

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/rest"
	clienttesting "k8s.io/client-go/testing"
	"sigs.k8s.io/yaml"
)

// newCluster returns a cluster that permits what a function says, to a user of a name.
func newCluster(name string, permits func(*authorizationv1.ResourceAttributes) (bool, error)) *Cluster {
	client := fake.NewClientset()
	client.PrependReactor("create", "selfsubjectaccessreviews", func(action clienttesting.Action) (bool, runtime.Object, error) {
		review := action.(clienttesting.CreateAction).GetObject().(*authorizationv1.SelfSubjectAccessReview).DeepCopy()
		var err error
		review.Status.Allowed, err = permits(review.Spec.ResourceAttributes)
		return true, review, err
	})
	client.PrependReactor("create", "selfsubjectreviews", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, &authenticationv1.SelfSubjectReview{Status: authenticationv1.SelfSubjectReviewStatus{UserInfo: authenticationv1.UserInfo{Username: name}}}, nil
	})
	return &Cluster{client: client, reviews: true}
}

var permissions = []Permission{
	{Group: "example.org", Resources: []string{"cows", "goats"}, Verbs: []string{"get", "watch"}, For: "milk"},
	{Resources: []string{"configmaps"}, Verbs: []string{"get"}, Namespace: "farm", Name: "barn", For: "shelter"},
	{Resources: []string{"secrets"}, Verbs: []string{"get"}, For: "gossip", Without: "no rumours"},
}

func TestCheck(t *testing.T) {
	all := func(*authorizationv1.ResourceAttributes) (bool, error) { return true, nil }
	if err := newCluster("farmer", all).Check(context.Background(), permissions); err != nil {
		t.Errorf("nothing is missing: %v", err)
	}
	optional := func(a *authorizationv1.ResourceAttributes) (bool, error) { return a.Resource != "secrets", nil }
	if err := newCluster("farmer", optional).Check(context.Background(), permissions); err != nil {
		t.Errorf("what the server does without is missing: %v", err)
	}
	some := func(a *authorizationv1.ResourceAttributes) (bool, error) {
		return a.Resource == "cows" || a.Resource == "goats" && a.Verb == "get", nil
	}
	err := newCluster("farmer", some).Check(context.Background(), permissions)
	if err == nil {
		t.Fatal("permissions are missing")
	}
	want := `the cluster does not permit farmer to
  watch goats.example.org (for milk)
  get configmaps "barn" in namespace "farm" (for shelter)
These rules permit it, by kubectl apply -f:
`
	if !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got\n%v\nwant it to begin with\n%s", err, want)
	}
	if strings.Contains(err.Error(), "secrets") {
		t.Errorf("what the server does without is demanded:\n%v", err)
	}

	refused := func(*authorizationv1.ResourceAttributes) (bool, error) {
		return false, apierrors.NewForbidden(schema.GroupResource{}, "", errors.New("no questions"))
	}
	if err := newCluster("farmer", refused).Check(context.Background(), permissions); err != nil {
		t.Errorf("a server that may not ask does not start: %v", err)
	}
	broken := func(*authorizationv1.ResourceAttributes) (bool, error) { return false, errors.New("no answer") }
	if err := newCluster("farmer", broken).Check(context.Background(), permissions); err == nil || !strings.Contains(err.Error(), "no answer") {
		t.Errorf("an answer that did not come is taken for a yes: %v", err)
	}
}

func TestManifests(t *testing.T) {
	rules, err := manifests("system:serviceaccount:farm:farmer", permissions[1:2])
	if err != nil {
		t.Fatal(err)
	}
	documents := strings.Split(rules, "---\n")
	if len(documents) != 3 || documents[0] != "" {
		t.Fatalf("want a role and a binding, got\n%s", rules)
	}
	var role rbacv1.Role
	var binding rbacv1.RoleBinding
	if err := errors.Join(yaml.UnmarshalStrict([]byte(documents[1]), &role), yaml.UnmarshalStrict([]byte(documents[2]), &binding)); err != nil {
		t.Fatal(err)
	}
	if role.Namespace != "farm" || role.Rules[0].ResourceNames[0] != "barn" || role.Rules[0].Verbs[0] != "get" {
		t.Errorf("the role is %+v", role)
	}
	if s := binding.Subjects[0]; binding.RoleRef.Name != role.Name || s.Kind != rbacv1.ServiceAccountKind || s.Namespace != "farm" || s.Name != "farmer" {
		t.Errorf("the binding is %+v", binding)
	}
	if s := subject("jane"); s.Kind != rbacv1.UserKind || s.Name != "jane" || s.APIGroup != rbacv1.GroupName {
		t.Errorf("the subject of a user is %+v", s)
	}
}

func TestConnect(t *testing.T) {
	for name, test := range map[string]struct {
		answers []int // of one request after another; the last one for all that follow
		err     string
	}{
		"at once":                      {answers: []int{http.StatusOK}},
		"later":                        {answers: []int{http.StatusServiceUnavailable, http.StatusOK}},
		"never":                        {answers: []int{http.StatusServiceUnavailable}, err: "does not answer (tried for 3s)"},
		"with credentials of another":  {answers: []int{http.StatusUnauthorized}, err: "does not accept the server's credentials"},
		"without reviews of access":    {answers: []int{http.StatusNotFound}},
		"without rights to be told of": {answers: []int{http.StatusForbidden}, err: "asking the cluster"},
	} {
		t.Run(name, func(t *testing.T) {
			left := test.answers
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(left[0])
				_, _ = w.Write([]byte(`{"kind":"APIResourceList","apiVersion":"v1","groupVersion":"authorization.k8s.io/v1","resources":[]}`))
				left = left[min(1, len(left)-1):]
			}))
			defer server.Close()
			_, err := Connect(context.Background(), &rest.Config{Host: server.URL}, 3*time.Second)
			if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("got error %v, want %q", err, test.err)
			}
		})
	}
}
