package backups

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// TestUnpack shows what is found in a tarball: each object once, in the version that was preferred.
func TestUnpack(t *testing.T) {
	var tarball bytes.Buffer
	archive, err := NewArchive(&tarball, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	deployments, nodes := schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}, schema.GroupVersionResource{Version: "v1", Resource: "nodes"}
	older := schema.GroupVersionResource{Group: "apps", Version: "v1beta1", Resource: "deployments"}
	want := map[Object]string{}
	for _, add := range []struct {
		item    Item
		content string
		found   bool
	}{
		{Item{Resource: deployments, Preferred: true, Namespace: "b", Name: "web"}, `{"a":1}`, true},
		{Item{Resource: deployments, Preferred: true, Namespace: "a", Name: "web"}, `{"a":22}`, true},
		{Item{Resource: deployments, Preferred: true, Namespace: "a", Name: "db"}, `{}`, true},
		{Item{Resource: older, Namespace: "a", Name: "old"}, `{"not":"preferred"}`, false},
		{Item{Resource: nodes, Preferred: true, Name: "n.example.com"}, `{"kind":"Node"}`, true},
	} {
		if err := archive.Add(add.item, []byte(add.content)); err != nil {
			t.Fatal(err)
		}
		if add.found {
			want[Object{add.item.Resource.GroupResource(), add.item.Namespace, add.item.Name}] = add.content
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}

	folder := t.TempDir()
	unpacked, err := Unpack(bytes.NewReader(tarball.Bytes()), folder)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unpacked.Close() }()
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("it left %v, %v: a process that is killed would, too", left, err)
	}
	got := map[Object]string{}
	var names []string
	for _, objects := range unpacked.Objects() {
		for _, object := range objects {
			content, err := unpacked.Read(object)
			if err != nil || !unpacked.Has(object) {
				t.Errorf("%s: %v", object, err)
			}
			got[object] = string(content)
			if object.Resource.Resource == "deployments" {
				names = append(names, object.String())
			}
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	if order := []string{"deployments.apps/a/db", "deployments.apps/a/web", "deployments.apps/b/web"}; !slices.Equal(names, order) {
		t.Errorf("got %q", names)
	}

	for name, broken := range map[string][]byte{
		"cut in the middle": tarball.Bytes()[:tarball.Len()/2],
		"cut at the end":    tarball.Bytes()[:tarball.Len()-4],
		"no tarball":        []byte("<html>"),
		"empty":             nil,
	} {
		if _, err := Unpack(bytes.NewReader(broken), folder); err == nil {
			t.Errorf("%s: it was taken for a whole one", name)
		}
	}
	if _, err := Unpack(strings.NewReader(""), "/nosuch"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a folder: %v", err)
	}
}
