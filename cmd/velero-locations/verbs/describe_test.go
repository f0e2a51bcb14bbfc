package verbs

import (
	"encoding/json"
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

const describedJSON = `{
    "deletionAttempts": {
        "deleteBackupRequests": [
            {
                "creationTimestamp": "TIME",
                "errors": [
                    "no"
                ],
                "phase": "Processed"
            }
        ],
        "failed": 1
    },
    "errors": {
        "cluster": [],
        "namespace": {
            "shop": [
                "no region",
                "no zone"
            ]
        },
        "velero": []
    },
    "metadata": {
        "annotations": null,
        "labels": {
            "a": "b",
            "velero.io/storage-location": "east"
        },
        "name": "x",
        "namespace": "velero"
    },
    "phase": "PartiallyFailed",
    "spec": {
        "CSISnapshotTimeout": "10m0s",
        "TTL": "720h0m0s",
        "dataMover": "<none>",
        "labelSelector": "app=shop",
        "namespaces": {
            "excluded": "<none>",
            "included": "shop"
        },
        "resources": {
            "clusterScoped": "auto",
            "excluded": "events",
            "included": "*"
        },
        "storageLocation": "east",
        "veleroNativeSnapshotPVs": "true",
        "veleroSnapshotMoveData": "auto"
    },
    "status": {
        "backupFormatVersion": "1.1.0",
        "backupVolumes": {
            "csiSnapshots": "<none included>",
            "nativeSnapshots": {
                "pv-1": {
                    "IOPS": "3000",
                    "availabilityZone": "us-east-1a",
                    "result": "succeeded",
                    "snapshotID": "snap-1",
                    "type": "gp3"
                }
            },
            "podVolumeBackups": "<none included>"
        },
        "completed": "<n/a>",
        "expiration": "<nil>",
        "itemsBackedUp": 2,
        "resourceList": {
            "v1/ConfigMap": [
                "shop/a",
                "shop/b"
            ],
            "v1/Secret": [
                "shop/database"
            ]
        },
        "started": "<n/a>",
        "totalItemsToBeBackedUp": 3
    },
    "warnings": {}
}
`

// TestDescribeBackupAsJSON shows Velero's JSON, byte by byte.
func TestDescribeBackupAsJSON(t *testing.T) {
	got := run(t, "backup", "describe", "x", "--details", "-o", "json", "--server", storage(t, describedBackup, describedFiles))
	if text := strings.ReplaceAll(got.stdout, validated(t), "TIME"); text != describedJSON || got.err != nil || got.stderr != "" {
		t.Errorf("got\n%s%v %s\nwant\n%s", text, got.err, got.stderr, describedJSON)
	}
	url, _ := api(t, answer(200, madeBackup))
	got = run(t, "backup", "describe", "x", "y", "-o", "json", "--server", url)
	if got.err == nil || got.err.Error() != "--output json is of one backup, and there are 2: name one" || got.stdout != "" {
		t.Errorf("of two: %+v", got)
	}
}

// TestDescribeVolumes shows, in both formats, volumes that Velero's own server backs up.
func TestDescribeVolumes(t *testing.T) {
	url := storage(t, withStatus(`{"phase":"Completed"}`), map[string]string{
		"BackupVolumeInfos": `[{"pvcName":"kept","pvcNamespace":"shop","backupMethod":"CSISnapshot","preserveLocalSnapshot":true,"result":"succeeded",
				"csiSnapshotInfo":{"snapshotHandle":"snap-1","size":7,"driver":"ebs.csi.aws.com","vscName":"content-1","operationID":"op-1"}},
			{"pvcName":"moved","pvcNamespace":"shop","backupMethod":"CSISnapshot","snapshotDataMoved":true,"result":"failed",
				"snapshotDataMovementInfo":{"dataMover":"","uploaderType":"kopia","operationID":"op-2","size":9,"incrementalSize":3}}]`,
		"PodVolumeBackups": `{"spec":{"pod":{"namespace":"shop","name":"b"},"volume":"w","uploaderType":"kopia"},"status":{"phase":"Completed","progress":{"totalBytes":5}}},
			{"spec":{"pod":{"namespace":"shop","name":"b"},"volume":"v"},"status":{"phase":"Completed","progress":{"totalBytes":5},"incrementalBytes":2}},
			{"spec":{"pod":{"namespace":"shop","name":"a"},"volume":"v"},"status":{"phase":"Completed"}},
			{"spec":{"pod":{"namespace":"shop","name":"c"},"volume":"v"},"status":{"phase":"InProgress","progress":{"totalBytes":3,"bytesDone":1}}},
			{"spec":{"pod":{"namespace":"shop","name":"d"},"volume":"v"}}`,
	})
	for args, want := range map[string]string{
		"": `
  CSI Snapshots:
    shop/kept:
      Snapshot: included, specify --details for more information
    shop/moved:
      Data Movement: included, specify --details for more information

  Pod Volume Backups - kopia (specify --details for more information):
    Completed:    3
    In Progress:  1
    New:          1
`,
		"--details": `
  CSI Snapshots:
    shop/kept:
      Snapshot:
        Operation ID: op-1
        Snapshot Content Name: content-1
        Storage Snapshot ID: snap-1
        Snapshot Size (bytes): 7
        CSI Driver: ebs.csi.aws.com
        Result: succeeded
    shop/moved:
      Data Movement:
        Operation ID: op-2
        Data Mover: velero
        Uploader Type: kopia
        Moved data Size (bytes): 9
        Incremental data Size (bytes): 3
        Result: failed

  Pod Volume Backups - kopia:
    Completed:
      shop/a: v
      shop/b: v (size: 5, incremental size: 2), w (size: 5)
    In Progress:
      shop/c: v (33.33%)
    New:
      shop/d: v
`,
		"-o json": `{"csiSnapshots":{"shop/kept":{"snapshot":"included, specify --details for more information"},"shop/moved":{"dataMovement":"included, specify --details for more information"}},` +
			`"nativeSnapshots":"<none included>","podVolumeBackups":{"podVolumeBackupsDetails":{"Completed":3,"In Progress":1,"New":1},"uploderType":"kopia"}}`,
		"-o json --details": `{"csiSnapshots":{"shop/kept":{"snapshot":{"csiDriver":"ebs.csi.aws.com","operationID":"op-1","result":"succeeded","snapshotContentName":"content-1","snapshotSize(bytes)":7,"storageSnapshotID":"snap-1"}},` +
			`"shop/moved":{"dataMovement":{"dataMover":"velero","incrementalSize":3,"operationID":"op-2","result":"failed","size":9,"uploaderType":"kopia"}}},` +
			`"nativeSnapshots":"<none included>","podVolumeBackups":{"podVolumeBackupsDetails":{"Completed":[{"shop/a":"v"},{"shop/b":"v (size: 5, incremental size: 2), w (size: 5)"}],"In Progress":[{"shop/c":"v (33.33%)"}],"New":[{"shop/d":"v"}]},"uploderType":"kopia"}}`,
	} {
		got := run(t, append([]string{"backup", "describe", "x", "--server", url}, strings.Fields(args)...)...)
		text := got.stdout
		if strings.Contains(args, "json") {
			var document struct {
				Status struct{ BackupVolumes map[string]any }
			}
			if err := json.Unmarshal([]byte(text), &document); err != nil {
				t.Errorf("describe %s: %v\n%s", args, err, text)
			}
			compact, err := json.Marshal(document.Status.BackupVolumes)
			if err != nil {
				t.Error(err)
			}
			text = strings.NewReplacer(`\u003c`, "<", `\u003e`, ">").Replace(string(compact))
		}
		if !strings.Contains(text, want) || got.err != nil {
			t.Errorf("describe %s printed\n%s%v\nwant\n%s", args, text, got.err, want)
		}
	}
}

// TestDescribeSpecAsJSON shows what few backups have.
func TestDescribeSpecAsJSON(t *testing.T) {
	rare := `{"metadata":{"name":"x","namespace":"velero","annotations":{"velero.io/global-backup-volume-policy-configmap":"global"}},
		"spec":{"resourcePolicy":{"kind":"configmap","name":"own"},"orderedResources":{"pods":"a/b"},
			"hooks":{"resources":[{"name":"freeze","includedNamespaces":["a","b"],"post":[{"exec":{"container":"c","command":["fsfreeze","/"],"onError":"Fail","timeout":"1s"}}]}]}},
		"status":{"phase":"InProgress","validationErrors":["no"],"warnings":1,"progress":{"totalItems":3,"itemsBackedUp":2},"hookStatus":{"hooksAttempted":2,"hooksFailed":1}}}`
	url := storage(t, rare, nil)
	if got := run(t, "backup", "describe", "x", "--server", url); !strings.Contains(got.stdout, "\nGlobal volume policies:\n  Type:  configmap\n  Name:  global\n") {
		t.Errorf("got\n%s%v", got.stdout, got.err)
	}
	got := run(t, "backup", "describe", "x", "--details", "-o", "json", "--server", url)
	squeezed := strings.Join(strings.Fields(got.stdout), "")
	for _, want := range []string{
		`"errors":{"count":0}`, `"warnings":{"count":1}`, `"validationErrors":["no"]`,
		`"resourcePolicies":{"name":"own","type":"configmap"}`, `"globalVolumePolicies":{"name":"global","type":"configmap"}`,
		`"hooks":{"resources":{"freeze":{"labelSelector":"<none>","namespaces":{"excluded":"<none>","included":"a,b"},` +
			`"postExecHook":[{"command":"fsfreeze/","container":"c","onError:":"Fail","timeout":"1s"}],"preExecHook":[],"resources":{"excluded":"<none>","included":"*"}}}}`,
		`"orderedResources":{"pods":"a/b"}`, `"estimatedTotalItemsToBeBackedUp":3`, `"itemsBackedUpSoFar":2`, `"hooksAttempted":2`, `"hooksFailed":1`,
		`"errorGettingResourceList":"<backupresourcelistnotfound>"`, `"nativeSnapshots":"<noneincluded>"`, `"csiSnapshots":"<noneincludedornotdetectable>"`,
	} {
		if !strings.Contains(squeezed, want) {
			t.Errorf("got\n%s%v\nwant %s", got.stdout, got.err, want)
		}
	}
}

// TestDescribeWithoutFiles shows that what cannot be read is said in its place, and that no backup is asked for
// files before it has any.
func TestDescribeWithoutFiles(t *testing.T) {
	got := run(t, "backup", "describe", "x", "--details", "--server", storage(t, describedBackup, nil))
	for _, want := range []string{"\nErrors:    1\nWarnings:  0\n", "\nResource List:  <backup resource list not found>\n", "Velero-Native Snapshots: <none included>", "CSI Snapshots: <none included or not detectable>"} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("got\n%s\nwant %q", got.stdout, want)
		}
	}
	broken := storage(t, describedBackup, map[string]string{"BackupVolumeInfos": "{", "BackupResults": "["})
	got = run(t, "backup", "describe", "x", "--server", broken)
	for _, want := range []string{"<error getting warnings: decoding the file: unexpected EOF>", "<error getting backup volume info: decoding the file: unexpected EOF>"} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("got\n%s\nwant %q", got.stdout, want)
		}
	}
	got = run(t, "backup", "describe", "x", "-o", "json", "--server", broken)
	for _, want := range []string{
		`"errorGettingErrors": "<error getting errors: decoding the file: unexpected EOF>"`, `"errorGettingWarnings": "<error getting warnings: decoding the file: unexpected EOF>"`,
		`"errorGetBackupVolumeInfo": "error getting backup volume info: decoding the file: unexpected EOF"`,
	} {
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
