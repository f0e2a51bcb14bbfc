package backup

import (
	"fmt"
	"maps"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/controllers/internal/backend/backendtest"
)

// TestIdentities shows that backups are made, and volumes snapshotted, with the identity of their locations, whatever it is.
func TestIdentities(t *testing.T) {
	for _, identity := range backendtest.New(t, interceptor.Funcs{}).Identities(t) {
		t.Run(identity.Name, func(t *testing.T) {
			d := newDesk(t, backupOf("b"))
			contents := maps.Clone(application)
			contents["persistentvolumes"] = []string{fmt.Sprintf(`{"metadata":{"name":"pv-1"},"spec":{"awsElasticBlockStore":{"volumeID":%q}}}`, d.Cloud.CreateVolume(t, "data"))}
			d.api = apiOf(t, contents)
			identity := d.Identity(t, identity.Name)
			d.Use(t, identity)
			d.Cloud.Journal().Clear()
			_, backup := d.look(t, "b")
			if status := backup.Status; status.Phase != velerov1.BackupPhaseCompleted || status.VolumeSnapshotsCompleted != 1 || len(d.Snapshots(t)) != 1 {
				t.Errorf("got %+v", status)
			}
			d.CheckRole(t, identity.Role)
		})
	}
}
