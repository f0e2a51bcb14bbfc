package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
)

// kinds of velero.io beside the locations, each with an object of it and how kubectl shows that.
var kinds = []struct {
	kind, version, plural, short string
	spec, status                 string
	header                       string   // the columns of Velero's CRD
	row                          []string // cells of the object, without times
	wide                         []string // more columns with -o wide
	selector                     string   // fields that select the object
}{
	{
		kind: "Backup", version: "v1", plural: "backups",
		spec: `{storageLocation: primary, ttl: 720h}`, status: `{phase: Completed, errors: 3}`,
		header: "NAME STATUS STORAGE LOCATION STARTED EXPIRES ERRORS WARNINGS AGE", wide: []string{"Completed", "primary"},
		selector: "status.phase=Completed,spec.storageLocation=primary",
	},
	{
		kind: "Restore", version: "v1", plural: "restores",
		spec: `{backupName: full}`, status: `{phase: InProgress}`,
		header: "NAME AGE", wide: []string{"STATUS", "BACKUP", "STARTED", "COMPLETED", "ERRORS", "WARNINGS", "InProgress", "full"},
		selector: "status.phase=InProgress,spec.backupName=full",
	},
	{
		kind: "Schedule", version: "v1", plural: "schedules",
		spec: `{schedule: "@daily", template: {storageLocation: primary}, paused: true}`, status: `{phase: Enabled, lastBackup: "2026-01-02T03:04:05Z"}`,
		header: "NAME STATUS SCHEDULE LASTBACKUP AGE PAUSED", row: []string{"Enabled", "@daily", "true"}, wide: []string{"STORAGE LOCATION", "primary"},
		selector: "status.phase=Enabled,spec.template.storageLocation=primary",
	},
	{
		kind: "DeleteBackupRequest", version: "v1", plural: "deletebackuprequests",
		spec: `{backupName: full}`, status: `{phase: InProgress}`,
		header: "NAME BACKUPNAME STATUS", row: []string{"full", "InProgress"}, wide: []string{"AGE"},
		selector: "status.phase=InProgress,spec.backupName=full",
	},
	{
		kind: "DownloadRequest", version: "v1", plural: "downloadrequests",
		spec: `{target: {kind: BackupLog, name: full}}`, status: `{phase: Processed}`,
		header: "NAME AGE", wide: []string{"KIND", "TARGET", "STATUS", "BackupLog", "full", "Processed"},
		selector: "status.phase=Processed,spec.target.name=full,spec.target.kind=BackupLog",
	},
	{
		kind: "ServerStatusRequest", version: "v1", plural: "serverstatusrequests", short: "ssr",
		spec: `{}`, status: `{phase: Processed, serverVersion: v1.18.3}`,
		header: "NAME AGE", wide: []string{"STATUS", "VERSION", "Processed", "v1.18.3"},
		selector: "status.phase=Processed",
	},
	{
		kind: "PodVolumeBackup", version: "v1", plural: "podvolumebackups",
		spec:   `{node: node-1, pod: {name: db-0}, volume: data, backupStorageLocation: primary, repoIdentifier: "", uploaderType: kopia}`,
		status: `{phase: Completed, progress: {totalBytes: 4711, bytesDone: 4711}, incrementalBytes: 42}`,
		header: "NAME STATUS STARTED BYTES DONE TOTAL BYTES STORAGE LOCATION AGE NODE UPLOADER",
		row:    []string{"Completed", "4711", "primary", "node-1", "kopia"}, wide: []string{"INCREMENTAL BYTES", "42"},
		selector: "status.phase=Completed,spec.backupStorageLocation=primary,spec.node=node-1",
	},
	{
		kind: "PodVolumeRestore", version: "v1", plural: "podvolumerestores",
		spec:   `{pod: {name: db-0}, volume: data, backupStorageLocation: primary, repoIdentifier: "", uploaderType: kopia, snapshotID: k1, sourceNamespace: shop}`,
		status: `{phase: Accepted, node: node-1, progress: {totalBytes: 4711}}`,
		header: "NAME STATUS STARTED BYTES DONE TOTAL BYTES STORAGE LOCATION AGE NODE UPLOADER TYPE",
		row:    []string{"Accepted", "4711", "primary", "node-1", "kopia"}, selector: "status.phase=Accepted,spec.backupStorageLocation=primary,status.node=node-1",
	},
	{
		kind: "BackupRepository", version: "v1", plural: "backuprepositories",
		spec: `{volumeNamespace: shop, backupStorageLocation: primary, repositoryType: kopia, maintenanceFrequency: 1h}`, status: `{phase: Ready}`,
		header: "NAME AGE REPOSITORY TYPE", row: []string{"kopia"}, wide: []string{"STATUS", "STORAGE LOCATION", "NAMESPACE", "LAST MAINTAINED", "Ready", "shop"},
		selector: "status.phase=Ready,spec.volumeNamespace=shop,spec.backupStorageLocation=primary",
	},
	{
		kind: "DataUpload", version: "v2alpha1", plural: "datauploads",
		spec:   `{snapshotType: CSI, csiSnapshot: null, sourcePVC: data, sourceNamespace: shop, backupStorageLocation: primary, operationTimeout: 10m}`,
		status: `{phase: Canceling, node: node-1, progress: {bytesDone: 7, totalBytes: 4711}}`,
		header: "NAME STATUS STARTED BYTES DONE TOTAL BYTES STORAGE LOCATION AGE NODE",
		row:    []string{"Canceling", "7", "4711", "primary", "node-1"}, wide: []string{"INCREMENTAL BYTES"},
		selector: "status.phase=Canceling,spec.backupStorageLocation=primary,status.node=node-1",
	},
	{
		kind: "DataDownload", version: "v2alpha1", plural: "datadownloads",
		spec:   `{targetVolume: {pvc: data, pv: "", namespace: shop}, backupStorageLocation: primary, snapshotID: k1, sourceNamespace: shop, operationTimeout: 10m}`,
		status: `{phase: Failed, node: node-1}`,
		header: "NAME STATUS STARTED BYTES DONE TOTAL BYTES STORAGE LOCATION AGE NODE",
		row:    []string{"Failed", "primary", "node-1"}, selector: "status.phase=Failed,spec.backupStorageLocation=primary,status.node=node-1",
	},
}

var gaps = regexp.MustCompile(`\s+`)

// TestKinds shows of every kind what kubectl shows of it, and what is refused.
func TestKinds(t *testing.T) {
	t.Parallel()
	s := startDev(t, t.TempDir(), "--controllers=namespace") // which would answer requests
	s.Kubectl(t, "create", "namespace", "team-a")
	var manifests strings.Builder
	manifests.WriteString("apiVersion: velero.io/v1\nkind: BackupStorageLocation\nmetadata: {name: primary, namespace: team-a}\nspec: {provider: aws, default: true, objectStorage: {bucket: backups}}\n")
	for _, k := range kinds {
		fmt.Fprintf(&manifests, "---\napiVersion: velero.io/%s\nkind: %s\nmetadata: {name: one, namespace: team-a}\nspec: %s\nstatus: %s\n", k.version, k.kind, k.spec, k.status)
	}
	s.KubectlWith(t, manifests.String(), "apply", "--server-side", "-f", "-")
	if got := s.Run(t, manifests.String(), "diff", "--server-side", "-f", "-"); got.Code != 0 {
		t.Errorf("diff of what is there: exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
	}
	resources := s.Kubectl(t, "api-resources", "--api-group=velero.io", "--categories=velero", "--no-headers")
	if got := strings.Count(resources, "\n"); got != len(kinds)+2 {
		t.Errorf("there are %d kinds, want %d:\n%s", got, len(kinds)+2, resources)
	}
	resources = gaps.ReplaceAllString(resources, " ")
	for _, k := range kinds {
		t.Run(k.kind, func(t *testing.T) {
			names := strings.TrimSpace(k.plural + " " + k.short)
			devtest.WantContains(t, resources, fmt.Sprintf("%s velero.io/%s true %s ", names, k.version, k.kind))

			table := s.Kubectl(t, "get", k.plural, "-n", "team-a")
			if header, _, _ := strings.Cut(table, "\n"); strings.TrimSpace(gaps.ReplaceAllString(header, " ")) != k.header {
				t.Errorf("the columns are %s, want %s", header, k.header)
			}
			devtest.WantContains(t, table, append(k.row, "one")...)
			devtest.WantContains(t, s.Kubectl(t, "get", k.plural, "-n", "team-a", "-o", "wide"), append(k.wide, strings.Split(k.header, " ")...)...)

			devtest.WantContains(t, s.Kubectl(t, "get", strings.ToLower(k.kind), "-A", "-o", "name", "--field-selector", k.selector), "/one")
			if got := s.Kubectl(t, "get", k.plural, "-A", "-o", "name", "--field-selector", "status.phase=New"); got != "" {
				t.Errorf("another phase selects %s", got)
			}
			got := s.Run(t, "", "patch", k.plural, "one", "-n", "team-a", "--type=merge", "-p", `{"status":{"phase":"Lost"}}`)
			if got.Code == 0 || !strings.Contains(got.Stderr, `status.phase: Unsupported value: "Lost": supported values: "New", `) {
				t.Errorf("a phase that there is not: exit code %d, %s", got.Code, got.Stderr)
			}
			devtest.WantContains(t, s.Kubectl(t, "explain", k.plural+".status.phase"), "VERSION:    "+k.version, "New")
		})
	}
	s.documented(t)
	s.Kubectl(t, "delete", "namespace", "team-a", "--timeout=30s")
	if got := s.Kubectl(t, "get", "velero", "-A", "-o", "name"); got != "" {
		t.Errorf("a deleted namespace left %q", got)
	}
}

// documented shows that discovery prefers v1, and that OpenAPI names each kind's model after its group and version.
func (s *server) documented(t *testing.T) {
	t.Helper()
	devtest.WantContains(t, s.Kubectl(t, "get", "--raw", "/apis/velero.io"), `"preferredVersion":{"groupVersion":"velero.io/v1","version":"v1"}`)
	all := s.Kubectl(t, "get", "--raw", "/openapi/v2")
	for _, k := range kinds {
		model := fmt.Sprintf(`"io.velero.%s.%s":`, k.version, k.kind)
		devtest.WantContains(t, all, model)
		devtest.WantContains(t, s.Kubectl(t, "get", "--raw", "/openapi/v3/apis/velero.io/"+k.version), model)
	}
	if strings.Contains(all, "com.github") {
		t.Error("OpenAPI has models that are named after Go packages")
	}
}

// TestBodiesOfVelero posts what Velero's client posts, and what it would never.
func TestBodiesOfVelero(t *testing.T) {
	t.Parallel()
	s := startDev(t, t.TempDir(), "--controllers=namespace") // which would answer requests
	s.Must(t, "velero backup-location create primary --provider aws --bucket velero-backups --config region=us-east-1 --default")
	for _, test := range []struct{ plural, body, want string }{
		{
			"backups", `{"kind":"Backup","apiVersion":"velero.io/v1","metadata":{"name":"full","namespace":"velero","creationTimestamp":null},"spec":{"metadata":{},"includedNamespaces":["*"],"ttl":"0s","hooks":{},"csiSnapshotTimeout":"0s","itemOperationTimeout":"0s","uploaderConfig":{}},"status":{}}`,
			`"includedNamespaces":["*"],"storageLocation":"primary","uploaderConfig":{},"csiSnapshotTimeout":"0s","hooks":{},"itemOperationTimeout":"0s","metadata":{},"ttl":"0s"`,
		},
		{
			"serverstatusrequests", `{"kind":"ServerStatusRequest","apiVersion":"velero.io/v1","metadata":{"generateName":"velero-cli-","namespace":"velero","resourceVersion":"0","creationTimestamp":null},"spec":{},"status":{}}`,
			`"name":"velero-cli-`,
		},
		{
			"deletebackuprequests", `{"kind":"DeleteBackupRequest","apiVersion":"velero.io/v1","metadata":{"generateName":"full-","namespace":"velero","creationTimestamp":null,"labels":{"velero.io/backup-name":"full"}},"spec":{"backupName":"full"},"status":{}}`,
			`"name":"full-`,
		},
		{
			"downloadrequests", `{"kind":"DownloadRequest","apiVersion":"velero.io/v1","metadata":{"name":"full-8b9e","namespace":"velero","creationTimestamp":null},"spec":{"target":{"kind":"BackupLog","name":"full"}},"status":{}}`,
			`"kind":"BackupLog"`,
		},
		{
			"schedules", `{"kind":"Schedule","apiVersion":"velero.io/v1","metadata":{"name":"nightly","namespace":"velero","creationTimestamp":null},"spec":{"template":{"metadata":{},"includedNamespaces":["*"],"ttl":"0s","hooks":{},"csiSnapshotTimeout":"0s","itemOperationTimeout":"0s"},"schedule":"0 1 * * *","useOwnerReferencesInBackup":false},"status":{}}`,
			`"useOwnerReferencesInBackup":false`,
		},
		{
			"restores", `{"kind":"Restore","apiVersion":"velero.io/v1","metadata":{"name":"full-1","namespace":"velero","creationTimestamp":null},"spec":{"backupName":"full","includedNamespaces":["*"],"hooks":{},"itemOperationTimeout":"0s","uploaderConfig":{}},"status":{}}`,
			`"uploaderConfig":{}`,
		},
	} {
		path := "/apis/velero.io/v1/namespaces/velero/" + test.plural
		devtest.WantContains(t, s.KubectlWith(t, test.body, "create", "--raw", path, "-f", "-"), test.want)
	}
	for _, body := range []string{"5 minutes", "1d"} {
		got := s.Run(t, fmt.Sprintf(`{"kind":"Backup","apiVersion":"velero.io/v1","metadata":{"name":"x"},"spec":{"ttl":%q}}`, body), "create", "-f", "-")
		devtest.WantContains(t, got.Stderr, fmt.Sprintf(`spec.ttl: Invalid value: %q: must be a duration`, body))
	}
	devtest.WantContains(t, s.KubectlWith(t, `{"kind":"DeleteOptions","apiVersion":"velero.io/v1"}`, "delete", "--raw", "/apis/velero.io/v1/namespaces/velero/backups/full", "-f", "-"), `"status":"Success"`)
}
