package generic

import (
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// unanswered makes what etcd's client says of a write that no member has answered an error that tells whoever wrote what to do. It has no
// Retry-After, upon which clients would repeat a write that may have been done.
func unanswered(err error) error {
	var told apierrors.APIStatus
	if err == nil || errors.As(err, &told) || !unavailable(err) {
		return err
	}
	return apierrors.NewTimeoutError(fmt.Sprintf("etcd has not answered, and the write may have been done: read before you write again (%v)", err), 0)
}
