package controllers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
)

// askAgain is how often it is looked whether the API is served.
const askAgain = time.Second

// whenServed adds controllers to a manager that runs already, once the API that they work on is served. Until then the process
// lives, but is not ready: in a cluster, the server that waits for a volume or its certificate comes up after them.
type whenServed struct {
	api   discovery.ServerResourcesInterface
	setup func(context.Context) error
	done  atomic.Bool
}

// addWhenServed has a manager add controllers when their API is served.
func addWhenServed(mgr manager.Manager, setup func(context.Context) error) error {
	api, err := discovery.NewDiscoveryClientForConfigAndClient(mgr.GetConfig(), mgr.GetHTTPClient())
	if err != nil {
		return fmt.Errorf("making a client for discovery: %w", err)
	}
	w := &whenServed{api: api, setup: setup}
	if err := mgr.AddReadyzCheck("served", w.ready); err != nil {
		return fmt.Errorf("adding the readiness probe: %w", err)
	}
	return mgr.Add(w)
}

// NeedLeaderElection is false, since who waits to be elected is ready, too.
func (w *whenServed) NeedLeaderElection() bool { return false }

func (w *whenServed) ready(*http.Request) error {
	if !w.done.Load() {
		return errors.New(velerov1.SchemeGroupVersion.String() + " is not served yet")
	}
	return nil
}

// Start returns when the controllers are added, or the context has ended.
func (w *whenServed) Start(ctx context.Context) error {
	version := velerov1.SchemeGroupVersion.String()
	said := ""
	err := wait.PollUntilContextCancel(ctx, askAgain, true, func(context.Context) (bool, error) {
		_, err := w.api.ServerResourcesForGroupVersion(version)
		if err != nil && err.Error() != said {
			said = err.Error()
			klog.FromContext(ctx).Error(err, "Waiting for the API to be served", "version", version)
		}
		return err == nil, nil
	})
	if err != nil {
		return nil //nolint:nilerr // the end of the context is no error
	}
	if err := w.setup(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	w.done.Store(true)
	return nil
}
