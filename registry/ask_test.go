package registry_test

import (
	"context"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/fake"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/registry/generic"
	"github.com/velero-locations/velero-locations/registry/velero/backupstoragelocation"
)

// prober counts, and always says the same.
type prober struct{ asked int }

func (p *prober) Secrets(l *v1.BackupStorageLocation) []string {
	if l.Spec.Credential == nil {
		return nil
	}
	return []string{l.Spec.Credential.Name}
}

func (p *prober) Ask(context.Context, kubernetes.Interface, *v1.BackupStorageLocation) string {
	p.asked++
	return "no\nanswer"
}

// TestAsking shows when the storage of a location is asked, and for whom.
func TestAsking(t *testing.T) {
	const told = "spec.objectStorage: the storage was asked, and the location cannot be used now: no answer"
	asked := &prober{}
	env := &generic.Environment{Prober: asked, Kubernetes: fake.NewClientset(), Authorizer: allow(func(verb, resource, _ string) bool { return verb == "get" && resource == "secrets" })}
	store := newStore(t, startEtcd(t), backupstoragelocation.New(env))
	expect := func(what string, said []string, want bool) {
		t.Helper()
		if slices.Contains(said, told) != want || (asked.asked == 1) != want {
			t.Errorf("%s: asked %d times, said %q", what, asked.asked, said)
		}
		asked.asked = 0
	}
	for _, dryRun := range [][]string{{metav1.DryRunAll}, nil} {
		ctx, r := request("ann")
		if _, err := store.Create(ctx, newLocation("main", "s"), rest.ValidateAllObjectFunc, &metav1.CreateOptions{DryRun: dryRun}); err != nil {
			t.Fatal(err)
		}
		expect("a new one", r.said, true)
	}
	for name, tc := range map[string]struct {
		change func(*v1.BackupStorageLocation)
		want   bool
	}{
		"nothing":     {func(*v1.BackupStorageLocation) {}, false},
		"a label":     {func(l *v1.BackupStorageLocation) { l.Labels = map[string]string{"a": "b"} }, false},
		"the status":  {func(l *v1.BackupStorageLocation) { l.Status.Phase = v1.BackupStorageLocationAvailable }, false},
		"the default": {func(l *v1.BackupStorageLocation) { l.Spec.Default = true }, false},
		"the mode":    {func(l *v1.BackupStorageLocation) { l.Spec.AccessMode = v1.AccessModeReadOnly }, false},
		"the period":  {func(l *v1.BackupStorageLocation) { l.Spec.BackupSyncPeriod = &metav1.Duration{} }, false},
		"the bucket":  {func(l *v1.BackupStorageLocation) { l.Spec.ObjectStorage.Bucket = "others" }, true},
		"a setting":   {func(l *v1.BackupStorageLocation) { l.Spec.Config = map[string]string{"region": "us-east-1"} }, true},
		"the Secret":  {func(l *v1.BackupStorageLocation) { l.Spec.Credential.Key = "other" }, true},
	} {
		ctx, r := request("ann")
		stored, err := store.Get(ctx, "main", &metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		l := stored.DeepCopyObject().(*v1.BackupStorageLocation)
		tc.change(l)
		options := &metav1.UpdateOptions{DryRun: []string{metav1.DryRunAll}}
		if _, _, err := store.Update(ctx, "main", rest.DefaultUpdatedObjectInfo(l), rest.ValidateAllObjectFunc, rest.ValidateAllObjectUpdateFunc, false, options); err != nil {
			t.Fatal(err)
		}
		expect(name, r.said, tc.want)
	}

	env.Authorizer = allow(func(_, resource, _ string) bool { return resource != corev1.ResourceSecrets.String() })
	ctx, r := request("bob")
	if _, err := store.Create(ctx, newLocation("other", "s"), rest.ValidateAllObjectFunc, &metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	expect("who may not get the Secret", r.said, false)
}
