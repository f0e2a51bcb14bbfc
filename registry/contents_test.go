package registry_test

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/registry/cluster"
)

// allow lets user ann do what the function says, in which namespace "" stands for all.
func allow(may func(verb, resource, namespace string) bool) authorizer.Authorizer {
	return authorizer.AuthorizerFunc(func(_ context.Context, a authorizer.Attributes) (authorizer.Decision, string, error) {
		if a.GetUser().GetName() == "ann" && may(a.GetVerb(), a.GetResource(), a.GetNamespace()) {
			return authorizer.DecisionAllow, "", nil
		}
		return authorizer.DecisionNoOpinion, "", nil
	})
}

// TestContents shows who is told that backups and schedules name what is not there.
func TestContents(t *testing.T) {
	s := serve(t)
	s.makeLocations(t, []string{"primary default"}, nil)
	client := fake.NewClientset(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}})
	client.Resources = []*metav1.APIResourceList{{GroupVersion: "v1", APIResources: []metav1.APIResource{{Name: "configmaps", ShortNames: []string{"cm"}}}}}
	factory := informers.NewSharedInformerFactory(client, 0)
	s.env.Cluster = cluster.New(client, factory.Core().V1().Namespaces())
	factory.Start(t.Context().Done())
	factory.WaitForCacheSync(t.Context().Done())

	no := false
	asked := v1.BackupSpec{IncludedNamespaces: []string{"shpo", "nope*", "shop"}, IncludedResources: []string{"cm", "configmap"}, SnapshotVolumes: &no}
	namespaces := []string{`includedNamespaces[0]: there is no namespace "shpo": did you mean "shop"?`, `includedNamespaces[1]: no namespace has a name such as "nope*"`}
	resources := []string{`includedResources[1]: the API serves no resource "configmap": did you mean "configmaps"?`}
	for name, tc := range map[string]struct {
		may  bool
		spec v1.BackupSpec
		want []string
	}{
		"who may see namespaces": {may: true, spec: asked, want: append(namespaces, resources...)},
		"who may not":            {spec: asked, want: resources},
		"all is there":           {may: true, spec: v1.BackupSpec{IncludedNamespaces: []string{"shop"}, ExcludedResources: []string{"cm"}}},
		"nothing is named":       {may: true},
	} {
		t.Run(name, func(t *testing.T) {
			s.env.Authorizer = allow(func(verb, resource, _ string) bool { return tc.may && verb == "list" && resource == "namespaces" })
			made, said, err := create(s.backups, &v1.Backup{ObjectMeta: named("b"), Spec: tc.spec}, metav1.DryRunAll)
			must(t, err)
			wantTexts(t, "warnings", said, tc.want)
			_, said, err = create(s.schedules, &v1.Schedule{ObjectMeta: named("s"), Spec: v1.ScheduleSpec{Schedule: "@daily", Template: tc.spec}}, metav1.DryRunAll)
			must(t, err)
			wantTexts(t, "warnings of the schedule", said, tc.want)

			made.Status.Phase, made.ResourceVersion, made.UID = v1.BackupPhaseCompleted, "", ""
			_, said, err = create(s.backups, made, metav1.DryRunAll)
			must(t, err)
			wantTexts(t, "warnings of a backup that was found in a bucket", said, nil)
		})
	}
}
