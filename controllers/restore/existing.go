package restore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	jsonpatch "github.com/evanphx/json-patch/v5"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
)

// existing returns the object that is in the way of one that could not be created; or why it could not, if none is.
func (r *run) existing(ctx context.Context, object backups.Object, content *unstructured.Unstructured, cause error) (*unstructured.Unstructured, error) {
	taken := portsTaken(object, cause)
	if !apierrors.IsAlreadyExists(cause) && !taken {
		return nil, cause
	}
	live, err := r.api.get(ctx, object, content)
	switch {
	case apierrors.IsNotFound(err) && taken: // by another service
		return nil, cause
	case err != nil:
		return nil, fmt.Errorf("it exists, and cannot be read: %w", err)
	}
	return live, nil
}

// portsTaken says that a service was refused for its node ports, which an API server says before it says that there is such a service.
func portsTaken(object backups.Object, cause error) bool {
	var answer apierrors.APIStatus
	if object.Resource != serviceResource || !errors.As(cause, &answer) || answer.Status().Details == nil || len(answer.Status().Details.Causes) == 0 {
		return false
	}
	return !slices.ContainsFunc(answer.Status().Details.Causes, func(cause metav1.StatusCause) bool {
		return !strings.Contains(cause.Message, "provided port is already allocated")
	})
}

// reconcile deals with an object that is there already, as the restore's existingResourcePolicy says.
func (r *run) reconcile(ctx context.Context, object backups.Object, live, content *unstructured.Unstructured) (action, error) {
	before, wanted := live.DeepCopy(), content.DeepCopy()
	reset(wanted)
	for _, o := range []*unstructured.Unstructured{before, content} {
		reset(o)
		o.SetManagedFields(nil)
	}
	update := r.restore.Spec.ExistingResourcePolicy == velerov1.PolicyTypeUpdate
	labelled := before.DeepCopy()
	label(labelled, r.restore)
	switch {
	case apiequality.Semantic.DeepEqual(labelled.Object, content.Object):
		r.note(object, "it exists already, and is the same")
		if update { // by the last restore
			return r.change(ctx, object, before, labelled, skipped)
		}
		return skipped, nil
	case object.Resource == serviceAccountResource:
		merged, err := mergeServiceAccount(labelled, content)
		if err != nil {
			return failed, err
		}
		return r.change(ctx, object, labelled, merged, updated) // it stays as it is but for what it lacks
	case !update:
		r.doubt(object, "it exists already, and differs from what is in the backup: it stays as it is (spec.existingResourcePolicy: update changes it)")
		return failed, nil
	}
	result, err := r.change(ctx, object, before, wanted, updated) // its fields belong to those who owned them when it was backed up, too
	if err == nil {
		return result, nil
	}
	r.doubt(object, fmt.Sprintf("it exists already, and cannot be changed to what is in the backup: %v", err))
	if _, err := r.change(ctx, object, before, labelled, skipped); err != nil {
		return failed, err
	}
	return failed, nil
}

// change turns an object into another by a merge patch.
func (r *run) change(ctx context.Context, object backups.Object, before, after *unstructured.Unstructured, result action) (action, error) {
	patch, err := mergePatch(before, after)
	if err != nil {
		return failed, err
	}
	if string(patch) == "{}" {
		return skipped, nil
	}
	if err := r.api.patch(ctx, object, after, patch); err != nil {
		return failed, err
	}
	return result, nil
}

func mergePatch(before, after *unstructured.Unstructured) ([]byte, error) {
	var encoded [2][]byte
	for i, object := range []*unstructured.Unstructured{before, after} {
		var err error
		if encoded[i], err = json.Marshal(object.Object); err != nil {
			return nil, fmt.Errorf("encoding it: %w", err)
		}
	}
	patch, err := jsonpatch.CreateMergePatch(encoded[0], encoded[1])
	if err != nil {
		return nil, fmt.Errorf("making a patch of it: %w", err)
	}
	return patch, nil
}

// mergeServiceAccount adds to a service account what one in the backup has and it has not.
func mergeServiceAccount(live, content *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	merged := live.DeepCopy()
	err := typed(content.DeepCopy(), func(stored *corev1.ServiceAccount) error {
		return typed(merged, func(account *corev1.ServiceAccount) error {
			for _, secret := range stored.Secrets {
				if !slices.ContainsFunc(account.Secrets, func(s corev1.ObjectReference) bool { return s.Name == secret.Name }) {
					account.Secrets = append(account.Secrets, secret)
				}
			}
			for _, secret := range stored.ImagePullSecrets {
				if !slices.Contains(account.ImagePullSecrets, secret) {
					account.ImagePullSecrets = append(account.ImagePullSecrets, secret)
				}
			}
			account.Labels, account.Annotations = added(account.Labels, stored.Labels), added(account.Annotations, stored.Annotations)
			return nil
		})
	})
	return merged, err
}

// added is a map with the entries of another whose keys it does not have.
func added(has, others map[string]string) map[string]string {
	all := maps.Clone(others)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, has)
	return all
}
