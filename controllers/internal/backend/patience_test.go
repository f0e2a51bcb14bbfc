package backend

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/drivers/identity"
	"github.com/velero-locations/velero-locations/drivers/objectstore"
	"github.com/velero-locations/velero-locations/locations/credentials"
)

// TestPatient shows which errors a controller does not tell of, since the status of the location does.
func TestPatient(t *testing.T) {
	opened := func(b Backend, change ...func(*velerov1.BackupStorageLocation)) error {
		_, err := b.Backups(t.Context(), newLocation(change...))
		if err == nil {
			t.Fatal("it was opened")
		}
		return err
	}
	broken := Backend{Secrets: secrets{errors: map[string]error{"cloud-credentials": apierrors.NewInternalError(errors.New("x"))}}}
	for name, tc := range map[string]struct {
		err     error
		patient bool
	}{
		"none":             {nil, false},
		"the API":          {opened(broken), false},
		"the API, written": {fmt.Errorf("writing: %w", apierrors.NewConflict(velerov1.Resource("backups"), "b", nil)), false},
		"a setting":        {opened(broken, func(l *velerov1.BackupStorageLocation) { l.Spec.Config = map[string]string{"s3Url": "x"} }), true},
		"a Secret":         {opened(Backend{Secrets: secrets{}}), true},
		"the storage":      {fmt.Errorf("syncing: %w", errors.Join(errors.New("x"), &objectstore.Error{})), true},
		"a role":           {fmt.Errorf("syncing: %w", &identity.Error{}), true},
		"the pod":          {credentials.Elsewhere("x"), true},
	} {
		t.Run(name, func(t *testing.T) {
			inner := reconcile.Func(func(context.Context, reconcile.Request) (reconcile.Result, error) {
				return reconcile.Result{RequeueAfter: time.Hour}, tc.err
			})
			result, err := Patient(inner, time.Minute, OfLocation).Reconcile(t.Context(), reconcile.Request{})
			want, wantErr := reconcile.Result{RequeueAfter: time.Hour}, tc.err
			if tc.patient {
				want, wantErr = reconcile.Result{RequeueAfter: time.Minute}, nil
			}
			if result != want || !errors.Is(err, wantErr) {
				t.Errorf("got %v, %v; want %v, %v", result, err, want, wantErr)
			}
		})
	}
}
