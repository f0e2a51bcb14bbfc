package s3

import (
	"errors"
	"net/netip"
	"regexp"
	"strings"
)

var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// ValidateBucketName says what is wrong with a bucket's name by S3's "General purpose bucket naming rules".
func ValidateBucketName(name string) error {
	switch {
	case len(name) < 3 || len(name) > 63:
		return errors.New("a bucket name has 3 to 63 characters")
	case !bucketName.MatchString(name):
		return errors.New("a bucket name consists of lower-case letters, digits, dots and hyphens, and begins and ends with a letter or digit")
	case strings.Contains(name, ".."):
		return errors.New("a bucket name does not hold two dots in a row")
	}
	if address, err := netip.ParseAddr(name); err == nil && address.Is4() {
		return errors.New("a bucket name is not an IP address")
	}
	for _, prefix := range []string{"xn--", "sthree-", "amzn-s3-demo-"} {
		if strings.HasPrefix(name, prefix) {
			return errors.New("a bucket name does not begin with " + prefix)
		}
	}
	for _, suffix := range []string{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"} {
		if strings.HasSuffix(name, suffix) {
			return errors.New("a bucket name does not end with " + suffix)
		}
	}
	return nil
}
