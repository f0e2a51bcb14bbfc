package verbs

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"
)

func list(items ...string) string {
	return `{"apiVersion":"velero.io/v1","kind":"BackupStorageLocationList","metadata":{"resourceVersion":"1"},"items":[` + strings.Join(items, ",") + `]}`
}

const (
	available = `{"metadata":{"name":"east","labels":{"team":"a"},"managedFields":[{"manager":"m"}]},
		"spec":{"provider":"aws","default":true,"accessMode":"ReadOnly","objectStorage":{"bucket":"b","prefix":"p/q"}},
		"status":{"phase":"Available","lastValidationTime":"2026-01-02T03:04:05Z","message":"of old"}}`
	unchecked   = `{"metadata":{"name":"new"},"spec":{"provider":"velero.io/gcp","objectStorage":{"bucket":"b"}}}`
	unavailable = `{"metadata":{"name":"west"},"spec":{"provider":"aws","objectStorage":{"bucket":"b"}},
		"status":{"phase":"Unavailable","message":"no such\nbucket"}}`
	shapeless = `{"metadata":{"name":"shapeless"}}`
)

func validated(t *testing.T) string {
	t.Helper()
	at, err := time.Parse(time.RFC3339, "2026-01-02T03:04:05Z")
	if err != nil {
		t.Fatal(err)
	}
	return at.Local().String()
}

// squeezed lines are easier to compare: columns are separated by one |.
func squeezed(table string) string {
	var b strings.Builder
	for line := range strings.Lines(table) {
		var cells []string
		for cell := range strings.SplitSeq(strings.TrimSpace(line), "   ") {
			if cell = strings.TrimSpace(cell); cell != "" {
				cells = append(cells, cell)
			}
		}
		b.WriteString(strings.Join(cells, "|") + "\n")
	}
	return b.String()
}

func TestGetTable(t *testing.T) {
	const header = "NAME|PROVIDER|BUCKET/PREFIX|PHASE|LAST VALIDATED|ACCESS MODE|DEFAULT"
	var (
		east  = "east|aws|b/p/q|Available|" + validated(t) + "|ReadOnly|true"
		fresh = "new|velero.io/gcp|b|Unknown|Unknown|ReadWrite"
	)
	for name, test := range map[string]struct {
		items []string
		args  string
		want  []string
	}{
		"all is well":        {[]string{available, unchecked}, "", []string{header, east, fresh}},
		"all is not well":    {[]string{available, unavailable}, "", []string{header + "|MESSAGE", east, "west|aws|b|Unavailable|Unknown|ReadWrite|no such bucket"}},
		"the default":        {[]string{available, unavailable}, "--default", []string{header, east}},
		"labels":             {[]string{available, unchecked}, "--show-labels", []string{header + "|LABELS", east + "|team=a", fresh + "|<none>"}},
		"a label":            {[]string{available}, "-L team -o table", []string{header + "|TEAM", east + "|a"}},
		"without a spec":     {[]string{shapeless}, "", []string{header, "shapeless|Unknown|Unknown|ReadWrite"}},
		"names":              {[]string{available, unchecked}, "-o name", []string{"backupstoragelocation.velero.io/east", "backupstoragelocation.velero.io/new"}},
		"the default's name": {[]string{available, unchecked}, "-o name --default=true", []string{"backupstoragelocation.velero.io/east"}},
	} {
		t.Run(name, func(t *testing.T) {
			url, requests := api(t, answer(200, list(test.items...)))
			got := run(t, strings.Fields("get backup-locations -l a=b --server "+url+" "+test.args)...)
			if got.err != nil || got.stderr != "" {
				t.Fatalf("%v\n%s", got.err, got.stderr)
			}
			wantLines(t, squeezed(got.stdout), test.want...)
			if uri := (*requests)[0].uri; !strings.HasSuffix(uri, "?labelSelector=a%3Db") {
				t.Errorf("asked for %s", uri)
			}
		})
	}
}

func TestGetSnapshotLocations(t *testing.T) {
	const (
		fresh     = `{"metadata":{"name":"new"},"spec":{"provider":"aws"}}`
		east      = `{"metadata":{"name":"east"},"spec":{"provider":"aws"},"status":{"phase":"Available"}}`
		west      = `{"metadata":{"name":"west"},"spec":{"provider":"aws"},"status":{"phase":"Unavailable","message":"no such\nregion"}}`
		unchecked = `{"metadata":{"name":"gcp"},"spec":{"provider":"gcp"},"status":{"message":"no driver"}}`
	)
	for name, test := range map[string]struct {
		items, want []string
	}{
		"all is well":     {[]string{fresh, east}, []string{"NAME|PROVIDER", "new|aws", "east|aws"}},
		"all is not well": {[]string{east, west}, []string{"NAME|PROVIDER|PHASE|MESSAGE", "east|aws|Available", "west|aws|Unavailable|no such region"}},
		"nobody knows":    {[]string{unchecked}, []string{"NAME|PROVIDER|PHASE|MESSAGE", "gcp|gcp|Unknown|no driver"}},
	} {
		t.Run(name, func(t *testing.T) {
			url, requests := api(t, answer(200, `{"kind":"VolumeSnapshotLocationList","items":[`+strings.Join(test.items, ",")+`]}`))
			got := run(t, "snapshot-location", "get", "-l", "a=b", "--server", url)
			wantLines(t, squeezed(got.stdout), test.want...)
			if uri := (*requests)[0].uri; uri != "/apis/velero.io/v1/namespaces/velero/volumesnapshotlocations?labelSelector=a%3Db" {
				t.Errorf("asked for %s", uri)
			}
		})
	}
}

// TestGetObjects shows that one location is printed as itself, and others as a list.
func TestGetObjects(t *testing.T) {
	for _, format := range []string{"json", "yaml"} {
		for name, test := range map[string]struct {
			items []string
			kind  string
		}{
			"none": {nil, "BackupStorageLocationList"},
			"one":  {[]string{available}, "BackupStorageLocation"},
			"two":  {[]string{available, unavailable}, "BackupStorageLocationList"},
		} {
			t.Run(format+" "+name, func(t *testing.T) {
				url, _ := api(t, answer(200, list(test.items...)))
				got := run(t, "backup-location", "get", "-o", format, "--server", url)
				data, err := yaml.YAMLToJSON([]byte(got.stdout))
				if err != nil || got.err != nil {
					t.Fatal(err, got.err)
				}
				var object struct {
					APIVersion, Kind string
					Items            []struct{ Kind string }
				}
				if err := json.Unmarshal(data, &object); err != nil {
					t.Fatal(err)
				}
				if object.APIVersion != "velero.io/v1" || object.Kind != test.kind || strings.Contains(got.stdout, "managedFields") {
					t.Errorf("got\n%s\nwant a %s", got.stdout, test.kind)
				}
				if test.kind == "BackupStorageLocationList" && (len(object.Items) != len(test.items) || !strings.Contains(got.stdout, "items")) {
					t.Errorf("got\n%s\nwant %d items", got.stdout, len(test.items))
				}
			})
		}
	}
}

// TestGetNames shows that what is there is printed, and what is not is an error.
func TestGetNames(t *testing.T) {
	absent := answer(404, `{"kind":"Status","status":"Failure","reason":"NotFound","code":404,"message":"backupstoragelocations.velero.io \"x\" not found"}`)
	url, _ := api(t, absent, answer(200, available))
	got := run(t, "backup-location", "get", "x", "east", "-o", "name", "--server", url)
	wantLines(t, got.stdout, "backupstoragelocation.velero.io/east")
	if got.err == nil || got.err.Error() != `backupstoragelocations.velero.io "x" not found` {
		t.Errorf("got error %v", got.err)
	}

	url, _ = api(t, absent)
	if got := run(t, "backup-location", "get", "x", "-o", "yaml", "--server", url); got.err == nil || got.stdout != "" {
		t.Errorf("got %+v", got)
	}
}

func TestGetNothing(t *testing.T) {
	url, _ := api(t, answer(200, list()))
	got := run(t, "backup-location", "get", "-n", "team-a", "--server", url)
	wantLines(t, got.stderr, "No backup-locations found in namespace team-a.")
	if got.err != nil || got.stdout != "" {
		t.Errorf("got %+v", got)
	}
}

// TestGetNoDefault shows that locations none of which is the default are not said to be absent.
func TestGetNoDefault(t *testing.T) {
	url, _ := api(t, answer(200, list(unchecked, unavailable)))
	got := run(t, "backup-location", "get", "--default", "--server", url)
	wantLines(t, got.stderr, "None of the 2 backup-locations found in namespace velero is the default; `velero backup-location set NAME --default` makes one so.")
	if got.err != nil || got.stdout != "" {
		t.Errorf("got %+v", got)
	}
}

// TestWarningsAreSaidOnce, however many answers have them.
func TestWarningsAreSaidOnce(t *testing.T) {
	url, _ := api(t, func(w http.ResponseWriter) {
		w.Header().Add("Warning", `299 - "the bucket is shared"`)
		w.Header().Add("Warning", `299 - "no default"`)
		answer(200, available)(w)
	})
	got := run(t, "backup-location", "get", "east", "east", "-o", "name", "--server", url)
	wantLines(t, got.stderr, "Warning: the bucket is shared", "Warning: no default")
}

func TestCompletion(t *testing.T) {
	url, _ := api(t, answer(200, list(available, unchecked, unavailable)))
	for args, want := range map[string]string{
		"backup-location get |":                                     "east new west",
		"backup-location get east |":                                "new west",
		"get backup-locations |":                                    "east new west",
		"backup-location delete west |":                             "east new",
		"backup-location set |":                                     "east new west",
		"backup-location set east |":                                "",
		"backup-location create x --provider aws --bucket b |":      "",
		"backup-location create x --provider |":                     "aws azure gcp",
		"snapshot-location create x --provider |":                   "aws azure gcp portworx",
		"backup-location create x --access-mode |":                  "ReadWrite ReadOnly",
		"backup-location get -o |":                                  "table json yaml name",
		"backup-location set east --dry-run |":                      "none server",
		"create backup-location x --bucket b --prefix p --output |": "table json yaml name",
	} {
		t.Run(args, func(t *testing.T) {
			line := append([]string{"__complete", "--server", url}, strings.Fields(strings.TrimSuffix(args, "|"))...)
			got := run(t, append(line, "")...)
			var offered []string
			for line := range strings.Lines(got.stdout) {
				if !strings.HasPrefix(line, ":") {
					offered = append(offered, strings.TrimSpace(line))
				}
			}
			if strings.Join(offered, " ") != want {
				t.Errorf("offered %q, want %q\n%s", offered, want, got.stderr)
			}
		})
	}
}
