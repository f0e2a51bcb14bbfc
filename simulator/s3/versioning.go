package s3

import (
	"encoding/xml"
	"net/http"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

type versioningConfiguration struct {
	XMLName   xml.Name         `xml:"VersioningConfiguration"`
	Xmlns     string           `xml:"xmlns,attr,omitempty"`
	Status    store.Versioning `xml:",omitempty"`
	MFADelete string           `xml:"MfaDelete,omitempty"`
}

// getBucketVersioning is GetBucketVersioning: a bucket where it was never set has no status.
func getBucketVersioning(q *request) error {
	return writeXML(q.w, versioningConfiguration{Xmlns: namespace, Status: q.bucket.Settings().Versioning})
}

func putBucketVersioning(q *request) error {
	var in versioningConfiguration
	if err := readXML(q.document, "VersioningConfiguration", &in); err != nil {
		return err
	}
	if in.Status != store.VersioningEnabled && in.Status != store.VersioningSuspended {
		return aws.NewError(http.StatusBadRequest, "IllegalVersioningConfigurationException", "The Versioning element must be specified")
	}
	if in.MFADelete == "Enabled" {
		return aws.NotImplemented("MfaDelete")
	}
	return q.configure(http.StatusOK, func(s *store.Settings) error {
		if s.ObjectLock && in.Status != store.VersioningEnabled {
			return aws.NewError(http.StatusConflict, "InvalidBucketState", "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.")
		}
		s.Versioning = in.Status
		return nil
	})
}

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
	keyMarker, versionMarker := query.Get("key-marker"), query.Get("version-id-marker")
	if versionMarker != "" && keyMarker == "" {
		return invalidArgument("version-id-marker", versionMarker, "A version-id marker cannot be specified without a key marker.")
	}
	page := q.bucket.List(store.ListOptions{
		Prefix: query.Get("prefix"), Delimiter: query.Get("delimiter"), After: keyMarker, AfterVersion: versionMarker,
		Max: min(limit, maxKeys), Versions: true,
	})
	out := listVersionsResult{
		Xmlns: namespace, Name: q.name, Prefix: encode(query.Get("prefix")), Delimiter: encode(query.Get("delimiter")),
		KeyMarker: encode(keyMarker), VersionIDMarker: versionMarker, NextKeyMarker: encode(page.Next), NextVersionIDMarker: page.NextVersion,
		MaxKeys: limit, EncodingType: query.Get("encoding-type"), IsTruncated: page.Truncated,
	}
	for _, object := range page.Objects {
		listed := listedVersion{
			XMLName: xml.Name{Local: "DeleteMarker"}, Key: encode(object.Key), VersionID: object.Version, IsLatest: page.Latest[object],
			LastModified: formatTime(object.Modified), Owner: q.owner(),
		}
		if !object.DeleteMarker {
			listed.XMLName.Local, listed.ETag, listed.Size, listed.StorageClass = "Version", `"`+object.ETag+`"`, &object.Size, storageClass(object)
			listed.ChecksumAlgorithm, listed.ChecksumType = checksumAlgorithms(object)
		}
		out.Versions = append(out.Versions, listed)
	}
	for _, prefix := range page.Prefixes {
		out.CommonPrefixes = append(out.CommonPrefixes, listedPrefix{encode(prefix)})
	}
	return writeXML(q.w, out)
}
