package s3

import (
	"encoding/xml"
	"errors"
	"net/http"
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
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

// headBucket is HeadBucket: that it got here is the answer.
func headBucket(q *request) error {
	q.w.WriteHeader(http.StatusOK)
	return nil
}

func deleteBucket(q *request) error {
	err := q.server.options.Store.DeleteBucket(q.bucket)
	if errors.Is(err, store.ErrBucketNotEmpty) {
		return aws.NewError(http.StatusConflict, "BucketNotEmpty", "The bucket you tried to delete is not empty").With("BucketName", q.name)
	}
	if err != nil {
		return asNoSuchBucket(err, q.name)
	}
	q.w.WriteHeader(http.StatusNoContent)
	return nil
}

// getBucketLocation is GetBucketLocation, which every region's endpoint answers: clients ask it to learn the region.
func getBucketLocation(q *request) error {
	bucket, err := q.locate()
	if err != nil {
		return err
	}
	region := bucket.Info().Region
	q.w.Header().Set("X-Amz-Bucket-Region", region)
	if region == defaultRegion {
		region = ""
	}
	return writeXML(q.w, struct {
		XMLName xml.Name `xml:"LocationConstraint"`
		Xmlns   string   `xml:"xmlns,attr"`
		Region  string   `xml:",chardata"`
	}{Xmlns: namespace, Region: region})
}

// locate finds the signer's bucket of the name: that of the endpoint's region before one of another.
func (q *request) locate() (*store.Bucket, error) {
	var candidates []*store.Bucket
	if bucket, found := q.server.options.Store.Bucket(q.auth.Region, q.name); found {
		candidates = append(candidates, bucket)
	}
	candidates = append(candidates, q.server.options.Store.Named(q.name)...)
	if len(candidates) == 0 {
		return nil, noSuchBucket(q.name)
	}
	err := error(nil)
	for _, bucket := range candidates {
		if err = q.mayUse(bucket); err == nil {
			return bucket, nil
		}
	}
	return nil, err
}

// listedOwner names an account. S3 has left its display name out since November 2025.
type listedOwner struct {
	ID string
}

type listedBucket struct {
	Name         string
	CreationDate string
	BucketRegion string
}

type listBucketsResult struct {
	XMLName           xml.Name       `xml:"ListAllMyBucketsResult"`
	Xmlns             string         `xml:"xmlns,attr"`
	Buckets           []listedBucket `xml:"Buckets>Bucket"`
	Owner             listedOwner
	ContinuationToken string `xml:",omitempty"`
	Prefix            string `xml:",omitempty"`
}

// listBuckets is ListBuckets: the signer's own, of all regions, by name.
func listBuckets(q *request) error {
	if err := q.authorizeService(q.auth.Region); err != nil {
		return err
	}
	query := q.query
	limit := 10000
	if value := query.Get("max-buckets"); value != "" {
		var err error
		if limit, err = strconv.Atoi(value); err != nil || limit < 1 || limit > 10000 {
			return invalidArgument("max-buckets", value, "Argument max-buckets must be an integer between 1 and 10000")
		}
	}
	out := listBucketsResult{Xmlns: namespace, Owner: q.owner(), Prefix: query.Get("prefix")}
	region, after := query.Get("bucket-region"), query.Get("continuation-token")
	for _, bucket := range q.server.options.Store.Owned(q.signer.Account.ID) {
		info := bucket.Info()
		position := info.Name + "/" + info.Region
		if !strings.HasPrefix(info.Name, out.Prefix) || region != "" && region != info.Region || position <= after {
			continue
		}
		if len(out.Buckets) == limit {
			last := out.Buckets[limit-1]
			out.ContinuationToken = last.Name + "/" + last.BucketRegion
			break
		}
		out.Buckets = append(out.Buckets, listedBucket{info.Name, formatTime(info.Created), info.Region})
	}
	return writeXML(q.w, out)
}

// owner is the bucket's, or the signer where there is no bucket.
func (q *request) owner() listedOwner {
	account := q.signer.Account
	if q.bucket != nil {
		account.ID = q.bucket.Info().Account
	}
	return listedOwner{ID: account.CanonicalID()}
}
