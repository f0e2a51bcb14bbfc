package written_test

import (
	"encoding/json"
	"testing"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
)

// backup as Velero writes it, which its type would encode otherwise.
const backup = `{"apiVersion":"velero.io/v1","kind":"Backup","metadata":{"name":"full","namespace":"velero","uid":"2b1e7a3c-8d5f-4a60-9c1b-0f4d2e6a7b8c",
"labels":{"velero.io/storage-location":"default"},"managedFields":[{"manager":"velero-server","operation":"Update","apiVersion":"velero.io/v1",
"time":"2026-11-30T00:00:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:labels":{".":{},"f:velero.io/storage-location":{}}},"f:spec":{".":{},
"f:csiSnapshotTimeout":{},"f:defaultVolumesToFsBackup":{},"f:hooks":{},"f:includedNamespaces":{},"f:itemOperationTimeout":{},"f:metadata":{},
"f:snapshotMoveData":{},"f:storageLocation":{},"f:ttl":{}},"f:status":{".":{},"f:completionTimestamp":{},"f:expiration":{},"f:formatVersion":{},
"f:hookStatus":{},"f:phase":{},"f:progress":{".":{},"f:itemsBackedUp":{},"f:totalItems":{}},"f:startTimestamp":{},"f:version":{}}}}]},
"spec":{"csiSnapshotTimeout":"10m0s","defaultVolumesToFsBackup":false,"hooks":{},"includedNamespaces":["*"],"itemOperationTimeout":"4h0m0s","metadata":{},
"snapshotMoveData":false,"storageLocation":"default","ttl":"720h0m0s"},"status":{"completionTimestamp":"2026-11-30T00:01:00Z",
"expiration":"2026-12-30T00:00:00Z","formatVersion":"1.1.0","hookStatus":{},"phase":"Completed","progress":{"itemsBackedUp":1234,"totalItems":1234},
"startTimestamp":"2026-11-30T00:00:00Z","version":1}}`

func BenchmarkMarshal(b *testing.B) {
	var o v1.Backup
	if err := json.Unmarshal([]byte(backup), &o); err != nil || o.Written == "" {
		b.Fatal(o.Written, err)
	}
	for b.Loop() {
		if _, err := json.Marshal(o); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUnmarshal(b *testing.B) {
	var o v1.Backup
	if err := json.Unmarshal([]byte(backup), &o); err != nil {
		b.Fatal(err)
	}
	stored, err := json.Marshal(o)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := json.Unmarshal(stored, new(v1.Backup)); err != nil {
			b.Fatal(err)
		}
	}
}
