package backupsync

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/controllers/internal/backend/backendtest"
	"github.com/velero-locations/velero-locations/controllers/internal/index/indextest"
	"github.com/velero-locations/velero-locations/controllers/internal/mergepatch"
)

// BenchmarkKnown syncs a bucket of which all is known, as nearly all syncs are.
func BenchmarkKnown(b *testing.B) {
	for _, records := range indextest.Counts {
		b.Run(strconv.Itoa(records), func(b *testing.B) {
			w := backendtest.New(b, interceptor.Funcs{})
			location := &velerov1.BackupStorageLocation{}
			w.Read(b, "primary", location)
			objects := []client.Object{location}
			var filling errgroup.Group
			filling.SetLimit(8)
			for i := range records {
				name := fmt.Sprintf("b-%d", i)
				objects = append(objects, &velerov1.Backup{
					ObjectMeta: metav1.ObjectMeta{Namespace: backendtest.Namespace, Name: name}, Spec: velerov1.BackupSpec{StorageLocation: "primary"},
					Status: velerov1.BackupStatus{Phase: velerov1.BackupPhaseCompleted},
				})
				filling.Go(func() error {
					return w.Store.Put(b.Context(), backups.Metadata.Key(w.Place, name), strings.NewReader("{}"))
				})
			}
			if err := filling.Wait(); err != nil {
				b.Fatal(err)
			}
			r := newReconciler(w)
			r.Writer = mergepatch.Writer{Client: indextest.Client(b, objects...)}
			for b.Loop() {
				if result, err := w.Reconcile(b, r, "primary"); err != nil || result.RequeueAfter != period {
					b.Fatal(result, err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(records), "ns/record")
		})
	}
}
