package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// object is one as it is sent.
type object map[string]any

// kind is what is written and read.
type kind struct {
	name string
	// group and plural are those of its URLs.
	group, plural string
	// fill puts what is particular to the kind into the n-th object of a namespace.
	fill func(o object, namespace string, n int)
}

const veleroGroup = "/apis/velero.io/v1"

// Kinds that are measured, and a native one of kube-apiserver that all are compared with.
var (
	locations = kind{"BackupStorageLocation", veleroGroup, "backupstoragelocations", func(o object, namespace string, n int) {
		o["apiVersion"], o["kind"] = "velero.io/v1", "BackupStorageLocation"
		o["spec"] = object{
			"provider": "aws", "config": object{"region": "us-east-1"},
			"objectStorage": object{"bucket": fmt.Sprintf("%s-%d", namespace, n/locationsPerBucket), "prefix": fmt.Sprintf("team-%d", n)},
		}
	}}
	backups = kind{"Backup", veleroGroup, "backups", func(o object, _ string, _ int) {
		o["apiVersion"], o["kind"] = "velero.io/v1", "Backup"
		fillBackup(o, home)
	}}
	newBackups = kind{"Backup that is new", veleroGroup, "backups", func(o object, namespace string, n int) {
		backups.fill(o, namespace, n)
		delete(o, "status")
	}}
	configMaps = kind{"ConfigMap", "/api/v1", "configmaps", func(o object, _ string, _ int) {
		o["apiVersion"], o["kind"] = "v1", "ConfigMap"
		o["data"] = object{"text": strings.Repeat("x", 512)}
	}}
	measured = map[string]kind{"bsl": locations, "backup": backups, "new-backup": newBackups}
)

// locationsPerBucket is how many locations share a bucket.
const locationsPerBucket = 10

// home is the location that backups are in.
const home = "default"

// fillBackup makes an object a record of a backup that has ended, of 2 KB with all that servers add.
func fillBackup(o object, location string) {
	o["spec"] = object{
		"storageLocation": location, "includedNamespaces": []string{"*"}, "ttl": "720h0m0s",
		"hooks": object{}, "metadata": object{}, "csiSnapshotTimeout": "10m0s", "itemOperationTimeout": "4h0m0s", "snapshotMoveData": false,
		"defaultVolumesToFsBackup": false, "volumeSnapshotLocations": []string{},
	}
	o["status"] = object{
		"phase": "Completed", "version": 1, "formatVersion": "1.1.0",
		"startTimestamp": "2026-11-30T00:00:00Z", "completionTimestamp": "2026-11-30T00:01:00Z", "expiration": "2099-12-30T00:00:00Z",
		"progress": object{"totalItems": 1234, "itemsBackedUp": 1234}, "hookStatus": object{},
	}
}

// labelGroups is into how many groups labels divide objects.
const labelGroups = 10

// manifest is the n-th object, as a client sends it for the so-manieth time.
func (k kind) manifest(namespace, name string, n, times int) []byte {
	o := object{"metadata": object{
		"name": name, "namespace": namespace,
		"labels":      object{"group": fmt.Sprintf("group-%d", n%labelGroups), "app.kubernetes.io/name": "benchmark", "times": strconv.Itoa(times)},
		"annotations": object{"description": strings.Repeat("x", 400)},
	}}
	k.fill(o, namespace, n)
	data, _ := json.Marshal(o) // maps, slices, strings and numbers always can be
	return data
}
