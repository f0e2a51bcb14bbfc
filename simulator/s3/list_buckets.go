package s3

import (
	"encoding/xml"
	"strconv"
	"strings"
)

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
	region, last := query.Get("bucket-region"), ""
	after, err := continuation(query)
	if err != nil {
		return err
	}
	for _, bucket := range q.server.options.Store.Owned(q.signer.Account.ID) {
		info := bucket.Info()
		position := info.Name + "\x00" + info.Region // which sorts as name and region do
		if !strings.HasPrefix(info.Name, out.Prefix) || region != "" && region != info.Region || position <= after {
			continue
		}
		if len(out.Buckets) == limit {
			out.ContinuationToken = pageToken(last)
			break
		}
		last = position
		out.Buckets = append(out.Buckets, listedBucket{info.Name, formatTime(info.Created), info.Region})
	}
	return writeXML(q.W, out)
}
