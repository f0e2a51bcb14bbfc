// Package memory keeps a process within the memory that it was given: the garbage collector is told of the limit, and requests for which
// there is no room are refused before the process is killed for them.
package memory

import (
	"context"
	"fmt"
	"time"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// refresh is how often the limit of the cgroup is looked at again: that of a pod may be changed while it runs.
const refresh = time.Minute

// FollowCgroup makes nine tenths of the limit of the process's cgroup, of version 1 or 2, the soft limit of Go's runtime, until the context
// ends. $GOMEMLIMIT takes precedence. Without a limit, or a cgroup, there is none.
func FollowCgroup(ctx context.Context) error {
	if _, err := memlimit.Set(memlimit.WithRefreshInterval(ctx, refresh)); err != nil {
		return fmt.Errorf("finding the memory limit of the cgroup ($GOMEMLIMIT sets another): %w", err)
	}
	return nil
}
