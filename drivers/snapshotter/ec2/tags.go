package ec2

import (
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// Keys of tags by which Kubernetes on AWS knows which cluster owns a volume.
const (
	ownerPrefix = "kubernetes.io/cluster/"
	ownerLegacy = "KubernetesCluster"
)

// clusterVariable names the cluster that volumes made from snapshots belong to, as with Velero's plugin.
const clusterVariable = "AWS_CLUSTER_NAME"

// reservedPrefix begins the keys of tags that only AWS sets: CloudFormation's on volumes, for example.
const reservedPrefix = "aws:"

// snapshotTags are the given ones, and those of the volume that do not have the same key.
func snapshotTags(given map[string]string, ofVolume []types.Tag) map[string]string {
	tags := copied(ofVolume)
	maps.Copy(tags, given)
	return tags
}

// volumeTags are those of the snapshot, but where it is known which cluster this is, the volume is
// that cluster's.
func volumeTags(ofSnapshot []types.Tag) map[string]string {
	tags := copied(ofSnapshot)
	cluster, known := os.LookupEnv(clusterVariable)
	if !known {
		return tags
	}
	maps.DeleteFunc(tags, func(key, _ string) bool { return strings.HasPrefix(key, ownerPrefix) })
	tags[ownerPrefix+cluster], tags[ownerLegacy] = "owned", cluster
	return tags
}

func copied(tags []types.Tag) map[string]string {
	out := make(map[string]string, len(tags))
	for _, tag := range tags {
		if key := aws.ToString(tag.Key); !strings.HasPrefix(key, reservedPrefix) {
			out[key] = aws.ToString(tag.Value)
		}
	}
	return out
}

// tagged is how a request names the tags of what it makes; EC2 refuses it without any.
func tagged(what types.ResourceType, tags map[string]string) []types.TagSpecification {
	if len(tags) == 0 {
		return nil
	}
	specification := types.TagSpecification{ResourceType: what}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		specification.Tags = append(specification.Tags, types.Tag{Key: aws.String(key), Value: aws.String(tags[key])})
	}
	return []types.TagSpecification{specification}
}
