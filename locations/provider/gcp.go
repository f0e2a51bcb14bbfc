package provider

import (
	"errors"
	"fmt"
	"net"
	"strings"
)

// gcp has the settings of velero-plugin-for-gcp v1.14.
var gcp = Provider{
	Name: "velero.io/gcp",
	ObjectStore: &Schema{Keys: []Key{
		{Name: "kmsKeyName", Type: kmsKeyName, Doc: "Cloud KMS key that encrypts what is written"},
		{Name: "serviceAccount", Type: String, Doc: "service account that signs links for downloads, where workload identity takes the place of a key file"},
		{Name: "storeEndpoint", Type: Type{Name: "host or URL", Check: checkHostOrURL}, Doc: "address of the storage, if not Google's public one"},
		{Name: "universeDomain", Type: Type{Name: "domain", Check: matches(`[a-z0-9]([a-z0-9.-]*[a-z0-9])?`, "a domain such as googleapis.com")}, Doc: "domain of the cloud; googleapis.com if not set"},
		{Name: keyCredentialsFile, Type: String, Caveat: caveatCredentialsFile, Doc: "credentials file in the file system of Velero's server"},
	}},
	VolumeSnapshotter: &Schema{Keys: []Key{
		{Name: "snapshotLocation", Type: Type{Name: "region", Check: matches(`[a-z0-9-]+`, "a region such as us-central1, or several such as us")}, Doc: "region, or several together such as us, that snapshots are kept in"},
		{Name: "snapshotType", Type: snapshotType, Doc: "STANDARD, if not set, or ARCHIVE"},
		{Name: "project", Type: String, Doc: "project that snapshots are read from when volumes are restored; that of the credentials if not set"},
		{Name: "volumeProject", Type: String, Doc: "project of the volumes; that of the credentials if not set"},
		{Name: keyCredentialsFile, Type: String, Caveat: caveatCredentialsFile, Doc: "credentials file in the file system of Velero's server"},
	}},
	CheckBucket: checkGCSBucket,
	Identities: "Locations are left to Velero's own server, with a key file as with workload identity: nothing here speaks to Google's cloud, and `phase`\n" +
		"stays empty.\n",
	Endpoint: func(config map[string]string) string {
		endpoint := config["storeEndpoint"]
		if endpoint != "" && !strings.Contains(endpoint, "://") {
			endpoint = "https://" + endpoint
		}
		return urlHost(endpoint)
	},
}

var kmsKeyName = Type{Name: "Cloud KMS key", Check: matches(`projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+`,
	"the full name of a key: projects/P/locations/L/keyRings/R/cryptoKeys/K")}

// snapshotType is read without regard to case, as the plugin does.
var snapshotType = Type{Name: "one of STANDARD, ARCHIVE", Values: []string{"STANDARD", "ARCHIVE"}, Check: func(value string) error {
	if value = strings.ToUpper(value); value != "STANDARD" && value != "ARCHIVE" {
		return errors.New(`must be one of "STANDARD", "ARCHIVE"`)
	}
	return nil
}}

func checkHostOrURL(value string) error {
	if !strings.Contains(value, "://") {
		value = "https://" + value
	}
	if checkURL(value) != nil {
		return errors.New("must be a host such as storage.example.com, or a URL")
	}
	return nil
}

var gcsBucket = matches(`[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]`,
	"3 to 222 lowercase letters, digits, dots, hyphens and underscores, with a letter or digit at both ends")

func checkGCSBucket(bucket string, _ map[string]string) error {
	if err := gcsBucket(bucket); err != nil {
		return fmt.Errorf("a bucket's name in Cloud Storage %w", err)
	}
	for part := range strings.SplitSeq(bucket, ".") {
		if part == "" || len(part) > 63 {
			return errors.New("a bucket's name in Cloud Storage must have 1 to 63 characters between its dots")
		}
	}
	switch {
	case net.ParseIP(bucket) != nil:
		return errors.New("a bucket's name in Cloud Storage must not be an IP address")
	case strings.HasPrefix(bucket, "goog"), strings.Contains(bucket, "google"):
		return errors.New("a bucket's name in Cloud Storage must not begin with goog or have google in it")
	}
	return nil
}
