package provider

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
)

var (
	s3Bucket = matches(`[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]`,
		"3 to 63 lowercase letters, digits, dots and hyphens, with a letter or digit at both ends")
	anyS3Bucket = matches(`([A-Za-z0-9_]*:)?[A-Za-z0-9._-]{1,255}`,
		"1 to 255 letters, digits, dots, hyphens and underscores, behind a tenant and a colon if the storage is Ceph's and has tenants")
)

// checkS3Bucket has Amazon's rules for general purpose buckets. Other storage, and Amazon where its
// address is given in s3Url, has old buckets with capitals, underscores and longer names.
func checkS3Bucket(bucket string, config map[string]string) error {
	if strings.HasPrefix(bucket, "arn:") {
		return checkARN(bucket, config)
	}
	if config[keyS3URL] != "" {
		return anyS3Bucket(bucket)
	}
	if err := s3Bucket(bucket); err != nil {
		return fmt.Errorf("a bucket's name in S3 %w", err)
	}
	switch {
	case strings.Contains(bucket, ".."):
		return errors.New("a bucket's name in S3 must not have two dots in a row")
	case net.ParseIP(bucket) != nil:
		return errors.New("a bucket's name in S3 must not be an IP address")
	case strings.HasPrefix(bucket, "xn--"), strings.HasPrefix(bucket, "sthree-"):
		return errors.New("a bucket's name in S3 must not begin with xn-- or sthree-")
	}
	return nil
}

// checkARN accepts the ARNs of access points, which the SDK takes for buckets. That of a bucket it does not take for one.
func checkARN(arn string, config map[string]string) error {
	if name, found := strings.CutPrefix(arn, arnPrefix(arn)+":s3:::"); found {
		return fmt.Errorf("must be the name of the bucket, not its ARN: write %q", name)
	}
	if forced, err := strconv.ParseBool(config[keyS3ForcePathStyle]); err == nil && forced {
		return errors.New("must not be an ARN where s3ForcePathStyle is true, since none can be named in a path: leave that setting out")
	}
	return nil
}

// arnPrefix is what an ARN begins with: arn and a partition, such as arn:aws.
func arnPrefix(arn string) string {
	parts := strings.SplitN(arn, ":", 3)
	return strings.Join(parts[:min(2, len(parts))], ":")
}

// DirectoryBucket says whether the AWS SDK takes a name for that of a directory bucket of S3 Express, which it opens a session for
// and names in the host, whatever the address and s3ForcePathStyle are.
func DirectoryBucket(name string) bool { return strings.HasSuffix(name, "--x-s3") }

// doubtS3Bucket is about access points, which the SDK reaches in its own region only unless it is told otherwise, and about names that have
// a meaning at Amazon only.
func doubtS3Bucket(bucket string, config map[string]string) string {
	if host := urlHost(config[keyS3URL]); host != "" && DirectoryBucket(bucket) && !isAmazon(host) {
		return "the AWS SDK takes a name that ends in --x-s3 for a directory bucket of Amazon's S3 Express, and asks the storage for a session: choose another name"
	}
	parts := strings.Split(bucket, ":")
	if len(parts) < 6 || parts[0] != "arn" || parts[3] == "" || parts[3] == config[keyRegion] {
		return ""
	}
	return fmt.Sprintf("it is in region %s, which Velero's plugin reaches only if spec.config.region says so", parts[3])
}
