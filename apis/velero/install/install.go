// Package install registers every version of group velero.io in a scheme.
package install

import (
	"fmt"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/velero-locations/velero-locations/apis/velero"
	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
)

// Install registers the internal and wire types of the group, and which version clients and
// storage prefer.
func Install(scheme *runtime.Scheme) error {
	for _, add := range []func(*runtime.Scheme) error{velero.AddToScheme, v1.AddToScheme} {
		if err := add(scheme); err != nil {
			return fmt.Errorf("registering the types of %s: %w", velero.GroupName, err)
		}
	}
	if err := scheme.SetVersionPriority(v1.SchemeGroupVersion); err != nil {
		return fmt.Errorf("setting the preferred version of %s: %w", velero.GroupName, err)
	}
	return nil
}
