package apiserver

import (
	"encoding/json"
	"fmt"
	"net/http"
	goruntime "runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
)

// veleroBackup is a backup as Velero writes it when it has ended, of 2 KB with all that servers add.
func veleroBackup(name, group string) map[string]any {
	type object = map[string]any
	return object{
		"apiVersion": "velero.io/v1", "kind": "Backup",
		"metadata": object{
			"name": name, "labels": object{"group": group, "velero.io/storage-location": "default"},
			"annotations": object{"description": strings.Repeat("x", 400)},
		},
		"spec": object{
			"storageLocation": "default", "includedNamespaces": []string{"*"}, "ttl": "720h0m0s", "hooks": object{}, "metadata": object{},
			"csiSnapshotTimeout": "10m0s", "itemOperationTimeout": "4h0m0s", "snapshotMoveData": false, "defaultVolumesToFsBackup": false,
		},
		"status": object{
			"phase": "Completed", "version": 1, "formatVersion": "1.1.0", "hookStatus": object{},
			"startTimestamp": "2026-11-30T00:00:00Z", "completionTimestamp": "2026-11-30T00:01:00Z", "expiration": "2099-12-30T00:00:00Z",
			"progress": object{"totalItems": 1234, "itemsBackedUp": 1234},
		},
	}
}

// processorTime that this process has taken.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func newCodec(b *testing.B) runtime.Codec {
	b.Helper()
	api, err := NewAPI(Velero)
	if err != nil {
		b.Fatal(err)
	}
	return api.StorageCodec()
}

// heap is how much memory is in use.
func heap() uint64 {
	goruntime.GC()
	var stats goruntime.MemStats
	goruntime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// BenchmarkBackups is what reading and writing of 1,000 backups costs, with a client and etcd in the same process: in processor time for
// each object, which goes up less with what else the machine does.
func BenchmarkBackups(b *testing.B) {
	const backups, count, groups = "/apis/velero.io/v1/namespaces/velero/backups", 1000, 10
	c := startServer(b)
	create := func(name string, n int) {
		data, err := json.Marshal(veleroBackup(name, fmt.Sprint("group-", n%groups)))
		if err != nil {
			b.Fatal(err)
		}
		c.send("POST", backups, http.Header{"Content-Type": {"application/json"}}, data)
	}
	for n := range count {
		create(fmt.Sprint("backup-", n), n)
	}
	for _, read := range []struct {
		name, path string
		objects    int
	}{
		{"get", "/backup-7", 1},
		{"get/resourceVersion=0", "/backup-7?resourceVersion=0", 1},
		{"list", "", count},
		{"list/limit=500", "?limit=500", count / 2},
		{"list/resourceVersion=0", "?resourceVersion=0", count},
		{"list/labelSelector", "?labelSelector=group%3Dgroup-7", count / groups},
	} {
		b.Run(read.name, func(b *testing.B) {
			b.ReportAllocs()
			before := processorTime(b)
			for b.Loop() {
				c.send("GET", backups+read.path, nil, nil)
			}
			b.ReportMetric(float64((processorTime(b)-before).Nanoseconds())/float64(b.N*read.objects), "cpu-ns/object")
		})
	}
	b.Run("memory", func(b *testing.B) {
		codec, data := newCodec(b), c.send("GET", backups+"/backup-7", nil, nil)
		held := make([]runtime.Object, 0, 1<<20)
		before := heap()
		for b.Loop() {
			object, err := runtime.Decode(codec, data)
			if err != nil {
				b.Fatal(err)
			}
			held = append(held, object)
		}
		b.ReportMetric(float64(heap()-before)/float64(b.N), "heap-B/object")
		goruntime.KeepAlive(held)
	})
	made := count
	b.Run("create", func(b *testing.B) {
		b.ReportAllocs()
		before := processorTime(b)
		for ; b.Loop(); made++ {
			create(fmt.Sprint("backup-", made), made)
		}
		b.ReportMetric(float64((processorTime(b)-before).Nanoseconds())/float64(b.N), "cpu-ns/object")
	})
}
