package s3

import "cmp"

type listingV2 struct {
	listing
	KeyCount              int
	StartAfter            string `xml:",omitempty"`
	ContinuationToken     string `xml:",omitempty"`
	NextContinuationToken string `xml:",omitempty"`
}

// listObjectsV2 is ListObjectsV2. The continuation token says where the page before ended.
func listObjectsV2(q *request) error {
	query := q.query
	if version := query.Get("list-type"); version != "2" {
		return invalidArgument("list-type", version, "Invalid List Type specified in Request")
	}
	out := listingV2{StartAfter: query.Get("start-after"), ContinuationToken: query.Get("continuation-token")}
	last, err := continuation(query)
	if err != nil {
		return err
	}
	page, encode, err := q.list(&out.listing, cmp.Or(last, out.StartAfter), query.Get("fetch-owner") == "true")
	if err != nil {
		return err
	}
	out.KeyCount = len(page.Objects) + len(page.Prefixes)
	out.NextContinuationToken = pageToken(page.Next)
	out.StartAfter = encode(out.StartAfter)
	return writeXML(q.W, out)
}
