package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/velero-locations/velero-locations/generated/clientset/versioned"
)

// BenchmarkDefault moves the default among the locations of a namespace, by clients that all do so at once. Beside the time of a move, it
// says how long the slowest took.
func BenchmarkDefault(b *testing.B) {
	s := startDev(b, b.TempDir(), "--controllers", "namespace")
	client := versioned.NewForConfigOrDie(s.config(b)).VeleroV1().BackupStorageLocations(modelNamespace)
	made := 0
	for _, locations := range []int{10, 3600} {
		var group errgroup.Group
		group.SetLimit(16)
		for ; made < locations; made++ {
			location := modelLocation(fmt.Sprint("location-", made), fmt.Sprint("prefix-", made), modelSecrets)
			group.Go(func() error {
				_, err := client.Create(b.Context(), location, metav1.CreateOptions{})
				return err
			})
		}
		if err := group.Wait(); err != nil {
			b.Fatal(err)
		}
		for _, clients := range []int{1, 4, 50} {
			b.Run(fmt.Sprintf("locations=%d/clients=%d", locations, clients), func(b *testing.B) {
				var next, slowest atomic.Int64
				var workers sync.WaitGroup
				for b.Loop() { // once for all clients
					for range clients {
						workers.Go(func() {
							name := fmt.Sprint("location-", next.Add(1)%int64(locations))
							begin := time.Now()
							if _, err := client.Patch(context.Background(), name, types.MergePatchType, []byte(`{"spec":{"default":true}}`), metav1.PatchOptions{}); err != nil {
								b.Error(err)
							}
							for took := int64(time.Since(begin)); ; {
								if old := slowest.Load(); took <= old || slowest.CompareAndSwap(old, took) {
									break
								}
							}
						})
					}
					workers.Wait()
				}
				b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N*clients), "ms/move")
				b.ReportMetric(float64(slowest.Load())/1e6, "ms-slowest")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
