package migrate

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func named(name string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{"apiVersion": "velero.io/v1", "kind": "BackupStorageLocation", "metadata": map[string]any{"name": name}}}
}

// TestArchive shows that an archive is read as it was written, and not at all if it is not whole.
func TestArchive(t *testing.T) {
	file := filepath.Join(t.TempDir(), "archive")
	err := writeArchive(file, func(put func(schema.GroupVersionResource, *unstructured.Unstructured) error) error {
		for _, name := range []string{"a", "b"} {
			if err := put(backupLocations, named(name)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(whole), "\n")
	for name, test := range map[string]struct {
		content, want string
		err           string
	}{
		"whole":            {string(whole), "ab", ""},
		"without its end":  {lines[0] + lines[1], "", "its end is missing after 2 objects"},
		"without a line":   {lines[0] + lines[2], "", "it has 1 objects, and says that there are 2"},
		"cut in a line":    {lines[0] + lines[1][:20], "", "after 1 objects: unexpected EOF"},
		"another file":     {`{"kind": "List"}`, "", "what follows object 0 is none"},
		"another kind":     {strings.Replace(string(whole), "backupstoragelocations", "secrets", 1), "", "has an object of velero.io/v1, Resource=secrets"},
		"nothing":          {"", "", "its end is missing after 0 objects"},
		"without an entry": {lines[0] + "{}\n", "", "what follows object 1 is none"},
		"without an end":   {lines[0] + strings.Repeat(" ", 17<<20), "", "after 1 objects: larger than 16 MiB, which is the most that is read of it"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(file, []byte(test.content), 0o600); err != nil {
				t.Fatal(err)
			}
			got := ""
			err := readArchive(file, func(resource schema.GroupVersionResource, object *unstructured.Unstructured) error {
				if resource != backupLocations {
					t.Errorf("got resource %v", resource)
				}
				got += object.GetName()
				return nil
			})
			if got != test.want || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("got %q, %v, want %q, %s", got, err, test.want, test.err)
			}
		})
	}
}

// TestArchiveWithoutEnd names what cannot be read twice.
func TestArchiveWithoutEnd(t *testing.T) {
	if err := readArchive("/dev/zero", nil); err == nil || err.Error() != "reading the archive: /dev/zero is a device: name a regular file, since it is read more than once" {
		t.Error(err)
	}
}

func TestMissing(t *testing.T) {
	was := map[string]any{"a": "x", "b": map[string]any{"c": int64(1), "d": []any{"y"}}}
	for name, test := range map[string]struct {
		is   any
		want string
	}{
		"the same":        {was, ""},
		"more":            {map[string]any{"a": "x", "new": "z", "b": map[string]any{"c": int64(1), "d": []any{"y"}, "e": true}}, ""},
		"a field less":    {map[string]any{"b": was["b"]}, "spec.a"},
		"another value":   {map[string]any{"a": "x", "b": map[string]any{"c": int64(2), "d": []any{"y"}}}, "spec.b.c"},
		"a longer list":   {map[string]any{"a": "x", "b": map[string]any{"c": int64(1), "d": []any{"y", "z"}}}, "spec.b.d"},
		"nothing":         {nil, "spec."},
		"another type":    {map[string]any{"a": "x", "b": "c"}, "spec.b."},
		"a type of a map": {"x", "spec."},
	} {
		if got := missing(was, test.is, "spec"); got != test.want && (!strings.HasSuffix(test.want, ".") || !strings.HasPrefix(got, test.want)) {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
	if got := missing(nil, was, "status"); got != "" {
		t.Errorf("of what was not there it misses %q", got)
	}
}
