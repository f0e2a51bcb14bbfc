package provider

import (
	"fmt"
	"net"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
)

// hostLabel is what a bucket's name, or what is between its dots, must be to stand in a host name.
var hostLabel = regexp.MustCompile(`^[a-z0-9-]{3,63}$`)

// BucketInHost says whether requests to an endpoint of S3 name the bucket in the host, BUCKET.HOST, and not in the path. It decides as
// the AWS SDK for Go does, and with it Velero's plugin: a name goes into the host wherever it can, unless the path is asked for. Over
// https it must have no dots, which no wildcard certificate covers.
func BucketInHost(endpoint *url.URL, bucket string, pathStyle bool) bool {
	if pathStyle || net.ParseIP(endpoint.Hostname()) != nil || net.ParseIP(bucket) != nil {
		return false
	}
	labels := []string{bucket}
	if endpoint.Scheme == "http" {
		labels = strings.Split(bucket, ".")
	}
	return !slices.ContainsFunc(labels, func(label string) bool { return !hostLabel.MatchString(label) })
}

// amazon are the endpoints of Amazon's partitions. In these and the following patterns of hosts, * is any text.
var amazon = []string{"*.amazonaws.com", "*.amazonaws.com.cn"}

// hostStyle are the endpoints of storage that finds a bucket by its host name.
var hostStyle = []string{
	"*.aliyuncs.com", "*.appdomain.cloud", "*.backblazeb2.com", "*.bcebos.com", "*.digitaloceanspaces.com", "*.exo.io", "*.filebase.com", "*.googleapis.com",
	"*.idrivee2*.com", "*.ionoscloud.com", "*.jdcloud-oss.com", "*.ksyuncs.com", "*.linodeobjects.com", "*.myhuaweicloud.com", "*.myhuaweicloud.eu", "*.myqcloud.com",
	"*.otc.t-systems.com", "*.outscale.com", "*.ovh.net", "*.ovh.us", "*.qiniucs.com", "*.r2.cloudflarestorage.com", "*.scw.cloud", "*.storage.dev",
	"*.storage.tigris.dev", "*.storjshare.io", "*.tencentcos.cn", "*.tencentcos.com", "*.upcloudobjects.com", "*.volces.com", "*.vultrobjects.com", "*.wasabisys.com",
	"*.yandexcloud.net", "*.your-objectstorage.com", "vhcompat.objectstorage.*.oci.customer-oci.com",
}

// hostOnly are those among them where a bucket in the path may be refused.
var hostOnly = []string{
	"*.aliyuncs.com", "*.myhuaweicloud.com", "*.myhuaweicloud.eu", "*.myqcloud.com", "*.tencentcos.cn", "*.tencentcos.com", "*.volces.com",
	"s3-accelerate.amazonaws.com", "s3-accelerate.dualstack.amazonaws.com",
}

// oneOf says whether a host is one of those that patterns stand for.
func oneOf(host string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		matched, err := path.Match(pattern, host)
		return matched && err == nil
	})
}

// objectStores matches the hosts of Amazon's S3, and those of domains under which there is nothing but buckets. (A load balancer at
// Amazon, or a machine at other providers of storage, may serve it below a path.)
var objectStores = regexp.MustCompile(`(^|\.)s3[.-]([a-z0-9-]+\.)*amazonaws\.com(\.cn)?$` +
	`|\.(backblazeb2|digitaloceanspaces|filebase|r2\.cloudflarestorage|linodeobjects|vultrobjects|wasabisys|your-objectstorage)\.com$`)

// s3URL is an address of storage that speaks S3.
var s3URL = Type{Name: URL.Name, Check: checkS3URL}

// checkS3URL refuses a path where only buckets are: with one, no request finds anything.
func checkS3URL(address string) error {
	if err := checkURL(address); err != nil {
		return err
	}
	u, err := url.Parse(address)
	if err == nil && strings.Trim(u.Path, "/") != "" && objectStores.MatchString(strings.ToLower(u.Hostname())) {
		return fmt.Errorf("must have no path: give %s://%s, and name the bucket in spec.objectStorage.bucket", u.Scheme, u.Host)
	}
	return nil
}

// knownStore says whether a host is of storage that finds a bucket by its host name.
func knownStore(host string) bool { return oneOf(host, amazon) || oneOf(host, hostStyle) }

func isAmazon(host string) bool { return oneOf(host, amazon) }
