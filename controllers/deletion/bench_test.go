package deletion

import (
	"context"
	"fmt"
	"strconv"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/controllers/internal/index/indextest"
	"github.com/velero-locations/velero-locations/controllers/internal/mergepatch"
)

// BenchmarkRecords finds the records that go with a backup, among those of others.
func BenchmarkRecords(b *testing.B) {
	for _, records := range indextest.Counts {
		b.Run(strconv.Itoa(records), func(b *testing.B) {
			var objects []client.Object
			for i := range records {
				name := fmt.Sprintf("b-%d", i)
				named := metav1.ObjectMeta{Namespace: "velero", Name: name, UID: types.UID(name)}
				objects = append(objects,
					&velerov1.DeleteBackupRequest{ObjectMeta: named, Spec: velerov1.DeleteBackupRequestSpec{BackupName: name}},
					&velerov1.Restore{ObjectMeta: named, Spec: velerov1.RestoreSpec{BackupName: name}})
			}
			r := &reconciler{Writer: mergepatch.Writer{Client: indextest.Client(b, objects...)}}
			for b.Loop() {
				backup := &velerov1.Backup{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "b-7", UID: "b-7"}}
				request := objects[14].DeepCopyObject().(*velerov1.DeleteBackupRequest)
				if err := r.begin(b.Context(), request, backup); err != nil {
					b.Fatal(err)
				}
				if err := r.removeRestores(b.Context(), func(context.Context, string) error { return nil }, backup); err != nil {
					b.Fatal(err)
				}
				if err := r.removeRequests(b.Context(), request); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
