package downloadrequest

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/registry/generic"
)

// answerable refuses a request that is answered at once, and has no answer.
func answerable(ctx context.Context, view *generic.View, r, old request) field.ErrorList {
	target := r.Spec.Target
	isNew := r.Status.Phase == "" || r.Status.Phase == v1.DownloadRequestPhaseNew
	if old != nil || !isNew || target.Name == "" {
		return nil
	}
	var err error
	noun := "backup"
	if strings.HasPrefix(string(target.Kind), "Restore") {
		noun = "restore"
		_, err = generic.Get[*v1.Restore](ctx, view, v1.Resource("restores"), target.Name)
	} else {
		_, err = generic.Get[*v1.Backup](ctx, view, v1.Resource("backups"), target.Name)
	}
	return generic.Referred(err, field.NewPath("spec", "target", "name"), target.Name,
		fmt.Sprintf("there is no such %s in namespace %q for there to be a %s of", noun, r.Namespace, target.Kind))
}
