package validation_test

import (
	"testing"
	"unicode"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/runtime"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/apis/velero/validation"
	"github.com/velero-locations/velero-locations/apis/velero/warnings"
)

// seedsOfKind are few, since each one costs a fuzzer tens of milliseconds before it begins; all cases have tests of their own.
const seedsOfKind = 2

// FuzzObjects shows that no bytes that a client sends make validation or warnings panic, that each
// error names a field, that what is stored can be written again, and that warnings fit in a header.
func FuzzObjects(f *testing.F) {
	for _, file := range []string{"testdata/bad.txt", "testdata/good.txt", "testdata/bad_kinds.txt", "testdata/good_kinds.txt"} {
		seeds := map[string]int{} // by kind
		for _, c := range readCases(f, file) {
			if seeds[c.kind]++; seeds[c.kind] <= seedsOfKind {
				f.Add(c.json)
			}
		}
	}
	f.Add([]byte(`{"apiVersion":"velero.io/v1","kind":"BackupStorageLocation","spec":{"config":{"a\u0000\n":"\uffff"},"objectStorage":null,"credential":null}}`))
	f.Add([]byte(`{"apiVersion":"velero.io/v1","kind":"VolumeSnapshotLocation","spec":{"provider":"aws","config":null}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		obj, err := decode(data)
		if err != nil {
			return // refused before validation
		}
		for _, mode := range []validation.ProviderConfig{validation.Enforce, validation.Warn, validation.Off} {
			checkObject(t, obj, validation.Rules{ProviderConfig: mode})
		}
	})
}

func checkObject(t *testing.T, obj runtime.Object, rules validation.Rules) {
	t.Helper()
	var said []string
	around := warnings.Surroundings{Rules: rules, NoDefault: true}
	switch l := obj.(type) {
	case *v1.BackupStorageLocation:
		neighbour := l.DeepCopy()
		neighbour.Name += "-2"
		around.Near = []*v1.BackupStorageLocation{l, neighbour}
		said = warnings.BackupStorageLocation(l, around)
	case *v1.VolumeSnapshotLocation:
		said = warnings.VolumeSnapshotLocation(l, around)
	}
	for _, err := range validate(t, rules, obj, nil) {
		if err.Field == "" || err.Error() == "" {
			t.Errorf("an error without field: %#v", err)
		}
	}
	if errs := validate(t, rules, obj, obj.DeepCopyObject()); len(errs) > 0 {
		t.Errorf("what is stored cannot be written again: %v", errs)
	}
	for _, text := range said {
		for _, r := range text {
			if unicode.IsControl(r) || !utf8.ValidString(text) {
				t.Fatalf("a warning that fits in no header: %q", text)
			}
		}
	}
}
