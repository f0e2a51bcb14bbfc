package verbs

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
)

// verifiedBackup is the JSON of a backup, with a report about it if its findings are given.
func verifiedBackup(t *testing.T, name, location string, phase v1.BackupPhase, findings ...backups.Finding) string {
	t.Helper()
	b := &v1.Backup{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: name, UID: "uid"}, Spec: v1.BackupSpec{StorageLocation: location}, Status: v1.BackupStatus{Phase: phase}}
	report := backups.NewReport(b, time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC))
	report.Objects, report.Volumes = backups.Tally{Restorable: 3, Total: 3}, backups.Tally{Restorable: 1, Total: 2, Names: []string{"data-0"}}
	for _, finding := range findings {
		report.Add(finding.Severity, finding.About, finding.Message)
	}
	if findings != nil {
		if err := report.Annotate(b, ""); err != nil {
			t.Fatal(err)
		}
	}
	text, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestVerify(t *testing.T) {
	note := backups.Finding{Severity: backups.Note, About: "n", Message: "noted"}
	broken, unknown := backups.Finding{Severity: backups.Broken, About: `volume "data-1"`, Message: "gone"}, backups.Finding{Severity: backups.Unknown, About: "u", Message: "no answer"}
	plain := verifiedBackup(t, "a", "east", v1.BackupPhaseCompleted)
	list := `{"metadata":{},"items":[` + plain + "," + verifiedBackup(t, "failed", "east", v1.BackupPhaseFailed) + "," + verifiedBackup(t, "other", "west", v1.BackupPhaseCompleted) + `]}`
	ended := func(findings ...backups.Finding) string {
		return verifiedBackup(t, "a", "east", v1.BackupPhaseCompleted, findings...)
	}
	for name, test := range map[string]struct {
		args     string
		answers  []string
		out, err string
		asked    []string // methods and last words of what the server was sent
		contains bool
	}{
		"verified": {"a", []string{plain, plain, plain, ended(note)}, "Backup \"a\" is verified. Can be restored: 3 objects and 1 of 2 volumes (data-0).\n  Note  n: noted\n", "", []string{"GET a", "PATCH a?fieldManager=velero-locations", "GET a", "GET a"}, false},
		"broken": {"a", []string{plain, plain, ended(note, unknown, broken)}, "Backup \"a\" is broken. Can be restored: 3 objects and 1 of 2 volumes (data-0).\n" +
			"  Broken   volume \"data-1\": gone\n  Unknown  u: no answer\n  Note     n: noted\n", `backup "a" is broken`, nil, false},
		"unknown":       {"a", []string{plain, plain, ended(unknown)}, "Backup \"a\" could not be verified. Can be restored: 3 objects and 1 of 2 volumes (data-0).\n  Unknown  u: no answer\n", `backup "a" could not be verified`, nil, false},
		"of a location": {"--location east -o json", []string{`{"metadata":{"name":"east"}}`, list, plain, ended(broken)}, `"verified": "False"`, `backup "a" is broken`, []string{"GET east", "GET backups", "PATCH a?fieldManager=velero-locations", "GET a"}, true},
		"everywhere":    {"-A -l team=shop", []string{list, plain, plain, ended(broken), ended(broken)}, "Backup \"velero/a\" is broken", "backup \"velero/a\" is broken\nbackup \"velero/other\" is broken", []string{"GET backups?labelSelector=team%3Dshop"}, true},
		"as YAML":       {"a -o yaml", []string{plain, plain, ended(broken)}, "verified: \"False\"\n", `backup "a" is broken`, nil, true},
		"none":          {"--location south", []string{`{"metadata":{"name":"south"}}`, list}, "", "", []string{"GET south", "GET backups"}, false},
		"gone":          {"a", []string{plain, plain, strings.Replace(plain, `"uid":"uid"`, `"uid":"other"`, 1)}, "", `backup "a" was deleted before it was verified`, nil, false},
		"taken away":    {"a", []string{plain, plain, plain}, "", `the request for a verification of backup "a" was taken away`, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			var answers []func(http.ResponseWriter)
			for i, body := range test.answers {
				if name == "verified" && i == 2 { // not answered yet
					body = strings.Replace(body, `"uid":"uid"`, `"uid":"uid","annotations":{"velero-locations.io/verify":"now"}`, 1)
				}
				answers = append(answers, answer(http.StatusOK, body))
			}
			url, requests := api(t, answers...)
			got := run(t, append([]string{"backup", "verify", "--server", url, "-n", "velero"}, strings.Fields(test.args)...)...)
			if fmt.Sprint(got.err) != test.err && (got.err != nil || test.err != "") {
				t.Errorf("got error %v, want %s", got.err, test.err)
			}
			if test.contains && !strings.Contains(got.stdout, test.out) || !test.contains && got.stdout != test.out {
				t.Errorf("got\n%s\nwant\n%s", got.stdout, test.out)
			}
			for i, want := range test.asked {
				sent := (*requests)[i]
				if got := sent.method + " " + sent.uri[strings.LastIndex(sent.uri, "/")+1:]; got != want {
					t.Errorf("got %s, want %s", got, want)
				}
				if sent.method == http.MethodPatch && !strings.Contains(sent.body, `"annotations":{"velero-locations.io/verify":"`) {
					t.Errorf("got %s", sent.body)
				}
			}
		})
	}
}

// TestVerifyTimeout shows that nobody waits for ever for a controller that does not run.
func TestVerifyTimeout(t *testing.T) {
	pending := strings.Replace(verifiedBackup(t, "a", "east", v1.BackupPhaseCompleted), `"uid":"uid"`, `"uid":"uid","annotations":{"velero-locations.io/verify":"now"}`, 1)
	url, requests := api(t, answer(http.StatusOK, pending))
	got := run(t, "backup", "verify", "a", "--timeout", "300ms", "--server", url)
	if want := `backup "a" was not verified within 300ms: wait for longer (--timeout), or see whether controller "verification" runs`; got.err == nil || got.err.Error() != want {
		t.Errorf("got %v, want %s", got.err, want)
	}
	for _, request := range *requests {
		if request.method != http.MethodGet {
			t.Errorf("a request that was there was replaced: %+v", request)
		}
	}
}

// TestVerifyNoLocation shows that a location that is not there is not one without backups.
func TestVerifyNoLocation(t *testing.T) {
	url, requests := api(t, answer(http.StatusNotFound, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404,"message":"\"wset\" not found"}`))
	got := run(t, "backup", "verify", "--location", "wset", "--server", url)
	if got.err == nil || got.err.Error() != `"wset" not found` || len(*requests) != 1 {
		t.Errorf("got %v after %v", got.err, *requests)
	}
}

func TestVerifyRefuses(t *testing.T) {
	for args, want := range map[string]string{
		"":                   "say what to verify by exactly one of: names, --all, --location, --selector",
		"a --all":            "say what to verify by exactly one of: names, --all, --location, --selector",
		"-l a=b --all":       "say what to verify by exactly one of: names, --all, --location, --selector",
		"a -A":               "--all-namespaces: names are of one namespace (-n)",
		"--all --location a": "say what to verify by exactly one of: names, --all, --location, --selector",
		"a --timeout -5s":    `invalid argument "-5s" for "--timeout" flag: want a time above 0, as 90s`,
		"a --timeout 0s":     `invalid argument "0s" for "--timeout" flag: want a time above 0, as 90s`,
		"a -o table":         `--output "table": want one of text, json, yaml`,
	} {
		got := run(t, append([]string{"backup", "verify"}, strings.Fields(args)...)...)
		if got.err == nil || got.err.Error() != want {
			t.Errorf("%s: got %v, want %s", args, got.err, want)
		}
	}
}
