package s3

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/aws/sigv4"
)

// checkRegion refuses a signature for a region that is not the endpoint's: at the global endpoint, for one that does not
// exist.
func (q *request) checkRegion(auth *sigv4.Authorization) error {
	if q.region != "" && auth.Region != q.region {
		return sigv4.WrongRegion(auth, q.region)
	}
	if regions := q.server.options.Regions; !slices.Contains(regions, auth.Region) {
		return sigv4.WrongRegion(auth, regions[0])
	}
	return nil
}

// laterRegions were opened after 20 March 2019. S3 redirects to older ones only; for these it answers 400, as its guide
// says under "Request redirection". Regions that AWS does not have count as old.
var laterRegions = []string{
	"af-south-1", "ap-east-1", "ap-east-2", "ap-south-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6",
	"ap-southeast-7", "ca-west-1", "eu-central-2", "eu-south-1", "eu-south-2", "il-central-1", "me-central-1", "me-south-1", "mx-central-1",
}

// permanentRedirect is what a regional endpoint answers about a bucket of another region.
func (q *request) permanentRedirect(region string) error {
	q.W.Header().Set("X-Amz-Bucket-Region", region)
	if slices.Contains(laterRegions, region) {
		return illegalConstraint(region)
	}
	return aws.NewError(http.StatusMovedPermanently, "PermanentRedirect",
		"The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.").
		With("Endpoint", q.regionalHost(region)).With("Bucket", q.name)
}

func illegalConstraint(constraint string) error {
	return aws.NewError(http.StatusBadRequest, "IllegalLocationConstraintException",
		fmt.Sprintf("The %s location constraint is incompatible for the region specific endpoint this request was sent to.", cmp.Or(constraint, "unspecified")))
}

// defaultRegion is the region whose name GetBucketLocation leaves out, and whose endpoint makes buckets elsewhere.
const defaultRegion = "us-east-1"
