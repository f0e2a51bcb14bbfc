package main

import (
	"context"

	"github.com/velero-locations/velero-locations/backups/probe"
	"github.com/velero-locations/velero-locations/cmd/velero-locations/verbs"
	"github.com/velero-locations/velero-locations/controllers"
)

// checkLocation has a location tried as the controllers would open it.
func checkLocation(ctx context.Context, request verbs.CheckRequest) (probe.Report, error) {
	options := controllers.NewOptions()
	options.DefaultS3Endpoint = request.DefaultS3Endpoint
	return options.Check(ctx, controllers.LocationCheck{Kubernetes: request.Kubernetes, Location: request.Location, Volumes: request.Volumes, Records: request.Records})
}
