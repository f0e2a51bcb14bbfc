package portworx

import (
	"context"
	"fmt"
	"strings"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/drivers/cloudapi"
	"github.com/velero-locations/velero-locations/drivers/snapshotter"
)

// Codes of the API.
const (
	codeNoCluster    = "ClusterNotFound"
	codeNotFound     = "NotFound"
	codePrecondition = "FailedPrecondition"
)

func (v *volumes) call(ctx context.Context, method, path string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, v.timeout)
	defer cancel()
	err := v.client.Call(ctx, method, path, in, out)
	return v.client.Advise(err, "PORTWORX_ACCESS_KEY and PORTWORX_SECRET_KEY in the credentials", v.advise)
}

// advise is about what is particular to Portworx.
func (v *volumes) advise(r *cloudapi.Refusal) (snapshotter.Reason, string) {
	switch {
	case r.Code == codeNoCluster:
		return snapshotter.NotFound, fmt.Sprintf("the credentials have no such cluster (%s): correct PORTWORX_CLUSTER in the credentials", r)
	case r.Code == codeNotFound:
		return snapshotter.NotFound, fmt.Sprintf("cluster %s does not have it, or has lost it with a node (%s): use a volume snapshot location of its cluster", v.cluster, r)
	case r.Code == codePrecondition && strings.Contains(strings.ToLower(r.Message), "object storage"):
		return snapshotter.CredentialsRefused, fmt.Sprintf("cloud snapshots need credentials that work (%s): set them up in Portworx, or correct spec.config.credId", r)
	}
	return "", ""
}
