package console

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/e2e/browser"
	"github.com/velero-locations/velero-locations/e2e/cluster"
)

// house is dev, with its page in a browser.
type house struct {
	stage
	devtest.Server
	console string
}

const (
	// locationsOfHouse are two that work, in one place, and one that does not, with markup in its place.
	locationsOfHouse = `
apiVersion: velero.io/v1
kind: BackupStorageLocation
metadata: {name: east, namespace: velero}
spec: {provider: aws, default: true, config: {region: us-east-1}, objectStorage: {bucket: velero-backups, prefix: shared}}
---
apiVersion: velero.io/v1
kind: BackupStorageLocation
metadata: {name: twin, namespace: velero}
spec: {provider: aws, config: {region: us-east-1}, objectStorage: {bucket: velero-backups, prefix: shared}}
---
apiVersion: velero.io/v1
kind: BackupStorageLocation
metadata: {name: lost, namespace: velero}
spec: {provider: aws, config: {region: us-east-1}, objectStorage: {bucket: nowhere-at-all, prefix: MARKUP}}
---
apiVersion: velero.io/v1
kind: VolumeSnapshotLocation
metadata: {name: ebs, namespace: velero}
spec: {provider: aws, config: {region: us-east-1}}
`
	backupsOfHouse = `
apiVersion: velero.io/v1
kind: Backup
metadata: {name: whole, namespace: velero}
spec: {snapshotVolumes: false}
---
apiVersion: velero.io/v1
kind: Backup
metadata: {name: stuck, namespace: velero}
spec: {storageLocation: lost}
---
apiVersion: velero.io/v1
kind: Schedule
metadata: {name: nightly, namespace: velero}
spec: {schedule: "0 3 * * *", template: {includedNamespaces: [shop]}}
`
)

func startHouse(t *testing.T) (*browser.Browser, *house) {
	t.Helper()
	tabs := browser.Start(t)
	h := &house{Server: cluster.StartDev(t)}
	devtest.Poll(t, time.Minute, "the address of the console", func() bool {
		log, err := os.ReadFile(h.Path("..", "logs", "dev.log"))
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(`Console +(\S+)\n`).FindSubmatch(log)
		if found != nil {
			h.console = string(found[1])
		}
		return found != nil
	})
	h.KubectlWith(t, strings.ReplaceAll(locationsOfHouse, "MARKUP", strconv.Quote(markup)), "apply", "-f", "-")
	h.page = tabs.Open(t, h.console)
	return tabs, h
}

// section is what is shown of an object of a name.
func section(name string) string {
	return fmt.Sprintf(`[...document.querySelectorAll("main section")].find((s) => s.innerText.startsWith(%q))`, "velero/"+name)
}

// sees waits until that has a text.
func (h *house) sees(t *testing.T, name, text string) {
	t.Helper()
	h.page.Wait(t, fmt.Sprintf(`%s?.innerText.includes(%q)`, section(name), text))
}

// TestLocations shows where backups can go, why not, and since when, as it changes.
func TestLocations(t *testing.T) {
	tabs, h := startHouse(t)
	complaints := h.page.Complaints(t)
	h.see(t, "locations", "velero/east")
	h.sees(t, "east", "Available")
	h.sees(t, "east", "default")
	h.sees(t, "east", "velero/twin") // the place of both
	h.sees(t, "lost", "us-east-1 / nowhere-at-all / "+markup)
	h.sees(t, "lost", "Unavailable")
	h.sees(t, "lost", "there is no bucket")
	h.sees(t, "ebs", "Available")

	// What happens is there at once, and in the history.
	h.Kubectl(t, "create", "secret", "generic", "mine", "-n", "velero", "--from-file=cloud="+h.Path("accounts", "secondary"))
	h.Kubectl(t, "patch", "bsl", "twin", "-n", "velero", "--type=merge", "-p", `{"spec":{"credential":{"name":"mine","key":"cloud"}}}`)
	h.sees(t, "twin", "Unavailable")
	h.sees(t, "twin", "Secret mine, key cloud: access key ")
	browser.Evaluate[bool](t, h.page, section("twin")+`.querySelector("details").open = true`)
	h.page.Wait(t, section("twin")+`.querySelectorAll("svg rect.bad").length > 0 && `+section("twin")+`.querySelectorAll("ol li").length > 1`)

	checked := section("east") + `.querySelector("dl time").dateTime`
	before := browser.Evaluate[string](t, h.page, checked)
	h.tab(t, "Check now: velero/east")
	h.page.Press(t, "\r")
	h.page.Wait(t, fmt.Sprintf(`%s?.querySelector("dl time") && %s !== %q`, section("east"), checked, before))
	h.sees(t, "east", "Available")

	if title := browser.Evaluate[string](t, h.page, `document.title`); title != "Locations · velero-locations" {
		t.Errorf("the title of the page is %q", title)
	}

	h.see(t, "where", ". "+h.Path("env"))

	// Without the token nothing of it is read.
	address, _, _ := strings.Cut(h.console, "#")
	stranger := tabs.Open(t, address+"#locations")
	stranger.Wait(t, `document.body.innerText.includes("This needs the token")`)
	if text := browser.Evaluate[string](t, stranger, `document.body.innerText`); strings.Contains(text, "velero-backups") {
		t.Errorf("the page shows:\n%s", text)
	}
	for _, complaint := range complaints() {
		t.Errorf("the console of the browser has %s", complaint)
	}
}

// TestBackups shows the way of backups, and where they stop; the runs of schedules; and which key leads to which place.
func TestBackups(t *testing.T) {
	_, h := startHouse(t)
	complaints := h.page.Complaints(t)
	h.Kubectl(t, "wait", "--for=jsonpath={.status.phase}=Available", "bsl/east", "-n", "velero")
	h.Kubectl(t, "wait", "--for=jsonpath={.status.phase}=Unavailable", "bsl/lost", "-n", "velero")
	h.see(t, "backups", "There is no backup.")
	h.KubectlWith(t, backupsOfHouse, "apply", "-f", "-")
	h.sees(t, "whole", "Completed")
	h.sees(t, "whole", "east: the default")
	h.tab(t, "Files in the bucket: velero/whole")
	h.page.Press(t, "\r")
	h.sees(t, "whole", "shared/backups/whole/velero-backup.json")
	h.sees(t, "stuck", "it stopped here")
	h.sees(t, "stuck", "Failed")
	h.shows(t, "velero/nightly")
	h.page.Wait(t, `document.querySelectorAll("svg.line rect.next").length > 0`)

	// One that takes its time is seen on its way, and then at its end.
	h.Must(t, "velero-locations simulator fault add latency delay=3s --operation s3:PutObject --prefix shared/backups/slow/ --name slow")
	whole, _, _ := strings.Cut(backupsOfHouse, "---")
	h.KubectlWith(t, strings.ReplaceAll(whole, "whole", "slow"), "create", "-f", "-")
	h.sees(t, "slow", "InProgress")
	h.page.Wait(t, section("slow")+`?.querySelector("li[aria-current=step]") !== null`)
	h.Must(t, "velero-locations simulator fault remove slow")
	h.sees(t, "slow", "Completed")

	h.see(t, "map", "velero/east")
	h.shows(t, "also the place of velero/twin")
	h.page.Wait(t, `[...document.querySelectorAll("svg.lines text")].some((text) => text.textContent.includes("account 111111111111"))`)
	for _, complaint := range complaints() {
		t.Errorf("the console of the browser has %s", complaint)
	}
}

// TestAccessibleCluster audits the views of a cluster.
func TestAccessibleCluster(t *testing.T) {
	axe := readAxe(t)
	_, h := startHouse(t)
	h.KubectlWith(t, backupsOfHouse, "apply", "-f", "-")
	h.see(t, "backups", "velero/whole")
	h.sees(t, "whole", "Completed")
	h.sees(t, "stuck", "Failed")
	audit(t, h.page, axe, h.see, map[string]string{"locations": "velero/east", "backups": "velero/whole", "map": "velero/east"})
}

// TestConsoleCommand shows a cluster alone, by the rights of a user, and changes nothing in it unless that is asked for.
func TestConsoleCommand(t *testing.T) {
	tabs, h := startHouse(t)
	h.Kubectl(t, "wait", "--for=jsonpath={.status.phase}=Available", "bsl/east", "-n", "velero")
	views := `[...document.querySelectorAll("nav a")].map((a) => a.innerText).join()`
	check := section("east") + `?.querySelector("button:not(:disabled)")?.innerText`

	h.page = tabs.Open(t, h.serveConsole(t))
	h.see(t, "locations", "velero/east")
	h.page.Wait(t, check+` === "copy"`)
	if got := browser.Evaluate[string](t, h.page, views); got != "Map,Locations,Backups" {
		t.Errorf("there are the views %s", got)
	}
	refused := browser.Evaluate[int](t, h.page, `fetch("/console/cluster/locations/velero/east/check", { method: "POST", headers: { "Console-Token": sessionStorage.getItem("console-token") } }).then((r) => r.status)`)
	if refused != http.StatusForbidden {
		t.Errorf("a check is answered %d", refused)
	}

	h.page = tabs.Open(t, h.serveConsole(t, "--write"))
	h.see(t, "locations", "velero/east")
	h.page.Wait(t, check+` === "Check now"`)
	h.click(t, "Check now: velero/east")
	h.page.Wait(t, `document.getElementById("told").innerText.endsWith("done")`)

	h.page = tabs.Open(t, h.serveConsole(t, "--as", "nobody-who-may", "--all-namespaces"))
	h.see(t, "backups", "you may not list and watch backups.velero.io")
}

// serveConsole runs velero-locations console until the test ends, and returns its address.
func (h *house) serveConsole(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), cluster.Tool(t, "velero-locations"), append([]string{"console", "--kubeconfig", h.Path("kubeconfig")}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() }) // the context has ended it
	var url string
	if _, err := fmt.Fscanf(out, "Console %s\n", &url); err != nil {
		t.Fatal(err)
	}
	return url
}
