package backend

import (
	"context"
	"errors"
	"time"

	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/velero-locations/velero-locations/drivers/identity"
	"github.com/velero-locations/velero-locations/drivers/objectstore"
	"github.com/velero-locations/velero-locations/locations/credentials"
)

// locationError is about what a location names: its settings and its Secrets.
type locationError struct{ error }

// Unwrap returns the error itself.
func (e *locationError) Unwrap() error { return e.error }

// ofLocation marks an error of opening what a location names, unless it is the API's.
func ofLocation(err error) error {
	var api *APIError
	if err == nil || errors.As(err, &api) {
		return err
	}
	return &locationError{err}
}

// OfLocation says whether an error is about what a location names: its settings, Secrets or storage. The check of the location
// finds it too, and says so in the location's status.
func OfLocation(err error) bool {
	var (
		settings *locationError
		storage  *objectstore.Error
		keyless  *identity.Error
	)
	return errors.As(err, &settings) || errors.As(err, &storage) || errors.As(err, &keyless) || credentials.AreElsewhere(err)
}

// Patient is a reconciler that looks again after a while instead of returning an expected error: the controller would log each of
// these, and soon try again.
func Patient(inner reconcile.Reconciler, after time.Duration, expected func(error) bool) reconcile.Reconciler {
	return reconcile.Func(func(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
		result, err := inner.Reconcile(ctx, req)
		if err == nil || !expected(err) {
			return result, err
		}
		klog.FromContext(ctx).V(2).Info("Will look again", "after", after, "err", err)
		return reconcile.Result{RequeueAfter: after}, nil
	})
}
