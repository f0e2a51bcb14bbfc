package registry_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	k8sgeneric "k8s.io/apiserver/pkg/registry/generic"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/apiserver/pkg/warning"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/apis/velero/validation"
	"github.com/velero-locations/velero-locations/registry/generic"
	"github.com/velero-locations/velero-locations/registry/velero/backupstoragelocation"
	"github.com/velero-locations/velero-locations/registry/velero/volumesnapshotlocation"
)

// recorder keeps what is said during a request.
type recorder struct{ said []string }

// AddWarning implements warning.Recorder. As in a server, nothing is said twice.
func (r *recorder) AddWarning(_, text string) {
	if !slices.Contains(r.said, text) {
		r.said = append(r.said, text)
	}
}

// request of a user in namespace velero.
func request(name string) (context.Context, *recorder) {
	r := &recorder{}
	ctx := genericapirequest.WithNamespace(context.Background(), "velero")
	ctx = genericapirequest.WithUser(ctx, &user.DefaultInfo{Name: name})
	return warning.WithWarningRecorder(ctx, r), r
}

func newLocation(name, secret string) *v1.BackupStorageLocation {
	l := &v1.BackupStorageLocation{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "velero"},
		Spec: v1.BackupStorageLocationSpec{
			Provider: "aws", ObjectStorage: &v1.ObjectStorageLocation{Bucket: "backups"},
		},
	}
	if secret != "" {
		l.Spec.Credential = &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: secret}, Key: "cloud"}
	}
	return l
}

// TestWarnings shows who is told what and when: at a create or a change of the spec, never at a
// write of the status.
func TestWarnings(t *testing.T) {
	store := newStore(t, startEtcd(t), backupstoragelocation.New(&generic.Environment{}))
	create := func(l *v1.BackupStorageLocation, dryRun ...string) []string {
		ctx, r := request("ann")
		if _, err := store.Create(ctx, l, rest.ValidateAllObjectFunc, &metav1.CreateOptions{DryRun: dryRun}); err != nil {
			t.Fatal(err)
		}
		return r.said
	}
	update := func(change func(*v1.BackupStorageLocation)) []string {
		ctx, r := request("ann")
		stored, err := store.Get(ctx, "second", &metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		l := stored.DeepCopyObject().(*v1.BackupStorageLocation)
		change(l)
		if _, _, err := store.Update(ctx, "second", rest.DefaultUpdatedObjectInfo(l), rest.ValidateAllObjectFunc, rest.ValidateAllObjectUpdateFunc, false, &metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		return r.said
	}
	first := newLocation("first", "")
	first.Spec.Default = true
	if said := create(first); len(said) > 0 {
		t.Errorf("of the first location it says %q", said)
	}
	for _, dryRun := range [][]string{{metav1.DryRunAll}, nil} {
		if said := create(newLocation("second", ""), dryRun...); len(said) != 1 || !strings.Contains(said[0], `"first"`) {
			t.Errorf("of the second location, dry run %v, it says %q", dryRun, said)
		}
	}
	if said := update(func(l *v1.BackupStorageLocation) { l.Status.Message, l.Labels = "x", map[string]string{"a": "b"} }); len(said) > 0 {
		t.Errorf("at a write of the status it says %q", said)
	}
	if said := update(func(l *v1.BackupStorageLocation) { l.Spec.BackupSyncPeriod = &metav1.Duration{} }); len(said) != 1 {
		t.Errorf("at a change of the spec it says %q", said)
	}
	if said := update(func(l *v1.BackupStorageLocation) { l.Spec.ObjectStorage.Prefix = "x" }); len(said) != 1 || !strings.Contains(said[0], "inside") {
		t.Errorf("of a nested place it says %q", said)
	}
}

// TestWarningsOfSecrets shows that only those who may get a Secret are told that it is not there, and
// that nobody waits long for an API that does not answer.
func TestWarningsOfSecrets(t *testing.T) {
	secrets := fake.NewClientset(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "there"}, Data: map[string][]byte{"cloud": nil}})
	slow := fake.NewClientset()
	slow.PrependReactor("get", "secrets", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, context.DeadlineExceeded
	})
	env := &generic.Environment{Kubernetes: secrets, Authorizer: authorizer.AuthorizerFunc(
		func(ctx context.Context, a authorizer.Attributes) (authorizer.Decision, string, error) {
			switch {
			case a.GetUser().GetName() == "slow":
				<-ctx.Done()
				return authorizer.DecisionNoOpinion, "", ctx.Err()
			case a.GetUser().GetName() == "ann" && a.GetVerb() == "get" && a.GetResource() == "secrets" && a.GetNamespace() == "velero":
				return authorizer.DecisionAllow, "", nil
			}
			return authorizer.DecisionNoOpinion, "", nil
		})}
	store := newStore(t, startEtcd(t), backupstoragelocation.New(env))
	for name, test := range map[string]struct {
		user, secret string
		api          *fake.Clientset
		want         bool
	}{
		"there":        {"ann", "there", secrets, false},
		"absent":       {"ann", "absent", secrets, true},
		"may not know": {"bob", "absent", secrets, false},
		"slow":         {"slow", "absent", secrets, false},
		"no answer":    {"ann", "absent", slow, false},
	} {
		env.Kubernetes = test.api
		ctx, r := request(test.user)
		start := time.Now()
		if _, err := store.Create(ctx, newLocation(strings.ReplaceAll(name, " ", "-"), test.secret), rest.ValidateAllObjectFunc, &metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s: it took %s", name, took)
		}
		told := slices.ContainsFunc(r.said, func(text string) bool { return strings.Contains(text, `there is no Secret "absent"`) })
		if told != test.want {
			t.Errorf("%s: it says %q", name, r.said)
		}
	}
}

// TestProviderConfigMode shows that a server's mode decides, at any time before it answers.
func TestProviderConfigMode(t *testing.T) {
	env := &generic.Environment{}
	store := newStore(t, startEtcd(t), backupstoragelocation.New(env))
	for mode, test := range map[validation.ProviderConfig]struct{ refused, told bool }{
		validation.Enforce: {refused: true}, validation.Warn: {told: true}, validation.Off: {},
	} {
		env.Rules.ProviderConfig = mode
		l := newLocation("a", "")
		l.Spec.Config = map[string]string{"regoin": "us-east-1"}
		ctx, r := request("ann")
		_, err := store.Create(ctx, l, rest.ValidateAllObjectFunc, &metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		told := slices.ContainsFunc(r.said, func(text string) bool { return strings.Contains(text, "regoin") })
		if (err != nil) != test.refused || told != test.told {
			t.Errorf("%s: %v, %q", mode, err, r.said)
		}
	}
}

// TestKindsNeedValidation shows that a kind cannot be served without rules by oversight.
func TestKindsNeedValidation(t *testing.T) {
	kind := backupstoragelocation.New(&generic.Environment{})
	kind.Validate = nil
	_, err := kind.NewStore(scheme(t, kind), k8sgeneric.RESTOptions{})
	if err == nil || !strings.Contains(err.Error(), v1.Resource("backupstoragelocations").Resource) || errors.Unwrap(err) == nil {
		t.Errorf("a kind without validation: %v", err)
	}
}

// TestFinalizersWithoutDomain shows that custom resources' warning of them is given here, too, and but once.
func TestFinalizersWithoutDomain(t *testing.T) {
	store := newStore(t, startEtcd(t), volumesnapshotlocation.New(&generic.Environment{}))
	location := &v1.VolumeSnapshotLocation{
		ObjectMeta: metav1.ObjectMeta{Name: "ebs", Namespace: "velero", Finalizers: []string{"wait", "example.com/wait", metav1.FinalizerDeleteDependents}},
		Spec:       v1.VolumeSnapshotLocationSpec{Provider: "aws", Config: map[string]string{"region": "us-east-1"}},
	}
	ctx, created := request("ann")
	stored, err := store.Create(ctx, location, rest.ValidateAllObjectFunc, &metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(created.said) != 1 || !strings.Contains(created.said[0], `"wait"`) || !strings.Contains(created.said[0], "example.com/wait") {
		t.Errorf("warned of %q, want of finalizer wait alone, with what to write", created.said)
	}

	location = stored.(*v1.VolumeSnapshotLocation).DeepCopy()
	location.Finalizers = append(location.Finalizers, "more")
	ctx, updated := request("ann")
	if _, _, err := store.Update(ctx, "ebs", rest.DefaultUpdatedObjectInfo(location), rest.ValidateAllObjectFunc, rest.ValidateAllObjectUpdateFunc, false, &metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	if len(updated.said) != 1 || !strings.Contains(updated.said[0], `"more"`) {
		t.Errorf("warned of %q, want of finalizer more alone", updated.said)
	}
}
