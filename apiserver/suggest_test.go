package apiserver

import (
	"reflect"
	"testing"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
)

// TestSuggest shows what is said after the path of a field that there is not.
func TestSuggest(t *testing.T) {
	location, backup, schedule := reflect.TypeFor[v1.BackupStorageLocation](), reflect.TypeFor[*v1.Backup](), reflect.TypeFor[v1.Schedule]()
	for _, tc := range []struct {
		kind       reflect.Type
		path, want string
	}{
		{location, "spec.objectStorage.buckett", "bucket"},
		{location, "spec.objectstorage", "objectStorage"}, // inside of a struct without a name
		{location, "spec.caCertRef", ""},                  // it is elsewhere
		{location, "spec.objectStorage.caCertRef.keys", "key"},
		{location, "specs", "spec"},
		{location, "kinds", "kind"},
		{location, "metadata.label", "labels"},
		{location, "metadata.ownerReferences[0].uuid", "uid"},
		{location, "spec.config.regoin", ""}, // every key is one
		{location, "spec.nothing.like.it", ""},
		{location, "spec.provider.name", ""},
		{location, "spec.provider[0].name", ""},
		{location, "", ""},
		{backup, "spec.includeNamespaces", "includedNamespaces"},
		{backup, "spec.includedNamespaces.x", ""},
		{backup, "spec.hooks.resources[12].pre[0].exec.comand", "command"},
		{backup, "spec.orLabelSelectors[1].matchLabel", "matchLabels"},
		{schedule, "spec.template.snapshotVolume", "snapshotVolumes"},
		{schedule, "spec.template.zzzzzzzzzz", ""},
	} {
		want := tc.want
		if want != "" {
			want = `, did you mean "` + want + `"?`
		}
		if got := suggest(tc.kind, tc.path); got != want {
			t.Errorf("%s of %s: got %q, want %q", tc.path, tc.kind, got, want)
		}
	}
}
