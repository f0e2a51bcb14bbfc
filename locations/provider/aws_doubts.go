package provider

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// awsRegion has the form of the regions of all of Amazon's partitions.
var awsRegion = regexp.MustCompile(`^((us(-gov|-iso|-isob|-isof)?|eu(-isoe)?|eusc-de|ap|af|ca|cn|il|me|mx|sa)-(north|south|east|west|central|(north|south)(east|west))-[1-9]|aws-global)$`)

// plainRegion is the region that the AWS SDK takes a name for: one that begins with fips-, or ends with -fips, is a region by the
// endpoints that GovCloud had before, and stands for the region's FIPS endpoint.
func plainRegion(region string) string {
	return strings.TrimSuffix(strings.TrimPrefix(region, "fips-"), "-fips")
}

func doubtAWSRegion(region string, all Settings) string {
	plain := plainRegion(region)
	switch {
	case all.Config[keyS3URL] != "" && plain != region:
		return fmt.Sprintf("asks for a FIPS endpoint, which the AWS SDK refuses together with s3Url: write %q", plain)
	case all.Config[keyS3URL] != "", awsRegion.MatchString(plain):
		return ""
	}
	return fmt.Sprintf("%q is not the name of a region of Amazon, such as us-east-1; other storage needs s3Url", region)
}

func doubtEBSRegion(region string, _ Settings) string {
	if awsRegion.MatchString(plainRegion(region)) {
		return ""
	}
	return fmt.Sprintf("%q is not the name of a region of Amazon, such as us-east-1: name the one that the volumes are in", region)
}

func doubtInsecure(value string, all Settings) string {
	if insecure, err := strconv.ParseBool(value); err != nil || !insecure {
		return ""
	}
	if strings.HasPrefix(strings.ToLower(all.Config[keyS3URL]), "http:") {
		return "means nothing where s3Url begins with http: whoever can intercept the connection can read and change backups; use https"
	}
	return "whoever can intercept the connection can read and change backups: name the authority's certificate in spec.objectStorage.caCertRef instead"
}

func doubtPathStyle(value string, all Settings) string {
	host := urlHost(all.Config[keyS3URL])
	if forced, err := strconv.ParseBool(value); err != nil || !forced || !oneOf(host, hostOnly) {
		return ""
	}
	return host + " may refuse requests that have the bucket in their path: leave it out"
}

// services are what addresses of storage begin with, and so what does not show that one begins with the name of a bucket.
var services = []string{"", "bucket", "cos", "objects", "obs", "oss", "s3", "sos", "storage", "tos"}

var (
	// website matches hosts that serve the content of buckets as pages.
	website = regexp.MustCompile(`(^|\.)(s3|oss|obs|cos)-website[.-]`)
	// regional matches the endpoints of Amazon's regions.
	regional = regexp.MustCompile(`^s3[.-]([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$`)
)

func doubtS3URL(address string, all Settings) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	host, region := strings.ToLower(u.Hostname()), all.Config[keyRegion]
	own, named := strings.CutPrefix(host, all.Bucket+".")
	named = named && !slices.Contains(services, all.Bucket)
	of := regional.FindStringSubmatch(host)
	switch {
	case website.MatchString(host):
		return "is an address of websites, which serves pages and does not speak S3: give the one of the storage itself, such as https://s3.us-east-1.amazonaws.com"
	case named && knownStore(own):
		return fmt.Sprintf("begins with the name of the bucket, which Velero's plugin adds itself: give %s://%s", u.Scheme, own)
	case strings.Trim(u.Path, "/") != "":
		return "has a path, which Velero's plugin follows, but neither its backups of file systems nor the check of locations here: that leaves the phase empty"
	case host == "s3.amazonaws.com" && region != "us-east-1" && region != "aws-global":
		return fmt.Sprintf("is Amazon's global address, which need not serve a bucket in region %s: leave it out, and Velero's plugin takes that of the region", region)
	case of != nil && awsRegion.MatchString(of[1]) && of[1] != region:
		return fmt.Sprintf("is Amazon's address for region %s, but spec.config.region is %s: make them agree, or leave s3Url out", of[1], region)
	}
	return doubtHostStyle(u, host, all)
}

// doubtHostStyle is about storage that may not find a bucket by its host name. Where s3ForcePathStyle is set, that is what was meant.
func doubtHostStyle(u *url.URL, host string, all Settings) string {
	if all.Config[keyS3ForcePathStyle] != "" || knownStore(host) || !BucketInHost(u, all.Bucket, false) {
		return ""
	}
	return fmt.Sprintf(`Velero's plugin puts the bucket in front of the host name (%s.%s): if that name does not lead to the storage, set s3ForcePathStyle to "true"`, all.Bucket, host)
}
