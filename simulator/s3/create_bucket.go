package s3

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// createBucket is CreateBucket. The endpoint of us-east-1 makes buckets in any region, that of another region only its own.
func createBucket(q *request) error {
	configuration, err := q.bucketConfiguration()
	if err != nil {
		return err
	}
	tags, err := checkTags(configuration.Tags, bucketTags)
	if err != nil {
		return err
	}
	region, err := q.placement(configuration.LocationConstraint)
	if err != nil {
		return err
	}
	if err := q.authorizeService(region); err != nil {
		return err
	}
	if err := ValidateBucketName(q.name); err != nil {
		return aws.NewError(http.StatusBadRequest, "InvalidBucketName", "The specified bucket is not valid.").With("BucketName", q.name)
	}
	settings, err := q.newSettings()
	if err != nil {
		return err
	}
	settings.Tags = tags
	bucket, err := q.server.options.Store.CreateBucket(q.name, region, q.signer.Account.ID, settings)
	if errors.Is(err, store.ErrBucketExists) {
		if err = q.nameTaken(bucket.Info()); err == nil {
			err = resetACL(bucket, settings.ACL)
		}
	}
	if err != nil {
		return err
	}
	q.W.Header().Set("Location", "/"+q.name)
	q.W.Header().Set("X-Amz-Bucket-Region", bucket.Info().Region)
	q.W.WriteHeader(http.StatusOK)
	return nil
}

// newSettings are those that the headers of CreateBucket ask for.
func (q *request) newSettings() (store.Settings, error) {
	settings := store.NewSettings(q.server.options.AllowPublicAccess)
	if strings.EqualFold(q.Header.Get("X-Amz-Bucket-Object-Lock-Enabled"), "true") {
		settings.ObjectLock, settings.Versioning = true, store.VersioningEnabled
	}
	err := readOwnership(q.Header, &settings)
	if err == nil {
		settings.ACL, err = q.newBucketACL(settings)
	}
	return settings, err
}

// nameTaken refuses a name that is in use; in us-east-1 S3 reports success when the bucket is the signer's own already.
func (q *request) nameTaken(existing store.BucketInfo) error {
	switch {
	case existing.Account != q.signer.Account.ID:
		return aws.NewError(http.StatusConflict, "BucketAlreadyExists",
			"The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.").
			With("BucketName", q.name)
	case existing.Region == defaultRegion && q.auth.Region == defaultRegion:
		return nil
	}
	return aws.NewError(http.StatusConflict, "BucketAlreadyOwnedByYou",
		"Your previous request to create the named bucket succeeded and you already own it.").With("BucketName", q.name)
}

// resetACL gives a bucket that is made again the ACL that the request asks for, as S3 does.
func resetACL(bucket *store.Bucket, acl *store.ACL) error {
	if now := bucket.Settings(); !now.ACLsEnabled() || now.ACL == nil && acl == nil {
		return nil
	}
	return bucket.Configure(func(s *store.Settings) error { s.ACL = acl; return nil })
}

type bucketConfiguration struct {
	LocationConstraint string
	Tags               []tag `xml:"Tags>Tag"`
}

func (q *request) bucketConfiguration() (out bucketConfiguration, err error) {
	if len(q.document) == 0 {
		return out, nil
	}
	err = readXML(q.document, "CreateBucketConfiguration", &out)
	if out.LocationConstraint == "EU" {
		out.LocationConstraint = "eu-west-1"
	}
	return out, err
}

// placement is the region that a new bucket is made in.
func (q *request) placement(constraint string) (string, error) {
	endpoint := q.auth.Region
	if endpoint != defaultRegion {
		if constraint == endpoint {
			return endpoint, nil
		}
		return "", illegalConstraint(constraint)
	}
	switch {
	case constraint == "":
		return defaultRegion, nil
	case constraint == defaultRegion, !slices.Contains(q.server.options.Regions, constraint):
		return "", aws.NewError(http.StatusBadRequest, "InvalidLocationConstraint", "The specified location-constraint is not valid").
			With("LocationConstraint", constraint)
	}
	return constraint, nil
}
