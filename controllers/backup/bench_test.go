package backup

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/controllers/internal/index/indextest"
	"github.com/velero-locations/velero-locations/controllers/internal/mergepatch"
)

// BenchmarkWaiting looks at backups that wait, among records of those that have ended.
func BenchmarkWaiting(b *testing.B) {
	const waiting = 100
	created := time.Now().Add(-time.Hour)
	for _, records := range indextest.Counts {
		b.Run(strconv.Itoa(records), func(b *testing.B) {
			var objects []client.Object
			for i := range records + waiting {
				backup := &velerov1.Backup{ObjectMeta: metav1.ObjectMeta{
					Namespace: "velero", Name: fmt.Sprintf("b-%d", i), UID: types.UID(strconv.Itoa(i)), CreationTimestamp: metav1.NewTime(created.Add(time.Duration(i) * time.Second)),
				}}
				if i < records {
					backup.Status.Phase = velerov1.BackupPhaseCompleted
				}
				objects = append(objects, backup)
			}
			r := &reconciler{Writer: mergepatch.Writer{Client: indextest.Client(b, objects...)}, queue: newQueue(1), now: time.Now}
			r.queue.running["another"] = true
			for i := 0; b.Loop(); i++ {
				request := reconcile.Request{NamespacedName: types.NamespacedName{Namespace: "velero", Name: fmt.Sprintf("b-%d", records+i%waiting)}}
				if result, err := r.Reconcile(b.Context(), request); err != nil || result.RequeueAfter != again {
					b.Fatal(result, err)
				}
			}
		})
	}
}
