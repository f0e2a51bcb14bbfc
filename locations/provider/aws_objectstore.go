package provider

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// AWSObjectStore is what the spec.config of a backup location of provider aws says.
type AWSObjectStore struct {
	// Region of the bucket. Empty: not said.
	Region string
	// URL of the storage, with scheme and host only. Nil: Amazon's own.
	URL *url.URL
	// PathStyle has the bucket named in the path of requests. Else it is named in the host, wherever that is possible.
	PathStyle bool
	// InsecureSkipTLSVerify accepts any certificate.
	InsecureSkipTLSVerify bool
	// Profile is the section of the credentials file to use. Empty: not said.
	Profile string
	// CredentialsFile is the path of a file in the file system of Velero's server. Empty: not said.
	CredentialsFile string

	// PublicURL is where clients outside reach the storage, with scheme and host only. Nil: at URL.
	PublicURL *url.URL
	// ServerSideEncryption is how the storage encrypts what is written. Empty: as it likes.
	ServerSideEncryption string
	// KMSKeyID is the key of KMS that encrypts. Empty: not said.
	KMSKeyID string
	// CustomerKeyFile and CustomerKeySecret, as name/key, say where a key of the customer's own is.
	CustomerKeyFile, CustomerKeySecret string
	// ChecksumAlgorithm of the checksum that goes with what is written. Empty: none.
	ChecksumAlgorithm string
	// Tags of what is written.
	Tags map[string]string
}

// ParseAWSObjectStore reads spec.config of a backup location. The error, of one line, names every
// setting whose value cannot be used. Keys that it does not know are passed over.
func ParseAWSObjectStore(config map[string]string) (AWSObjectStore, error) {
	err := checkValues(aws.ObjectStore, config, keyRegion, keyS3URL, keyPublicURL, keyS3ForcePathStyle, keyInsecureSkipTLSVerify, keyTagging)
	if err != nil {
		return AWSObjectStore{}, err
	}

	store := AWSObjectStore{
		Region:          plainRegion(config[keyRegion]),
		Profile:         config[keyProfile],
		CredentialsFile: config[keyCredentialsFile],

		ServerSideEncryption: config[keyServerSideEncryption],
		KMSKeyID:             config[keyKMSKeyID],
		CustomerKeyFile:      config[keyCustomerKeyFile],
		CustomerKeySecret:    config[keyCustomerKeySecret],
		ChecksumAlgorithm:    "CRC32", // as the plugin does where the key is absent; "" asks for none
	}
	if algorithm, said := config[keyChecksumAlgorithm]; said {
		store.ChecksumAlgorithm = algorithm
	}
	// These were checked above; absent ones stay as they are.
	store.URL, _ = ParseURL(config[keyS3URL])
	store.PublicURL, _ = ParseURL(config[keyPublicURL])
	store.Tags = parseTags(config[keyTagging])
	store.InsecureSkipTLSVerify, _ = strconv.ParseBool(config[keyInsecureSkipTLSVerify])
	store.PathStyle, _ = strconv.ParseBool(config[keyS3ForcePathStyle])
	return store, nil
}

// checkValues returns, on one line, what is wrong with the values of some keys of a schema. An
// address must be one that ParseURL reads.
func checkValues(schema *Schema, config map[string]string, keys ...string) error {
	var problems []string
	for _, name := range keys {
		key, value := schema.Key(name), config[name]
		check := key.Type.Check
		if key.Type.Name == URL.Name {
			check = func(address string) error { _, err := ParseURL(address); return err }
		}
		switch {
		case value == "" && key.Required:
			what, _, _ := strings.Cut(key.Doc, ";")
			problems = append(problems, fmt.Sprintf("spec.config.%s is not set: set it to the %s", name, what))
		case value != "" && check != nil:
			if err := check(value); err != nil {
				problems = append(problems, fmt.Sprintf("spec.config.%s %s", name, withValue(value, err)))
			}
		}
	}
	if len(problems) > 0 {
		return errors.New(strings.Join(problems, "; "))
	}
	return nil
}

// parseTags reads tags that are well-formed.
func parseTags(tagging string) map[string]string {
	if tagging == "" {
		return nil
	}
	tags := map[string]string{}
	for pair := range strings.SplitSeq(tagging, "&") {
		key, value, _ := strings.Cut(pair, "=")
		tags[strings.TrimSpace(key)] = value
	}
	return tags
}

// withValue puts the value in front of what it must be, unless it may hold a password.
func withValue(value string, err error) string {
	if mayHoldPassword(value) {
		return err.Error()
	}
	return fmt.Sprintf("is %q, but %s", value, err)
}

// ParseURL reads the address of S3-compatible storage: http or https, a host, and nothing behind
// it but a slash. An empty address gives nil. The error, meant to stand behind the name of the
// setting, does not repeat the address, which may hold a password.
func ParseURL(address string) (*url.URL, error) {
	if address == "" {
		return nil, nil
	}
	if err := checkURL(address); err != nil {
		return nil, err
	}
	u, err := url.Parse(address)
	if err != nil || strings.Trim(u.Path, "/") != "" {
		return nil, errors.New("must have nothing behind the host: leave only the scheme, the host and the port")
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}
