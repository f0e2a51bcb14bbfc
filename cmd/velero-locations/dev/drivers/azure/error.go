package azure

import (
	"context"
	"errors"
	"fmt"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/drivers/cloudapi"
	"github.com/velero-locations/velero-locations/drivers/snapshotter"
)

// Codes of what is not there.
const (
	codeNoSubscription = "SubscriptionNotFound"
	codeNoGroup        = "ResourceGroupNotFound"
	codeNoResource     = "ResourceNotFound"
)

// call sends a request about a resource within the location's timeout.
func (d *disks) call(ctx context.Context, method, id string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	err := d.client.Call(ctx, method, id, in, out)
	return d.client.Advise(err, "AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET in the credentials", func(r *cloudapi.Refusal) (snapshotter.Reason, string) {
		return d.advise(r, id)
	})
}

// advise is about what is particular to Azure.
func (d *disks) advise(r *cloudapi.Refusal, id string) (snapshotter.Reason, string) {
	subscription, group := "spec.config.subscriptionId", "spec.config.resourceGroup"
	if d.subscription == d.credentials.SubscriptionID {
		subscription = "AZURE_SUBSCRIPTION_ID in the credentials"
	}
	if d.resourceGroup == d.credentials.ResourceGroup {
		group = "AZURE_RESOURCE_GROUP in the credentials"
	}
	switch {
	case r.Code == codeNoSubscription:
		return snapshotter.NotFound, fmt.Sprintf("the credentials have no such subscription (%s): correct %s", r, subscription)
	case r.Code == codeNoGroup:
		return snapshotter.NotFound, fmt.Sprintf("there is no such resource group (%s): correct %s, or create it", r, group)
	case r.Code == codeNoResource:
		return snapshotter.NotFound, fmt.Sprintf("there is no %s: use a volume snapshot location of its subscription and resource group", id)
	case r.Code == "OperationNotAllowed" && d.incremental:
		return snapshotter.Refused, fmt.Sprintf("there can be no such incremental snapshot (%s): set spec.config.incremental to \"false\", or correct spec.config.subscriptionId", r)
	}
	return "", ""
}

// asError returns the error of a snapshotter that an error is; nil if it is none.
func asError(err error) *snapshotter.Error {
	var failure *snapshotter.Error
	if errors.As(err, &failure) {
		return failure
	}
	return nil
}
