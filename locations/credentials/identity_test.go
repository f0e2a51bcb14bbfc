package credentials

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestParseAWSIdentity shows where profiles lead to, as with the SDK.
func TestParseAWSIdentity(t *testing.T) {
	const keys = "[base]\naws_access_key_id = AKIA\naws_secret_access_key = s\n"
	key := AWS{AccessKeyID: "AKIA", SecretAccessKey: "s"}
	for name, tc := range map[string]struct {
		file string
		want AWSIdentity
	}{
		"a role by another profile": {
			keys + "[default]\nrole_arn = r\nsource_profile = base\nexternal_id = x\nrole_session_name = n\nduration_seconds = 3600",
			AWSIdentity{Source: InFile, InFile: key, Roles: []AWSRole{{"r", "n", "x", time.Hour}}, Profile: "base"},
		},
		"a duration that the SDK passes over": {
			keys + "[default]\nrole_arn = r\nsource_profile = base\nduration_seconds = 900",
			AWSIdentity{Source: InFile, InFile: key, Roles: []AWSRole{{ARN: "r"}}, Profile: "base"},
		},
		"one role after the other": {
			keys + "[profile middle]\nrole_arn = m\nsource_profile = base\n[default]\nrole_arn = r\nsource_profile = middle",
			AWSIdentity{Source: InFile, InFile: key, Roles: []AWSRole{{ARN: "m"}, {ARN: "r"}}, Profile: "base"},
		},
		"a role by its own key": {
			"[default]\naws_access_key_id = AKIA\naws_secret_access_key = s\nrole_arn = r\nsource_profile = default",
			AWSIdentity{Source: InFile, InFile: key, Roles: []AWSRole{{ARN: "r"}}, Profile: "default"},
		},
		"a key, and a role beside it": {
			"[default]\naws_access_key_id = AKIA\naws_secret_access_key = s\nrole_arn = r",
			AWSIdentity{Source: InFile, InFile: key, Roles: []AWSRole{{ARN: "r"}}, Profile: "default"},
		},
		"a token": {
			"[default]\nrole_arn = r\nweb_identity_token_file = /t",
			AWSIdentity{Source: WebIdentity, TokenFile: "/t", Roles: []AWSRole{{ARN: "r"}}, Profile: "default", Why: "gets its key by web_identity_token_file, which is a file of Velero's own pod"},
		},
		"a role by a token's": {
			"[web]\nrole_arn = w\nweb_identity_token_file = /t\n[default]\nrole_arn = r\nsource_profile = web",
			AWSIdentity{Source: WebIdentity, TokenFile: "/t", Roles: []AWSRole{{ARN: "w"}, {ARN: "r"}}, Profile: "web", Why: "gets its key by web_identity_token_file, which is a file of Velero's own pod"},
		},
		"a role by the machine's": {
			"[default]\nrole_arn = r\ncredential_source = Ec2InstanceMetadata",
			AWSIdentity{Source: InstanceMetadata, Roles: []AWSRole{{ARN: "r"}}, Profile: "default", Why: "gets its key by credential_source, which is the identity of Velero's own pod or of its node"},
		},
		"nothing but a role": {
			"[default]\nrole_arn = r",
			AWSIdentity{Source: OfPod, Roles: []AWSRole{{ARN: "r"}}, Profile: "default", Why: "has no aws_access_key_id, so that Velero's own pod uses the identity that it or its node has"},
		},
	} {
		if got, err := ParseAWSIdentity([]byte(tc.file), ""); err != nil || !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s: got  %#v, %v\nwant %#v", name, got, err, tc.want)
		}
	}
}

// TestBadIdentities shows what is wrong with a file, whoever asks.
func TestBadIdentities(t *testing.T) {
	for file, want := range map[string]string{
		"[default]\nsource_profile = hidden":                                                                                      "has source_profile, but no role_arn",
		"[default]\nweb_identity_token_file = /hidden":                                                                            "has web_identity_token_file, but no role_arn",
		"[default]\nrole_arn = hidden\nsource_profile = none\n[base]\nx = y":                                                      `source_profile: the credentials file has no profile "none" (it has 2 others)`,
		"[default]\nrole_arn = hidden\nsource_profile = default":                                                                  "leads back to itself",
		"[default]\nrole_arn = hidden\nsource_profile = a\n[a]\nrole_arn = b\nsource_profile = default":                           "leads back to itself",
		"[default]\nrole_arn = hidden\nsource_profile = a\n[a]\nregion = b":                                                       `profile "a" of the credentials file has no aws_access_key_id`,
		"[default]\nrole_arn = hidden\ncredential_source = Ec2":                                                                   "is none of Environment, Ec2InstanceMetadata and EcsContainer",
		"[default]\nrole_arn = hidden\ncredential_source = Environment\nsource_profile = a":                                       "has both source_profile and credential_source",
		"[default]\nrole_arn = hidden\nsource_profile = a\nmfa_serial = b\n[a]\naws_access_key_id = c\naws_secret_access_key = d": "has mfa_serial",
	} {
		if _, err := ParseAWSIdentity([]byte(file), ""); err == nil || AreElsewhere(err) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s\ngot  %v\nwant %s", file, err, want)
		}
	}
}
