// Package leaktest finds goroutines that the tests of a package have left behind: what a server, a client or a controller starts must end with it.
package leaktest

import (
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// known are goroutines of libraries that nobody can end, or that end by themselves later than tests can wait for.
var known = []goleak.Option{
	// klog writes its files out every few seconds, whether there are any or not.
	goleak.IgnoreAnyFunction("k8s.io/klog/v2.(*flushDaemon).run.func1"),
	// The health check "log" of an API server looks whether klog writes, for as long as the process lives.
	goleak.IgnoreAnyFunction("k8s.io/apimachinery/pkg/util/wait.Forever"),
	// controller-runtime filters the events of watches, and offers the last one to an informer that has ended.
	goleak.IgnoreTopFunction("k8s.io/apimachinery/pkg/watch.(*filteredWatch).loop"),
	// A store of the generic server counts its objects now and then, and is not told that etcd is gone.
	goleak.IgnoreAnyFunction("k8s.io/apiserver/pkg/registry/generic/registry.(*Store).startObservingCount.func1"),
}

// patience is for what ends by itself, such as a watch cache's wait for a revision, on a machine that is busy.
const patience = 10 * time.Second

// Main runs the tests of a package, for its TestMain.
func Main(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	code := m.Run()
	http.DefaultClient.CloseIdleConnections() // which are everybody's
	if code != 0 {
		return code
	}
	err := goleak.Find(known...)
	for end := time.Now().Add(patience); err != nil && time.Now().Before(end); {
		err = goleak.Find(known...) // which waits a second
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "Goroutines were left behind:", err)
		return 1
	}
	return 0
}
