package apiserver

import (
	encodingjson "encoding/json"
	"os"
	"regexp"
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
	serializer := strictSerializer{api.Codecs, api.Scheme}
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

// TestEveryKindReadsItself shows that each of Velero's kinds reads and writes what users wrote as they wrote it.
func TestEveryKindReadsItself(t *testing.T) {
	api, err := NewAPI(Velero)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range api.Kinds {
		object, err := api.Scheme.New(kind.GroupVersionKind())
		if err != nil {
			t.Fatal(err)
		}
		const data = `{"metadata":{"name":"a"},"spec":{},"status":{}}`
		if err := encodingjson.Unmarshal([]byte(data), object); err != nil {
			t.Fatal(err)
		}
		if back, err := encodingjson.Marshal(object.DeepCopyObject()); err != nil || string(back) != data {
			t.Errorf("%s: %s, %v, want %s", kind.GroupVersionKind().Kind, back, err, data)
		}
	}
}

// TestMistakes shows that each value that the Go type cannot hold is named, with what to write instead, and that none is repeated that
// may hold a secret.
func TestMistakes(t *testing.T) {
	api, err := NewAPI(Velero)
	if err != nil {
		t.Fatal(err)
	}
	info, _ := runtime.SerializerInfoForMediaType(api.Codecs.SupportedMediaTypes(), runtime.ContentTypeYAML)
	decoder := strictSerializer{api.Codecs, api.Scheme}.DecoderToVersion(info.Serializer, v1.SchemeGroupVersion)
	for _, test := range []struct{ kind, data, want string }{
		{"BackupStorageLocation", "spec: {config: {s3ForcePathStyle: true}}", `spec.config[s3ForcePathStyle]: Invalid value: true: must be text: put it in quotes, "true"`},
		{"BackupStorageLocation", "spec: {config: {profile: 012345678901}}", `spec.config[profile]: Invalid value: must be text: put it in quotes`},
		{"BackupStorageLocation", "spec: {config: {profile: 1.5}}", `spec.config[profile]: Invalid value: must be text: put it in quotes`},
		{"BackupStorageLocation", "spec: {config: {profile: [secret]}}", `spec.config[profile]: Invalid value: must be text`},
		{"BackupStorageLocation", "spec: {config: [region=a]}", `spec.config: Invalid value: must be keys and their values, such as {key: value}`},
		{"BackupStorageLocation", "spec: {credential: secret}", `spec.credential: Invalid value: must be an object: its fields and their values`},
		{"BackupStorageLocation", "spec: {default: \"true\"}", `spec.default: Invalid value: "true": must be true or false, without quotes`},
		{"BackupStorageLocation", "spec: {default: perhaps}", `spec.default: Invalid value: "perhaps": must be true or false`},
		{"BackupStorageLocation", "spec: {default: 1}", `spec.default: Invalid value: must be true or false`},
		{"BackupStorageLocation", "spec: {validationFrequency: 60}", `spec.validationFrequency: Invalid value: must be a duration, such as 30s, 10m or 2h30m`},
		{
			"BackupStorageLocation", "spec:\n  objectStorage:\n    caCert: |\n      -----BEGIN CERTIFICATE-----\n      MIIB\n",
			"spec.objectStorage.caCert: Invalid value: must be PEM in base64, but is PEM itself: write what `base64 -w0 FILE` prints, or put the file in a Secret, and name that in spec.objectStorage.caCertRef instead",
		},
		{"BackupStorageLocation", "spec: {objectStorage: {caCert: not base64}}", "spec.objectStorage.caCert: Invalid value: must be text in base64, as `base64 -w0 FILE` prints it"},
		{"BackupStorageLocation", "spec: {objectStorage: {caCert: 7}}", "spec.objectStorage.caCert: Invalid value: must be text in base64"},
		{"BackupStorageLocation", "status: {lastValidationTime: yesterday}", `status.lastValidationTime: Invalid value: "yesterday": must be a time, such as 2026-01-02T15:04:05Z`},
		{"BackupStorageLocation", "spec: {accessMode: [ReadOnly]}", `spec.accessMode: Invalid value: must be text`},
		{"BackupStorageLocation", "spec: aws", `spec: Invalid value: must be an object`},
		{"Backup", "metadata: {labels: {app: true}}\nspec: {}", `metadata.labels[app]: Invalid value: true: must be text: put it in quotes, "true"`},
		{"Backup", "spec: {includedNamespaces: shop}", `spec.includedNamespaces: Invalid value: "shop": must be a list: put it in brackets, ["shop"]`},
		{"Backup", "spec: {includedNamespaces: \"a, b\"}", `spec.includedNamespaces: Invalid value: "a, b": must be a list: put it in brackets, ["a", "b"]`},
		{"Backup", "spec: {includedNamespaces: {a: b}}", `spec.includedNamespaces: Invalid value: must be a list, such as [a, b]`},
		{"Backup", "spec: {includedNamespaces: [shop, 7]}", `spec.includedNamespaces[1]: Invalid value: must be text: put it in quotes`},
		{"Backup", "spec: {includeClusterResources: \"no\"}", `spec.includeClusterResources: Invalid value: "no": must be true or false`},
		{"Backup", "spec: {uploaderConfig: {parallelFilesUpload: \"4\"}}", `spec.uploaderConfig.parallelFilesUpload: Invalid value: "4": must be a number: write 4, without quotes`},
		{"Backup", "spec: {uploaderConfig: {parallelFilesUpload: 1.5}}", `spec.uploaderConfig.parallelFilesUpload: Invalid value: must be a whole number`},
		{"Backup", "spec: {uploaderConfig: {parallelFilesUpload: many}}", `spec.uploaderConfig.parallelFilesUpload: Invalid value: "many": must be a whole number`},
		{"Backup", "status: {progress: {totalItems: 99999999999999999999}}", `status.progress.totalItems: Invalid value: must be a whole number`},
		{"Restore", "spec: {restoreStatus: {includedResources: 7}}", `spec.restoreStatus.includedResources: Invalid value: must be a list`},
		{"Schedule", "spec: {template: {labelSelector: {matchLabels: {a: 1}}}}", `spec.template.labelSelector.matchLabels[a]: Invalid value: must be text: put it in quotes`},
	} {
		_, _, err := decoder.Decode([]byte("apiVersion: velero.io/v1\nkind: "+test.kind+"\n"+test.data), nil, nil)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want %q", test.data, err, test.want)
		}
	}
}

// TestDocumentedMistakes shows that the answers in docs/locations.md are those that users see.
func TestDocumentedMistakes(t *testing.T) {
	api, err := NewAPI(Velero)
	if err != nil {
		t.Fatal(err)
	}
	info, _ := runtime.SerializerInfoForMediaType(api.Codecs.SupportedMediaTypes(), runtime.ContentTypeYAML)
	decoder := strictSerializer{api.Codecs, api.Scheme}.DecoderToVersion(info.Serializer, v1.SchemeGroupVersion)
	text, err := os.ReadFile("../docs/locations.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| ``(.*)`` \\| ``(spec.*)`` \\|$").FindAllStringSubmatch(string(text), -1)
	if len(rows) < 5 {
		t.Errorf("docs/locations.md has %d mistakes, want at least 5", len(rows))
	}
	for _, row := range rows {
		_, _, err := decoder.Decode([]byte("apiVersion: velero.io/v1\nkind: BackupStorageLocation\nspec: {"+row[1]+"}"), nil, nil)
		if err == nil || err.Error() != row[2] {
			t.Errorf("%s: %v, want %s", row[1], err, row[2])
		}
	}
}

// TestDurations shows that null is no duration, that an error of decoding names the fields whose durations are
// none beside all others, and that what can be decoded is left alone.
func TestDurations(t *testing.T) {
	api, err := NewAPI(Velero)
	if err != nil {
		t.Fatal(err)
	}
	info, _ := runtime.SerializerInfoForMediaType(api.Codecs.SupportedMediaTypes(), runtime.ContentTypeJSON)
	yaml, _ := runtime.SerializerInfoForMediaType(api.Codecs.SupportedMediaTypes(), runtime.ContentTypeYAML)
	serializer := strictSerializer{api.Codecs, api.Scheme}
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
		{"null and a mistake", info.Serializer, `{"kind":"Backup","spec":{"ttl":null,"storageLocation":7}}`, []string{"spec.storageLocation: Invalid value: must be text: put it in quotes"}},
		{"nullable", info.Serializer, `{"kind":"BackupStorageLocation","spec":{"backupSyncPeriod":null}}`, nil},
		{"in a pointer", info.Serializer, `{"kind":"BackupStorageLocation","spec":{"backupSyncPeriod":"often"}}`, []string{`spec.backupSyncPeriod: Invalid value: "often": ` + hint}},
		{
			"in a list", info.Serializer, `{"kind":"Schedule","spec":{"template":{"hooks":{"resources":[{},{"pre":[{"exec":{"timeout":"1"}}]}]}}}}`,
			[]string{`spec.template.hooks.resources[1].pre[0].exec.timeout: Invalid value: "1": ` + hint},
		},
		{"YAML", yaml.Serializer, "kind: BackupRepository\nspec:\n  maintenanceFrequency: daily\n", []string{`spec.maintenanceFrequency: Invalid value: "daily": ` + hint}},
		{"another mistake", info.Serializer, `{"kind":"Backup","spec":{"storageLocation":7}}`, []string{"spec.storageLocation: Invalid value: must be text: put it in quotes"}},
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
