package serverstatus

import (
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/controllers/internal/backend/backendtest"
)

// TestAnswers follows a request from its answer to its end.
func TestAnswers(t *testing.T) {
	w := backendtest.New(t, interceptor.Funcs{}, &velerov1.ServerStatusRequest{ObjectMeta: metav1.ObjectMeta{Name: "r"}})
	now := time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC)
	plugins := []velerov1.PluginInfo{{Name: "velero.io/aws", Kind: "ObjectStore"}}
	r := &reconciler{Writer: w.Writer, version: "v1", plugins: plugins, now: func() time.Time { return now }}
	request := &velerov1.ServerStatusRequest{}
	for _, left := range []time.Duration{kept, kept - time.Second, kept - 2*time.Second} {
		result, err := w.Reconcile(t, r, "r")
		if err != nil || result.RequeueAfter != left || !w.Read(t, "r", request) {
			t.Fatalf("got %v, %v", result, err)
		}
		if s := request.Status; s.Phase != velerov1.ServerStatusRequestPhaseProcessed || s.ServerVersion != "v1" || !slices.Equal(s.Plugins, plugins) {
			t.Errorf("got %+v", s)
		}
		now = now.Add(time.Second)
	}
	now = now.Add(kept)
	for range 2 { // the second time it is gone
		if result, err := w.Reconcile(t, r, "r"); err != nil || result.RequeueAfter != 0 || w.Read(t, "r", request) {
			t.Errorf("got %v, %v, or it is still there", result, err)
		}
	}
}
