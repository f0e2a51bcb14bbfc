package cli

import (
	"strings"
	"testing"
)

const describedBackup = `{"metadata":{"name":"x","namespace":"velero","uid":"u-1","labels":{"velero.io/storage-location":"east","a":"b"}},
	"spec":{"includedNamespaces":["shop"],"excludedResources":["events"],"labelSelector":{"matchLabels":{"app":"shop"}},"storageLocation":"east",
		"volumeSnapshotLocations":["ebs","px"],"snapshotVolumes":true,"ttl":"720h0m0s","csiSnapshotTimeout":"10m0s","itemOperationTimeout":"4h0m0s"},
	"status":{"phase":"PartiallyFailed","formatVersion":"1.1.0","errors":1,"progress":{"totalItems":3,"itemsBackedUp":2}}}`

var describedFiles = map[string]string{
	"BackupResults":      `{"errors":{"namespaces":{"shop":["no region","no zone"]}},"warnings":{}}`,
	"BackupResourceList": `{"v1/Secret":["shop/database"],"v1/ConfigMap":["shop/a","shop/b"]}`,
	"BackupVolumeInfos": `[{"pvName":"pv-1","backupMethod":"NativeSnapshot","result":"succeeded","nativeSnapshotInfo":{"snapshotHandle":"snap-1","volumeType":"gp3","volumeAZ":"us-east-1a","iops":"3000","Phase":"Completed"}},
		{"pvName":"pv-2","skipped":true}]`,
}

const described = `Name:         x
Namespace:    velero
Labels:       a=b
              velero.io/storage-location=east
Annotations:  <none>

Phase:  PartiallyFailed (run ` + "`velero backup logs x`" + ` for more information)


Errors:
  Velero:     <none>
  Cluster:    <none>
  Namespaces:
    shop:  no region
           no zone

Namespaces:
  Included:  shop
  Excluded:  <none>

Resources:
  Included:        *
  Excluded:        events
  Cluster-scoped:  auto

Label selector:  app=shop

Or label selector:  <none>

Storage Location:  east

Velero-Native Snapshot PVs:  true
Snapshot Move Data:          auto
Data Mover:                  velero

Volume Snapshot Locations:  ebs, px

TTL:  720h0m0s

CSISnapshotTimeout:    10m0s
ItemOperationTimeout:  4h0m0s

Hooks:  <none>

Backup Format Version:  1.1.0

Started:    <n/a>
Completed:  <n/a>

Expiration:  <nil>

Total items to be backed up:  3
Items backed up:              2

`

// TestDescribeBackup shows Velero's text, but for the paragraph of snapshot locations.
func TestDescribeBackup(t *testing.T) {
	const deletions = "\nDeletion Attempts (1 failed):\n  TIME: Processed\n  Errors:\n    no\n"
	for args, want := range map[string]string{
		"": described + `Backup Volumes:
  Velero-Native Snapshots:
    pv-1: specify --details for more information

  CSI Snapshots: <none included>

  Pod Volume Backups: <none included>
` + deletions,
		"--details": described + `Resource List:
  v1/ConfigMap:
    - shop/a
    - shop/b
  v1/Secret:
    - shop/database

Backup Volumes:
  Velero-Native Snapshots:
    pv-1:
      Snapshot ID:        snap-1
      Type:               gp3
      Availability Zone:  us-east-1a
      IOPS:               3000
      Result:             succeeded

  CSI Snapshots: <none included>

  Pod Volume Backups: <none included>
` + deletions,
	} {
		url := storage(t, describedBackup, describedFiles)
		got := run(t, append([]string{"describe", "backup", "x", "--server", url}, strings.Fields(args)...)...)
		if got.err != nil || got.stderr != "" {
			t.Errorf("%v %s", got.err, got.stderr)
		}
		if text := strings.ReplaceAll(got.stdout, validated(t), "TIME"); text != want {
			t.Errorf("describe %s printed\n%s\nwant\n%s", args, text, want)
		}
	}
}

// TestDescribeWithoutFiles shows that what cannot be read is said in its place, and that no backup is asked for
// files before it has any.
func TestDescribeWithoutFiles(t *testing.T) {
	got := run(t, "backup", "describe", "x", "--details", "--server", storage(t, describedBackup, nil))
	for _, want := range []string{"\nErrors:    1\nWarnings:  0\n", "\nResource List:  <backup resource list not found>\n", "Velero-Native Snapshots: <none included>"} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("got\n%s\nwant %q", got.stdout, want)
		}
	}
	got = run(t, "backup", "describe", "x", "--server", storage(t, describedBackup, map[string]string{"BackupVolumeInfos": "{", "BackupResults": "["}))
	for _, want := range []string{"<error getting warnings: decoding the file: unexpected EOF>", "<error getting backup volume info: decoding the file: unexpected EOF>"} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("got\n%s\nwant %q", got.stdout, want)
		}
	}
	refused := withStatus(`{"phase":"FailedValidation","validationErrors":["no location","no region"],"failureReason":"nothing works"}`)
	got = run(t, "backup", "describe", "x", "--server", storage(t, refused, describedFiles))
	for _, want := range []string{"Phase:  FailedValidation\n\nFailure reason:  nothing works\n\nValidation errors:  no location\n                    no region\n", "Velero-Native Snapshots: <none included>"} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("got\n%s\nwant %q", got.stdout, want)
		}
	}
}

func TestDescribeSchedule(t *testing.T) {
	url, _ := api(t, answer(200, `{"metadata":{"name":"nightly","namespace":"velero"},"spec":{"schedule":"0 0 * * *","template":{"storageLocation":"east","uploaderConfig":{"parallelFilesUpload":10},
		"orderedResources":{"pods":"a/b"},"hooks":{"resources":[{"name":"freeze","pre":[{"exec":{"container":"c","command":["fsfreeze","/"],"onError":"Fail","timeout":"1s"}}]}]}}},"status":{"phase":"Enabled"}}`))
	got := run(t, "schedule", "describe", "nightly", "--server", url)
	const want = `Name:         nightly
Namespace:    velero
Labels:       <none>
Annotations:  <none>

Phase:  Enabled

Uploader config:
  Parallel files upload:  10

Paused:  false

Schedule:  0 0 * * *

Backup Template:
  Namespaces:
    Included:  *
    Excluded:  <none>
  
  Resources:
    Included cluster-scoped:    <none>
    Excluded cluster-scoped:    <none>
    Included namespace-scoped:  *
    Excluded namespace-scoped:  <none>
  
  Label selector:  <none>
  
  Or label selector:  <none>
  
  Storage Location:  east
  
  Velero-Native Snapshot PVs:  auto
  Snapshot Move Data:          auto
  Data Mover:                  velero
  
  TTL:  0s
  
  CSISnapshotTimeout:    0s
  ItemOperationTimeout:  0s
  
  Hooks:
    Resources:
      freeze:
        Namespaces:
          Included:  *
          Excluded:  <none>
  
        Resources:
          Included:  *
          Excluded:  <none>
  
        Label selector:  <none>
  
        Pre Exec Hook:
          Container:  c
          Command:    fsfreeze /
          On Error:   Fail
          Timeout:    1s
  
  OrderedResources:
    pods: a/b

Last Backup:  <never>
`
	if got.stdout != want || got.err != nil {
		t.Errorf("got\n%s\n%v\nwant\n%s", got.stdout, got.err, want)
	}
}
