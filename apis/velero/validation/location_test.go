package validation_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/client-go/util/cert"
	"sigs.k8s.io/yaml"

	"github.com/velero-locations/velero-locations/apis/velero/install"
	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/apis/velero/v2alpha1"
	"github.com/velero-locations/velero-locations/apis/velero/validation"
)

// TestBadLocations checks the errors of every location in testdata/bad.txt: how many, in which
// order, of which fields and with which words.
func TestBadLocations(t *testing.T) {
	cases := readCases(t, "testdata/bad.txt")
	if len(cases) < 150 {
		t.Errorf("there are %d bad locations, want at least 150", len(cases))
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			errs := validate(t, validation.Rules{}, c.object(t), nil)
			c.wantErrors(t, errs)
			if strings.Contains(fmt.Sprint(errs), "hidden") {
				t.Errorf("%s\na secret shows: %v", c.text, errs)
			}
		})
	}
}

func TestGoodLocations(t *testing.T) {
	cases := readCases(t, "testdata/good.txt")
	if len(cases) < 60 {
		t.Errorf("there are %d good locations, want at least 60", len(cases))
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if errs := validate(t, validation.Rules{}, c.object(t), nil); len(errs) > 0 {
				t.Errorf("%s\ngot %v", c.text, errs)
			}
		})
	}
}

// TestUpdateOfBadLocations shows that what is stored can be written again, whatever is wrong with it:
// whoever writes a status is not held up, and a new mistake is found all the same.
func TestUpdateOfBadLocations(t *testing.T) {
	for _, c := range readCases(t, "testdata/bad.txt") {
		t.Run(c.name, func(t *testing.T) {
			old, updated := c.object(t), c.object(t)
			want := 0
			switch l := updated.(type) {
			case *v1.BackupStorageLocation:
				l.Status.Message = "hello"
			case *v1.VolumeSnapshotLocation:
				l.Labels = map[string]string{"a": "b"}
			}
			if errs := validate(t, validation.Rules{}, updated, old); len(errs) != want {
				t.Errorf("%s\nwith another status: %v", c.text, errs)
			}
			for _, l := range []runtime.Object{updated} {
				switch l := l.(type) {
				case *v1.BackupStorageLocation:
					l.Spec.Provider, l.Status.Phase = "a//b", "Lost"
				case *v1.VolumeSnapshotLocation:
					l.Spec.Provider, l.Status.Phase = "a//b", "Lost"
				}
			}
			errs := fmt.Sprint(validate(t, validation.Rules{}, updated, old))
			if !strings.Contains(errs, "spec.provider") || !strings.Contains(errs, "status.phase") {
				t.Errorf("%s\nwith two new mistakes: %s", c.text, errs)
			}
		})
	}
}

// TestProviderConfig shows what the modes leave of the errors: all, or none, of spec.config.
func TestProviderConfig(t *testing.T) {
	for _, mode := range []validation.ProviderConfig{validation.Warn, validation.Off} {
		for _, c := range readCases(t, "testdata/bad.txt") {
			var want []string
			for _, err := range validate(t, validation.Rules{ProviderConfig: validation.Enforce}, c.object(t), nil) {
				if !strings.HasPrefix(err.Field, "spec.config") {
					want = append(want, err.Error())
				}
			}
			var got []string
			for _, err := range validate(t, validation.Rules{ProviderConfig: mode}, c.object(t), nil) {
				got = append(got, err.Error())
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s\n%s: got %q, want %q", c.text, mode, got, want)
			}
		}
	}
	var mode validation.ProviderConfig
	if err := mode.Set("strict"); err == nil || mode.String() != "enforce" {
		t.Errorf("setting the mode to strict: %v, and it is %s", err, &mode)
	}
	if err := mode.Set("off"); err != nil || mode != validation.Off {
		t.Errorf("setting the mode to off: %v, and it is %s", err, &mode)
	}
}

// TestDocumentedErrors shows that the errors in docs/locations.md are those that users see.
func TestDocumentedErrors(t *testing.T) {
	text, err := os.ReadFile("../../../docs/locations.md")
	if err != nil {
		t.Fatal(err)
	}
	given := map[string]bool{}
	for _, c := range readCases(t, "testdata/bad.txt") {
		for _, err := range validate(t, validation.Rules{}, c.object(t), nil) {
			given[err.Error()] = true
		}
	}
	found := 0
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "spec.") || strings.HasPrefix(line, "status.") {
			found++
			if !given[line] {
				t.Errorf("docs/locations.md has an error that no location in testdata/bad.txt gives:\n%s", line)
			}
		}
	}
	if found < 30 {
		t.Errorf("docs/locations.md has %d errors, want at least 30", found)
	}
}

// wantErrors compares errors with those that the line of the case names.
func (c testCase) wantErrors(t *testing.T, errs field.ErrorList) {
	t.Helper()
	wants := strings.Split(c.want, " && ")
	if len(errs) != len(wants) {
		t.Fatalf("%s\ngot %d errors %v, want %d", c.text, len(errs), errs, len(wants))
	}
	for i, want := range wants {
		path, words, _ := strings.Cut(strings.TrimSpace(want), ": ")
		if errs[i].Field != path {
			t.Errorf("%s\nerror %d is of field %s, want %s", c.text, i, errs[i].Field, path)
		}
		for word := range strings.SplitSeq(words, " + ") {
			if !strings.Contains(errs[i].ErrorBody(), word) {
				t.Errorf("%s\nerror %d is %q, want %q in it", c.text, i, errs[i], word)
			}
		}
		if strings.Contains(errs[i].Error(), "secret@") {
			t.Errorf("%s\nerror %d tells a password", c.text, i)
		}
	}
}

// check calls a kind's rules, with no old object on creation.
func check[T any](obj *T, old runtime.Object, rules func(obj, old *T) field.ErrorList) field.ErrorList {
	stored, _ := any(old).(*T)
	return rules(obj, stored)
}

func validate(t testing.TB, rules validation.Rules, obj, old runtime.Object) field.ErrorList {
	t.Helper()
	switch obj := obj.(type) {
	case *v1.BackupStorageLocation:
		return check(obj, old, rules.BackupStorageLocation)
	case *v1.VolumeSnapshotLocation:
		return check(obj, old, rules.VolumeSnapshotLocation)
	case *v1.Backup:
		return check(obj, old, validation.Backup)
	case *v1.Restore:
		return check(obj, old, validation.Restore)
	case *v1.Schedule:
		return check(obj, old, validation.Schedule)
	case *v1.DeleteBackupRequest:
		return check(obj, old, validation.DeleteBackupRequest)
	case *v1.DownloadRequest:
		return check(obj, old, validation.DownloadRequest)
	case *v1.ServerStatusRequest:
		return check(obj, old, validation.ServerStatusRequest)
	case *v1.PodVolumeBackup:
		return check(obj, old, validation.PodVolumeBackup)
	case *v1.PodVolumeRestore:
		return check(obj, old, validation.PodVolumeRestore)
	case *v1.BackupRepository:
		return check(obj, old, validation.BackupRepository)
	case *v2alpha1.DataUpload:
		return check(obj, old, validation.DataUpload)
	case *v2alpha1.DataDownload:
		return check(obj, old, validation.DataDownload)
	}
	t.Fatalf("no rules for a %T", obj)
	return nil
}

// certificate is made once: keys take their time.
var certificate = sync.OnceValues(func() ([]byte, error) {
	certificate, _, err := cert.GenerateSelfSignedCertKey("storage.example.com", nil, nil)
	return certificate, err
})

// testCase is a line of a file in testdata.
type testCase struct {
	name, kind, text, want string
	json                   []byte
}

func readCases(t testing.TB, file string) []testCase {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := certificate()
	if err != nil {
		t.Fatal(err)
	}
	shorthand := strings.NewReplacer(
		"$B", "objectStorage: {bucket: velero-backups}", "$CA", base64.StdEncoding.EncodeToString(certificate), "$K129", strings.Repeat("k", 129))
	var cases []testCase
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		parts := strings.SplitN(line, " | ", 3)
		c := testCase{name: fmt.Sprintf("line %d", number), kind: parts[0], text: line}
		if len(parts) > 2 {
			c.want = parts[2]
		}
		body := shorthand.Replace(parts[1])
		if !strings.HasPrefix(body, "{spec:") && !strings.HasPrefix(body, "{status:") {
			body = "{spec: " + body + "}"
		}
		if c.json, err = manifest(c.kind, body); err != nil {
			t.Fatalf("%s:%d: %v", file, number, err)
		}
		cases = append(cases, c)
	}
	return cases
}

// kinds by their names in testdata.
var kinds = map[string]schema.GroupVersionKind{
	"bsl":          v1.SchemeGroupVersion.WithKind("BackupStorageLocation"),
	"vsl":          v1.SchemeGroupVersion.WithKind("VolumeSnapshotLocation"),
	"backup":       v1.SchemeGroupVersion.WithKind("Backup"),
	"restore":      v1.SchemeGroupVersion.WithKind("Restore"),
	"schedule":     v1.SchemeGroupVersion.WithKind("Schedule"),
	"delete":       v1.SchemeGroupVersion.WithKind("DeleteBackupRequest"),
	"download":     v1.SchemeGroupVersion.WithKind("DownloadRequest"),
	"ssr":          v1.SchemeGroupVersion.WithKind("ServerStatusRequest"),
	"pvb":          v1.SchemeGroupVersion.WithKind("PodVolumeBackup"),
	"pvr":          v1.SchemeGroupVersion.WithKind("PodVolumeRestore"),
	"repository":   v1.SchemeGroupVersion.WithKind("BackupRepository"),
	"upload":       v2alpha1.SchemeGroupVersion.WithKind("DataUpload"),
	"datadownload": v2alpha1.SchemeGroupVersion.WithKind("DataDownload"),
}

func manifest(kind, body string) ([]byte, error) {
	var object map[string]any
	if err := yaml.Unmarshal([]byte(body), &object); err != nil {
		return nil, err
	}
	object["apiVersion"], object["kind"] = kinds[kind].ToAPIVersionAndKind()
	metadata, ok := object["metadata"].(map[string]any)
	if !ok {
		metadata = map[string]any{}
	}
	metadata["name"], metadata["namespace"] = "primary", "velero"
	object["metadata"] = metadata
	return yaml.Marshal(object)
}

// object decodes and defaults as the server does, with no unknown field.
func (c testCase) object(t testing.TB) runtime.Object {
	t.Helper()
	obj, err := decode(c.json)
	if err != nil {
		t.Fatalf("%s: %v", c.text, err)
	}
	return obj
}

var codecs = func() serializer.CodecFactory {
	scheme := runtime.NewScheme()
	if err := install.Install(scheme); err != nil {
		panic(err)
	}
	return serializer.NewCodecFactory(scheme, serializer.EnableStrict)
}()

func decode(data []byte) (runtime.Object, error) {
	obj, err := runtime.Decode(codecs.UniversalDecoder(v1.SchemeGroupVersion, v2alpha1.SchemeGroupVersion), data)
	if err != nil {
		return nil, err
	}
	if _, ok := obj.(metav1.Object); !ok {
		return nil, fmt.Errorf("a %T is not an object", obj)
	}
	return obj, nil
}
