// Package credentials reads the credentials files of storage providers. What it returns prints
// without secrets, and so do its errors.
package credentials

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"gopkg.in/ini.v1"

	"github.com/velero-locations/velero-locations/locations"
	"github.com/velero-locations/velero-locations/locations/provider"
)

// DefaultProfile is the profile of an AWS credentials file that is used where none is named.
const DefaultProfile = "default"

// AWS is a key to Amazon's storage, or to storage that speaks its protocol.
type AWS struct {
	AccessKeyID     string
	SecretAccessKey string
	// SessionToken is empty for a key that does not expire.
	SessionToken string
}

// String shows nothing of the key, so that it may be printed by accident.
func (AWS) String() string { return "AWS credentials" }

// GoString shows nothing of the key either.
func (c AWS) GoString() string { return c.String() }

// MarshalLog shows nothing of the key in structured logs.
func (c AWS) MarshalLog() any { return c.String() }

// Redact makes one short line of what a service said, without any part of the key: one that is not
// to be trusted could send back what it was sent.
func (c AWS) Redact(message string) string {
	for _, secret := range []string{c.SecretAccessKey, c.SessionToken, c.AccessKeyID} {
		if secret != "" {
			message = strings.ReplaceAll(message, secret, "***")
		}
	}
	message = strings.Join(strings.Fields(message), " ")
	const longest = 200
	if runes := []rune(message); len(runes) > longest {
		message = string(runes[:longest]) + "..."
	}
	return message
}

// AWSEndpoint returns the address that a profile of such a file gives a service, such as ec2: in the
// section that the profile names by services, or else by endpoint_url. Empty: it gives none. The
// error does not repeat the address, which may hold a password.
func AWSEndpoint(file []byte, profile, service string) (*url.URL, error) {
	profile = cmp.Or(profile, DefaultProfile)
	parsed, section, err := loadProfile(file, profile)
	if err != nil || section == nil {
		return nil, err
	}
	if ignore, _ := strconv.ParseBool(section.Key("ignore_configured_endpoint_urls").Value()); ignore {
		return nil, nil
	}
	const key = "endpoint_url"
	address := section.Key(key).Value()
	if services := section.Key("services").Value(); services != "" {
		for _, line := range parsed.Section("services " + services).Key(service).NestedValues() {
			if name, value, _ := strings.Cut(line, "="); strings.EqualFold(strings.TrimSpace(name), key) {
				address = strings.TrimSpace(value)
			}
		}
	}
	endpoint, err := provider.ParseURL(address)
	if err != nil {
		return nil, fmt.Errorf("%s of profile %q of the credentials file %w", key, profile, err)
	}
	return endpoint, nil
}

// loadProfile returns the section of a profile, nil if there is none.
func loadProfile(file []byte, profile string) (*ini.File, *ini.Section, error) {
	switch {
	case encodedTwice(file):
		return nil, nil, errEncodedTwice
	case bytes.HasPrefix(bytes.TrimSpace(file), []byte("{")): // of another provider; it would read as keys and values
		return nil, nil, errNoINI
	}
	parsed, err := ini.LoadSources(ini.LoadOptions{
		InsensitiveKeys:          true,
		IgnoreContinuation:       true,
		KeyValueDelimiters:       "=:", // both are the SDK's, too
		SpaceBeforeInlineComment: true,
		AllowNestedValues:        true,
		ChildSectionDelimiter:    "\n", // none: a profile a.b inherits nothing from a profile a
	}, file)
	if err != nil {
		// The parser's error repeats the line that it could not read, which may be a secret.
		return nil, nil, errNoINI
	}
	return parsed, findProfile(parsed, profile), nil
}

var errNoINI = errors.New("the credentials file has a line that is neither [profile] nor key = value")

// findProfile prefers a section of the very name, as the SDK does, which takes no account of spaces inside the brackets.
func findProfile(file *ini.File, profile string) *ini.Section {
	for _, name := range []string{profile, "profile " + profile} {
		for _, section := range file.Sections() {
			if section.Name() != ini.DefaultSection && strings.TrimSpace(section.Name()) == name {
				return section
			}
		}
	}
	return nil
}

// profileNotFound says how many profiles there are. Their names are for those who may read the file.
func profileNotFound(file *ini.File, profile string) error {
	names := map[string]bool{}
	for _, name := range file.SectionStrings() {
		if name != ini.DefaultSection { // where the parser puts what stands before any section
			names[strings.TrimPrefix(strings.TrimSpace(name), "profile ")] = true
		}
	}
	if len(names) == 0 {
		return fmt.Errorf("the credentials file has no profile %q, nor any other: begin it with a line [%s]", profile, profile)
	}
	return fmt.Errorf("the credentials file has no profile %q (it has %s)", profile, locations.Count(len(names), "other"))
}
