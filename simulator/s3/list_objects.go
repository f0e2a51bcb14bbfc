package s3

type listingV1 struct {
	listing
	Marker     string
	NextMarker string `xml:",omitempty"`
}

// listObjects is ListObjects, the first version. NextMarker is there only with a delimiter, as S3 has it.
func listObjects(q *request) error {
	query := q.query
	out := listingV1{Marker: query.Get("marker")}
	page, encode, err := q.list(&out.listing, out.Marker, true)
	if err != nil {
		return err
	}
	if out.Delimiter != "" {
		out.NextMarker = encode(page.Next)
	}
	out.Marker = encode(out.Marker)
	return writeXML(q.W, out)
}
