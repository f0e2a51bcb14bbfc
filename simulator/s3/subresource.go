package s3

import (
	"net/url"
	"slices"
)

// subresources are the query parameters that make a request one about something else than the bucket or the object itself, or one
// about a version or a part of it. S3 ignores all other parameters that an operation does not know.
var subresources = findSubresources()

// notSimulated are the sub-resources of no operation here, as AWS's SDKs have them.
var notSimulated = []string{
	"abac", "analytics", "inventory", "metadataConfiguration",
	"metadataInventoryTable", "metadataJournalTable", "metadataTable", "metrics",
	"renameObject", "replication", "select", "session", "torrent", "website",
}

func findSubresources() map[string]bool {
	out := map[string]bool{}
	for _, name := range notSimulated {
		out[name] = true
	}
	for _, op := range operations {
		for _, name := range append(op.params, op.sub) {
			out[name] = true
		}
	}
	delete(out, "") // of operations without
	return out
}

// strangers returns the sub-resources of a query that the operation does not know, sorted. A request for one never falls through
// to another operation: PUT ?tagging must not write the object itself.
func (o operation) strangers(query url.Values) []string {
	var out []string
	for name := range query {
		if subresources[name] && name != o.sub && !slices.Contains(o.params, name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}
