package apiserver

import (
	"errors"
	"net/http"
	"sync"
	"time"

	"k8s.io/apiserver/pkg/server/dynamiccertificates"
)

// authoritiesSettle is how long it takes at most until connections are accepted by authorities that have been read, and until the others of
// the same ConfigMap are read, too.
const authoritiesSettle = time.Second

// authorities is a readiness probe: the server knows whose certificates to take. Kubernetes' library reads that from the cluster
// beside the start; until then it takes kube-apiserver, whose certificate it cannot check, for system:anonymous, and answers all that it sends by 403.
type authorities struct {
	ofProxy dynamiccertificates.CAContentProvider
	now     func() time.Time

	mu   sync.Mutex
	read time.Time // when it was first seen that they had been read
}

// Name implements healthz.HealthChecker.
func (a *authorities) Name() string { return "client-authorities" }

// Check implements healthz.HealthChecker.
func (a *authorities) Check(*http.Request) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.read.IsZero() && len(a.ofProxy.CurrentCABundleContent()) > 0 {
		a.read = a.now()
	}
	if a.read.IsZero() || a.now().Sub(a.read) < authoritiesSettle {
		return errors.New("the authorities of clients' certificates are being read")
	}
	return nil
}
