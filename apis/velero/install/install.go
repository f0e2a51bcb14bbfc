// Package install registers every version of group velero.io in a scheme.
package install

import (
	"fmt"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/velero-locations/velero-locations/apis/velero"
	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/apis/velero/v2alpha1"
)

// Install registers the types of all versions of the group, and which version clients prefer.
func Install(scheme *runtime.Scheme) error {
	for _, add := range []func(*runtime.Scheme) error{v1.AddToScheme, v2alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return fmt.Errorf("registering the types of %s: %w", velero.GroupName, err)
		}
	}
	if err := scheme.SetVersionPriority(v1.SchemeGroupVersion, v2alpha1.SchemeGroupVersion); err != nil {
		return fmt.Errorf("setting the preferred version of %s: %w", velero.GroupName, err)
	}
	return nil
}
