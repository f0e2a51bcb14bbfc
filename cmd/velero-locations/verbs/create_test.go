package verbs

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func certificate(t *testing.T) (file, encoded string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, []byte("certificates"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, base64.StdEncoding.EncodeToString([]byte("certificates"))
}

// TestCreatePrintsWhatItWouldSend shows what flags mean, one line each.
func TestCreatePrintsWhatItWouldSend(t *testing.T) {
	file, encoded := certificate(t)
	const (
		bsl = "backup-location create x --provider aws --bucket b"
		vsl = "snapshot-location create x --provider aws"
	)
	for args, want := range map[string]string{
		bsl:                      `{"accessMode":"ReadWrite","objectStorage":{"bucket":"b"},"provider":"aws"}`,
		bsl + " --prefix p/q":    `{"accessMode":"ReadWrite","objectStorage":{"bucket":"b","prefix":"p/q"},"provider":"aws"}`,
		bsl + " --default":       `{"accessMode":"ReadWrite","default":true,"objectStorage":{"bucket":"b"},"provider":"aws"}`,
		bsl + " --default=false": `{"accessMode":"ReadWrite","objectStorage":{"bucket":"b"},"provider":"aws"}`,
		bsl + " --config region=us-east-1,s3ForcePathStyle=true": `{"accessMode":"ReadWrite","config":{"region":"us-east-1","s3ForcePathStyle":"true"},"objectStorage":{"bucket":"b"},"provider":"aws"}`,
		bsl + " --config a=1,b=2 --config b=3":                   `{"accessMode":"ReadWrite","config":{"a":"1","b":"3"},"objectStorage":{"bucket":"b"},"provider":"aws"}`,
		bsl + ` --config "tagging=a=1&b=2,3",c=4`:                `{"accessMode":"ReadWrite","config":{"c":"4","tagging":"a=1\u0026b=2,3"},"objectStorage":{"bucket":"b"},"provider":"aws"}`,
		bsl + " --config s3Url=":                                 `{"accessMode":"ReadWrite","config":{"s3Url":""},"objectStorage":{"bucket":"b"},"provider":"aws"}`,
		bsl + " --credential=secret=key":                         `{"accessMode":"ReadWrite","credential":{"key":"key","name":"secret"},"objectStorage":{"bucket":"b"},"provider":"aws"}`,
		bsl + " --access-mode ReadOnly":                          `{"accessMode":"ReadOnly","objectStorage":{"bucket":"b"},"provider":"aws"}`,
		bsl + " --backup-sync-period 0":                          `{"accessMode":"ReadWrite","backupSyncPeriod":"0s","objectStorage":{"bucket":"b"},"provider":"aws"}`,
		bsl + " --validation-frequency 90s":                      `{"accessMode":"ReadWrite","objectStorage":{"bucket":"b"},"provider":"aws","validationFrequency":"1m30s"}`,
		bsl + " --cacert " + file:                                `{"accessMode":"ReadWrite","objectStorage":{"bucket":"b","caCert":"` + encoded + `"},"provider":"aws"}`,
		"create backup-locations x --provider a --bucket b":      `{"accessMode":"ReadWrite","objectStorage":{"bucket":"b"},"provider":"a"}`,
		"backup-locations create --bucket=b --provider=a x":      `{"accessMode":"ReadWrite","objectStorage":{"bucket":"b"},"provider":"a"}`,

		vsl: `{"provider":"aws"}`,
		vsl + " --config region=us-east-1 --credential s=k":          `{"config":{"region":"us-east-1"},"credential":{"key":"k","name":"s"},"provider":"aws"}`,
		"create snapshot-location x --provider portworx":             `{"provider":"portworx"}`,
		"snapshot-locations create x --provider p --config type=big": `{"config":{"type":"big"},"provider":"p"}`,
	} {
		t.Run(args, func(t *testing.T) {
			got := run(t, append(strings.Fields(args), "-o", "json", "--labels", "team=a", "-n", "ns")...)
			if got.err != nil {
				t.Fatal(got.err)
			}
			var object struct {
				APIVersion, Kind string
				Metadata         struct {
					Name, Namespace string
					Labels          map[string]string
				}
				Spec map[string]any
			}
			if err := json.Unmarshal([]byte(got.stdout), &object); err != nil {
				t.Fatalf("%v\n%s", err, got.stdout)
			}
			if m := object.Metadata; m.Name != "x" || m.Namespace != "ns" || m.Labels["team"] != "a" || object.APIVersion != "velero.io/v1" {
				t.Errorf("got\n%s", got.stdout)
			}
			if spec, err := json.Marshal(object.Spec); err != nil || string(spec) != want {
				t.Errorf("the spec is\n%s\nwant\n%s\n%v", spec, want, err)
			}
		})
	}
}

// TestRefusesWrongFlags shows what is said before anything is sent.
func TestRefusesWrongFlags(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	const bsl = "backup-location create x --provider aws --bucket b "
	for args, want := range map[string]string{
		"backup-location create x":                           `required flag(s) "bucket", "provider" not set`,
		"snapshot-location create x":                         `required flag(s) "provider" not set`,
		"backup-location create --provider aws --bucket b":   "want the name of one location, got 0 names",
		"backup-location create a b --provider c --bucket d": "want the name of one location, got 2 names",
		bsl + "--config region":                              `invalid argument "region" for "--config" flag: "region" is not KEY=VALUE`,
		bsl + "--config a=1,,b=2":                            `"" is not KEY=VALUE`,
		bsl + "--config =1":                                  `"=1" is not KEY=VALUE`,
		bsl + "--labels team":                                `"--labels" flag: "team" is not KEY=VALUE`,
		bsl + "--credential secret":                          "want SECRET=KEY",
		bsl + "--credential =key":                            "want SECRET=KEY",
		bsl + "--credential secret=":                         "want SECRET=KEY",
		bsl + "--credential a=b,c=d":                         "want SECRET=KEY",
		bsl + "--credential a=b --credential c=d":            "given twice",
		bsl + "--credential=":                                "want SECRET=KEY",
		bsl + "--cacert " + empty + "/":                      "--cacert: open ",
		bsl + "--cacert " + empty:                            "is empty",
		bsl + "--backup-sync-period weekly":                  `invalid duration`,
		bsl + "--dry-run=client":                             `want "none" or "server"`,
		bsl + "-o wide":                                      `--output "wide": want one of table, json, yaml, name`,
		bsl + "--regoin=a":                                   "unknown flag: --regoin",
		"backup create x --parallel-files-upload -1":         `"--parallel-files-upload" flag: want a whole number that is not negative`,
		"backup-location set x":                              "nothing to set: give --cacert or --credential or --default",
		"snapshot-location set x":                            "nothing to set: give --credential",
		"backup-location set --default":                      "want the name of one location",
		"backup-location set x --cacert " + empty:            "is empty",
		"backup-location get a -l b=c":                       "either names or --selector",
		"backup-location delete":                             "exactly one of: names, --all, --selector",
		"backup-location delete a --all":                     "exactly one of",
		"delete snapshot-location a -l b=c":                  "exactly one of",
		"snapshot-location delete a":                         "give --confirm, as the input is not a terminal",
		"backup-location get":                                "no API to speak to: set $KUBECONFIG, or give --kubeconfig or --server",
	} {
		t.Run(args, func(t *testing.T) {
			got := run(t, strings.Fields(args)...)
			if got.err == nil || !strings.Contains(got.err.Error(), want) {
				t.Errorf("got error %v, want %q", got.err, want)
			}
			if got.stdout != "" || got.stderr != "" {
				t.Errorf("it printed %q, %q", got.stdout, got.stderr)
			}
		})
	}
}

// TestCreateSends shows that a location is sent, and what is printed of the answer.
func TestCreateSends(t *testing.T) {
	for name, test := range map[string]struct {
		args, uri, stdout string
	}{
		"plain":        {"", "?fieldManager=velero-locations", "Backup storage location \"x\" configured successfully.\n"},
		"dry run":      {"--dry-run=server", "?dryRun=All&fieldManager=velero-locations", "Backup storage location \"x\" configured successfully (server dry run).\n"},
		"dry run name": {"--dry-run server -o name", "?dryRun=All&fieldManager=velero-locations", "backupstoragelocation.velero.io/x\n"},
	} {
		t.Run(name, func(t *testing.T) {
			url, requests := api(t, answer(201, stored))
			got := run(t, strings.Fields("backup-location create x --provider aws --bucket b --server "+url+" "+test.args)...)
			if got.err != nil || got.stdout != test.stdout {
				t.Errorf("got %+v, want %q", got, test.stdout)
			}
			want := "/apis/velero.io/v1/namespaces/velero/backupstoragelocations" + test.uri
			if r := (*requests)[0]; len(*requests) != 1 || r.method != "POST" || r.uri != want || !strings.Contains(r.body, `"bucket":"b"`) {
				t.Errorf("requests: %+v, want one to %s", *requests, want)
			}
		})
	}
}
