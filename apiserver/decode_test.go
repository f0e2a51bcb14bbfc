package apiserver

import (
	encodingjson "encoding/json"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
)

// TestNulls shows that a null in a map is no value, whatever else there is to say of the object, and that one in a list is a
// mistake, in all that clients send.
func TestNulls(t *testing.T) {
	api, err := NewAPI(Velero)
	if err != nil {
		t.Fatal(err)
	}
	json, _ := runtime.SerializerInfoForMediaType(api.Codecs.SupportedMediaTypes(), runtime.ContentTypeJSON)
	yaml, _ := runtime.SerializerInfoForMediaType(api.Codecs.SupportedMediaTypes(), runtime.ContentTypeYAML)
	serializer := carefulSerializer{api.Codecs, api.Scheme}
	for _, test := range []struct {
		name    string
		decoder runtime.Decoder
		data    string
		want    string // the spec, encoded
		err     string // "": none
	}{
		{"in a map", json.Serializer, `{"spec":{"provider":"aws","config":{"region":"us-east-1","profile":null}}}`, `{"provider":"aws","config":{"region":"us-east-1"}}`, ""},
		{"the only one", json.Serializer, `{"spec":{"provider":"aws","config":{"profile":null}}}`, `{"provider":"aws"}`, ""},
		{"that is text", json.Serializer, `{"spec":{"provider":"null","config":{"profile":"null"}}}`, `{"provider":"null","config":{"profile":"null"}}`, ""},
		{"in YAML", yaml.Serializer, "spec:\n  provider: aws\n  config:\n    region: us-east-1\n    profile:\n    s3Url: ~\n", `{"provider":"aws","config":{"region":"us-east-1"}}`, ""},
		{"beside an unknown field", json.StrictSerializer, `{"spec":{"provider":"aws","config":{"a":null},"colour":"red"}}`, `{"provider":"aws"}`, `unknown field "spec.colour"`},
		{"of a key that is there twice", json.StrictSerializer, `{"spec":{"provider":"aws","config":{"a":"b","a":null}}}`, `{"provider":"aws"}`, `duplicate field "spec.config.a"`},
	} {
		data := test.data
		if data[0] == '{' {
			data = `{"apiVersion":"velero.io/v1","kind":"VolumeSnapshotLocation",` + data[1:]
		} else {
			data = "apiVersion: velero.io/v1\nkind: VolumeSnapshotLocation\n" + data
		}
		into := &v1.VolumeSnapshotLocation{}
		_, _, err := serializer.DecoderToVersion(test.decoder, v1.SchemeGroupVersion).Decode([]byte(data), nil, into)
		if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("%s: %v, want %q", test.name, err, test.err)
		}
		if spec, err := encodingjson.Marshal(into.Spec); err != nil || string(spec) != test.want {
			t.Errorf("%s: %s, %v, want %s", test.name, spec, err, test.want)
		}
	}

	inLists := `{"apiVersion":"velero.io/v1","kind":"Backup","spec":{"includedNamespaces":["a",null],"orLabelSelectors":[null],"labelSelector":{"matchExpressions":[{"key":"a","values":[null]}]}}}`
	_, _, err = serializer.DecoderToVersion(json.Serializer, v1.SchemeGroupVersion).Decode([]byte(inLists), nil, nil)
	for _, want := range []string{"spec.includedNamespaces[1]", "spec.orLabelSelectors[0]", "spec.labelSelector.matchExpressions[0].values[0]"} {
		if err == nil || !strings.Contains(err.Error(), want+`: Invalid value: "null"`) {
			t.Errorf("nulls in lists: %v, want %s in it", err, want)
		}
	}
}

// TestDurations shows that null is no duration, that an error of decoding names the fields whose durations are
// none, and that all other errors, and what can be decoded, are left alone.
func TestDurations(t *testing.T) {
	api, err := NewAPI(Velero)
	if err != nil {
		t.Fatal(err)
	}
	info, _ := runtime.SerializerInfoForMediaType(api.Codecs.SupportedMediaTypes(), runtime.ContentTypeJSON)
	yaml, _ := runtime.SerializerInfoForMediaType(api.Codecs.SupportedMediaTypes(), runtime.ContentTypeYAML)
	serializer := carefulSerializer{api.Codecs, api.Scheme}
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
