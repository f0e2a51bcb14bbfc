// Package serverstatus is the controller that answers ServerStatusRequests: that a server is there, and of what version.
package serverstatus

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/controllers/internal/mergepatch"
)

// kept is how long an answered request is there, for clients that do not delete theirs.
const kept = time.Minute

// reconciler answers one request at a time.
type reconciler struct {
	mergepatch.Writer

	version string
	plugins []velerov1.PluginInfo
	now     func() time.Time
}

// Setup adds the controller to a manager. The version and the plugins are what it answers.
func Setup(mgr manager.Manager, writer mergepatch.Writer, version string, plugins []velerov1.PluginInfo) error {
	return builder.ControllerManagedBy(mgr).Named("server-status").For(&velerov1.ServerStatusRequest{}).
		Complete(&reconciler{Writer: writer, version: version, plugins: plugins, now: time.Now})
}

// Reconcile answers a request that is new, and deletes one that has expired.
func (r *reconciler) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	request := &velerov1.ServerStatusRequest{}
	if err := r.Get(ctx, req.NamespacedName, request); err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	if request.Status.Phase != velerov1.ServerStatusRequestPhaseProcessed {
		now := metav1.NewTime(r.now())
		return reconcile.Result{RequeueAfter: kept}, mergepatch.Write(ctx, r.Writer, request, func(s *velerov1.ServerStatusRequest) {
			s.Status = velerov1.ServerStatusRequestStatus{
				Phase: velerov1.ServerStatusRequestPhaseProcessed, ProcessedTimestamp: &now, ServerVersion: r.version, Plugins: r.plugins,
			}
		})
	}
	if at := request.Status.ProcessedTimestamp; at != nil {
		if left := at.Add(kept).Sub(r.now()); left > 0 {
			return reconcile.Result{RequeueAfter: left}, nil
		}
	}
	if err := r.Delete(ctx, request); client.IgnoreNotFound(err) != nil {
		return reconcile.Result{}, fmt.Errorf("deleting an answered request: %w", err)
	}
	return reconcile.Result{}, nil
}
