package apiserver

import (
	"context"
	"errors"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/server/healthz"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/apiserver/etcd"
)

// SpaceCheck is the name of the check of /readyz that fails while the embedded etcd is full. Who sends requests leaves it out, since
// deletions are to reach the server all the same.
const SpaceCheck = "etcd-space"

// reasonInsufficientStorage is the reason of status code 507.
const reasonInsufficientStorage metav1.StatusReason = "InsufficientStorage"

// useEmbedded has the server say when its etcd is full, and give as much time to snapshots as to watches.
func (c *Config) useEmbedded() {
	others := c.Generic.LongRunningFunc
	c.Generic.LongRunningFunc = func(r *http.Request, info *request.RequestInfo) bool {
		return info.Path == SnapshotPath || others(r, info)
	}
	space := &space{Handler: admission.NewHandler(admission.Create, admission.Update), usage: c.Embedded.Usage, kept: sets.New[schema.GroupResource]()}
	for _, kind := range c.API.Kinds {
		space.kept.Insert(kind.GroupVersionResource().GroupResource())
	}
	chain := []admission.Interface{space}
	if c.Generic.AdmissionControl != nil {
		chain = append(chain, c.Generic.AdmissionControl)
	}
	c.Generic.AdmissionControl = admission.NewChainHandler(chain...)
	c.Generic.ReadyzChecks = append(c.Generic.ReadyzChecks, healthz.NamedCheck(SpaceCheck, func(*http.Request) error { return space.check() }))
}

// space is an admission plugin that refuses to write to a full etcd before etcd does, so that there is room to delete.
type space struct {
	*admission.Handler
	usage func() etcd.Usage
	kept  sets.Set[schema.GroupResource] // in etcd, as reviews are not
}

var _ admission.ValidationInterface = (*space)(nil)

func (s *space) check() error {
	if usage := s.usage(); usage.Full() {
		return errors.New(usage.Advice())
	}
	return nil
}

// Validate implements admission.ValidationInterface.
func (s *space) Validate(_ context.Context, attributes admission.Attributes, _ admission.ObjectInterfaces) error {
	usage := s.usage()
	resource := attributes.GetResource()
	if !usage.Full() || !s.kept.Has(resource.GroupResource()) || attributes.IsDryRun() || deletes(attributes) {
		return nil
	}
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status:  metav1.StatusFailure,
		Code:    http.StatusInsufficientStorage,
		Reason:  reasonInsufficientStorage,
		Message: usage.Advice(),
		Details: &metav1.StatusDetails{Group: resource.Group, Kind: resource.Resource, Name: attributes.GetName()},
	}}
}

// deletes says whether a request is part of the deletion of something: of an object that waits for its finalizers, or of a backup.
func deletes(attributes admission.Attributes) bool {
	switch object := attributes.GetObject().(type) {
	case *v1.DeleteBackupRequest:
		return true
	case *v1.Backup:
		if object.Status.Phase == v1.BackupPhaseDeleting {
			return true
		}
	}
	old, err := meta.Accessor(attributes.GetOldObject())
	return err == nil && old.GetDeletionTimestamp() != nil
}
