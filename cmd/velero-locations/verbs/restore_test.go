package verbs

import (
	"encoding/json"
	"maps"
	"regexp"
	"strings"
	"testing"
)

// TestCreateRestorePrints shows what flags of restores mean, one line each.
func TestCreateRestorePrints(t *testing.T) {
	for args, want := range map[string]string{
		"":                                                            "",
		"--include-namespaces a,b":                                    `"includedNamespaces":["a","b"]`,
		"--exclude-namespaces a":                                      `"excludedNamespaces":["a"]`,
		"--include-resources pods,pvc":                                `"includedResources":["pods","pvc"]`,
		"--exclude-resources pods":                                    `"excludedResources":["pods"]`,
		"--include-cluster-resources":                                 `"includeClusterResources":true`,
		"--include-cluster-resources=false":                           `"includeClusterResources":false`,
		"--namespace-mappings a:b,c:d":                                `"namespaceMapping":{"a":"b","c":"d"}`,
		"-l app=shop":                                                 `"labelSelector":{"matchLabels":{"app":"shop"}}`,
		"--or-selector 'a=b or c in (d)'":                             `"orLabelSelectors":[{"matchLabels":{"a":"b"}},{"matchExpressions":[{"key":"c","operator":"In","values":["d"]}]}]`,
		"--restore-volumes=false":                                     `"restorePVs":false`,
		"--preserve-nodeports":                                        `"preserveNodePorts":true`,
		"--existing-resource-policy update":                           `"existingResourcePolicy":"update"`,
		"--status-include-resources a":                                `"restoreStatus":{"includedResources":["a"]}`,
		"--status-exclude-resources a":                                "",
		"--item-operation-timeout 1m":                                 `"itemOperationTimeout":"1m0s"`,
		"--resource-modifier-configmap a":                             `"resourceModifier":{"apiGroup":"","kind":"configmap","name":"a"}`,
		"--resource-policies-configmap a":                             `"resourcePolicy":{"apiGroup":null,"kind":"configmap","name":"a"}`,
		"--write-sparse-files":                                        `"uploaderConfig":{"writeSparseFiles":true}`,
		"--parallel-files-download 3":                                 `"uploaderConfig":{"parallelFilesDownload":3}`,
		"--allow-partially-failed --wait":                             "",
		"--status-include-resources a,b --status-exclude-resources c": `"restoreStatus":{"excludedResources":["c"],"includedResources":["a","b"]}`,
	} {
		t.Run(args, func(t *testing.T) {
			got := run(t, append(strings.Fields("restore create x --from-backup b -o json --labels team=a --annotations note=b -n ns"), words(args)...)...)
			if got.err != nil {
				t.Fatal(got.err)
			}
			var restore struct {
				Kind     string
				Metadata struct {
					Name, Namespace     string
					Labels, Annotations map[string]string
				}
				Spec map[string]any
			}
			if err := json.Unmarshal([]byte(got.stdout), &restore); err != nil {
				t.Fatal(err)
			}
			if m := restore.Metadata; restore.Kind != "Restore" || m.Name != "x" || m.Namespace != "ns" || m.Labels["team"] != "a" || m.Annotations["note"] != "b" {
				t.Errorf("got\n%s", got.stdout)
			}
			spec := map[string]any{"backupName": "b", "includedNamespaces": []any{"*"}}
			var more map[string]any
			if err := json.Unmarshal([]byte("{"+want+"}"), &more); err != nil {
				t.Fatal(err)
			}
			maps.Copy(spec, more)
			text, err := json.Marshal(restore.Spec)
			wanted, wantedErr := json.Marshal(spec)
			if err != nil || wantedErr != nil || string(text) != string(wanted) {
				t.Errorf("the spec is\n%s\nwant\n%s", text, wanted)
			}
		})
	}
}

func TestRefusesWrongRestoreFlags(t *testing.T) {
	for args, want := range map[string]string{
		"restore create":                                              "at least one of the flags in the group [from-backup from-schedule] is required",
		"restore create a b --from-backup c":                          "want the name of one restore, got 2 names",
		"restore create --from-backup a --from-schedule b":            "from-backup from-schedule",
		"restore create --from-backup a -l b=c --or-selector d":       "selector or-selector",
		"restore create --from-backup a --namespace-mappings b":       `"b" is not of the form OLD:NEW`,
		"restore create --from-backup a --namespace-mappings b:c,b:d": `"b" is to become both "c" and "d": want one name`,
		"restore create --from-backup a --namespace-mappings b:":      `"b:" is not of the form OLD:NEW`,
		"restore create --from-backup a --parallel-files-download -1": "want a whole number that is not negative",
		"restore create --from-backup a":                              "no API to speak to",
		"restore describe a -l b=c":                                   "either names or --selector",
		"restore delete":                                              "say what to delete by exactly one of: names, --all, --selector",
		"restore delete a":                                            "give --confirm",
		"restore logs":                                                "want the name of one restore",
	} {
		t.Run(args, func(t *testing.T) {
			got := run(t, strings.Fields(args)...)
			if got.err == nil || !strings.Contains(got.err.Error(), want) || got.stdout != "" {
				t.Errorf("got %+v, want %q", got, want)
			}
		})
	}
}

const madeRestore = `{"metadata":{"name":"x","namespace":"velero","uid":"u-1"},"spec":{"backupName":"x"}}`

func TestCreateRestoreSends(t *testing.T) {
	url, requests := api(t, answer(200, madeBackup), answer(201, madeRestore))
	got := run(t, "restore", "create", "--from-backup", "x", "--namespace-mappings", "shop:copy", "--server", url)
	wantLines(t, got.stdout, `Restore request "x" submitted successfully.`, "Run `velero restore describe x` or `velero restore logs x` for more details.")
	if r := *requests; len(r) != 2 || r[0].method != "GET" || r[1].method != "POST" || !strings.HasPrefix(r[1].uri, "/apis/velero.io/v1/namespaces/velero/restores?") ||
		!strings.Contains(r[1].body, `"namespaceMapping":{"shop":"copy"}`) || !regexp.MustCompile(`"name":"x-[0-9]{14}"`).MatchString(r[1].body) {
		t.Errorf("requests: %+v", r)
	}

	absent := answer(404, `{"kind":"Status","status":"Failure","reason":"NotFound","code":404,"message":"no such backup"}`)
	url, requests = api(t, absent)
	if got = run(t, "create", "restore", "--from-backup", "x", "--server", url); got.err == nil || got.err.Error() != "no such backup" || len(*requests) != 1 {
		t.Errorf("without a backup: %+v, %+v", got, *requests)
	}
}

// TestRestoreFromSchedule shows which backup of a schedule is restored.
func TestRestoreFromSchedule(t *testing.T) {
	list := func(items string) string { return `{"kind":"BackupList","metadata":{},"items":[` + items + `]}` }
	const (
		complete = `{"metadata":{"name":"n-1"},"status":{"phase":"Completed","startTimestamp":"2026-01-01T00:00:00Z"}}`
		partial  = `{"metadata":{"name":"n-2"},"status":{"phase":"PartiallyFailed","startTimestamp":"2026-01-02T00:00:00Z"}}`
		failed   = `{"metadata":{"name":"n-3"},"status":{"phase":"Failed","startTimestamp":"2026-01-03T00:00:00Z"}}`
		running  = `{"metadata":{"name":"n-4"},"status":{"phase":"New"}}`
	)
	all := strings.Join([]string{partial, complete, running, failed}, ",")
	for name, test := range map[string]struct{ args, list, sent, err string }{
		"the server's choice": {"", list(all), `"scheduleName":"nightly"`, ""},
		"none at all":         {"", list(""), "", "No backups found for the schedule nightly"},
		"one that is partial": {"--allow-partially-failed", list(all), `"backupName":"n-2"`, ""},
		"not if it says no":   {"--allow-partially-failed=false", list(all), `"scheduleName":"nightly"`, ""},
		"none that ended":     {"--allow-partially-failed", list(failed + "," + running), "", "no backup of schedule nightly has ended, or all failed"},
	} {
		t.Run(name, func(t *testing.T) {
			url, requests := api(t, answer(200, test.list), answer(201, madeRestore))
			got := run(t, append([]string{"restore", "create", "--from-schedule", "nightly", "--server", url}, strings.Fields(test.args)...)...)
			if test.err != "" {
				if got.err == nil || got.err.Error() != test.err || len(*requests) != 1 {
					t.Errorf("got %+v", got)
				}
				return
			}
			if r := *requests; got.err != nil || len(r) != 2 || !strings.Contains(r[0].uri, "labelSelector=velero.io%2Fschedule-name%3Dnightly") ||
				!strings.Contains(r[1].body, test.sent) || !strings.Contains(r[1].body, `"name":"nightly-`) {
				t.Errorf("%v, requests: %+v", got.err, r)
			}
		})
	}
}

func restoreWith(status string) string {
	return strings.TrimSuffix(madeRestore, "}") + `,"status":` + status + `}`
}

func TestWaitForRestore(t *testing.T) {
	for name, test := range map[string]struct {
		ends, stdout, err string
	}{
		"complete": {`{"phase":"Completed","progress":{"totalItems":3,"itemsRestored":3},"warnings":1}`, "\nItems: 3, errors: 0, warnings: 1.\n", ""},
		"failed":   {`{"phase":"Failed","failureReason":"no bucket"}`, "\nRestore completed with status: Failed. You may check", `restore "x" ended as Failed: no bucket`},
		"refused":  {`{"phase":"FailedValidation","validationErrors":["a","b"]}`, "\nRestore completed with status: FailedValidation.", `restore "x" ended as FailedValidation: a; b`},
		"partial":  {`{"phase":"PartiallyFailed","errors":2}`, "\nRestore completed with status: PartiallyFailed.", `restore "x" ended as PartiallyFailed: 2 errors, the first: no zone`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := storage(t, withStatus(`{"phase":"Completed"}`), map[string]string{"Restore": restoreWith(test.ends), "RestoreResults": `{"errors":{"cluster":["no zone"]}}`})
			got := runHere(t, "restore", "create", "--from-backup", "x", "-w", "--server", url)
			if !strings.Contains(got.stdout, "Waiting for restore to complete.") || !strings.Contains(got.stdout, test.stdout) {
				t.Errorf("got\n%s\nwant %s", got.stdout, test.stdout)
			}
			if (got.err == nil) != (test.err == "") || got.err != nil && got.err.Error() != test.err {
				t.Errorf("got error %v, want %q", got.err, test.err)
			}
		})
	}
}

func TestGetRestores(t *testing.T) {
	url, _ := api(t, answer(200, `{"metadata":{"name":"x","creationTimestamp":"2026-01-02T03:04:05Z"},"spec":{"backupName":"b"},
		"status":{"phase":"PartiallyFailed","startTimestamp":"2026-01-02T03:04:05Z","errors":1,"warnings":2}}`))
	wantLines(t, squeezed(run(t, "restore", "get", "x", "--server", url).stdout), "NAME|BACKUP|STATUS|STARTED|COMPLETED|ERRORS|WARNINGS|CREATED|SELECTOR",
		"x|b|PartiallyFailed|"+validated(t)+"|<nil>|1|2|"+validated(t)+"|<none>")
}

func TestDeleteRestores(t *testing.T) {
	url, requests := api(t, answer(200, madeRestore), answer(200, `{"kind":"Status","status":"Success"}`))
	wantLines(t, run(t, "restore", "delete", "x", "--confirm", "--server", url).stdout, `Request to delete restore "x" submitted successfully.`,
		"The restore will be fully deleted after all associated data (restore files in object storage) are removed.")
	if r := *requests; len(r) != 2 || r[1].method != "DELETE" || !strings.Contains(r[1].body, `"uid":"u-1"`) {
		t.Errorf("requests: %+v", r)
	}
}

const describedRestore = `Name:         x
Namespace:    velero
Labels:       <none>
Annotations:  <none>

Phase:                       PartiallyFailed (run 'velero restore logs x' for more information)
Total items to be restored:  3
Items restored:              3

Started:    <n/a>
Completed:  <n/a>

Errors:
  Velero:     <none>
  Cluster:  no zone
  Namespaces: <none>

Backup:  x

Namespaces:
  Included:  all namespaces found in the backup
  Excluded:  <none>

Resources:
  Included:        *
  Excluded:        nodes, events
  Cluster-scoped:  auto

Namespace mappings:  a=b
                     shop=copy

Label selector:  <none>

Or label selector:  a=b or c=d

Restore PVs:  auto

`

// TestDescribeRestore shows Velero's text.
func TestDescribeRestore(t *testing.T) {
	object := `{"metadata":{"name":"x","namespace":"velero"},"spec":{"backupName":"x","includedNamespaces":["*"],"excludedResources":["nodes","events"],
		"namespaceMapping":{"shop":"copy","a":"b"},"orLabelSelectors":[{"matchLabels":{"a":"b"}},{"matchLabels":{"c":"d"}}],"existingResourcePolicy":"update","itemOperationTimeout":"4h",
		"resourceModifier":{"kind":"configmap","name":"m"},"uploaderConfig":{"writeSparseFiles":true,"parallelFilesDownload":3}},
		"status":{"phase":"PartiallyFailed","errors":1,"progress":{"totalItems":3,"itemsRestored":3},"hookStatus":{"hooksAttempted":2,"hooksFailed":1},
		"restoreItemOperationsAttempted":2,"restoreItemOperationsCompleted":1,"restoreItemOperationsFailed":1}}`
	files := map[string]string{
		"Restore": object, "RestoreResults": `{"errors":{"cluster":["no zone"]}}`, "RestoreResourceList": `{"v1/Secret":["shop/database(created)"]}`,
		"RestoreVolumeInfo": `[{"pvName":"p","restoreMethod":"NativeSnapshot"},{"pvcNamespace":"shop","pvcName":"moved","restoreMethod":"CSISnapshot","snapshotDataMoved":true,
			"snapshotDataMovementInfo":{"operationID":"o","dataMover":"velero","uploaderType":"kopia"}},
			{"pvcNamespace":"shop","pvcName":"local","restoreMethod":"CSISnapshot","csiSnapshotInfo":{"vscName":"c","snapshotHandle":"s","driver":"d"}}]`,
		"PodVolumeRestores": `{"spec":{"uploaderType":"kopia","pod":{"namespace":"shop","name":"p"},"volume":"v"},"status":{"phase":"Completed","progress":{"totalBytes":5}}}`,
	}
	const settings = `
Existing Resource Policy:   update
ItemOperationTimeout:       4h0m0s

Preserve Service NodePorts:  auto

Resource modifier:
  Type:  configmap
  Name:  m

Uploader config:
  Write Sparse Files:  true
  Parallel Restore:    3

Restore Item Operations:  1 of 2 completed successfully, 1 failed

HooksAttempted:   2
HooksFailed:      1
`
	for args, want := range map[string]string{
		"": describedRestore + `kopia Restores (specify --details for more information):
  Completed:  1

CSI Snapshot Restores:
  shop/local:
    Snapshot: specify --details for more information
  shop/moved:
    Data Movement: specify --details for more information
` + settings,
		"--details": describedRestore + `kopia Restores:
  Completed:
    shop/p: v (size: 5)

CSI Snapshot Restores:
  shop/local:
    Snapshot:
      Snapshot Content Name: c
      Storage Snapshot ID: s
      CSI Driver: d
  shop/moved:
    Data Movement:
      Operation ID: o
      Data Mover: velero
      Uploader Type: kopia
` + settings + `
Resource List:
  v1/Secret:
    - shop/database(created)
`,
	} {
		got := run(t, append([]string{"describe", "restore", "x", "--server", storage(t, withStatus(`{"phase":"Completed"}`), files)}, strings.Fields(args)...)...)
		if got.err != nil || got.stderr != "" || got.stdout != want {
			t.Errorf("%v %s describe %s printed\n%s\nwant\n%s", got.err, got.stderr, args, got.stdout, want)
		}
	}
}

func TestRestoreLogs(t *testing.T) {
	url := storage(t, withStatus(`{"phase":"Completed"}`), map[string]string{"Restore": restoreWith(`{"phase":"Completed"}`), "RestoreLog": "one\ntwo\n"})
	if got := run(t, "restore", "logs", "x", "--server", url); got.stdout != "one\ntwo\n" || got.err != nil || got.stderr != "" {
		t.Errorf("got %+v", got)
	}
	url = storage(t, withStatus(`{"phase":"Completed"}`), map[string]string{"Restore": restoreWith(`{"phase":"InProgress"}`)})
	if got := run(t, "restore", "logs", "x", "--server", url); got.err == nil || got.err.Error() != `restore "x" has no log: it is InProgress` {
		t.Errorf("too early: %v", got.err)
	}
}
