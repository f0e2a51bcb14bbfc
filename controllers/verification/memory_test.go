package verification

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
)

// TestMemory shows that a backup of many objects is verified in about the memory that one of a few takes.
func TestMemory(t *testing.T) {
	const few, many, size = 100, 20_000, 4 << 10 // 80 MiB of objects
	less, more := peak(t, few, size), peak(t, many, size)
	t.Logf("%d objects took %d KiB, %d took %d KiB", few, less>>10, many, more>>10)
	if allowed := less + 8<<20; more > allowed {
		t.Errorf("%d objects took %d KiB, and %d took %d KiB", few, less>>10, many, more>>10)
	}
}

// peak is the most that the heap grows by while a backup is verified, of so many objects of a size.
func peak(t *testing.T, count, size int) uint64 {
	t.Helper()
	b := record("b")
	b.Status.Progress = &velerov1.BackupProgress{TotalItems: count + len(items()), ItemsBackedUp: count + len(items())}
	d := newDesk(t, b)
	for i := range count {
		d.items = append(d.items, backups.Item{
			Resource: schema.GroupVersionResource{Version: "v1", Resource: "secrets"}, Kind: "Secret", Preferred: true, Namespace: "shop", Name: fmt.Sprint("s-", i),
		})
	}
	d.text = strings.Repeat("x", size)
	d.makeBackup(t, "b")
	defer debug.SetGCPercent(debug.SetGCPercent(5)) // so that what is in use is what is needed
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	most := before.HeapAlloc
	done := make(chan struct{})
	var sampling sync.WaitGroup
	sampling.Go(func() {
		ticker := time.NewTicker(2 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				runtime.ReadMemStats(&now)
				most = max(most, now.HeapAlloc)
			}
		}
	})
	report := d.ask(t, "b")
	close(done)
	sampling.Wait()
	if report.Verified != yes || report.Objects.Restorable != count+len(items()) {
		t.Fatalf("got %+v", report)
	}
	return most - before.HeapAlloc
}
