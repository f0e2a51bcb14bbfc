package controllers

import (
	"context"

	"k8s.io/client-go/kubernetes"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups/probe"
	"github.com/velero-locations/velero-locations/controllers/internal/backend"
)

// LocationCheck is a location, with what is known of its namespace, that is to be tried by somebody else than a controller.
type LocationCheck struct {
	// Kubernetes is the API that Secrets are in.
	Kubernetes kubernetes.Interface
	Location   *velerov1.BackupStorageLocation
	Volumes    []velerov1.VolumeSnapshotLocation
	Records    probe.Records
}

// Check tries what backups need of a location, with its own credentials. Of the options it takes those that say where storage is.
func (o *Options) Check(ctx context.Context, check LocationCheck) (probe.Report, error) {
	storage, err := o.backend()
	if err != nil {
		return probe.Report{}, err
	}
	storage.Secrets = backend.SecretsOf(check.Kubernetes)
	return storage.Check(ctx, check.Location, check.Volumes, check.Records), nil
}
