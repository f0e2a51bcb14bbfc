package simulator_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/velero-locations/velero-locations/simulator/console"
	"github.com/velero-locations/velero-locations/simulator/journal"
	"github.com/velero-locations/velero-locations/simulator/simulatortest"
)

// ask sends a request to the address of the control API, with headers as names and values.
func ask(ctx context.Context, t *testing.T, method, url string, headers ...string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

// TestConsoleToken shows that a browser changes nothing without the token of the console, and that programs need none.
func TestConsoleToken(t *testing.T) {
	sim := simulatortest.Start(t)
	address, token, found := strings.Cut(sim.Console, "#token=")
	if !found || !strings.HasPrefix(address, sim.Control) || len(token) < 20 {
		t.Fatalf("the console is at %q", sim.Console)
	}
	for _, test := range []struct {
		name    string
		headers []string
		status  int
	}{
		{"a program", nil, http.StatusNoContent},
		{"a page with the token", []string{"Sec-Fetch-Site", "same-origin", "Console-Token", token}, http.StatusNoContent},
		{"a page without it", []string{"Sec-Fetch-Site", "same-origin"}, http.StatusForbidden},
		{"a page of an old browser", []string{"Origin", sim.Control}, http.StatusForbidden},
		{"a page with another token", []string{"Sec-Fetch-Site", "same-origin", "Console-Token", "another"}, http.StatusForbidden},
		{"a page of another site with the token", []string{"Sec-Fetch-Site", "cross-site", "Console-Token", token}, http.StatusForbidden},
	} {
		if response := ask(t.Context(), t, http.MethodPost, sim.Control+"/v1/reset", test.headers...); response.StatusCode != test.status {
			t.Errorf("%s is answered %s", test.name, response.Status)
		}
	}
}

// TestConsoleSources shows that the page learns which APIs there are, and that nobody reads that of a cluster without the token.
func TestConsoleSources(t *testing.T) {
	cluster := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Method+" "+r.URL.Path) })
	for _, test := range []struct {
		sources console.Sources
		token   string
		request string
		status  int
		body    string
	}{
		{console.Sources{Cluster: cluster}, "", "GET sources", http.StatusOK, "{\"simulator\":false,\"cluster\":true,\"token\":false}\n"},
		{console.Sources{Simulator: cluster}, "secret", "GET sources", http.StatusOK, "{\"simulator\":true,\"cluster\":false,\"token\":true}\n"},
		{console.Sources{Cluster: cluster}, "", "GET ", http.StatusOK, ""},
		{console.Sources{Cluster: cluster, Simulator: cluster}, "secret", "GET cluster/locations", http.StatusOK, "GET /locations"},
		{console.Sources{Cluster: cluster}, "secret", "POST cluster/a", http.StatusOK, "POST /a"},
		{console.Sources{Cluster: cluster, Simulator: cluster}, "", "GET cluster/locations", http.StatusForbidden, ""},
		{console.Sources{Cluster: cluster}, "another", "GET cluster/locations", http.StatusForbidden, ""},
		{console.Sources{Simulator: cluster}, "secret", "GET cluster/locations", http.StatusNotFound, ""},
	} {
		site, err := console.New("secret", test.sources)
		if err != nil {
			t.Fatal(err)
		}
		method, path, _ := strings.Cut(test.request, " ")
		request := httptest.NewRequestWithContext(t.Context(), method, console.Path+path, nil)
		request.Header.Set(console.TokenHeader, test.token)
		response := httptest.NewRecorder()
		site.ServeHTTP(response, request)
		if body := response.Body.String(); response.Code != test.status || test.body != "" && body != test.body {
			t.Errorf("%s with token %q is answered %d %q", test.request, test.token, response.Code, body)
		}
	}
}

// TestControlObjects reads a bucket by the control API, for which no key is needed.
func TestControlObjects(t *testing.T) {
	sim := simulatortest.Start(t)
	sim.CreateBucket(t, "velero")
	client, err := minio.New(sim.Host(), &minio.Options{Creds: credentials.NewStaticV4(sim.Key.ID, sim.Key.Secret, ""), Region: sim.Region})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"a/page.html", "b"} {
		if _, err := client.PutObject(t.Context(), "velero", key, strings.NewReader("<p>"), 3, minio.PutObjectOptions{ContentType: "text/html"}); err != nil {
			t.Fatal(err)
		}
	}
	of := sim.Control + "/v1/objects?region=" + sim.Region + "&bucket="
	content := sim.Control + "/v1/objects/content?region=" + sim.Region + "&bucket=velero&key="
	for url, want := range map[string]string{
		of + "velero":             `"a/"`,
		of + "velero&prefix=a%2F": `"key": "a/page.html"`,
		of + "velero&after=a%2F":  `"prefixes": []`,
		of + "another":            `bucket \"another\" in region \"us-east-1\"`,
		content + "a%2Fpage.html": "<p>",
		content + "c":             "there is no such object",
	} {
		response := ask(t.Context(), t, http.MethodGet, url)
		body, err := io.ReadAll(response.Body)
		if err != nil || !strings.Contains(string(body), want) {
			t.Errorf("%s is answered %s %s, %v; want %s", url, response.Status, body, err, want)
		}
	}
	header := ask(t.Context(), t, http.MethodGet, content+"a%2Fpage.html").Header
	for name, want := range map[string]string{
		"Content-Type": "application/octet-stream", "X-Content-Type-Options": "nosniff", "Content-Disposition": "attachment; filename=page.html",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

// TestJournalEvents shows that a browser takes a stream up again where it was.
func TestJournalEvents(t *testing.T) {
	sim := simulatortest.Start(t)
	for range 3 {
		sim.Journal().Record(journal.Entry{Time: time.Now(), Status: http.StatusOK})
	}
	for last, want := range map[string]string{"": "id: 1", "2": "id: 3"} {
		ctx, cancel := context.WithCancel(t.Context())
		response := ask(ctx, t, http.MethodGet, sim.Control+"/v1/journal/follow", "Accept", "text/event-stream", "Last-Event-ID", last)
		line, err := bufio.NewReader(response.Body).ReadString('\n')
		cancel()
		if media := response.Header.Get("Content-Type"); media != "text/event-stream" || strings.TrimSpace(line) != want {
			t.Errorf("after %q a stream of %s begins with %q, %v; want %q", last, media, line, err, want)
		}
	}
	if response := ask(t.Context(), t, http.MethodGet, sim.Control+"/v1/journal/follow", "Last-Event-ID", "x"); response.StatusCode != http.StatusBadRequest {
		t.Errorf("a wrong Last-Event-ID is answered %s", response.Status)
	}
}

// TestConsoleOfThisMachine shows that the page of a cluster is served to nobody but those who use this machine.
func TestConsoleOfThisMachine(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:80", "localhost", "127.0.0.1"} {
		err := console.Serve(t.Context(), address, http.NotFoundHandler(), func(url string) { t.Errorf("%s is served at %s", address, url) })
		if err == nil || !strings.Contains(err.Error(), "such as 127.0.0.1:0") {
			t.Errorf("%s: %v", address, err)
		}
	}
}
