package written_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/apis/velero/written"
)

// TestUnknown shows what is said of a field that there is not.
func TestUnknown(t *testing.T) {
	location, backup := reflect.TypeFor[v1.BackupStorageLocation](), reflect.TypeFor[v1.Backup]()
	for _, test := range []struct {
		kind       reflect.Type
		data, want string
	}{
		{location, `{"spec":{"objectStorage":{"buckett":"a"}}}`, `unknown field "spec.objectStorage.buckett", did you mean "bucket"?`},
		{location, `{"spec":{"objectstorage":{}}}`, `unknown field "spec.objectstorage", did you mean "objectStorage"?`},
		{location, `{"spec":{"caCertRef":{}}}`, `unknown field "spec.caCertRef", did you mean "objectStorage.caCertRef"?`},
		{reflect.TypeFor[v1.Schedule](), `{"spec":{"ttl":"1h"}}`, `unknown field "spec.ttl", did you mean "template.ttl"?`},
		{location, `{"spec":{"objectStorage":{"caCertRef":{"name":"a","keys":"b"}}}}`, `unknown field "spec.objectStorage.caCertRef.keys", did you mean "key"?`},
		{location, `{"specs":{}}`, `unknown field "specs", did you mean "spec"?`},
		{location, `{"kinds":{}}`, `unknown field "kinds", did you mean "kind"?`},
		{location, `{"metadata":{"label":{}}}`, `unknown field "metadata.label", did you mean "labels"?`},
		{location, `{"metadata":{"ownerReferences":[{"uuid":""}]}}`, `unknown field "metadata.ownerReferences[0].uuid", did you mean "uid"?`},
		{location, `{"spec":{"config":{"regoin":""}}}`, ""}, // every key is one
		{backup, `{"spec":{"includeNamespaces":null}}`, `unknown field "spec.includeNamespaces", did you mean "includedNamespaces"?`},
		{backup, `{"spec":{"hooks":{"resources":[{},{"pre":[{"exec":{"comand":[]}}]}]}}}`, `unknown field "spec.hooks.resources[1].pre[0].exec.comand", did you mean "command"?`},
		{backup, `{"spec":{"orLabelSelectors":[{"matchLabel":{}}]}}`, `unknown field "spec.orLabelSelectors[0].matchLabel", did you mean "matchLabels"?`},
		{backup, `{"spec":{"zzzzzzzzzz":1}}`, `unknown field "spec.zzzzzzzzzz"`},
	} {
		var object map[string]any
		if err := json.Unmarshal([]byte(test.data), &object); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, unknown := range written.Read(object, test.kind).Unknown {
			got = append(got, unknown.Error())
		}
		if strings.Join(got, "; ") != test.want {
			t.Errorf("%s: %q, want %q", test.data, got, test.want)
		}
	}
}
