package console

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/velero-locations/velero-locations/e2e/browser"
	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/call"
	"github.com/velero-locations/velero-locations/simulator/journal"
	"github.com/velero-locations/velero-locations/simulator/portworx"
	"github.com/velero-locations/velero-locations/simulator/simulatortest"
)

var screenshots = flag.String("screenshots", "", "directory to write screenshots to, those of the documentation in docs/images")

const (
	bucket = "velero"
	volume = "vol-0123456789abcdef0"
	// markup is a name that would run, were it ever more than text.
	markup = `<img src=x onerror="document.title='taken over'">`
)

// stage is a simulator with its page in a browser.
type stage struct {
	*simulatortest.Simulator
	s3   *minio.Client
	page *browser.Page
}

func start(t *testing.T) (*browser.Browser, *stage) {
	t.Helper()
	tabs := browser.Start(t)
	sim := simulatortest.Start(t, func(c *simulator.Config) {
		account := &c.Accounts[0]
		account.Name = markup
		account.AccessKeys = append(account.AccessKeys, simulator.AccessKeyConfig{ID: "AKIAOTHER", Secret: "what no page may read"})
		account.Buckets = []simulator.BucketConfig{{Name: bucket, Versioning: "Enabled"}}
		account.Volumes = []simulator.VolumeConfig{{ID: volume, AvailabilityZone: "us-east-1a", Size: 1, Data: "x"}}
		account.Portworx = []portworx.Cluster{{Name: "px", Nodes: []string{"one", "two"}}}
	})
	client, err := minio.New(sim.Host(), &minio.Options{Creds: credentials.NewStaticV4(sim.Key.ID, sim.Key.Secret, ""), Region: sim.Region, MaxRetries: 1})
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{sim, client, tabs.Open(t, sim.Console)}
	for _, key := range []string{"cluster1/backups/b/velero-backup.json", "cluster1/" + markup} {
		s.put(t, key, "first")
	}
	s.put(t, "cluster1/"+markup, "second")
	return tabs, s
}

func (s *stage) put(t *testing.T, key, content string) {
	t.Helper()
	_, err := s.s3.PutObject(t.Context(), bucket, key, strings.NewReader(content), int64(len(content)),
		minio.PutObjectOptions{UserMetadata: map[string]string{"Note": markup}})
	if err != nil {
		t.Fatal(err)
	}
}

// see goes to a view, and waits until it shows a text.
func (s *stage) see(t *testing.T, view, text string) {
	t.Helper()
	browser.Evaluate[string](t, s.page, fmt.Sprintf(`location.hash = %q`, view))
	s.shows(t, text)
}

func (s *stage) shows(t *testing.T, text string) {
	t.Helper()
	s.page.Wait(t, fmt.Sprintf(`document.querySelector("main").innerText.includes(%q)`, text))
}

// click clicks on the button of a name that what it does has.
func (s *stage) click(t *testing.T, name string) {
	t.Helper()
	button := fmt.Sprintf(`[...document.querySelectorAll("main button")].find((b) => [b.getAttribute("aria-label"), b.innerText].includes(%q))`, name)
	s.page.Wait(t, button+" !== undefined")
	browser.Evaluate[bool](t, s.page, "("+button+").click(), true")
}

// TestViews goes through what the page shows and does, each thing with what became of it in the simulator.
func TestViews(t *testing.T) {
	_, s := start(t)
	complaints := s.page.Complaints(t)
	ctx := t.Context()
	for _, step := range []struct {
		name string
		do   func(t *testing.T)
	}{
		{"where", func(t *testing.T) {
			s.see(t, "where", s.S3)
			s.Clock().Advance(90 * time.Minute)
			s.shows(t, "1h30m0s off the machine's")
			s.Clock().Reset()
		}},
		{"map", func(t *testing.T) {
			s.see(t, "map", markup)
			s.shows(t, "simulator key disable AKIAOTHER")
			browser.Evaluate[bool](t, s.page, `[...document.querySelectorAll("main li")].find((li) => li.innerText.startsWith("key AKIAOTHER")).querySelector("button").click(), true`)
			s.shows(t, "simulator key enable AKIAOTHER")
			if _, active := s.Accounts().Key("AKIAOTHER"); active {
				t.Error("the key is active")
			}
		}},
		{"requests", func(t *testing.T) {
			s.see(t, "requests", markup)
			s.put(t, "seen-at-once", "x")
			s.shows(t, bucket+"/seen-at-once")
			browser.Evaluate[bool](t, s.page, `((input) => { input.value = "NoSuchKey"; input.dispatchEvent(new Event("change")); return true; })(document.querySelector("input[name=error]"))`)
			s.page.Wait(t, `!document.querySelector("main").innerText.includes("seen-at-once")`)
			s.shows(t, "--error NoSuchKey")
			_, _ = s.s3.StatObject(ctx, bucket, "missing", minio.StatObjectOptions{}) // which is refused
			s.shows(t, bucket+"/missing")
		}},
		{"faults", func(t *testing.T) {
			s.see(t, "faults", "Region us-east-1 is down")
			s.click(t, "Region us-east-1 is down")
			s.page.Wait(t, `document.querySelector("button[aria-pressed=true]")?.innerText === "Region us-east-1 is down"`)
			if _, err := s.s3.StatObject(ctx, bucket, "seen-at-once", minio.StatObjectOptions{}); err == nil {
				t.Error("the region works")
			}
			s.click(t, "Region us-east-1 is down")
			s.page.Wait(t, `!document.querySelector("button[aria-pressed=true]")`)
			if _, err := s.s3.StatObject(ctx, bucket, "seen-at-once", minio.StatObjectOptions{}); err != nil {
				t.Error(err)
			}
			s.click(t, "A day ahead")
			s.shows(t, "24h0m0s off the machine's")
			s.click(t, "The machine's time")
			s.shows(t, "as the machine's")
		}},
		{"objects", func(t *testing.T) {
			s.see(t, "objects", "cluster1/")
			s.click(t, "cluster1/")
			s.shows(t, markup)
			s.shows(t, "older")
			got := browser.Evaluate[[]string](t, s.page, `Promise.all([...document.querySelectorAll("a[download]")].map(async (a) => (await fetch(a.href)).text()))`)
			if strings.Join(got, " ") != "second first" {
				t.Errorf("downloads have %q", got)
			}
			s.click(t, "backups/")
			s.click(t, "b/")
			s.shows(t, "velero-backup.json")
		}},
		{"volumes", func(t *testing.T) {
			s.see(t, "volumes", volume)
			content := `document.querySelector("main tbody tr").children[4].innerText`
			before := browser.Evaluate[string](t, s.page, content)
			s.click(t, "Write to volume "+volume)
			s.page.Wait(t, fmt.Sprintf(`%s !== %q`, content, before))
			s.click(t, "fail node one of px")
			s.click(t, "replace node one of px")
			s.page.Wait(t, `!document.querySelector("main").innerText.includes("failed")`)
		}},
		{"whole", func(t *testing.T) {
			s.see(t, "whole", "Secrets are in it")
			archive := browser.Evaluate[string](t, s.page, `fetch(document.querySelector("a[download]").href).then((r) => r.bytes()).then((bytes) => bytes.toBase64())`)
			s.click(t, "Reset")
			s.page.Wait(t, `document.getElementById("told").innerText === "Reset: done"`)
			if _, err := s.s3.StatObject(ctx, bucket, "seen-at-once", minio.StatObjectOptions{}); err == nil {
				t.Error("the object is there")
			}
			browser.Evaluate[bool](t, s.page, fmt.Sprintf(`(() => {
				const files = new DataTransfer();
				files.items.add(new File([Uint8Array.fromBase64(%q)], "state.tar"));
				document.querySelector("input[type=file]").files = files.files;
				document.querySelector("main form").requestSubmit();
				return true;
			})()`, archive))
			s.page.Wait(t, `document.getElementById("told").innerText === "Load: done"`)
			if _, err := s.s3.StatObject(ctx, bucket, "seen-at-once", minio.StatObjectOptions{}); err != nil {
				t.Error(err)
			}
		}},
	} {
		if !t.Run(step.name, step.do) {
			return
		}
	}
	if title := browser.Evaluate[string](t, s.page, `document.title`); !strings.HasSuffix(title, "velero-locations") || strings.Contains(title, "taken over") {
		t.Errorf("the title is %q", title)
	}
	for _, complaint := range complaints() {
		t.Errorf("the console of the browser has %s", complaint)
	}
}

// TestReadOnly shows that the page changes nothing for whoever does not have the token, and says so.
func TestReadOnly(t *testing.T) {
	tabs, s := start(t)
	address, _, _ := strings.Cut(s.Console, "#")
	s.page = tabs.Open(t, address+"#faults")
	s.page.Wait(t, `document.getElementById("top").innerText.includes("read-only")`)
	s.shows(t, "Region us-east-1 is down")
	enabled := browser.Evaluate[[]string](t, s.page, `[...document.querySelectorAll("main button:not(:disabled)")].map((b) => b.innerText)`)
	for _, button := range enabled {
		if button != "copy" {
			t.Errorf("there is a button %q", button)
		}
	}
	status := browser.Evaluate[int](t, s.page, `fetch("/v1/reset", { method: "POST" }).then((r) => r.status)`)
	if _, err := s.s3.StatObject(t.Context(), bucket, "cluster1/"+markup, minio.StatObjectOptions{}); status != http.StatusForbidden || err != nil {
		t.Errorf("a reset is answered %d, and then %v", status, err)
	}
	// The address of another start, pasted into the same tab, has another token, of which it is found out whether it is right.
	browser.Evaluate[string](t, s.page, `location.hash = "token=of-another-start"`)
	s.page.Await(t, `location.hash === "" && document.getElementById("top")?.innerText.includes("read-only")`)
	browser.Evaluate[string](t, s.page, fmt.Sprintf(`location.href = %q`, s.Console))
	s.page.Await(t, `location.hash === "" && /^velero-locations((?!read-only).)*$/s.test(document.getElementById("top")?.innerText ?? "")`)
	// Whoever had the token keeps it for the tab, and shows it to nobody.
	if shown := browser.Evaluate[string](t, tabs.Open(t, s.Console), `location.href`); strings.Contains(shown, "token") {
		t.Errorf("the address is %s", shown)
	}
}

// TestKeyboard does something by keys alone.
func TestKeyboard(t *testing.T) {
	_, s := start(t)
	s.see(t, "where", s.S3)
	s.tab(t, "Faults and clock")
	s.page.Press(t, "\r")
	s.shows(t, "Uploads are throttled")
	s.tab(t, "Uploads are throttled")
	s.page.Press(t, " ")
	s.page.Wait(t, `document.querySelector("button[aria-pressed=true]") !== null`)
	if list := s.Faults().List(); len(list) != 1 || list[0].Rule.Name != "throttled" {
		t.Errorf("the faults are %v", list)
	}
	if got := s.focused(t); got != "Uploads are throttled" {
		t.Errorf("the focus is on %q", got)
	}
}

// tab presses the key until what has a name has the focus.
func (s *stage) tab(t *testing.T, to string) {
	t.Helper()
	for range 60 {
		s.page.Press(t, "\t")
		if s.focused(t) == to {
			return
		}
	}
	t.Fatalf("keys do not reach %q", to)
}

// focused is the name of what has the focus.
func (s *stage) focused(t *testing.T) string {
	t.Helper()
	return browser.Evaluate[string](t, s.page, `document.activeElement.getAttribute("aria-label") ?? document.activeElement.innerText`)
}

// TestAccessible audits each view with axe-core, in both themes, on a desk and on a phone.
func TestAccessible(t *testing.T) {
	axe := readAxe(t)
	_, s := start(t)
	s.see(t, "faults", "Uploads are throttled")
	s.click(t, "Uploads are throttled")
	audit(t, s.page, axe, s.see, map[string]string{
		"where": s.S3, "map": "AKIAOTHER", "requests": markup, "faults": "Clock", "objects": "cluster1/", "volumes": volume, "whole": "Save and load",
	})
}

// readAxe returns the script that audits pages.
func readAxe(t *testing.T) string {
	t.Helper()
	axe, err := os.ReadFile("node_modules/axe-core/axe.min.js")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("axe-core is missing: npm ci --prefix e2e/console")
	}
	return string(axe)
}

// audit audits views of a page, each of which is seen by a text.
func audit(t *testing.T, page *browser.Page, axe string, see func(t *testing.T, view, text string), views map[string]string) {
	t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		page.Theme(t, scheme)
		for _, width := range []int64{1280, 390} {
			page.Resize(t, width, 900)
			for view, text := range views {
				see(t, view, text)
				violations := browser.Evaluate[[]any](t, page, axe+`;axe.run().then((r) => r.violations.map((v) => [v.id, v.help, v.nodes.map((n) => n.html + n.failureSummary)]))`)
				if len(violations) > 0 {
					text, _ := json.MarshalIndent(violations, "", "  ")
					t.Errorf("%s, %s, %d pixels: %s", view, scheme, width, text)
				}
				if wide := browser.Evaluate[int64](t, page, `document.documentElement.scrollWidth`); wide > width {
					t.Errorf("%s, %s, %d pixels: the page is %d wide", view, scheme, width, wide)
				}
				shoot(t, page, fmt.Sprintf("console-%s-%s-%d.png", view, scheme, width))
			}
		}
	}
}

// shoot writes a screenshot, where that is asked for.
func shoot(t *testing.T, page *browser.Page, name string) {
	t.Helper()
	if *screenshots == "" {
		return
	}
	shown, err := png.Decode(bytes.NewReader(page.Screenshot(t)))
	if err != nil {
		t.Fatal(err)
	}
	var small bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&small, inFewColours(shown)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*screenshots, name), small.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// inFewColours returns an image in the 256 colours that it has most of, as which a page takes half of the bytes.
func inFewColours(from image.Image) image.Image {
	area, count := from.Bounds(), map[color.Color]int{}
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			count[from.At(x, y)]++
		}
	}
	most := slices.SortedFunc(maps.Keys(count), func(a, b color.Color) int { return count[b] - count[a] })
	out := image.NewPaletted(area, most[:min(len(most), 256)])
	draw.Draw(out, area, from, area.Min, draw.Src)
	return out
}

// TestManyRequests shows that the page does not grow with what it is told: it has the last requests, and no others.
func TestManyRequests(t *testing.T) {
	_, s := start(t)
	s.see(t, "requests", markup)
	const many = 10_000
	tell := func(round int) {
		t.Helper()
		for i := range many {
			key := fmt.Sprintf("round-%d-key-%d-%s", round, i, strings.Repeat("x", 1000))
			s.Journal().Record(journal.Entry{Time: time.Now(), Call: call.Call{Operation: "s3:GetObject", Bucket: bucket, Key: key}, Status: http.StatusOK})
		}
		s.shows(t, fmt.Sprintf("round-%d-key-%d-", round, many-1))
		if rows := browser.Evaluate[int](t, s.page, `document.querySelectorAll("main tbody tr").length`); rows != 200 {
			t.Errorf("there are %d rows", rows)
		}
	}
	tell(1) // as many rows as there will be, and all code compiled
	before := s.page.Heap(t)
	tell(2)
	// All entries together take more than twice of this.
	if after := s.page.Heap(t); after-before > 5<<20 {
		t.Errorf("%d requests later the page's heap has %d KiB, and had %d", many, after>>10, before>>10)
	}
}

// TestSize keeps the page small.
func TestSize(t *testing.T) {
	_, s := start(t)
	urls := browser.Evaluate[[]string](t, s.page, `performance.getEntriesByType("resource").map((r) => r.name).filter((name) => name.includes("/console/"))`)
	total := 0
	for _, url := range urls {
		total += len(fetch(t.Context(), t, url))
	}
	if total == 0 || total > 300<<10 {
		t.Errorf("%d files have %d bytes", len(urls), total)
	}
}

func fetch(ctx context.Context, t *testing.T, url string) []byte {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var body bytes.Buffer
	if _, err := io.Copy(&body, response.Body); err != nil {
		t.Fatal(err)
	}
	return body.Bytes()
}
