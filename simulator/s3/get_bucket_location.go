package s3

import (
	"encoding/xml"

	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// getBucketLocation is GetBucketLocation, which every region's endpoint answers: clients ask it to learn the region.
func getBucketLocation(q *request) error {
	bucket, err := q.locate()
	if err != nil {
		return err
	}
	region := bucket.Info().Region
	q.W.Header().Set("X-Amz-Bucket-Region", region)
	if region == defaultRegion {
		region = ""
	}
	return writeXML(q.W, struct {
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
