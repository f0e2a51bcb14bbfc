package verbs

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCreateBackupPrints shows what flags of backups and schedules mean, one line each.
func TestCreateBackupPrints(t *testing.T) {
	spec := func(fields string) string {
		var object map[string]any
		if err := json.Unmarshal([]byte("{"+fields+"}"), &object); err != nil {
			t.Fatal(fields, err)
		}
		if object["includedNamespaces"] == nil {
			object["includedNamespaces"] = []string{"*"}
		}
		text, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for args, want := range map[string]string{
		"":                                     "",
		"--include-namespaces a,b":             `"includedNamespaces":["a","b"]`,
		"--exclude-namespaces a":               `"excludedNamespaces":["a"]`,
		"--include-resources pods,pvc":         `"includedResources":["pods","pvc"]`,
		"--exclude-resources pods":             `"excludedResources":["pods"]`,
		"--include-cluster-resources":          `"includeClusterResources":true`,
		"--include-cluster-resources=false":    `"includeClusterResources":false`,
		"--include-cluster-scoped-resources a": `"includedClusterScopedResources":["a"]`,
		"--exclude-cluster-scoped-resources a": `"excludedClusterScopedResources":["a"]`,
		"--include-namespace-scoped-resources a --exclude-namespace-scoped-resources b": `"includedNamespaceScopedResources":["a"],"excludedNamespaceScopedResources":["b"]`,
		"-l app=shop":                     `"labelSelector":{"matchLabels":{"app":"shop"}}`,
		"--or-selector 'a=b or c in (d)'": `"orLabelSelectors":[{"matchLabels":{"a":"b"}},{"matchExpressions":[{"key":"c","operator":"In","values":["d"]}]}]`,
		"--ordered-resources 'pods=a/b,a/c;persistentvolumes=d'": `"orderedResources":{"persistentvolumes":"d","pods":"a/b,a/c"}`,
		"--snapshot-volumes":              `"snapshotVolumes":true`,
		"--snapshot-volumes=false":        `"snapshotVolumes":false`,
		"--snapshot-move-data":            `"snapshotMoveData":true`,
		"--default-volumes-to-fs-backup":  `"defaultVolumesToFsBackup":true`,
		"--storage-location a":            `"storageLocation":"a"`,
		"--volume-snapshot-locations a,b": `"volumeSnapshotLocations":["a","b"]`,
		"--ttl 24h":                       `"ttl":"24h0m0s"`,
		"--csi-snapshot-timeout 1m":       `"csiSnapshotTimeout":"1m0s"`,
		"--item-operation-timeout 1m":     `"itemOperationTimeout":"1m0s"`,
		"--data-mover a":                  `"datamover":"a"`,
		"--resource-policies-configmap a": `"resourcePolicy":{"apiGroup":null,"kind":"configmap","name":"a"}`,
		"--parallel-files-upload 3":       `"uploaderConfig":{"parallelFilesUpload":3}`,
	} {
		t.Run(args, func(t *testing.T) {
			common := append(words(args), "-o", "json", "--labels", "team=a", "-n", "ns")
			got := run(t, append(strings.Fields("backup create x --annotations note=b"), common...)...)
			if got.err != nil {
				t.Fatal(got.err)
			}
			var backup struct {
				Kind     string
				Metadata struct {
					Name, Namespace     string
					Labels, Annotations map[string]string
				}
				Spec map[string]any
			}
			if err := json.Unmarshal([]byte(got.stdout), &backup); err != nil {
				t.Fatal(err)
			}
			if m := backup.Metadata; backup.Kind != "Backup" || m.Name != "x" || m.Namespace != "ns" || m.Labels["team"] != "a" || m.Annotations["note"] != "b" {
				t.Errorf("got\n%s", got.stdout)
			}
			if text, err := json.Marshal(backup.Spec); err != nil || string(text) != spec(want) {
				t.Errorf("the spec is\n%s\nwant\n%s", text, spec(want))
			}

			got = run(t, append([]string{"create", "schedule", "x", "--schedule", "@every 1h", "--paused", "--skip-immediately", "true", "--annotations", "note=s"}, common...)...)
			var schedule struct {
				Metadata struct{ Labels, Annotations map[string]string }
				Spec     map[string]any
			}
			if err := json.Unmarshal([]byte(got.stdout), &schedule); err != nil {
				t.Fatalf("%v %v", got.err, err)
			}
			if m := schedule.Metadata; m.Labels["team"] != "a" || m.Annotations["note"] != "s" {
				t.Errorf("got\n%s", got.stdout)
			}
			whole := `{"paused":true,"schedule":"@every 1h","skipImmediately":true,"template":` + spec(want) + `,"useOwnerReferencesInBackup":false}`
			if text, err := json.Marshal(schedule.Spec); err != nil || string(text) != whole {
				t.Errorf("the schedule's spec is\n%s\nwant\n%s", text, whole)
			}
		})
	}
}

// words splits at spaces that are not in single quotes.
func words(line string) []string {
	var all []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			all = append(all, part)
		} else {
			all = append(all, strings.Fields(part)...)
		}
	}
	return all
}

func TestRefusesWrongBackupFlags(t *testing.T) {
	for args, want := range map[string]string{
		"backup create":     "want the name of one backup, got 0 names",
		"backup create a b": "want the name of one backup, got 2 names",

		"backup create a -l b=c --or-selector d=e": "selector or-selector",

		"backup create a --include-resources b --exclude-cluster-scoped-resources c":         "exclude-cluster-scoped-resources include-resources",
		"backup create a --include-cluster-resources --include-namespace-scoped-resources c": "include-cluster-resources include-namespace-scoped-resources",

		"backup create a --selector b~c":                  `invalid argument "b~c" for "-l, --selector" flag`,
		"backup create a --ordered-resources pods":        `"pods" is not of the form RESOURCE=NAME,NAME`,
		"backup create a --snapshot-volumes=maybe":        "want true or false",
		"backup create a --ttl weekly":                    "invalid duration",
		"backup create a --from-schedule=":                "--from-schedule: give the name of a schedule",
		"backup delete":                                   "say what to delete by exactly one of: names, --all, --selector",
		"backup delete a":                                 "give --confirm",
		"backup logs":                                     "want the name of one backup",
		"backup download a b":                             "want the name of one backup",
		"schedule create a":                               `required flag(s) "schedule" not set`,
		"schedule pause":                                  "say what to pause by exactly one of",
		"schedule unpause a --all":                        "say what to unpause by exactly one of",
		"backup describe a -l b=c":                        "either names or --selector",
		"backup describe a -o yaml":                       `invalid argument "yaml" for "-o, --output" flag: want plaintext or json`,
		"backup get --colorized":                          "flag needs an argument: --colorized",
		"backup get --colorized maybe":                    "want true or false",
		"backup get --features=EnableCSI":                 "unknown flag: --features",
		"schedule pause a --skip-immediately":             "flag needs an argument: --skip-immediately",
		"backup download a --output /no/such/directory/b": "no API to speak to",
	} {
		t.Run(args, func(t *testing.T) {
			got := run(t, strings.Fields(args)...)
			if got.err == nil || !strings.Contains(got.err.Error(), want) {
				t.Errorf("got error %v, want %q", got.err, want)
			}
			if got.stdout != "" {
				t.Errorf("it printed %q", got.stdout)
			}
		})
	}
}

const madeBackup = `{"metadata":{"name":"x","namespace":"velero","uid":"u-1"},"spec":{"storageLocation":"east","volumeSnapshotLocations":["ebs","px"]}}`

func withStatus(status string) string {
	return strings.TrimSuffix(madeBackup, "}") + `,"status":` + status + `}`
}

func TestCreateBackupSends(t *testing.T) {
	url, requests := api(t, answer(201, madeBackup))
	got := run(t, "backup", "create", "x", "--storage-location", "east", "--server", url)
	wantLines(t, got.stdout, `Backup request "x" submitted successfully.`, "Run `velero backup describe x` or `velero backup logs x` for more details.")
	if r := (*requests)[0]; len(*requests) != 1 || r.method != "POST" || !strings.HasPrefix(r.uri, "/apis/velero.io/v1/namespaces/velero/backups?") || !strings.Contains(r.body, `"storageLocation":"east"`) {
		t.Errorf("requests: %+v", *requests)
	}

	url, requests = api(t, answer(201, madeBackup))
	got = run(t, "create", "backup", "x", "--dry-run=server", "--wait", "--server", url)
	for _, want := range []string{"Backup request \"x\" submitted successfully (server dry run).\nNamespaces:\n", "\nStorage Location:  east\n", "\nVolume Snapshot Locations:  ebs, px\n"} {
		if !strings.Contains(got.stdout, want) || got.err != nil {
			t.Errorf("a dry run printed\n%s%v\nwant\n%s", got.stdout, got.err, want)
		}
	}
	if r := *requests; len(r) != 1 || !strings.Contains(r[0].uri, "dryRun=All") {
		t.Errorf("requests: %+v", r)
	}
}

// TestCreatePrintsNothingOfNowhere shows that what is printed for a file names locations that there are.
func TestCreatePrintsNothingOfNowhere(t *testing.T) {
	absent := answer(404, `{"kind":"Status","status":"Failure","reason":"NotFound","code":404,"message":"not found"}`)
	for _, verb := range []string{"backup create x", "schedule create x --schedule @daily"} {
		for _, location := range []string{"--storage-location", "--volume-snapshot-locations"} {
			url, _ := api(t, absent)
			if got := run(t, append(strings.Fields(verb), location, "nosuch", "-o", "yaml", "--server", url)...); got.err == nil || got.err.Error() != "not found" || got.stdout != "" {
				t.Errorf("%s %s: got %+v", verb, location, got)
			}
		}
		url, requests := api(t, answer(200, available))
		got := run(t, append(strings.Fields(verb), "--storage-location", "east", "--volume-snapshot-locations", "ebs", "-o", "yaml", "--server", url)...)
		if got.err != nil || !strings.Contains(got.stdout, "storageLocation: east") || len(*requests) != 2 {
			t.Errorf("%s: got %+v, %+v", verb, got, *requests)
		}
	}
}

func TestWait(t *testing.T) {
	for name, test := range map[string]struct {
		ends, stdout, err string
	}{
		"complete": {`{"phase":"Completed"}`, "\nBackup completed with status: Completed. You may check", ""},
		"counted":  {`{"phase":"Completed","progress":{"totalItems":3,"itemsBackedUp":3},"volumeSnapshotsAttempted":2,"volumeSnapshotsCompleted":1,"warnings":4}`, "\nItems: 3, snapshots of volumes: 1 of 2, errors: 0, warnings: 4.\n", ""},
		"failed":   {`{"phase":"Failed","failureReason":"no bucket"}`, "Backup completed with status: Failed.", `backup "x" ended as Failed: no bucket`},
		"refused":  {`{"phase":"FailedValidation","validationErrors":["a","b"]}`, "Backup completed with status: FailedValidation.", `backup "x" ended as FailedValidation: a; b`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, _ := api(t, answer(201, madeBackup), answer(503, "{}"), answer(200, withStatus(`{"phase":"InProgress","progress":{"totalItems":3,"itemsBackedUp":1}}`)), answer(200, withStatus(test.ends)))
			got := runHere(t, "backup", "create", "x", "-w", "--server", url)
			if !strings.Contains(got.stdout, "Waiting for backup to complete.") || !strings.Contains(got.stdout, "InProgress: 1 of 3 items .") || !strings.Contains(got.stdout, test.stdout) {
				t.Errorf("got\n%s\nwant %s", got.stdout, test.stdout)
			}
			if warning := "Warning: backup \"x\" cannot be looked at: "; strings.Count(got.stderr, warning) != 1 {
				t.Errorf("got\n%s\nwant %s", got.stderr, warning)
			}
			if (got.err == nil) != (test.err == "") || got.err != nil && got.err.Error() != test.err {
				t.Errorf("got error %v, want %q", got.err, test.err)
			}
		})
	}
	t.Run("deleted", func(t *testing.T) {
		t.Parallel()
		url, _ := api(t, answer(201, madeBackup), answer(200, strings.Replace(madeBackup, "u-1", "u-2", 1)))
		if got := runHere(t, "backup", "create", "x", "-w", "--server", url); got.err == nil || !strings.Contains(got.err.Error(), "was deleted") {
			t.Errorf("got %v", got.err)
		}
	})
}

// TestWaitQuotes shows that whoever waits for a backup that fails learns the first error, or where to look.
func TestWaitQuotes(t *testing.T) {
	for name, test := range map[string]struct {
		errors  int
		results string
		want    string
	}{
		"of several": {
			3, `{"errors":{"cluster":["c"],"namespaces":{"b":["3"],"a":["no\n such volume"]}}}`, "3 errors, the first: c",
		},
		"one, of a namespace": {1, `{"errors":{"namespaces":{"b":["3"],"a":["no\n such volume"]}}}`, "1 error: no such volume"},
		"of the whole":        {2, `{"errors":{"velero":["v"],"cluster":["c"]}}`, "2 errors, the first: v"},
		"none":                {1, `{}`, "1 error: see `velero backup logs x`"},
		"no file":             {1, "", "1 error, which could not be read here (file not found): see `velero backup logs x`"},
		"damaged":             {1, "{", "1 error, which could not be read here (decoding the file: unexpected EOF): see `velero backup logs x`"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := map[string]string{"BackupResults": test.results}
			if test.results == "" {
				files = nil
			}
			url := storage(t, withStatus(fmt.Sprintf(`{"phase":"PartiallyFailed","errors":%d}`, test.errors)), files)
			got := runHere(t, "backup", "create", "x", "-w", "--server", url)
			if want := `backup "x" ended as PartiallyFailed: ` + test.want; got.err == nil || got.err.Error() != want || !strings.Contains(got.stdout, "\nBackup completed with status: PartiallyFailed.") {
				t.Errorf("got %+v, want %s", got, want)
			}
		})
	}
}

func TestCreateFromSchedule(t *testing.T) {
	nightly := `{"metadata":{"name":"nightly","namespace":"velero","uid":"u","labels":{"team":"a"}},"spec":{"schedule":"@daily","template":{"storageLocation":"west"}}}`
	url, requests := api(t, answer(200, nightly), answer(201, madeBackup))
	got := run(t, "backup", "create", "--from-schedule", "nightly", "--labels", "by=hand", "--include-namespaces", "other", "--server", url)
	if got.err != nil || !strings.HasPrefix(got.stdout, "Creating backup from schedule, all other filters are ignored.\nBackup request ") {
		t.Errorf("got %+v", got)
	}
	var sent struct {
		Metadata struct {
			Name   string
			Labels map[string]string
		}
		Spec map[string]any
	}
	if err := json.Unmarshal([]byte((*requests)[1].body), &sent); err != nil {
		t.Fatal(err)
	}
	if l := sent.Metadata.Labels; !timestamp.MatchString(sent.Metadata.Name) || l["team"] != "a" || l["by"] != "hand" || l["velero.io/schedule-name"] != "nightly" ||
		sent.Spec["storageLocation"] != "west" || sent.Spec["includedNamespaces"] != nil {
		t.Errorf("sent %+v", sent)
	}
}

func TestGetBackups(t *testing.T) {
	backups := func(names ...string) string {
		var items []string
		for _, name := range names {
			items = append(items, `{"metadata":{"name":"`+name+`"},"spec":{"storageLocation":"east"},"status":{"phase":"Queued","queuePosition":2}}`)
		}
		return `{"apiVersion":"velero.io/v1","kind":"BackupList","metadata":{},"items":[` + strings.Join(items, ",") + `]}`
	}
	url, _ := api(t, answer(200, backups("b", "a-20260101000000", "a-20260102000000", "a")))
	got := run(t, "--colorized", "false", "get", "backups", "--server", url)
	wantLines(t, squeezed(got.stdout), "NAME|STATUS|ERRORS|WARNINGS|CREATED|EXPIRES|STORAGE LOCATION|QUEUE POSITION|SELECTOR",
		"a|Queued|0|0|<nil>|n/a|east|2|<none>", "a-20260102000000|Queued|0|0|<nil>|n/a|east|2|<none>",
		"a-20260101000000|Queued|0|0|<nil>|n/a|east|2|<none>", "b|Queued|0|0|<nil>|n/a|east|2|<none>")

	url, _ = api(t, answer(200, `{"metadata":{"name":"s","creationTimestamp":"2026-01-02T03:04:05Z"},"spec":{"schedule":"@daily","paused":true,"template":{"ttl":"1h","labelSelector":{"matchLabels":{"a":"b"}}}},"status":{"phase":"Enabled"}}`))
	got = run(t, "get", "schedule", "s", "--server", url)
	wantLines(t, squeezed(got.stdout), "NAME|STATUS|CREATED|SCHEDULE|BACKUP TTL|LAST BACKUP|SELECTOR|PAUSED",
		"s|Enabled|"+validated(t)+"|@daily|1h0m0s|n/a|a=b|true")
}

func TestDeleteBackups(t *testing.T) {
	url, requests := api(t, answer(200, madeBackup), answer(201, `{"metadata":{"name":"x-abc"}}`))
	got := run(t, "backup", "delete", "x", "--confirm", "--server", url)
	wantLines(t, got.stdout, `Request to delete backup "x" submitted successfully.`,
		"The backup will be fully deleted after all associated data (disk snapshots, backup files, restores) are removed.")
	if r := *requests; len(r) != 2 || r[1].method != "POST" || !strings.Contains(r[1].uri, "/deletebackuprequests?") ||
		!strings.Contains(r[1].body, `"generateName":"x-"`) || !strings.Contains(r[1].body, `"velero.io/backup-uid":"u-1"`) || !strings.Contains(r[1].body, `"backupName":"x"`) {
		t.Errorf("requests: %+v", r)
	}
	url, _ = api(t, answer(200, `{"metadata":{"name":"s","namespace":"velero"}}`), answer(200, `{"kind":"Status","status":"Success"}`))
	wantLines(t, run(t, "schedule", "delete", "s", "--confirm", "--server", url).stdout, "Schedule deleted: s")
}

func TestPause(t *testing.T) {
	schedules := `{"kind":"ScheduleList","metadata":{},"items":[{"metadata":{"name":"on","namespace":"velero"}},{"metadata":{"name":"off","namespace":"velero"},"spec":{"paused":true}}]}`
	url, requests := api(t, answer(200, schedules), answer(200, `{"metadata":{"name":"on"}}`))
	wantLines(t, run(t, "schedule", "pause", "--all", "--server", url).stdout, "Schedule on paused successfully", "Schedule off is already paused, skip")
	if r := *requests; len(r) != 2 || r[1].method != "PATCH" || r[1].body != `{"spec":{"paused":true}}` {
		t.Errorf("requests: %+v", r)
	}
	url, requests = api(t, answer(200, schedules), answer(200, `{"metadata":{"name":"on"}}`))
	wantLines(t, run(t, "schedule", "unpause", "-l", "a=b", "--skip-immediately=true", "--server", url).stdout, "Schedule on is already unpaused, skip", "Schedule off unpaused successfully")
	if r := *requests; len(r) != 2 || r[1].body != `{"spec":{"paused":false,"skipImmediately":true}}` {
		t.Errorf("requests: %+v", r)
	}
	url, _ = api(t, answer(200, `{"kind":"ScheduleList","metadata":{},"items":[]}`))
	wantLines(t, run(t, "schedule", "pause", "--all", "--server", url).stdout, "No schedules found")
}

// storage answers requests for one backup and its files, which are kept by the kind of a DownloadRequest's target; beside
// them, its PodVolumeBackups. A restore of that name is kept among them, as Restore.
func storage(t *testing.T, backup string, files map[string]string) string {
	t.Helper()
	kinds := map[string]string{} // of requests, by their names
	mux := http.NewServeMux()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	const namespace = "/apis/velero.io/v1/namespaces/velero/"
	mux.HandleFunc("POST "+namespace+"backups", func(w http.ResponseWriter, _ *http.Request) { answer(201, madeBackup)(w) })
	mux.HandleFunc("GET "+namespace+"backups/x", func(w http.ResponseWriter, _ *http.Request) { answer(200, backup)(w) })
	mux.HandleFunc("POST "+namespace+"restores", func(w http.ResponseWriter, _ *http.Request) { answer(201, madeRestore)(w) })
	mux.HandleFunc("GET "+namespace+"restores/x", func(w http.ResponseWriter, _ *http.Request) { answer(200, files["Restore"])(w) })
	mux.HandleFunc("GET "+namespace+"podvolumerestores", func(w http.ResponseWriter, _ *http.Request) {
		answer(200, `{"metadata":{},"items":[`+files["PodVolumeRestores"]+`]}`)(w)
	})
	mux.HandleFunc("GET "+namespace+"backupstoragelocations/east", func(w http.ResponseWriter, _ *http.Request) {
		answer(200, `{"metadata":{"name":"east"},"spec":{"objectStorage":{"bucket":"b"}}}`)(w)
	})
	mux.HandleFunc("GET "+namespace+"podvolumebackups", func(w http.ResponseWriter, _ *http.Request) {
		answer(200, `{"metadata":{},"items":[`+files["PodVolumeBackups"]+`]}`)(w)
	})
	mux.HandleFunc("GET "+namespace+"deletebackuprequests", func(w http.ResponseWriter, _ *http.Request) {
		answer(200, `{"metadata":{},"items":[{"metadata":{"name":"x-1","creationTimestamp":"2026-01-02T03:04:05Z"},"status":{"phase":"Processed","errors":["no"]}}]}`)(w)
	})
	mux.HandleFunc("POST "+namespace+"downloadrequests", func(w http.ResponseWriter, r *http.Request) {
		var request struct {
			Metadata struct{ Name, GenerateName string }
			Spec     struct{ Target struct{ Kind, Name string } }
		}
		// A name of the client's own, made of the backup's, could be too long.
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil || request.Spec.Target.Name != "x" || request.Metadata.Name != "" || request.Metadata.GenerateName != "x-" {
			t.Errorf("%v %+v", err, request)
		}
		name := request.Metadata.GenerateName + strings.ToLower(request.Spec.Target.Kind)
		kinds[name] = request.Spec.Target.Kind
		answer(201, `{"metadata":{"name":"`+name+`"}}`)(w)
	})
	mux.HandleFunc("GET "+namespace+"downloadrequests/{name}", func(w http.ResponseWriter, r *http.Request) {
		name := r.PathValue("name")
		answer(200, `{"metadata":{"name":"`+name+`"},"status":{"phase":"Processed","downloadURL":"`+server.URL+"/bucket/"+kinds[name]+`"}}`)(w)
	})
	mux.HandleFunc("GET /bucket/{kind}", func(w http.ResponseWriter, r *http.Request) {
		file, found := files[r.PathValue("kind")]
		if !found {
			http.Error(w, "NoSuchKey", http.StatusNotFound)
			return
		}
		var compressed bytes.Buffer
		z := gzip.NewWriter(&compressed)
		if _, err := z.Write([]byte(file)); err != nil || z.Close() != nil {
			t.Error(err)
		}
		_, _ = w.Write(compressed.Bytes())
	})
	return server.URL
}

func TestLogsAndDownload(t *testing.T) {
	url := storage(t, withStatus(`{"phase":"Completed"}`), map[string]string{"BackupLog": "one\ntwo\n", "BackupContents": "tarball"})
	if got := run(t, "backup", "logs", "x", "--server", url); got.stdout != "one\ntwo\n" || got.err != nil || got.stderr != "" {
		t.Errorf("got %+v", got)
	}
	file := filepath.Join(t.TempDir(), "x.tar.gz")
	wantLines(t, run(t, "backup", "download", "x", "-o", file, "--server", url).stdout, "Backup x has been successfully downloaded to "+file)
	data, err := os.ReadFile(file)
	if err != nil || !bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		t.Errorf("the file has %q, %v; want what is in the bucket, compressed", data, err)
	}
	if got := run(t, "backup", "download", "x", "-o", file, "--server", url); got.err == nil || !strings.Contains(got.err.Error(), "file exists") {
		t.Errorf("over a file: %v", got.err)
	}
	if got := run(t, "backup", "download", "x", "-o", file, "--force", "--server", url); got.err != nil {
		t.Error(got.err)
	}

	url = storage(t, withStatus(`{"phase":"Completed"}`), nil)
	if got := run(t, "backup", "download", "x", "-o", file, "--force", "--server", url); got.err == nil || !strings.Contains(got.err.Error(), `backup "x": file not found`) {
		t.Errorf("without a file: %v", got.err)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("what could not be downloaded left a file")
	}
	url = storage(t, withStatus(`{"phase":"InProgress"}`), nil)
	if got := run(t, "backup", "logs", "x", "--server", url); got.err == nil || got.err.Error() != `backup "x" has no log yet: it is InProgress` {
		t.Errorf("too early: %v", got.err)
	}
}
