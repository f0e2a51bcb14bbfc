package s3

import "encoding/base64"

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
	after := out.StartAfter
	if query.Has("continuation-token") {
		token, err := base64.RawURLEncoding.DecodeString(out.ContinuationToken)
		if err != nil || len(token) == 0 {
			return invalidArgument("continuation-token", out.ContinuationToken, "The continuation token provided is incorrect")
		}
		after = string(token)
	}
	page, encode, err := q.list(&out.listing, after, query.Get("fetch-owner") == "true")
	if err != nil {
		return err
	}
	out.KeyCount = len(page.Objects) + len(page.Prefixes)
	out.NextContinuationToken = base64.RawURLEncoding.EncodeToString([]byte(page.Next))
	out.StartAfter = encode(out.StartAfter)
	return writeXML(q.W, out)
}
