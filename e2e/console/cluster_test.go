package console

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

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
	// locationsOfHouse are two that work, in one place, and one that does not, with markup in its message.
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
spec: {provider: aws, config: {region: us-east-1}, objectStorage: {bucket: nowhere-at-all, prefix: "<b onclick=x>"}}
---
apiVersion: velero.io/v1
kind: VolumeSnapshotLocation
metadata: {name: ebs, namespace: velero}
spec: {provider: aws, config: {region: us-east-1}}
`
)

func startHouse(t *testing.T) (*browser.Browser, *house) {
	t.Helper()
	tabs := browser.Start(t)
	h := &house{Server: cluster.StartDev(t)}
	log, err := os.ReadFile(h.Path("..", "logs", "dev.log"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`Console +(\S+)`).FindSubmatch(log)
	if found == nil {
		t.Fatalf("dev does not say where its console is:\n%s", log)
	}
	h.console = string(found[1])
	h.KubectlWith(t, locationsOfHouse, "apply", "-f", "-")
	h.page = tabs.Open(t, h.console)
	return tabs, h
}

// TestLocations shows where backups can go, why not, and since when, as it changes.
func TestLocations(t *testing.T) {
	tabs, h := startHouse(t)
	complaints := h.page.Complaints(t)
	section := func(name string) string {
		return fmt.Sprintf(`[...document.querySelectorAll("main section")].find((s) => s.innerText.startsWith(%q))`, "velero/"+name)
	}
	sees := func(name, text string) {
		t.Helper()
		h.page.Wait(t, fmt.Sprintf(`%s?.innerText.includes(%q)`, section(name), text))
	}
	h.see(t, "locations", "velero/east")
	sees("east", "Available")
	sees("east", "default")
	sees("east", "velero/twin") // the place of both
	sees("lost", `us-east-1 / nowhere-at-all / <b onclick=x>`)
	sees("lost", "Unavailable")
	sees("lost", "there is no bucket")
	sees("ebs", "Available")

	// What happens is there at once, and in the history.
	h.Kubectl(t, "create", "secret", "generic", "mine", "-n", "velero", "--from-file=cloud="+h.Path("accounts", "secondary"))
	h.Kubectl(t, "patch", "bsl", "twin", "-n", "velero", "--type=merge", "-p", `{"spec":{"credential":{"name":"mine","key":"cloud"}}}`)
	sees("twin", "Unavailable")
	sees("twin", "Secret mine, key cloud: access key ")
	browser.Evaluate[bool](t, h.page, section("twin")+`.querySelector("details").open = true`)
	h.page.Wait(t, section("twin")+`.querySelectorAll("svg rect.bad").length > 0 && `+section("twin")+`.querySelectorAll("ol li").length > 1`)

	checked := section("east") + `.querySelector("dl time").dateTime`
	before := browser.Evaluate[string](t, h.page, checked)
	h.click(t, "Check now: velero/east")
	h.page.Wait(t, fmt.Sprintf(`%s?.querySelector("dl time") && %s !== %q`, section("east"), checked, before))
	sees("east", "Available")

	// Without the token nothing of it is read.
	address, _, _ := strings.Cut(h.console, "#")
	stranger := tabs.Open(t, address+"#locations")
	stranger.Wait(t, `document.body.innerText.includes("this needs the token")`)
	if text := browser.Evaluate[string](t, stranger, `document.body.innerText`); strings.Contains(text, "velero-backups") {
		t.Errorf("the page shows:\n%s", text)
	}
	for _, complaint := range complaints() {
		t.Errorf("the console of the browser has %s", complaint)
	}
}
