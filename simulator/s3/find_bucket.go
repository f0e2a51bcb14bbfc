package s3

import (
	"slices"

	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// showRegion puts a bucket's region on every answer about it, also on those that refuse: S3 does so for HeadBucket, and
// clients without credentials learn a bucket's region that way.
func (q *request) showRegion() {
	if q.name == "" {
		return
	}
	if q.auth != nil {
		if _, found := q.server.options.Store.Bucket(q.auth.Region, q.name); found {
			q.W.Header()["X-Amz-Bucket-Region"] = []string{q.auth.Region}
			return
		}
	}
	if buckets := q.server.options.Store.Named(q.name); len(buckets) > 0 {
		q.W.Header().Set("X-Amz-Bucket-Region", q.likeliest(buckets).Region)
	}
}

// findBucket finds the bucket at the endpoint of the signature's region and makes sure that the signer may use it.
func (q *request) findBucket() error {
	bucket, found := q.server.options.Store.Bucket(q.auth.Region, q.name)
	if !found {
		elsewhere := q.server.options.Store.Named(q.name)
		if len(elsewhere) == 0 {
			return noSuchBucket(q.name)
		}
		return q.permanentRedirect(q.likeliest(elsewhere).Region)
	}
	if err := q.mayUse(bucket); err != nil {
		return err
	}
	q.bucket = bucket
	q.allowOrigin()
	return nil
}

// likeliest is which of several buckets of one name a client probably means, where names are regional: its own, in the
// region that the configuration lists first.
func (q *request) likeliest(buckets []*store.Bucket) store.BucketInfo {
	rank := func(bucket *store.Bucket) int {
		region := slices.Index(q.server.options.Regions, bucket.Info().Region)
		if q.signer.Account.ID != "" && bucket.Info().Account != q.signer.Account.ID {
			region += len(q.server.options.Regions)
		}
		return region
	}
	return slices.MinFunc(buckets, func(x, y *store.Bucket) int { return rank(x) - rank(y) }).Info()
}

func (q *request) mayUse(bucket *store.Bucket) error {
	if expected := q.Header.Get("X-Amz-Expected-Bucket-Owner"); expected != "" && expected != bucket.Info().Account {
		return accessDenied()
	}
	return q.authorize(bucket.Info())
}
