// Package portworx reaches Portworx-like volumes, with the settings of Portworx' plugin for Velero. It speaks the
// simulator's API, not Portworx'.
package portworx

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/drivers/cloudapi"
	"github.com/velero-locations/velero-locations/drivers/snapshotter"
	"github.com/velero-locations/velero-locations/locations/credentials"
	"github.com/velero-locations/velero-locations/locations/provider"
)

// Driver makes snapshotters of Portworx-like volumes.
var Driver = snapshotter.Driver{Open: open}

// ProviderName is the normal form of the provider's name.
const ProviderName = "velero.io/portworx"

// EndpointVariable is the environment variable that names the address of the simulated Portworx.
const EndpointVariable = "VELERO_LOCATIONS_PORTWORX_ENDPOINT"

const (
	local = "local"
	cloud = "cloud"
)

// volumes are those of a cluster.
type volumes struct {
	client  *cloudapi.Client
	cluster string
	// kind of snapshots, and the credentials of cloud ones; none if the cluster has only one.
	kind, credential string
	timeout          time.Duration
}

var _ snapshotter.Snapshotter = (*volumes)(nil)

func open(opts snapshotter.Options) (snapshotter.Snapshotter, error) {
	if err := provider.CheckConfig(ProviderName, provider.VolumeSnapshotter, opts.Config, field.NewPath("spec", "config")).ToAggregate(); err != nil {
		return nil, err
	}
	key, err := credentials.ParsePortworx(opts.Credentials)
	if err != nil {
		return nil, err
	}
	endpoint, err := cloudapi.FindEndpoint(opts, EndpointVariable)
	if err != nil {
		return nil, err
	}
	v := &volumes{
		client:  cloudapi.New(endpoint, "/portworx/v1/clusters/"+url.PathEscape(key.Cluster), key.AccessKey, key.SecretKey),
		cluster: key.Cluster, kind: cmp.Or(opts.Config["type"], local), timeout: opts.AnswerTimeout(),
	}
	if v.kind == cloud {
		v.credential = opts.Config["credId"]
	}
	return v, nil
}

// Close gives up the connections.
func (v *volumes) Close() { v.client.Close() }

// Region is empty: a cluster is in one place.
func (v *volumes) Region() string { return "" }

// csiDrivers are the CSI driver's name, and the one that Portworx' plugin knows.
var csiDrivers = map[string]bool{"pxd.portworx.com": true, "pxd": true}

// VolumeID returns the volume's id, or its name, which is as good.
func (v *volumes) VolumeID(pv *corev1.PersistentVolume) (string, error) {
	if csi := pv.Spec.CSI; csi != nil && csiDrivers[csi.Driver] {
		return csi.VolumeHandle, nil
	}
	switch volume := pv.Spec.PortworxVolume; {
	case volume == nil:
		return "", nil
	case volume.VolumeID == "":
		return "", fmt.Errorf("persistent volume %q has no spec.portworxVolume.volumeID: set it to the volume's id", pv.Name)
	default:
		return volume.VolumeID, nil
	}
}

func (v *volumes) SetVolumeID(pv *corev1.PersistentVolume, id string) error {
	switch csi, volume := pv.Spec.CSI, pv.Spec.PortworxVolume; {
	case csi != nil && csiDrivers[csi.Driver]:
		csi.VolumeHandle = id
	case volume != nil:
		volume.VolumeID = id
	default:
		return fmt.Errorf("persistent volume %q is none of Portworx", pv.Name)
	}
	return nil
}

// Check shows the cluster, or for cloud snapshots the credentials that they need.
func (v *volumes) Check(ctx context.Context) error {
	if v.kind == local {
		return v.call(ctx, http.MethodGet, "", nil, nil)
	}
	var list struct {
		Credentials []struct {
			Name string `json:"name"`
		} `json:"credentials"`
	}
	if err := v.call(ctx, http.MethodGet, "/credentials", nil, &list); err != nil {
		return err
	}
	for _, c := range list.Credentials {
		if c.Name == v.credential || v.credential == "" && len(list.Credentials) == 1 {
			return nil
		}
	}
	return v.noCredential(len(list.Credentials))
}

func (v *volumes) noCredential(count int) error {
	advice := fmt.Sprintf("cluster %s has no credentials for the object storage of cloud snapshots: set some up in Portworx, or set spec.config.type to \"local\"", v.cluster)
	switch {
	case v.credential != "":
		advice = fmt.Sprintf("cluster %s has no credentials %q for object storage: set them up in Portworx, or correct spec.config.credId", v.cluster, v.credential)
	case count > 1:
		advice = fmt.Sprintf("cluster %s has several credentials for object storage: name one in spec.config.credId", v.cluster)
	}
	return &snapshotter.Error{Reason: snapshotter.CredentialsRefused, Advice: advice}
}

// Volume describes a volume, whose zone is none: it may be on any node.
func (v *volumes) Volume(ctx context.Context, id, _ string) (snapshotter.Volume, error) {
	if err := v.call(ctx, http.MethodGet, volumePath(id), nil, nil); err != nil {
		return snapshotter.Volume{}, err
	}
	return snapshotter.Volume{ID: id}, nil
}

func volumePath(id string) string   { return "/volumes/" + url.PathEscape(id) }
func snapshotPath(id string) string { return "/snapshots/" + url.PathEscape(id) }

// made is what the API tells of what it made, as far as it matters here.
type made struct {
	ID string `json:"id"`
}

// CreateSnapshot creates a snapshot of the location's type.
func (v *volumes) CreateSnapshot(ctx context.Context, volumeID, _ string, tags map[string]string) (string, error) {
	var volume struct {
		Labels map[string]string `json:"labels"`
	}
	if err := v.call(ctx, http.MethodGet, volumePath(volumeID), nil, &volume); err != nil {
		return "", err
	}
	labels := map[string]string{}
	maps.Copy(labels, volume.Labels)
	maps.Copy(labels, tags)
	var snapshot made
	err := v.call(ctx, http.MethodPost, "/snapshots", map[string]any{
		"volume": volumeID, "type": v.kind, "credential": v.credential, "labels": labels,
	}, &snapshot)
	return snapshot.ID, err
}

// FindSnapshots looks through the snapshots of the cluster, of both types.
func (v *volumes) FindSnapshots(ctx context.Context, tags map[string]string) ([]string, error) {
	var list struct {
		Snapshots []struct {
			ID     string            `json:"id"`
			Labels map[string]string `json:"labels"`
		} `json:"snapshots"`
	}
	if err := v.call(ctx, http.MethodGet, "/snapshots", nil, &list); err != nil {
		return nil, err
	}
	var found []string
	for _, one := range list.Snapshots {
		if snapshotter.Tagged(one.Labels, tags) {
			found = append(found, one.ID)
		}
	}
	return found, nil
}

// CreateVolume makes a volume on the node of a local snapshot, or on any for one in the cloud.
func (v *volumes) CreateVolume(ctx context.Context, snapshotID string, _ snapshotter.Volume) (string, error) {
	var from struct {
		Labels map[string]string `json:"labels"`
	}
	if err := v.call(ctx, http.MethodGet, snapshotPath(snapshotID), nil, &from); err != nil {
		return "", err
	}
	var volume made
	err := v.call(ctx, http.MethodPost, "/volumes", map[string]any{"snapshot": snapshotID, "labels": from.Labels}, &volume)
	return volume.ID, err
}

// CheckSnapshot finds a snapshot, which is complete from its beginning.
func (v *volumes) CheckSnapshot(ctx context.Context, id string) error {
	return v.call(ctx, http.MethodGet, snapshotPath(id), nil, nil)
}

// DeleteSnapshot deletes a snapshot. One that is gone, or lost with its node, is no error.
func (v *volumes) DeleteSnapshot(ctx context.Context, id string) error {
	err := v.call(ctx, http.MethodDelete, snapshotPath(id), nil, nil)
	var refusal *snapshotter.Error
	if errors.As(err, &refusal) && refusal.Code == codeNotFound {
		return nil
	}
	return err
}
