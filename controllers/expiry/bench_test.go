package expiry

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

// BenchmarkExpired looks at backups that have expired, among requests to delete others.
func BenchmarkExpired(b *testing.B) {
	for _, records := range indextest.Counts {
		b.Run(strconv.Itoa(records), func(b *testing.B) {
			backup := expired(nil)
			backup.Namespace = "velero"
			objects := []client.Object{backup, &velerov1.BackupStorageLocation{
				ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "primary"},
				Status:     velerov1.BackupStorageLocationStatus{Phase: velerov1.BackupStorageLocationAvailable},
			}}
			for i := range records {
				name := fmt.Sprintf("other-%d", i)
				objects = append(objects, &velerov1.DeleteBackupRequest{
					ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: name}, Spec: velerov1.DeleteBackupRequestSpec{BackupName: name},
				})
			}
			r := &reconciler{Writer: mergepatch.Writer{Client: indextest.Client(b, objects...)}, frequency: frequency, now: func() time.Time { return now }}
			for b.Loop() {
				request := reconcile.Request{NamespacedName: types.NamespacedName{Namespace: "velero", Name: backup.Name}}
				if result, err := r.Reconcile(b.Context(), request); err != nil || result.RequeueAfter != frequency {
					b.Fatal(result, err)
				}
			}
		})
	}
}
