package generic

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestUnanswered(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		want bool
	}{
		"none":                   {nil, false},
		"connection lost":        {status.Error(codes.Unavailable, "error reading from server: connection timed out"), true},
		"in a transaction":       {fmt.Errorf("writing a: %w", status.Error(codes.Unavailable, "lost")), true},
		"no leader":              {rpctypes.ErrLeaderChanged, true},
		"leader lost":            {fmt.Errorf("writing a: %w", rpctypes.ErrTimeoutDueToLeaderFail), true},
		"no room":                {rpctypes.ErrNoSpace, false},
		"the client's time-out":  {context.DeadlineExceeded, false},
		"an answer":              {apierrors.NewConflict(schema.GroupResource{}, "a", errors.New("changed")), false},
		"an answer of that kind": {apierrors.NewServiceUnavailable("starting"), false},
	} {
		t.Run(name, func(t *testing.T) {
			got := unanswered(test.err)
			if apierrors.IsTimeout(got) != test.want || !test.want && !errors.Is(got, test.err) {
				t.Errorf("got %v", got)
			}
			if _, again := apierrors.SuggestsClientDelay(got); test.want && again {
				t.Error("clients write again")
			}
		})
	}
}
