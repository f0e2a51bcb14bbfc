package apiserver

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
)

// TestDurations shows that null is no duration, that an error of decoding names the fields whose durations are
// none, and that all other errors, and what can be decoded, are left alone.
func TestDurations(t *testing.T) {
	api, err := NewAPI(Velero)
	if err != nil {
		t.Fatal(err)
	}
	info, _ := runtime.SerializerInfoForMediaType(api.Codecs.SupportedMediaTypes(), runtime.ContentTypeJSON)
	yaml, _ := runtime.SerializerInfoForMediaType(api.Codecs.SupportedMediaTypes(), runtime.ContentTypeYAML)
	serializer := readsDurations{api.Codecs, api.Scheme}
	const hint = "must be a duration, such as 30s, 10m or 2h30m"
	for _, test := range []struct {
		name    string
		decoder runtime.Decoder
		data    string
		want    []string // words of the error; none: there is none
	}{
		{"good", info.Serializer, `{"kind":"Backup","spec":{"ttl":"720h","csiSnapshotTimeout":"0"}}`, nil},
		{
			"all", info.Serializer, `{"kind":"Backup","spec":{"ttl":"5 minutes","csiSnapshotTimeout":"10","itemOperationTimeout":"4h"}}`,
			[]string{`spec.ttl: Invalid value: "5 minutes": ` + hint, `spec.csiSnapshotTimeout: Invalid value: "10": ` + hint},
		},
		{"null", info.Serializer, `{"kind":"Backup","spec":{"ttl":null,"hooks":{"resources":[{"pre":[{"exec":{"timeout":null}}]}]}}}`, nil},
		{"null and a mistake", info.Serializer, `{"kind":"Backup","spec":{"ttl":null,"storageLocation":7}}`, []string{"cannot unmarshal number", "storageLocation"}},
		{"nullable", info.Serializer, `{"kind":"BackupStorageLocation","spec":{"backupSyncPeriod":null}}`, nil},
		{"in a pointer", info.Serializer, `{"kind":"BackupStorageLocation","spec":{"backupSyncPeriod":"often"}}`, []string{`spec.backupSyncPeriod: Invalid value: "often": ` + hint}},
		{
			"in a list", info.Serializer, `{"kind":"Schedule","spec":{"template":{"hooks":{"resources":[{},{"pre":[{"exec":{"timeout":"1"}}]}]}}}}`,
			[]string{`spec.template.hooks.resources[1].pre[0].exec.timeout: Invalid value: "1": ` + hint},
		},
		{"YAML", yaml.Serializer, "kind: BackupRepository\nspec:\n  maintenanceFrequency: daily\n", []string{`spec.maintenanceFrequency: Invalid value: "daily": ` + hint}},
		{"another mistake", info.Serializer, `{"kind":"Backup","spec":{"storageLocation":7}}`, []string{"cannot unmarshal number", "storageLocation"}},
		{"no object", info.Serializer, `[]`, []string{"cannot unmarshal array"}},
	} {
		data := test.data
		if data[0] != '[' {
			data = strings.Replace(data, `{"kind"`, `{"apiVersion":"velero.io/v1","kind"`, 1)
			data = strings.Replace(data, "kind: ", "apiVersion: velero.io/v1\nkind: ", 1)
		}
		_, _, err := serializer.DecoderToVersion(test.decoder, v1.SchemeGroupVersion).Decode([]byte(data), nil, nil)
		if (err == nil) != (test.want == nil) {
			t.Errorf("%s: %v", test.name, err)
		}
		for _, want := range test.want {
			if err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q in it", test.name, err, want)
			}
		}
	}
}
