package s3

import (
	"encoding/xml"

	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// listedVersion is a Version or a DeleteMarker, which are in one order.
type listedVersion struct {
	XMLName           xml.Name
	Key               string
	VersionID         string `xml:"VersionId"`
	IsLatest          bool
	LastModified      string
	ETag              string   `xml:",omitempty"`
	ChecksumAlgorithm []string `xml:",omitempty"`
	ChecksumType      string   `xml:",omitempty"`
	Size              *int64   `xml:",omitempty"`
	StorageClass      string   `xml:",omitempty"`
	Owner             listedOwner
	RestoreStatus     *restoreStatus
}

type listVersionsResult struct {
	XMLName             xml.Name `xml:"ListVersionsResult"`
	Xmlns               string   `xml:"xmlns,attr"`
	Name                string
	Prefix              string
	KeyMarker           string
	VersionIDMarker     string `xml:"VersionIdMarker"`
	NextKeyMarker       string `xml:",omitempty"`
	NextVersionIDMarker string `xml:"NextVersionIdMarker,omitempty"`
	MaxKeys             int
	Delimiter           string `xml:",omitempty"`
	EncodingType        string `xml:",omitempty"`
	IsTruncated         bool
	Versions            []listedVersion
	CommonPrefixes      []listedPrefix
}

// listObjectVersions is ListObjectVersions: by key, and for one key the latest first.
func listObjectVersions(q *request) error {
	query := q.query
	limit, encode, err := listParameters(query, "max-keys")
	if err != nil {
		return err
	}
	restores, err := q.wantsRestoreStatus()
	if err != nil {
		return err
	}
	keyMarker, versionMarker := query.Get("key-marker"), query.Get("version-id-marker")
	if versionMarker != "" && keyMarker == "" {
		return invalidArgument("version-id-marker", versionMarker, "A version-id marker cannot be specified without a key marker.")
	}
	page := q.bucket.List(store.ListOptions{
		Prefix: query.Get("prefix"), Delimiter: query.Get("delimiter"), After: keyMarker, AfterVersion: versionMarker,
		Max: limit, Versions: true,
	})
	out := listVersionsResult{
		Xmlns: namespace, Name: q.name, Prefix: encode(query.Get("prefix")), Delimiter: encode(query.Get("delimiter")),
		KeyMarker: encode(keyMarker), VersionIDMarker: versionMarker, NextKeyMarker: encode(page.Next), NextVersionIDMarker: page.NextVersion,
		MaxKeys: limit, EncodingType: query.Get("encoding-type"), IsTruncated: page.Truncated,
	}
	for _, object := range page.Objects {
		listed := listedVersion{
			XMLName: xml.Name{Local: "DeleteMarker"}, Key: encode(object.Key), VersionID: object.Version, IsLatest: page.Latest[object],
			LastModified: formatTime(object.Modified), Owner: q.ownerOf(object.ACL),
		}
		if !object.DeleteMarker {
			listed.XMLName.Local, listed.ETag, listed.Size, listed.StorageClass = "Version", `"`+object.ETag+`"`, &object.Size, object.StorageClass()
			listed.ChecksumAlgorithm, listed.ChecksumType = checksumAlgorithms(object)
			if restores {
				listed.RestoreStatus = q.restoreStatus(object)
			}
		}
		out.Versions = append(out.Versions, listed)
	}
	for _, prefix := range page.Prefixes {
		out.CommonPrefixes = append(out.CommonPrefixes, listedPrefix{encode(prefix)})
	}
	return writeXML(q.W, out)
}
