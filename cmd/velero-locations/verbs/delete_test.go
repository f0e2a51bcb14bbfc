package verbs

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
)

func TestDelete(t *testing.T) {
	ok := answer(200, `{"kind":"Status","status":"Success"}`)
	found := strings.Replace(available, `"name":"east"`, `"name":"east","uid":"u-1"`, 1)
	url, requests := api(t, answer(200, list(found, unavailable)), ok)
	got := run(t, "backup-location", "delete", "--all", "--confirm", "--server", url)
	wantLines(t, got.stdout, `Backup storage location "east" deleted successfully.`, `Backup storage location "west" deleted successfully.`)
	if r := *requests; len(r) != 3 || r[1].method != "DELETE" || !strings.Contains(r[1].body, `"preconditions":{"uid":"u-1"}`) {
		t.Errorf("requests: %+v", r)
	}

	url, requests = api(t, answer(200, `{"metadata":{"name":"ebs"}}`), ok)
	got = run(t, "delete", "snapshot-location", "ebs", "--confirm", "--dry-run=server", "--server", url)
	wantLines(t, got.stdout, `Volume snapshot location "ebs" deleted successfully (server dry run).`)
	if r := *requests; len(r) != 2 || !strings.Contains(r[1].body, `"dryRun":["All"]`) {
		t.Errorf("requests: %+v", r)
	}

	url, _ = api(t, answer(200, list()))
	got = run(t, "backup-location", "delete", "-l", "a=b", "--confirm", "--server", url)
	wantLines(t, got.stdout, "No backup-locations found")
}

func TestAsk(t *testing.T) {
	for input, want := range map[string]bool{
		"y\n": true, "Y\n": true, "yes\n": true, "n\n": false, "NO\n": false, "": false, "what?\ny\n": true, "\nn\ny\n": false,
	} {
		var out bytes.Buffer
		got, err := ask(t.Context(), strings.NewReader(input), &out)
		if err != nil || got != want {
			t.Errorf("%q means %t, %v; want %t", input, got, err, want)
		}
		if n := strings.Count(out.String(), "Are you sure you want to continue (Y/N)? "); n < 1 || n > 1+strings.Count(input, "\n") {
			t.Errorf("%q: asked %d times", input, n)
		}
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	silent, writer := io.Pipe()
	defer writer.Close()
	if yes, err := ask(ctx, silent, io.Discard); yes || err == nil {
		t.Errorf("an interrupted question means %t, %v", yes, err)
	}
}
