// Package download is the controller that answers DownloadRequests with an address from which a file of a backup or of a
// restore can be read.
package download

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/controllers/internal/backend"
	"github.com/velero-locations/velero-locations/controllers/internal/mergepatch"
)

// lifetime of an address, and of the request that has it.
const lifetime = 10 * time.Minute

// retry is after how long a request is looked at again that could not be answered.
const retry = time.Second

// unanswerable says that what a request is for is not there, or that its location does not let it be answered.
func unanswerable(err error) bool { return apierrors.IsNotFound(err) || backend.OfLocation(err) }

// reconciler answers one request at a time.
type reconciler struct {
	mergepatch.Writer

	backend *backend.Backend
	now     func() time.Time
}

// Setup adds the controller to a manager.
func Setup(mgr manager.Manager, writer mergepatch.Writer, storage *backend.Backend) error {
	return builder.ControllerManagedBy(mgr).Named("download").For(&velerov1.DownloadRequest{}).
		Complete(backend.Patient(&reconciler{Writer: writer, backend: storage, now: time.Now}, retry, unanswerable))
}

// Reconcile answers a request that is new, and deletes one that has expired. Whether the file is there is not looked at:
// whoever reads from the address learns it. A request for a backup that is not there stays without an answer, as with
// Velero: it may be synced in a moment.
func (r *reconciler) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	request := &velerov1.DownloadRequest{}
	if err := r.Get(ctx, req.NamespacedName, request); err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	if expiration := request.Status.Expiration; expiration != nil && !r.now().Before(expiration.Time) {
		if err := r.Delete(ctx, request); client.IgnoreNotFound(err) != nil {
			return reconcile.Result{}, fmt.Errorf("deleting an expired request: %w", err)
		}
		return reconcile.Result{}, nil
	}
	if request.Status.Phase == velerov1.DownloadRequestPhaseProcessed && request.Status.Expiration != nil {
		return reconcile.Result{RequeueAfter: request.Status.Expiration.Sub(r.now())}, nil
	}
	// The time counts from the first look, also for requests that are never answered.
	expiration := metav1.NewTime(r.now().Add(lifetime))
	if request.Status.Expiration == nil {
		if err := mergepatch.Write(ctx, r.Writer, request, func(d *velerov1.DownloadRequest) { d.Status.Expiration = &expiration }); err != nil {
			return reconcile.Result{}, err
		}
	}
	address, err := r.address(ctx, request)
	if err != nil {
		return reconcile.Result{}, err
	}
	return reconcile.Result{RequeueAfter: lifetime}, mergepatch.Write(ctx, r.Writer, request, func(d *velerov1.DownloadRequest) {
		d.Status = velerov1.DownloadRequestStatus{Phase: velerov1.DownloadRequestPhaseProcessed, DownloadURL: address, Expiration: &expiration}
	})
}

// address returns the address of what a request names.
func (r *reconciler) address(ctx context.Context, request *velerov1.DownloadRequest) (string, error) {
	target := request.Spec.Target
	file, known := backups.Target(string(target.Kind))
	if !known {
		return "", reconcile.TerminalError(fmt.Errorf("there is no file of kind %q", target.Kind))
	}
	name := target.Name
	if file.OfRestore() {
		var restore velerov1.Restore
		if err := r.Get(ctx, types.NamespacedName{Namespace: request.Namespace, Name: name}, &restore); err != nil {
			return "", fmt.Errorf("reading restore %q: %w", name, err)
		}
		name = restore.Spec.BackupName
	}
	var backup velerov1.Backup
	if err := r.Get(ctx, types.NamespacedName{Namespace: request.Namespace, Name: name}, &backup); err != nil {
		return "", fmt.Errorf("reading backup %q: %w", name, err)
	}
	var location velerov1.BackupStorageLocation
	if err := r.Get(ctx, types.NamespacedName{Namespace: request.Namespace, Name: backup.Spec.StorageLocation}, &location); err != nil {
		return "", fmt.Errorf("reading backup storage location %q: %w", backup.Spec.StorageLocation, err)
	}
	store, err := r.backend.Backups(ctx, &location)
	if err != nil {
		return "", fmt.Errorf("backup storage location %q: %w", location.Name, err)
	}
	defer store.Close()
	return store.Address(ctx, file, target.Name, lifetime)
}
