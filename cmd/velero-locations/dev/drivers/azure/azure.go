// Package azure reaches Azure-like disks, with the settings and the credentials of Velero's Azure plugin. It speaks the
// simulator's API, not Azure's.
package azure

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/drivers/cloudapi"
	"github.com/velero-locations/velero-locations/drivers/snapshotter"
	"github.com/velero-locations/velero-locations/locations/credentials"
	"github.com/velero-locations/velero-locations/locations/provider"
)

// Driver makes snapshotters of Azure-like disks.
var Driver = snapshotter.Driver{Open: open}

// ProviderName is the normal form of the provider's name.
const ProviderName = "velero.io/azure"

// EndpointVariable is the environment variable that names the address of the simulated Azure.
const EndpointVariable = "VELERO_LOCATIONS_AZURE_ENDPOINT"

// defaultTimeout is how long a request may take where nobody says, as the plugin documents it.
const defaultTimeout = 2 * time.Minute

// disks are those of a resource group, and the snapshots in the same or another one.
type disks struct {
	client      *cloudapi.Client
	credentials credentials.Azure
	// subscription and resourceGroup are those of snapshots.
	subscription, resourceGroup string
	timeout                     time.Duration
	incremental                 bool
	tags                        map[string]string
}

var _ snapshotter.Snapshotter = (*disks)(nil)

func open(opts snapshotter.Options) (snapshotter.Snapshotter, error) {
	if err := provider.CheckConfig(ProviderName, provider.VolumeSnapshotter, opts.Config, field.NewPath("spec", "config")).ToAggregate(); err != nil {
		return nil, err
	}
	key, err := credentials.ParseAzure(opts.Credentials)
	if err != nil {
		return nil, err
	}
	endpoint, err := cloudapi.FindEndpoint(opts, EndpointVariable)
	if err != nil {
		return nil, err
	}
	d := &disks{
		client: cloudapi.New(endpoint, "/azure/v1/tenants/"+key.TenantID, key.ClientID, key.ClientSecret), credentials: key,
		subscription: cmp.Or(opts.Config["subscriptionId"], key.SubscriptionID), resourceGroup: cmp.Or(opts.Config["resourceGroup"], key.ResourceGroup),
		timeout: cmp.Or(opts.Timeout, defaultTimeout), tags: parseTags(opts.Config["tags"]),
	}
	if timeout := opts.Config["apiTimeout"]; timeout != "" {
		d.timeout, _ = time.ParseDuration(timeout) // checked above
	}
	d.incremental, _ = strconv.ParseBool(opts.Config["incremental"]) // so was this
	return d, nil
}

// parseTags reads tags that were checked.
func parseTags(text string) map[string]string {
	out := map[string]string{}
	for pair := range strings.SplitSeq(text, ",") {
		if key, value, found := strings.Cut(pair, "="); found {
			out[strings.TrimSpace(key)] = strings.TrimSpace(value)
		}
	}
	return out
}

// Close gives up the connections.
func (d *disks) Close() { d.client.Close() }

// Region is empty: a resource group may hold disks of any location.
func (d *disks) Region() string { return "" }

const csiDriver = "disk.csi.azure.com"

var diskName = regexp.MustCompile(`(?i)/Microsoft\.Compute/disks/(.+)$`)

// VolumeID returns the disk's name, as Velero's plugin does: its subscription and resource group are those of the
// credentials.
func (d *disks) VolumeID(pv *corev1.PersistentVolume) (string, error) {
	if csi := pv.Spec.CSI; csi != nil && csi.Driver == csiDriver {
		if match := diskName.FindStringSubmatch(csi.VolumeHandle); match != nil {
			return match[1], nil
		}
		return "", nil
	}
	switch disk := pv.Spec.AzureDisk; {
	case disk == nil:
		return "", nil
	case disk.DiskName == "":
		return "", fmt.Errorf("persistent volume %q has no spec.azureDisk.diskName: set it to the disk's name", pv.Name)
	default:
		return disk.DiskName, nil
	}
}

// SetVolumeID names the disk as CreateVolume made it: next to the others.
func (d *disks) SetVolumeID(pv *corev1.PersistentVolume, id string) error {
	switch csi, disk := pv.Spec.CSI, pv.Spec.AzureDisk; {
	case csi != nil && csi.Driver == csiDriver:
		csi.VolumeHandle = d.diskID(id)
	case disk != nil:
		disk.DiskName, disk.DataDiskURI = id, d.diskID(id)
	default:
		return fmt.Errorf("persistent volume %q is none of Azure", pv.Name)
	}
	return nil
}

// disk and snapshot are what the API tells of them, as far as it matters here.
type disk struct {
	ID       string            `json:"id"`
	Location string            `json:"location"`
	Zone     string            `json:"zone"`
	SKU      string            `json:"sku"`
	Tags     map[string]string `json:"tags"`
}

type snapshot struct {
	ID       string            `json:"id"`
	Location string            `json:"location"`
	Tags     map[string]string `json:"tags"`
}

func groupID(subscription, resourceGroup string) string {
	return "/subscriptions/" + subscription + "/resourceGroups/" + resourceGroup
}

func (d *disks) diskID(name string) string {
	return groupID(d.credentials.SubscriptionID, d.credentials.ResourceGroup) + "/providers/Microsoft.Compute/disks/" + name
}

// Check shows the resource group of the snapshots.
func (d *disks) Check(ctx context.Context) error {
	return d.call(ctx, http.MethodGet, groupID(d.subscription, d.resourceGroup), nil, nil)
}

// Volume describes a disk.
func (d *disks) Volume(ctx context.Context, id, _ string) (snapshotter.Volume, error) {
	found, err := d.describe(ctx, id)
	if err != nil {
		return snapshotter.Volume{}, err
	}
	out := snapshotter.Volume{ID: id, Type: found.SKU, Region: found.Location}
	if found.Zone != "" {
		out.Zone = found.Location + "-" + found.Zone
	}
	return out, nil
}

func (d *disks) describe(ctx context.Context, name string) (found disk, err error) {
	return found, d.call(ctx, http.MethodGet, d.diskID(name), nil, &found)
}

// CreateSnapshot creates a snapshot in the resource group for snapshots, in the location of the disk.
func (d *disks) CreateSnapshot(ctx context.Context, volumeID, _ string, tags map[string]string) (string, error) {
	of, err := d.describe(ctx, volumeID)
	if err != nil {
		return "", err
	}
	var made snapshot
	err = d.call(ctx, http.MethodPut, groupID(d.subscription, d.resourceGroup)+"/providers/Microsoft.Compute/snapshots/"+snapshotName(volumeID), map[string]any{
		"location": of.Location, "source": of.ID, "incremental": d.incremental, "tags": d.snapshotTags(of.Tags, tags),
	}, &made)
	return made.ID, err
}

// snapshotName is unique, begins with the disk's name, and is no longer than a name may be.
func snapshotName(disk string) string {
	const longest = 80
	suffix := "-" + uuid.NewString()
	return disk[:min(len(disk), longest-len(suffix))] + suffix
}

// FindSnapshots looks through the resource group for snapshots.
func (d *disks) FindSnapshots(ctx context.Context, tags map[string]string) ([]string, error) {
	var list struct {
		Snapshots []snapshot `json:"snapshots"`
	}
	if err := d.call(ctx, http.MethodGet, groupID(d.subscription, d.resourceGroup)+"/providers/Microsoft.Compute/snapshots", nil, &list); err != nil {
		return nil, err
	}
	wanted := map[string]string{}
	for key, value := range tags {
		wanted[tagName(key)] = value
	}
	var found []string
	for _, one := range list.Snapshots {
		if snapshotter.Tagged(one.Tags, wanted) {
			found = append(found, one.ID)
		}
	}
	return found, nil
}

// tagName makes a tag's name of a key: Azure has no slashes in them.
func tagName(key string) string { return strings.ReplaceAll(key, "/", "-") }

// snapshotTags are those of the disk, then those of the backup, then those of the location; a later one replaces an earlier
// one.
func (d *disks) snapshotTags(ofDisk, ofBackup map[string]string) map[string]string {
	out := map[string]string{}
	maps.Copy(out, ofDisk)
	for key, value := range ofBackup {
		out[tagName(key)] = value
	}
	maps.Copy(out, d.tags)
	return out
}

// CreateVolume makes a disk next to the others. It must be where the snapshot is.
func (d *disks) CreateVolume(ctx context.Context, snapshotID string, like snapshotter.Volume) (string, error) {
	id, err := checkSnapshotID(snapshotID)
	if err != nil {
		return "", err
	}
	var from snapshot
	if err := d.call(ctx, http.MethodGet, id, nil, &from); err != nil {
		return "", err
	}
	location, zone := splitZone(like.Zone)
	if wanted := cmp.Or(like.Region, location); wanted != "" && wanted != from.Location {
		return "", &snapshotter.Error{Reason: snapshotter.Elsewhere, Advice: fmt.Sprintf(
			"snapshot %q is in location %s, but a disk is wanted in %s: choose a zone of location %[2]s", snapshotID, from.Location, wanted)}
	}
	if strings.HasSuffix(like.Type, "_ZRS") {
		zone = "" // it is in all zones
	}
	name := "restore-" + uuid.NewString()
	return name, d.call(ctx, http.MethodPut, d.diskID(name), map[string]any{
		"location": from.Location, "zone": zone, "sku": like.Type, "source": from.ID, "tags": from.Tags,
	}, nil)
}

// splitZone takes a zone as Kubernetes names it, such as eastus-1, apart.
func splitZone(name string) (location, zone string) {
	i := strings.LastIndex(name, "-")
	if i < 0 {
		return "", ""
	}
	return name[:i], name[i+1:]
}

// CheckSnapshot finds a snapshot, which is complete from its beginning.
func (d *disks) CheckSnapshot(ctx context.Context, id string) error {
	id, err := checkSnapshotID(id)
	if err != nil {
		return err
	}
	return d.call(ctx, http.MethodGet, id, nil, nil)
}

// DeleteSnapshot deletes a snapshot. One that is gone, or whose resource group is, is no error.
func (d *disks) DeleteSnapshot(ctx context.Context, id string) error {
	id, err := checkSnapshotID(id)
	if err != nil {
		return err
	}
	err = d.call(ctx, http.MethodDelete, id, nil, nil)
	if failure := asError(err); failure != nil && (failure.Code == codeNoResource || failure.Code == codeNoGroup) {
		return nil
	}
	return err
}

var snapshotID = regexp.MustCompile(`(?i)^/subscriptions/([^/]+)/resourceGroups/([^/]+)/providers/Microsoft\.Compute/snapshots/([^/]+)$`)

// checkSnapshotID returns the id as the API wants it.
func checkSnapshotID(id string) (string, error) {
	match := snapshotID.FindStringSubmatch(id)
	if match == nil {
		return "", &snapshotter.Error{Reason: snapshotter.NotFound, Advice: fmt.Sprintf(
			"%q is not the id of a snapshot of Azure: use a volume snapshot location of the provider that it was made by", id)}
	}
	return groupID(match[1], match[2]) + "/providers/Microsoft.Compute/snapshots/" + match[3], nil
}
