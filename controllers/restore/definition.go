package restore

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/velero-locations/velero-locations/backups"
)

// established waits until objects of a definition that was created can be made.
func (r *run) established(ctx context.Context, object backups.Object, made *unstructured.Unstructured) error {
	if r.api.dry {
		return nil
	}
	err := wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, r.ready, true, func(ctx context.Context) (bool, error) {
		live, err := r.api.get(ctx, object, made)
		if err != nil {
			return false, err
		}
		return holds(live, "Established") && holds(live, "NamesAccepted"), nil
	})
	if err != nil {
		return fmt.Errorf("waiting until its objects can be made: %w", err)
	}
	return nil
}

// holds says whether a condition of an object is true.
func holds(object *unstructured.Unstructured, condition string) bool {
	conditions, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	for _, entry := range conditions {
		if c, is := entry.(map[string]any); is && c["type"] == condition {
			return c["status"] == "True"
		}
	}
	return false
}
