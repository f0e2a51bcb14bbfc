package differential

import (
	"slices"
	"strings"
	"testing"
)

// TestCompare shows what counts as a difference, and what is explained.
func TestCompare(t *testing.T) {
	first, second := newNames(), newNames()
	crd := &answer{outcome: "200", header: map[string]string{"Warning": "299"}, body: first.normalize(decode([]byte(
		`{"metadata": {"uid": "0b2f9a52-6a0f-4a43-9f11-6d3b8a3a1c01", "name": "one", "resourceVersion": "7"}, "spec": {"a": "1", "c": [1]}}`)))}
	ours := &answer{outcome: "200", header: map[string]string{}, body: second.normalize(decode([]byte(
		`{"metadata": {"uid": "0b2f9a52-6a0f-4a43-9f11-6d3b8a3a1c02", "name": "one", "resourceVersion": "9"}, "spec": {"a": "2", "b": {}, "c": [1, 2]}}`)))}
	var got []string
	for _, d := range compare(crd, ours) {
		got = append(got, d.at+": "+d.crd+" -> "+d.ours)
	}
	want := []string{"Warning: 299 -> absent", `body.spec.a: "1" -> "2"`, "body.spec.b: absent -> {}", "body.spec.c[1]: absent -> 2"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	failed := &answer{outcome: "422 Invalid FieldValueRequired(spec.a)"}
	if got := compare(crd, failed); len(got) != 1 || got[0].at != "outcome" {
		t.Errorf("got %v, want the outcome alone", got)
	}

	known := &pattern{Kinds: "backups | restores", Case: "create: *", At: "body.spec.*", CRD: absent, Ours: "{}"}
	gone := &pattern{At: "body.gone"}
	elsewhere := &pattern{Kinds: "unheards", At: "body.gone"}
	for _, p := range []*pattern{known, gone, elsewhere} {
		p.compile()
	}
	differences := []difference{
		{kind: "backups", name: "create: a (1)", at: "body.spec.b", crd: absent, ours: "{}"},
		{kind: "backups", name: "create: a (1)", at: "body.spec.b", crd: absent, ours: "{...}"},
		{kind: "schedules", name: "create: a (1)", at: "body.spec.b", crd: absent, ours: "{}"},
	}
	unexplained, stale := explain([]*purpose{{Differences: []*pattern{known, gone, elsewhere}}}, []string{"backups", "schedules"}, differences)
	if !slices.Equal(unexplained, differences[1:]) {
		t.Errorf("not explained are %v, want the last two", unexplained)
	}
	if !slices.Equal(stale, []*pattern{gone}) {
		t.Errorf("stale are %v, want the one for a kind that is served", stale)
	}
}

// TestNames shows that what servers make up has the same name wherever it occurs, and that what changes has another one.
func TestNames(t *testing.T) {
	n := newNames()
	n.asked(`{"metadata": {"generateName": "night-"}}`)
	got := toJSON(n.normalize(decode([]byte(`[
		{"metadata": {"name": "night-2dp9w", "uid": "0b2f9a52-6a0f-4a43-9f11-6d3b8a3a1c01", "resourceVersion": "7", "creationTimestamp": "2026-01-02T03:04:05Z"}},
		{"managedFields": [{"manager": "b", "operation": "Apply", "time": "2026-01-02T03:04:05Z"}, {"manager": "a", "operation": "Apply"}, {"manager": "a", "operation": "Apply"}]},
		{"kind": "Status", "details": {"uid": "0b2f9a52-6a0f-4a43-9f11-6d3b8a3a1c01"}, "message": "night-2dp9w at 1234"},
		{"kind": "AnyList", "items": [{"metadata": {"name": "one", "resourceVersion": "8"}}], "metadata": {"resourceVersion": "99", "continue": ""}}
	]`))))
	want := `[{"metadata":{"creationTimestamp":"<time>","name":"night-*****","resourceVersion":"<version 1>","uid":"<uid 1>"}},` +
		`{"managedFields":{"a Apply":{"manager":"a","operation":"Apply"},"a Apply again":{"manager":"a","operation":"Apply"},"b Apply":{"manager":"b","operation":"Apply","time":"<time>"}}},` +
		`{"details":{"uid":"<uid 1>"},"kind":"Status","message":"night-***** at <number>"},` +
		`{"items":[{"metadata":{"name":"one","resourceVersion":"<version 2>"}}],"kind":"AnyList","metadata":{"continue":"","resourceVersion":"<resourceVersion>"}}]`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestParseTheme shows the form of the corpus.
func TestParseTheme(t *testing.T) {
	scripts, err := parseTheme("theme", strings.TrimLeft(`
# A theme.
kinds: backups restores

### first
# A remark.
POST {objects}?dryRun=All
= minimal
Spec: 7

GET {objects}?watch=true
Accept: */*
Events: 2

### second
DELETE {objects}
`, "\n"))
	if err != nil || len(scripts) != 2 {
		t.Fatalf("%d scripts, %v; want 2", len(scripts), err)
	}
	first := scripts[0]
	if first.name != "theme: first" || first.namespace == scripts[1].namespace || !slices.Equal(first.kinds, []string{"backups", "restores"}) || len(first.requests) != 2 {
		t.Fatalf("the first is %+v", first)
	}
	if post := first.requests[0]; post.body != "= minimal\nSpec: 7" || post.header["Content-Type"] != "application/json" {
		t.Errorf("the POST is %+v", post)
	}
	if watch := first.requests[1]; watch.events != 2 || len(watch.header) != 1 || watch.body != "" {
		t.Errorf("the watch is %+v", watch)
	}
	for _, wrong := range []string{"### a\nGET /\n", "kinds: every\n\n### a\n", "kinds: every\n\n### a\nhello\n", "hello\nkinds: every\n\n### a\nGET /\n"} {
		if _, err := parseTheme("theme", wrong); err == nil {
			t.Errorf("%q was accepted", wrong)
		}
	}
}
