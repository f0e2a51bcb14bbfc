package generic

import (
	"context"
	"errors"
	"testing"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
)

// losing is an etcd whose first transactions fail.
type losing struct {
	clientv3.KV
	failures []error
	asked    int
}

// Txn implements clientv3.KV.
func (l *losing) Txn(context.Context) clientv3.Txn { return reading{losing: l} }

type reading struct {
	clientv3.Txn
	losing *losing
}

// Then implements clientv3.Txn.
func (r reading) Then(...clientv3.Op) clientv3.Txn { return r }

// Commit implements clientv3.Txn.
func (r reading) Commit() (*clientv3.TxnResponse, error) {
	r.losing.asked++
	if r.losing.asked <= len(r.losing.failures) {
		return nil, r.losing.failures[r.losing.asked-1]
	}
	return &clientv3.TxnResponse{}, nil
}

// TestGetBoth shows which reads are tried again.
func TestGetBoth(t *testing.T) {
	reset := status.Error(codes.Unavailable, "error reading from server: connection reset by peer")
	for name, test := range map[string]struct {
		failures []error
		asked    int
		want     error
	}{
		"none":                {nil, 1, nil},
		"a member is lost":    {[]error{reset, rpctypes.ErrLeaderChanged}, 3, nil},
		"all are":             {[]error{reset, reset, reset, reset, reset}, 4, reset},
		"it may not be asked": {[]error{rpctypes.ErrPermissionDenied}, 1, rpctypes.ErrPermissionDenied},
	} {
		t.Run(name, func(t *testing.T) {
			etcd := &losing{failures: test.failures}
			d := direct[*velerov1.BackupStorageLocation]{etcd: &clientv3.Client{KV: etcd}}
			_, err := d.getBoth(t.Context(), "/first", "/second")
			if !errors.Is(err, test.want) || etcd.asked != test.asked {
				t.Errorf("asked %d times, got %v, want %d and %v", etcd.asked, err, test.asked, test.want)
			}
		})
	}
}
