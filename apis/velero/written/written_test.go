package written_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/apis/velero/written"
)

// same says whether two texts are the same JSON.
func same(t *testing.T, a, b string) bool {
	t.Helper()
	var x, y any
	if err := errors.Join(json.Unmarshal([]byte(a), &x), json.Unmarshal([]byte(b), &y)); err != nil {
		t.Fatalf("%s, %s: %v", a, b, err)
	}
	return reflect.DeepEqual(x, y)
}

// TestReadsBackAsWritten shows what is read back of what a user wrote, as it is, and after a controller has changed something else.
func TestReadsBackAsWritten(t *testing.T) {
	for _, test := range []struct{ name, data, back string }{ // "": as it was written
		{"nothing", `{}`, `{"metadata":{}}`},
		{"what is not so", `{"metadata":{},"spec":{"template":{"snapshotVolumes":false},"schedule":"@daily","paused":false,"useOwnerReferencesInBackup":false}}`, ""},
		{"empty text", `{"metadata":{},"spec":{"template":{"storageLocation":"","datamover":""},"schedule":""}}`, ""},
		{"periods in words of one's own", `{"metadata":{},"spec":{"template":{"ttl":"24h","csiSnapshotTimeout":"0s","itemOperationTimeout":"90m"},"schedule":""}}`, ""},
		{"what has nothing in it", `{"metadata":{},"spec":{"template":{"metadata":{"labels":{}},"hooks":{"resources":[]},"includedNamespaces":[],"uploaderConfig":{}},"schedule":""},"status":{}}`, ""},
		{"inside a list", `{"metadata":{},"spec":{"template":{"hooks":{"resources":[{"name":"a","pre":[{"exec":{"command":["a"],"container":"","timeout":"1m"}}],"post":[]}]}},"schedule":""}}`, ""},
		{"null where it is a value", `{"metadata":{},"spec":{"template":{"includedNamespaces":null,"labelSelector":null},"schedule":""}}`, ""},
		{"null where it is none", `{"metadata":{},"spec":{"template":{"ttl":null,"storageLocation":null,"metadata":{"labels":{"a":null}}},"schedule":""}}`, `{"metadata":{},"spec":{"template":{"metadata":{"labels":{}}},"schedule":""}}`},
		{"times with fractions and zones", `{"metadata":{},"status":{"lastBackup":"2026-01-02T03:04:05.678+02:00"}}`, ""},
		{"what there is no field for", `{"metadata":{},"spec":{"colour":"","template":{"colour":{"a":[]},"hooks":{"resources":[{"name":"","colour":1}]}},"schedule":""}}`, `{"metadata":{},"spec":{"template":{"hooks":{"resources":[{"name":""}]}},"schedule":""}}`},
		{"whole numbers that a float does not hold", `{"metadata":{},"spec":{"template":{"uploaderConfig":{"parallelFilesUpload":9007199254740993}},"schedule":"","paused":false}}`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := test.back
			if want == "" {
				want = test.data
			}
			var object v1.Schedule
			if err := json.Unmarshal([]byte(test.data), &object); err != nil {
				t.Fatal(err)
			}
			data, err := json.Marshal(object)
			if err != nil || !same(t, string(data), want) {
				t.Errorf("%s, %v, want %s", data, err, want)
			}
			var again v1.Schedule
			if err := json.Unmarshal(data, &again); err != nil || !reflect.DeepEqual(again.Written, object.Written) {
				t.Errorf("read again: %v, %s, want %s", err, again.Written, object.Written)
			}
			object.Status.Phase = v1.SchedulePhaseEnabled
			data, _ = json.Marshal(object)
			var changed v1.Schedule
			if err := json.Unmarshal(data, &changed); err != nil || changed.Status.Phase != v1.SchedulePhaseEnabled {
				t.Errorf("with a status: %s, %v", data, err)
			}
			changed.Status.Phase = ""
			back, _ := json.Marshal(changed)
			if without := strings.ReplaceAll(want, `,"status":{}`, ""); !same(t, strings.ReplaceAll(string(back), `,"status":{}`, ""), without) {
				t.Errorf("after a controller has written: %s, want %s", back, without)
			}
		})
	}
}

// TestChanged shows that what has changed since is encoded as it is now.
func TestChanged(t *testing.T) {
	read := func() *v1.Schedule {
		var object v1.Schedule
		data := `{"metadata":{},"spec":{"template":{"ttl":"1m","hooks":{},"includedNamespaces":[]},"schedule":"@daily","paused":false}}`
		if err := json.Unmarshal([]byte(data), &object); err != nil {
			t.Fatal(err)
		}
		return &object
	}
	for _, test := range []struct {
		name   string
		change func(*v1.ScheduleSpec)
		want   string
	}{
		{"a switch", func(s *v1.ScheduleSpec) { s.Paused = true }, `{"template":{"ttl":"1m","hooks":{},"includedNamespaces":[]},"schedule":"@daily","paused":true}`},
		{"a period", func(s *v1.ScheduleSpec) { s.Template.TTL = metav1.Duration{Duration: 2 * time.Minute} }, `{"template":{"ttl":"2m0s","hooks":{},"includedNamespaces":[]},"schedule":"@daily","paused":false}`},
		{"a list", func(s *v1.ScheduleSpec) { s.Template.IncludedNamespaces = []string{"a"} }, `{"template":{"ttl":"1m","hooks":{},"includedNamespaces":["a"]},"schedule":"@daily","paused":false}`},
		{"everything", func(s *v1.ScheduleSpec) { *s = v1.ScheduleSpec{Schedule: "@hourly"} }, `{"template":{"hooks":{},"includedNamespaces":[]},"schedule":"@hourly","paused":false}`},
	} {
		object := read()
		test.change(&object.Spec)
		data, err := json.Marshal(object)
		if want := `{"metadata":{},"spec":` + test.want + `}`; err != nil || !same(t, string(data), want) {
			t.Errorf("%s: %s, %v, want %s", test.name, data, err, want)
		}
	}
}

// TestStored shows that an object is encoded the same whether it was just written or read from what it was stored in, so that writing
// it once more is no change.
func TestStored(t *testing.T) {
	var object v1.Backup
	if err := json.Unmarshal([]byte(`{"spec":{},"status":{}}`), &object); err != nil {
		t.Fatal(err)
	}
	object.Spec.StorageLocation = "default"
	object.Status.Phase = v1.BackupPhaseNew
	stored, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	var read v1.Backup
	if err := json.Unmarshal(stored, &read); err != nil || read.Written != "" {
		t.Errorf("%v, %s is left of how it was written, want nothing", err, read.Written)
	}
	written.Settle(&object, &read)
	if object.Written != read.Written {
		t.Errorf("it differs by how it was written: %s", object.Written)
	}
	if again, err := json.Marshal(read); err != nil || string(again) != string(stored) {
		t.Errorf("%s, %v, want %s", again, err, stored)
	}
}

// FuzzForm shows that whatever can be read is encoded in the same form for ever.
func FuzzForm(f *testing.F) {
	for _, seed := range []string{
		`{"spec":{"ttl":"1m","hooks":{"resources":[{"name":"","pre":[]}]},"snapshotVolumes":false,"labelSelector":null}}`,
		`{"kind":"Backup","metadata":{"labels":{"a":""},"name":null},"spec":{"metadata":{"labels":{"a":null}},"resourcePolicy":{"kind":"","name":""}},"status":{"progress":{}}}`,
		`{"spec":{"ttl":null,"orLabelSelectors":[{}],"unknown":[]},"status":{"errors":0,"startTimestamp":"2026-01-02T03:04:05.6Z"}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var object, again, afresh v1.Backup
		if json.Unmarshal(data, &object) != nil {
			return
		}
		encoded, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(encoded, &again); err != nil {
			t.Fatalf("%s: %v", encoded, err)
		}
		written.Forget() // or the form is one of those that were read lately
		if err := json.Unmarshal(encoded, &afresh); err != nil || afresh.Written != again.Written {
			t.Fatalf("%s is of form %s, and %s at the second look (%v)", encoded, afresh.Written, again.Written, err)
		}
		if twice, err := json.Marshal(again); err != nil || string(twice) != string(encoded) {
			t.Fatalf("%s, %v, want %s", twice, err, encoded)
		}
	})
}
