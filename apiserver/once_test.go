package apiserver

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/apitesting/fuzzer"
	"k8s.io/apimachinery/pkg/api/meta"
	metafuzzer "k8s.io/apimachinery/pkg/apis/meta/fuzzer"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	velerofuzzer "github.com/velero-locations/velero-locations/apis/velero/fuzzer"
	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/registry/generic/table"
)

// TestEncodedOnce shows of each kind that an object is encoded byte for byte as the API machinery does it, alone and in a list, whatever was
// encoded before: whichever of its fields has changed since, though it has the same version.
func TestEncodedOnce(t *testing.T) {
	api, err := NewAPI(Velero, Core)
	if err != nil {
		t.Fatal(err)
	}
	const odd = `{"spec": {}, "status" : {  }, "metadata": {"annotations": {"a": "<&>\u2028 \u00e9\ud83d\ude00 \\"}}}` // of which none is written by its type so
	seed := time.Now().UnixNano()
	t.Log("seed", seed)
	filler := fuzzer.FuzzerFor(fuzzer.MergeFuzzerFuncs(metafuzzer.Funcs, velerofuzzer.Funcs), rand.NewSource(seed), api.Codecs)
	strict := strictSerializer{api.Codecs, api.Scheme}
	once, stored := newOnceSerializer(strict), api.StorageCodec()
	for _, kind := range api.Kinds {
		served := kind.GroupVersionKind()
		as, onceAs := strict.EncoderForVersion(once.json, served.GroupVersion()), once.EncoderForVersion(once.json, served.GroupVersion())
		same := func(what string, object runtime.Object) {
			t.Helper()
			var want, got bytes.Buffer
			wantErr, err := as.Encode(object, &want), onceAs.Encode(object, &got)
			if (err == nil) != (wantErr == nil) || err == nil && !bytes.Equal(got.Bytes(), want.Bytes()) {
				t.Fatalf("%s, %s:\n%s, %v, want\n%s, %v", served.Kind, what, &got, err, &want, wantErr)
			}
			if meta.IsListType(object) {
				return
			}
			got.Reset()
			if err := stored.Encode(object, &got); (err == nil) != (wantErr == nil) || err == nil && !bytes.Equal(got.Bytes(), want.Bytes()) {
				t.Fatalf("%s, %s is stored as\n%s, %v, want\n%s, %v", served.Kind, what, &got, err, &want, wantErr)
			}
		}
		for n := range 5 {
			object, err := api.Scheme.New(served)
			if err != nil {
				t.Fatal(err)
			}
			filler.Fill(object)
			object.(table.Object).SetUID("one")
			object.(table.Object).SetResourceVersion("1")
			if n == 0 && served.Group == v1.SchemeGroupVersion.Group {
				if err := json.Unmarshal([]byte(odd), object); err != nil || reflect.ValueOf(object).Elem().FieldByName("Written").Len() == 0 {
					t.Fatal(err)
				}
			}
			same("at first", object)
			same("again", object)
			same("a copy", object.DeepCopyObject())
			for _, copied := range []struct {
				what string
				of   func() runtime.Object
			}{
				{"a shallow copy", func() runtime.Object { return shallow(object) }},
				{"a deep copy", object.DeepCopyObject},
			} {
				deep := copied.what == "a deep copy"
				for n := range eachField(copied.of(), deep, -1) {
					same("before a change", object)
					changed := copied.of()
					eachField(changed, deep, n)
					same(fmt.Sprintf("%s, field %d of which has changed", copied.what, n), changed)
				}
			}
			list, err := api.Scheme.New(served.GroupVersion().WithKind(served.Kind + "List"))
			if err != nil {
				t.Fatal(err)
			}
			same("a list of none", list)
			changed := object.DeepCopyObject()
			changed.(table.Object).SetLabels(map[string]string{"changed": "true"})
			nameless := changed.DeepCopyObject()
			nameless.(table.Object).SetUID("")
			if err := meta.SetList(list, []runtime.Object{object, changed, nameless, object}); err != nil {
				t.Fatal(err)
			}
			same("a list", list)
			same("a list again", list)
		}
	}
}

func shallow(object runtime.Object) runtime.Object {
	copied := reflect.New(reflect.TypeOf(object).Elem())
	copied.Elem().Set(reflect.ValueOf(object).Elem())
	return copied.Interface().(runtime.Object)
}

// eachField changes one field of an object, and returns how many there are: those of what it leads to as well, if it goes deep.
func eachField(object runtime.Object, deep bool, change int) (number int) {
	var walk func(reflect.Value)
	walk = func(v reflect.Value) {
		switch {
		case v.Type() == reflect.TypeFor[time.Time]():
		case v.Kind() == reflect.Struct:
			for i := range v.NumField() {
				if v.Field(i).CanSet() {
					walk(v.Field(i))
				}
			}
			return
		case v.Kind() == reflect.Pointer && deep && !v.IsNil():
			walk(v.Elem())
			return
		case v.Kind() == reflect.Slice && deep && v.Len() > 0:
			for i := range min(v.Len(), 3) {
				walk(v.Index(i))
			}
			return
		}
		if number++; number == change+1 {
			alter(v)
		}
	}
	walk(reflect.ValueOf(object).Elem())
	return number
}

// alter gives a field another value, and leaves what it leads to.
func alter(v reflect.Value) {
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(v.Interface().(time.Time).Add(time.Hour)))
	case v.Kind() == reflect.String:
		v.SetString(v.String() + "x")
	case v.Kind() == reflect.Bool:
		v.SetBool(!v.Bool())
	case v.CanInt():
		v.SetInt(v.Int() ^ 1)
	case v.CanUint():
		v.SetUint(v.Uint() ^ 1)
	case v.Kind() == reflect.Map && v.Len() > 0:
		key := v.MapKeys()[0]
		changed := reflect.MakeMap(v.Type())
		changed.SetMapIndex(key, v.MapIndex(key))
		changed.SetMapIndex(reflect.ValueOf("another").Convert(key.Type()), v.MapIndex(key))
		v.Set(changed)
	default: // a pointer, a list, an interface
		v.SetZero()
	}
}

// TestReadsAreOfWhatIsThere shows that whatever way an object is read it is the same, and as new as what was written last.
func TestReadsAreOfWhatIsThere(t *testing.T) {
	c := startServer(t)
	const backups = "/apis/velero.io/v1/namespaces/velero/backups"
	for n := range 3 {
		c.do("POST", backups, "application/json", veleroBackup(fmt.Sprint("backup-", n), "group"))
	}
	read := func(query string, accept string) []byte {
		return bytes.TrimSpace(c.send("GET", backups+query, http.Header{"Accept": {accept}}, nil))
	}
	patch := func(query string, n int) map[string]any {
		return c.do("PATCH", backups+"/backup-1"+query, "application/merge-patch+json", map[string]any{"metadata": map[string]any{"labels": map[string]any{"changed": strconv.Itoa(n)}}})
	}
	labelled := func(object []byte, n int) {
		t.Helper()
		if want := fmt.Sprintf(`"changed":"%d"`, n); !bytes.Contains(object, []byte(want)) {
			t.Fatalf("%s, want %s", object, want)
		}
	}
	for n := range 50 {
		patch("", n)
		one := read("/backup-1", runtime.ContentTypeJSON)
		labelled(one, n)
		tried, err := json.Marshal(patch("?dryRun=All", n+1))
		if err != nil {
			t.Fatal(err)
		}
		labelled(tried, n+1)
		var list struct{ Items []json.RawMessage }
		if err := json.Unmarshal(read("", runtime.ContentTypeJSON), &list); err != nil || len(list.Items) != 3 {
			t.Fatalf("%d items, %v", len(list.Items), err)
		}
		if named := `{"kind":"Backup","apiVersion":"velero.io/v1",` + string(list.Items[1][1:]); named != string(one) {
			t.Fatalf("in a list it is\n%s, and alone\n%s", named, one)
		}
	}
	one := read("/backup-1", runtime.ContentTypeJSON)
	var decoded v1.Backup
	if err := json.Unmarshal(one, &decoded); err != nil {
		t.Fatal(err)
	}
	if encoded, err := json.Marshal(decoded); err != nil || !bytes.Equal(encoded, one) {
		t.Errorf("read is\n%s, its type encodes\n%s, %v", one, encoded, err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, read("/backup-1?pretty=true", runtime.ContentTypeJSON)); err != nil || compact.String() != string(one) {
		t.Errorf("for human eyes it is %s, %v, want %s", &compact, err, one)
	}
	if converted, err := yaml.YAMLToJSON(read("/backup-1", runtime.ContentTypeYAML)); err != nil || !sameJSON(t, converted, one) {
		t.Errorf("as YAML it is %s, %v, want %s", converted, err, one)
	}
	var table struct {
		Rows []struct{ Object json.RawMessage }
	}
	if err := json.Unmarshal(read("?includeObject=Object", "application/json;as=Table;v=v1;g=meta.k8s.io"), &table); err != nil || !sameJSON(t, table.Rows[1].Object, one) {
		t.Errorf("in a table it is %s, %v, want %s", table.Rows[1].Object, err, one)
	}
	for _, query := range []string{"", "?resourceVersion=0", "?limit=2", "?labelSelector=changed"} {
		if list := read(query, runtime.ContentTypeJSON); !strings.Contains(string(list), string(one[len(`{"kind":"Backup","apiVersion":"velero.io/v1",`):])) {
			t.Errorf("%s: it is not in %s", query, list)
		}
	}
	for _, query := range []string{"resourceVersion=0", "resourceVersionMatch=NotOlderThan&sendInitialEvents=true"} {
		events := read("?watch=true&allowWatchBookmarks=true&timeoutSeconds=1&"+query, runtime.ContentTypeJSON)
		if want := `{"type":"ADDED","object":` + string(one) + "}\n"; !strings.Contains(string(events)+"\n", want) {
			t.Errorf("%s: watched is\n%s, want\n%s", query, events, want)
		}
	}
	c.do("DELETE", backups+"/backup-1", "", nil)
	again := c.do("POST", backups, "application/json", veleroBackup("backup-1", "group"))
	if uid := again["metadata"].(map[string]any)["uid"].(string); !strings.Contains(string(read("/backup-1", runtime.ContentTypeJSON)), uid) {
		t.Error("what was deleted is read instead of what has its name now")
	}
}

func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var x, y any
	if err := json.Unmarshal(a, &x); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &y); err != nil {
		t.Fatal(err)
	}
	return reflect.DeepEqual(x, y)
}

// TestEncodingsAreBounded shows that encodings take no more room than they may, and that a new one takes the place of the one before.
func TestEncodingsAreBounded(t *testing.T) {
	known := &encodings{last: map[identity]*encoding{}}
	object := &v1.Backup{}
	object.Annotations = map[string]string{"description": strings.Repeat("x", 1<<20)}
	for n := range 100 {
		object.SetUID(types.UID(strconv.Itoa(n)))
		for version := range 2 {
			object.SetResourceVersion(strconv.Itoa(version))
			if _, err := known.encode(object); err != nil {
				t.Fatal(err)
			}
		}
		sum := 0
		for _, kept := range known.last {
			sum += kept.size()
		}
		if known.size > mostEncodings || known.size != sum || len(known.last) != min(n+1, 31) {
			t.Fatalf("%d encodings are said to take %d bytes, and take %d, after %d", len(known.last), known.size, sum, n+1)
		}
	}
}
