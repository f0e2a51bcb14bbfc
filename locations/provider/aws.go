package provider

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// Keys of spec.config that say how to reach a location of provider aws.
const (
	keyRegion                = "region"
	keyS3URL                 = "s3Url"
	keyS3ForcePathStyle      = "s3ForcePathStyle"
	keyInsecureSkipTLSVerify = "insecureSkipTLSVerify"
	keyProfile               = "profile"
	keyCredentialsFile       = "credentialsFile"
)

// regionName is deliberately wide: storage other than Amazon's names its regions as it likes.
var regionName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// AWSObjectStore is what the spec.config of a backup location of provider aws says about reaching
// it. Settings that matter only when backups are written are not in it.
type AWSObjectStore struct {
	// Region of the bucket. Empty: not said.
	Region string
	// URL of the storage, with scheme and host only. Nil: Amazon's own.
	URL *url.URL
	// PathStyle says whether the bucket is named in the path of requests (true) or in their host
	// name (false). Nil: not said.
	PathStyle *bool
	// InsecureSkipTLSVerify accepts any certificate.
	InsecureSkipTLSVerify bool
	// Profile is the section of the credentials file to use. Empty: not said.
	Profile string
	// CredentialsFile is the path of a file in the file system of Velero's server. Empty: not said.
	CredentialsFile string
}

// ParseAWSObjectStore reads spec.config of a backup location. The error, of one line, names every
// setting whose value cannot be used. Keys that it does not know are passed over.
func ParseAWSObjectStore(config map[string]string) (AWSObjectStore, error) {
	store := AWSObjectStore{
		Region:          config[keyRegion],
		Profile:         config[keyProfile],
		CredentialsFile: config[keyCredentialsFile],
	}
	var problems []string
	note := func(key string, err error) {
		if err != nil {
			problems = append(problems, fmt.Sprintf("spec.config.%s %s", key, err))
		}
	}

	if store.Region != "" && !regionName.MatchString(store.Region) {
		note(keyRegion, errors.New("is not the name of a region, such as us-east-1"))
	}
	var err error
	store.URL, err = ParseURL(config[keyS3URL])
	note(keyS3URL, err)
	store.PathStyle, err = parseBool(config[keyS3ForcePathStyle])
	note(keyS3ForcePathStyle, err)
	insecure, err := parseBool(config[keyInsecureSkipTLSVerify])
	note(keyInsecureSkipTLSVerify, err)
	store.InsecureSkipTLSVerify = insecure != nil && *insecure

	if len(problems) > 0 {
		return AWSObjectStore{}, errors.New(strings.Join(problems, "; "))
	}
	return store, nil
}

// ParseURL reads the address of S3-compatible storage: http or https, a host, and nothing behind
// it but a slash. An empty address gives nil. The error, meant to stand behind the name of the
// setting, does not repeat the address, which may hold a password.
func ParseURL(address string) (*url.URL, error) {
	if address == "" {
		return nil, nil
	}
	u, err := url.Parse(address)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return nil, errors.New("is not a URL such as https://s3.example.com")
	case u.User != nil:
		return nil, errors.New("has a user name in it: put credentials in a Secret instead")
	case strings.Trim(u.Path, "/") != "", u.RawQuery != "", u.Fragment != "":
		return nil, errors.New("has something behind the host: leave only the scheme, the host and the port")
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

// parseBool accepts what the AWS plugin accepts. An empty value gives nil.
func parseBool(value string) (*bool, error) {
	if value == "" {
		return nil, nil
	}
	b, err := strconv.ParseBool(value)
	if err != nil {
		return nil, fmt.Errorf("is %q: set it to \"true\" or \"false\"", value)
	}
	return &b, nil
}
