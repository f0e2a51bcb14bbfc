package credentials

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/ini.v1"
)

// AWSKeys gives the key that requests are signed with, which may be another one each time.
type AWSKeys interface {
	Key(ctx context.Context) (AWS, error)
}

var _ AWSKeys = AWS{}

// Key returns the key itself: it stays as it is.
func (c AWS) Key(context.Context) (AWS, error) { return c, nil }

// AWSSource is where a profile's first key comes from.
type AWSSource string

const (
	// InFile means that the key is in the file.
	InFile AWSSource = "the credentials file"
	// WebIdentity means that the first role is assumed with a token from a file.
	WebIdentity AWSSource = "web_identity_token_file"
	// Environment is that of the pod, by credential_source.
	Environment AWSSource = "credential_source Environment"
	// InstanceMetadata is the role of the machine, by credential_source.
	InstanceMetadata AWSSource = "credential_source Ec2InstanceMetadata"
	// Container is the role of the container, by credential_source.
	Container AWSSource = "credential_source EcsContainer"
	// OfPod is whatever identity the pod has that asks, since the profile names none.
	OfPod AWSSource = "the pod's own identity"
)

// AWSIdentity says how a profile comes by its key.
type AWSIdentity struct {
	Source AWSSource
	// InFile is the key, if that is the source.
	InFile AWS
	// TokenFile is the path of the token, if that is the source.
	TokenFile string
	// Roles are assumed one after the other.
	Roles []AWSRole
	// Profile and Why name the profile with the source, for those who have no such identity.
	Profile, Why string
}

// AWSRole is a role to assume.
type AWSRole struct {
	ARN, SessionName, ExternalID string
	// Duration of a session; 0: as long as is usual.
	Duration time.Duration
}

// Borrowed says that the key is not the location's own, but comes from where whoever asks runs.
func (i AWSIdentity) Borrowed() bool { return i.Source != InFile }

// Elsewhere is the error for those who may not, or cannot, borrow an identity.
func (i AWSIdentity) Elsewhere() error {
	return Elsewhere("profile %q of the credentials file %s", i.Profile, i.Why)
}

// ParseAWSIdentity reads a profile of an AWS shared credentials file, given by its content, and follows it as the SDK does to
// where its key comes from. Sections named "profile x", as in AWS configuration files, count as profile x, because
// Velero's AWS plugin reads the file in both roles. An empty profile means DefaultProfile. What only Velero's own
// pod can do, such as run a program, is an ElsewhereError. Errors never repeat a line or a value of the file.
func ParseAWSIdentity(file []byte, profile string) (AWSIdentity, error) {
	profile = cmp.Or(profile, DefaultProfile)
	parsed, section, err := loadProfile(file, profile)
	if err != nil {
		return AWSIdentity{}, err
	}
	if section == nil {
		return AWSIdentity{}, profileNotFound(parsed, profile)
	}
	return (&profiles{file: parsed}).follow(section, profile)
}

// profiles are those of a file, and the names of those that led to the one at hand.
type profiles struct {
	file *ini.File
	seen []string
}

// sources are the settings of which a profile has one at most, and which of them need a role.
var sources = []struct {
	key  string
	role bool
}{{"source_profile", true}, {"credential_source", true}, {"web_identity_token_file", true}, {"credential_process", false}}

// follow returns the identity of a profile. One that names itself as its source, as may be, is a key the second time.
func (p *profiles) follow(section *ini.Section, profile string) (AWSIdentity, error) {
	s := settings{section, triesKey(section)}
	again := slices.Contains(p.seen, profile)
	if len(p.seen) > 0 && s.value("aws_access_key_id") != "" {
		return s.finish(AWSIdentity{Source: InFile}, profile, !again)
	}
	if again {
		return AWSIdentity{}, fmt.Errorf("profile %q of the credentials file leads back to itself by source_profile, and has no key", profile)
	}
	p.seen = append(p.seen, profile)
	way, err := s.way(profile)
	if err != nil {
		return AWSIdentity{}, err
	}
	name := s.value("source_profile")
	if way != "source_profile" {
		return s.identity(way, profile, len(p.seen) > 1)
	}
	source := findProfile(p.file, name)
	if source == nil {
		return AWSIdentity{}, fmt.Errorf("profile %q of the credentials file: source_profile: %w", profile, profileNotFound(p.file, name))
	}
	identity, err := p.follow(source, name)
	if err != nil {
		return AWSIdentity{}, err
	}
	return s.assume(identity, profile)
}

// settings of a profile.
type settings struct {
	section *ini.Section
	tried   bool // to have a key; found out first, since asking the parser for a setting adds it
}

func (s settings) value(key string) string { return strings.TrimSpace(s.section.Key(key).Value()) }

// way is the setting by which the profile gets its key; empty: another, or none.
func (s settings) way(profile string) (string, error) {
	way := ""
	for _, source := range sources {
		switch {
		case s.value(source.key) == "":
		case source.role && s.value("role_arn") == "":
			return "", fmt.Errorf("profile %q of the credentials file has %s, but no role_arn: set the role that is to be assumed", profile, source.key)
		case way != "":
			return "", fmt.Errorf("profile %q of the credentials file has both %s and %s: leave one of them out", profile, way, source.key)
		default:
			way = source.key
		}
	}
	return way, nil
}

// identity is that of a profile which names no other. A key in the file counts before everything else.
func (s settings) identity(way, profile string, source bool) (AWSIdentity, error) {
	if s.value("aws_access_key_id") != "" {
		return s.finish(AWSIdentity{Source: InFile}, profile, true)
	}
	switch way {
	case "credential_source":
		from, known := map[string]AWSSource{"Environment": Environment, "Ec2InstanceMetadata": InstanceMetadata, "EcsContainer": Container}[s.value(way)]
		if !known {
			return AWSIdentity{}, fmt.Errorf("credential_source of profile %q of the credentials file is none of Environment, Ec2InstanceMetadata and EcsContainer", profile)
		}
		return s.finish(AWSIdentity{Source: from, Why: "gets its key by credential_source, which is the identity of Velero's own pod or of its node"}, profile, true)
	case "web_identity_token_file":
		return s.finish(AWSIdentity{
			Source: WebIdentity, TokenFile: s.value(way), Why: "gets its key by web_identity_token_file, which is a file of Velero's own pod",
		}, profile, true)
	}
	for _, other := range ownWays {
		if s.value(other.key) != "" {
			return AWSIdentity{}, Elsewhere("profile %q of the credentials file gets its key by %s, %s", profile, other.key, other.meaning)
		}
	}
	if s.tried || source {
		return AWSIdentity{}, fmt.Errorf("profile %q of the credentials file has no aws_access_key_id", profile)
	}
	return s.finish(AWSIdentity{
		Source: OfPod, Why: "has no aws_access_key_id, so that Velero's own pod uses the identity that it or its node has",
	}, profile, true)
}

// finish adds the key, if it is in the file, and the profile's own role, if it counts.
func (s settings) finish(identity AWSIdentity, profile string, role bool) (AWSIdentity, error) {
	identity.Profile = profile
	if identity.Source == InFile {
		identity.InFile = AWS{AccessKeyID: s.value("aws_access_key_id"), SecretAccessKey: s.value("aws_secret_access_key"), SessionToken: s.value("aws_session_token")}
		if identity.InFile.SecretAccessKey == "" {
			return AWSIdentity{}, fmt.Errorf("profile %q of the credentials file has no aws_secret_access_key", profile)
		}
	}
	if !role {
		return identity, nil
	}
	return s.assume(identity, profile)
}

// assume adds the role of a profile to what leads to it.
func (s settings) assume(identity AWSIdentity, profile string) (AWSIdentity, error) {
	arn := s.value("role_arn")
	switch {
	case arn == "":
		return identity, nil
	case s.value("mfa_serial") != "":
		return AWSIdentity{}, fmt.Errorf("profile %q of the credentials file has mfa_serial: nobody is there to type a code, so use a role that needs none", profile)
	}
	role := AWSRole{ARN: arn, SessionName: s.value("role_session_name"), ExternalID: s.value("external_id")}
	// The SDK passes over a duration that is no longer than the shortest, and takes its usual one.
	if seconds, err := strconv.Atoi(s.value("duration_seconds")); err == nil && time.Duration(seconds)*time.Second/time.Minute > 15 {
		role.Duration = time.Duration(seconds) * time.Second
	}
	identity.Roles = append(identity.Roles, role)
	return identity, nil
}

// ownWays are the ways to a key that only Velero's own pod can go.
var ownWays = []struct{ key, meaning string }{
	{"credential_process", "which only Velero's own pod can run"},
	{"sso_session", "which is a login that only Velero's own pod can have"},
	{"sso_start_url", "which is a login that only Velero's own pod can have"},
}

// triesKey says whether a profile has a setting that was meant to be a key, or a part of one, such as access_key. Without
// any, the SDK looks for the identity of the pod.
func triesKey(section *ini.Section) bool {
	return slices.ContainsFunc(section.KeyStrings(), func(name string) bool {
		return strings.Contains(name, "access_key") || strings.Contains(name, "secret")
	})
}
