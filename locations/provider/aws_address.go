package provider

import (
	"fmt"
	"net"
	"net/url"
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

// amazonDomains are those of the endpoints of Amazon's partitions.
var amazonDomains = []string{"amazonaws.com", "amazonaws.com.cn"}

// hostStyleDomains are those of the endpoints of storage that finds a bucket by its host name.
var hostStyleDomains = []string{
	"aliyuncs.com", "appdomain.cloud", "backblazeb2.com", "bcebos.com", "digitaloceanspaces.com", "exo.io", "filebase.com", "googleapis.com",
	"ionoscloud.com", "jdcloud-oss.com", "ksyuncs.com", "linodeobjects.com", "myhuaweicloud.com", "myqcloud.com", "otc.t-systems.com",
	"outscale.com", "ovh.net", "qiniucs.com", "r2.cloudflarestorage.com", "scw.cloud", "storage.dev", "storage.tigris.dev", "storjshare.io",
	"upcloudobjects.com", "volces.com", "vultrobjects.com", "wasabisys.com", "yandexcloud.net", "your-objectstorage.com",
}

// hostOnlyDomains are those among them where a bucket in the path may be refused.
var hostOnlyDomains = []string{"aliyuncs.com", "myhuaweicloud.com", "myqcloud.com", "volces.com"}

// under says whether a host is below one of some domains.
func under(host string, domains []string) bool {
	return slices.ContainsFunc(domains, func(domain string) bool { return strings.HasSuffix(host, "."+domain) })
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
func knownStore(host string) bool { return under(host, amazonDomains) || under(host, hostStyleDomains) }

func isAmazon(host string) bool { return under(host, amazonDomains) }
