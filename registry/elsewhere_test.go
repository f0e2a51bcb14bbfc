package registry_test

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	cachermetrics "k8s.io/apiserver/pkg/storage/cacher/metrics"
	"k8s.io/component-base/metrics/legacyregistry"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
)

// TestSamePlaceElsewhere shows what is said of locations of other namespaces to users who may see all of them, some, or none.
func TestSamePlaceElsewhere(t *testing.T) {
	cachermetrics.Register()
	s := serve(t)
	add := func(namespace, prefix string, dryRun ...string) []string {
		ctx, r := request("ann")
		l := newLocation("default", "")
		l.Namespace, l.Spec.ObjectStorage.Prefix = namespace, prefix
		_, err := s.storage.Create(genericapirequest.WithNamespace(ctx, namespace), l, rest.ValidateAllObjectFunc, &metav1.CreateOptions{DryRun: dryRun})
		must(t, err)
		return r.said
	}
	wantTexts(t, "warnings of the first location", add("team-a", "x"), nil)
	wantTexts(t, "warnings of one beside it", add("team-b", "y"), nil)
	const unnamed = `prefix "x" of bucket "backups" is also the place of a location in another namespace, which is not shown to you`
	for name, tc := range map[string]struct {
		may    func(namespace string) bool
		prefix string
		want   []string
	}{
		"all":                   {func(namespace string) bool { return namespace == "" }, "/x/", []string{`is also the place of location "team-a/default"`}},
		"all, around":           {func(namespace string) bool { return namespace == "" }, "", []string{`bucket "backups" has locations "team-a/default", "team-b/default" inside`}},
		"that namespace":        {func(namespace string) bool { return namespace == "team-a" }, "x", []string{`location "team-a/default"`}},
		"another namespace":     {func(namespace string) bool { return namespace == "team-b" }, "x", []string{unnamed}},
		"none":                  {func(string) bool { return false }, "x", []string{unnamed}},
		"none, around":          {func(string) bool { return false }, "", nil},
		"none, another place":   {func(string) bool { return false }, "z", nil},
		"none, inside of it":    {func(string) bool { return false }, "x/y", nil},
		"some, around, not all": {func(namespace string) bool { return namespace == "team-b" }, "", []string{`has location "team-b/default" inside`}},
	} {
		t.Run(name, func(t *testing.T) {
			s.env.Authorizer = allow(func(verb, resource, namespace string) bool {
				return verb == "list" && resource == "backupstoragelocations" && tc.may(namespace)
			})
			wantTexts(t, "warnings", add("velero", tc.prefix, metav1.DryRunAll), tc.want)
		})
	}
	add("velero", "z")
	_, err := change(t, s.storage, "default", func(l *v1.BackupStorageLocation) { l.Spec.ObjectStorage.Prefix = "x" })
	must(t, err)
	for _, index := range []string{"f:place", "f:within-0", "f:within-1"} {
		if !usedIndex(t, index) {
			t.Errorf("no location was found by index %s", index)
		}
	}
}

// TestNoDefault shows when it is said that no location is the default.
func TestNoDefault(t *testing.T) {
	cachermetrics.Register()
	s := serve(t)
	add := func(name string, isDefault bool, dryRun ...string) []string {
		ctx, r := request("ann")
		l := newLocation(name, "")
		l.Spec.Default, l.Spec.ObjectStorage.Prefix = isDefault, name
		_, err := s.storage.Create(ctx, l, rest.ValidateAllObjectFunc, &metav1.CreateOptions{DryRun: dryRun})
		must(t, err)
		return r.said
	}
	missing := []string{"spec.default: no location of namespace"}
	wantTexts(t, "warnings of the first", add("a", false), missing)
	wantTexts(t, "warnings of one of the name that the server takes", add("default", false, metav1.DryRunAll), nil)
	wantTexts(t, "warnings of the default", add("b", true), nil)
	wantTexts(t, "warnings of another", add("c", false), nil)
	if !usedIndex(t, "f:default-of") {
		t.Error("the default was found without its index")
	}
	ctx, r := request("ann")
	_, _, err := s.storage.Delete(ctx, "b", rest.ValidateAllObjectFunc, &metav1.DeleteOptions{})
	must(t, err)
	wantTexts(t, "warnings of the deletion of the default", r.said, missing)
	add("b", true)
	_, err = change(t, s.storage, "b", func(l *v1.BackupStorageLocation) { l.Spec.Default = false })
	must(t, err)
	wantTexts(t, "warnings when it is the default no more", add("d", false, metav1.DryRunAll), missing)
	add("default", false)
	wantTexts(t, "warnings beside one of the name that the server takes", add("d", false), nil)
}

// TestIndexIsNoField shows that clients cannot ask by what only the server itself looks by.
func TestIndexIsNoField(t *testing.T) {
	scheme := scheme(t, kinds["BackupStorageLocation"].kind)
	kind := v1.SchemeGroupVersion.WithKind("BackupStorageLocation")
	if _, _, err := scheme.ConvertFieldLabel(kind, "place", "x"); err == nil || strings.Contains(err.Error(), "place,") {
		t.Errorf("got error %v", err)
	}
	if _, _, err := scheme.ConvertFieldLabel(kind, "spec.provider", "x"); err != nil {
		t.Error(err)
	}
}

// usedIndex says whether a list was read by an index of the watch cache.
func usedIndex(t *testing.T, index string) bool {
	t.Helper()
	families, err := legacyregistry.DefaultGatherer.Gather()
	must(t, err)
	for _, family := range families {
		if family.GetName() != "apiserver_cache_list_total" {
			continue
		}
		for _, metric := range family.GetMetric() {
			for _, label := range metric.GetLabel() {
				if label.GetName() == "index" && label.GetValue() == index {
					return true
				}
			}
		}
	}
	return false
}
