package apiserver

import (
	"net/http"
	"time"

	"k8s.io/klog/v2"

	"github.com/velero-locations/velero-locations/apiserver/etcd"
)

// SnapshotPath is where a server with an embedded etcd gives snapshots of it to those who may get that path.
const SnapshotPath = "/etcd/snapshot"

// snapshotStall is how long a client may leave a snapshot's next bytes waiting.
const snapshotStall = time.Minute

// snapshots serves snapshots of an etcd. One that is cut short has no checksum at its end.
type snapshots struct{ etcd *etcd.Server }

// ServeHTTP implements http.Handler.
func (s snapshots) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		http.Error(w, "a snapshot can only be read", http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	if err := s.etcd.Snapshot(impatient{w, http.NewResponseController(w)}); err != nil {
		klog.ErrorS(err, "A snapshot was cut short")
	}
}

// impatient gives up on a client that does not read, since the etcd is not kept small while it is read.
type impatient struct {
	http.ResponseWriter
	control *http.ResponseController
}

// Write implements io.Writer.
func (i impatient) Write(p []byte) (int, error) {
	if err := i.control.SetWriteDeadline(time.Now().Add(snapshotStall)); err != nil {
		return 0, err
	}
	return i.ResponseWriter.Write(p)
}
