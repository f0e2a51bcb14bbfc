// Package ec2 is the driver of Amazon's volumes, EBS, whose snapshots are taken by EC2, and of
// whatever speaks its protocol. On the wire it behaves as Velero's AWS plugin.
package ec2

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	corev1 "k8s.io/api/core/v1"

	"github.com/velero-locations/velero-locations/drivers/advice"
	"github.com/velero-locations/velero-locations/drivers/endpoint"
	"github.com/velero-locations/velero-locations/drivers/identity"
	"github.com/velero-locations/velero-locations/drivers/snapshotter"
	"github.com/velero-locations/velero-locations/internal/bounded"
	"github.com/velero-locations/velero-locations/locations/credentials"
	"github.com/velero-locations/velero-locations/locations/provider"
)

// Driver opens the volumes of an account in a region.
var Driver = snapshotter.Driver{Open: open}

// csiDriver is the name of the CSI driver of EBS.
const csiDriver = "ebs.csi.aws.com"

// fewest is the smallest page that EC2 gives.
const fewest = 5

// volumes are those of an account in a region.
type volumes struct {
	client    *ec2.Client
	transport *http.Transport
	config    provider.AWSVolumeSnapshotter
	signer    *signer
	endpoint  endpoint.Endpoint
}

var (
	_ snapshotter.Snapshotter = (*volumes)(nil)
	_ snapshotter.Lister      = (*volumes)(nil)
)

func open(opts snapshotter.Options) (snapshotter.Snapshotter, error) {
	config, err := provider.ParseAWSVolumeSnapshotter(opts.Config)
	if err != nil {
		return nil, err
	}
	keys, err := identity.Open(opts.Credentials, config.Profile, identity.Options{
		Region: config.Region, Endpoint: opts.STSEndpoint, Lend: opts.Lend, Timeout: opts.Timeout,
	})
	if err != nil {
		return nil, snapshotter.NewBadCredentials(err)
	}
	at, err := endpoint.Find(endpoint.Options{Service: "ec2", Region: config.Region, Default: opts.Endpoint, Named: func() (*url.URL, error) {
		u, err := credentials.AWSEndpoint(opts.Credentials, config.Profile, "ec2")
		if err != nil {
			return nil, snapshotter.NewBadCredentials(err)
		}
		return u, nil
	}})
	if err != nil {
		return nil, err
	}
	v := &volumes{config: config, signer: &signer{keys: keys}, endpoint: at, transport: awshttp.NewBuildableClient().GetTransport()}
	v.transport.OnProxyConnectResponse = advice.CheckProxy
	v.client = ec2.New(ec2.Options{
		Region:       config.Region,
		BaseEndpoint: at.Base(),
		Credentials:  v.signer,
		HTTPClient:   &http.Client{Transport: bounded.Transport{RoundTripper: v.transport, Limit: bounded.Document}, CheckRedirect: stay, Timeout: opts.AnswerTimeout()},
	})
	return v, nil
}

// signer gives the client the key of the moment for each request.
type signer struct {
	keys credentials.AWSKeys
	last atomic.Pointer[credentials.AWS]
}

// Retrieve returns the key.
func (s *signer) Retrieve(ctx context.Context) (aws.Credentials, error) {
	key, err := s.keys.Key(ctx)
	if err != nil {
		return aws.Credentials{}, err
	}
	s.last.Store(&key)
	return aws.Credentials{AccessKeyID: key.AccessKeyID, SecretAccessKey: key.SecretAccessKey, SessionToken: key.SessionToken}, nil
}

// key is the one that signed last.
func (s *signer) key() credentials.AWS {
	if key := s.last.Load(); key != nil {
		return *key
	}
	return credentials.AWS{}
}

// stay keeps signed requests from being sent elsewhere.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func (v *volumes) Close() { v.transport.CloseIdleConnections() }

func (v *volumes) Region() string { return v.config.Region }

// Check asks for the first volumes: what every backup asks for, and what the policy that Velero's
// plugin documents allows, unlike asking for regions or zones.
func (v *volumes) Check(ctx context.Context) error {
	_, err := v.client.DescribeVolumes(ctx, &ec2.DescribeVolumesInput{MaxResults: aws.Int32(fewest)})
	return v.failure("DescribeVolumes", subject{}, err)
}

// volumeID finds the id in handles such as aws://us-east-1a/vol-1, too.
var volumeID = regexp.MustCompile("vol-.*")

// VolumeID knows volumes of the CSI driver and of the one that was in Kubernetes itself.
func (v *volumes) VolumeID(pv *corev1.PersistentVolume) (string, error) {
	if csi := pv.Spec.CSI; csi != nil && csi.Driver == csiDriver {
		return volumeID.FindString(csi.VolumeHandle), nil
	}
	ebs := pv.Spec.AWSElasticBlockStore
	switch {
	case ebs == nil:
		return "", nil
	case ebs.VolumeID == "":
		return "", fmt.Errorf("persistent volume %q has no spec.awsElasticBlockStore.volumeID: set it to the volume's id", pv.Name)
	}
	return volumeID.FindString(ebs.VolumeID), nil
}

// SetVolumeID keeps the form of the id: in-tree volumes may have their zone in front of it.
func (v *volumes) SetVolumeID(pv *corev1.PersistentVolume, id string) error {
	switch csi, ebs := pv.Spec.CSI, pv.Spec.AWSElasticBlockStore; {
	case csi != nil && csi.Driver == csiDriver:
		csi.VolumeHandle = id
	case ebs == nil:
		return fmt.Errorf("persistent volume %q is none of EBS", pv.Name)
	case snapshotter.ZoneOf(pv) != "":
		ebs.VolumeID = fmt.Sprintf("aws://%s/%s", snapshotter.ZoneOf(pv), id)
	default:
		ebs.VolumeID = id
	}
	return nil
}

func (v *volumes) Volume(ctx context.Context, id, _ string) (snapshotter.Volume, error) {
	volume, err := v.describe(ctx, id)
	if err != nil {
		return snapshotter.Volume{}, err
	}
	out := snapshotter.Volume{ID: id, Type: string(volume.VolumeType), Zone: aws.ToString(volume.AvailabilityZone), Region: v.config.Region}
	if iopsProvisioned(volume.VolumeType) {
		out.IOPS = int64(aws.ToInt32(volume.Iops))
	}
	return out, nil
}

// iopsProvisioned says whether a type has no IOPS of its own. Volumes of type gp3 may have more than
// the usual ones, but the plugin does not carry them.
func iopsProvisioned(kind types.VolumeType) bool {
	return kind == types.VolumeTypeIo1 || kind == types.VolumeTypeIo2
}

func (v *volumes) describe(ctx context.Context, id string) (*types.Volume, error) {
	out, err := v.client.DescribeVolumes(ctx, &ec2.DescribeVolumesInput{VolumeIds: []string{id}})
	if err != nil {
		return nil, v.failure("DescribeVolumes", subject{volume: id}, err)
	}
	if len(out.Volumes) != 1 {
		return nil, v.notOne("volume", id, len(out.Volumes))
	}
	return &out.Volumes[0], nil
}

func (v *volumes) CreateSnapshot(ctx context.Context, id, _ string, tags map[string]string) (string, error) {
	volume, err := v.describe(ctx, id)
	if err != nil {
		return "", err
	}
	out, err := v.client.CreateSnapshot(ctx, &ec2.CreateSnapshotInput{
		VolumeId:          &id,
		TagSpecifications: tagged(types.ResourceTypeSnapshot, snapshotTags(tags, volume.Tags)),
	}, once)
	if err != nil {
		return "", v.failure("CreateSnapshot", subject{volume: id}, err)
	}
	return aws.ToString(out.SnapshotId), nil
}

// once has a request sent again only if EC2 refused to look at it. Without an answer it may have been carried out, and a
// snapshot has no token by which EC2 would know it again.
func once(o *ec2.Options) {
	o.Retryer = retry.NewStandard(func(standard *retry.StandardOptions) {
		standard.Retryables = []retry.IsErrorRetryable{retry.RetryableErrorCode{Codes: retry.DefaultThrottleErrorCodes}}
	})
}

// most is the largest page that EC2 gives.
const most = 1000

func (v *volumes) FindSnapshots(ctx context.Context, tags map[string]string) ([]string, error) {
	var filters []types.Filter
	for key, value := range tags {
		filters = append(filters, types.Filter{Name: aws.String("tag:" + key), Values: []string{value}})
	}
	var found []string
	err := v.eachSnapshot(ctx, filters, func(snapshot *types.Snapshot) { found = append(found, aws.ToString(snapshot.SnapshotId)) })
	if err != nil {
		return nil, err
	}
	return found, nil
}

// ListSnapshots implements snapshotter.Lister.
func (v *volumes) ListSnapshots(ctx context.Context, tag string) (map[string]string, error) {
	found := map[string]string{}
	filter := types.Filter{Name: aws.String("tag-key"), Values: []string{tag}}
	err := v.eachSnapshot(ctx, []types.Filter{filter}, func(snapshot *types.Snapshot) {
		for _, had := range snapshot.Tags {
			if aws.ToString(had.Key) == tag {
				found[aws.ToString(snapshot.SnapshotId)] = aws.ToString(had.Value)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// eachSnapshot visits the account's own snapshots that pass the filters.
func (v *volumes) eachSnapshot(ctx context.Context, filters []types.Filter, visit func(*types.Snapshot)) error {
	in := &ec2.DescribeSnapshotsInput{OwnerIds: []string{"self"}, MaxResults: aws.Int32(most), Filters: filters}
	for pages := ec2.NewDescribeSnapshotsPaginator(v.client, in); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return v.failure("DescribeSnapshots", subject{}, err)
		}
		for i := range page.Snapshots {
			visit(&page.Snapshots[i])
		}
	}
	return nil
}

// CreateVolume carries type, provisioned IOPS and the snapshot's tags over. The size is the snapshot's.
// The SDK gives each request a token, so that one which is sent again makes no second volume.
func (v *volumes) CreateVolume(ctx context.Context, snapshotID string, like snapshotter.Volume) (string, error) {
	snapshot, err := v.describeSnapshot(ctx, snapshotID)
	if err != nil {
		return "", err
	}
	in := &ec2.CreateVolumeInput{
		SnapshotId:        &snapshotID,
		AvailabilityZone:  &like.Zone,
		VolumeType:        types.VolumeType(like.Type),
		Encrypted:         snapshot.Encrypted,
		TagSpecifications: tagged(types.ResourceTypeVolume, volumeTags(snapshot.Tags)),
	}
	if iopsProvisioned(in.VolumeType) && like.IOPS > 0 {
		in.Iops = aws.Int32(int32(like.IOPS))
	}
	if key := v.config.KMSKeyID; key != "" {
		in.KmsKeyId, in.Encrypted = &key, aws.Bool(true)
	}
	out, err := v.client.CreateVolume(ctx, in)
	if err != nil {
		return "", v.failure("CreateVolume", subject{snapshot: snapshotID, zone: like.Zone}, err)
	}
	return aws.ToString(out.VolumeId), nil
}

func (v *volumes) describeSnapshot(ctx context.Context, id string) (*types.Snapshot, error) {
	out, err := v.client.DescribeSnapshots(ctx, &ec2.DescribeSnapshotsInput{SnapshotIds: []string{id}})
	if err != nil {
		return nil, v.failure("DescribeSnapshots", subject{snapshot: id}, err)
	}
	if len(out.Snapshots) != 1 {
		return nil, v.notOne("snapshot", id, len(out.Snapshots))
	}
	return &out.Snapshots[0], nil
}

func (v *volumes) CheckSnapshot(ctx context.Context, id string) error {
	snapshot, err := v.describeSnapshot(ctx, id)
	switch {
	case err != nil:
		return err
	case snapshot.State == types.SnapshotStateError:
		return &snapshotter.Error{Reason: snapshotter.Lost, Advice: fmt.Sprintf("snapshot %s failed, and holds nothing: back the volume up again", id)}
	case snapshot.StorageTier == types.StorageTierArchive:
		return &snapshotter.Error{Reason: snapshotter.NotReady, Advice: fmt.Sprintf("snapshot %s is archived: restore it from the archive tier", id)}
	case snapshot.State != types.SnapshotStateCompleted:
		return &snapshotter.Error{Reason: snapshotter.NotReady, Advice: fmt.Sprintf("snapshot %s is not complete yet (%s, %s): wait", id, snapshot.State, aws.ToString(snapshot.Progress))}
	}
	return nil
}

func (v *volumes) DeleteSnapshot(ctx context.Context, id string) error {
	_, err := v.client.DeleteSnapshot(ctx, &ec2.DeleteSnapshotInput{SnapshotId: &id})
	err = v.failure("DeleteSnapshot", subject{snapshot: id}, err)
	if snapshotter.ReasonOf(err) == snapshotter.NotFound {
		return nil
	}
	return err
}
