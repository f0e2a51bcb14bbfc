package credentials

import (
	"cmp"
	"fmt"
	"strings"
	"testing"
)

// parseKey returns the key of a profile that has one in the file.
func parseKey(file []byte, profile string) (AWS, error) {
	identity, err := ParseAWSIdentity(file, profile)
	if err == nil && identity.Borrowed() {
		err = identity.Elsewhere()
	}
	return identity.InFile, err
}

func TestParseAWS(t *testing.T) {
	key := AWS{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "hidden/+="}
	for name, tc := range map[string]struct {
		file, profile string
		want          AWS
		err           string
	}{
		"the default profile":        {file: "[default]\naws_access_key_id=AKIAEXAMPLE\naws_secret_access_key=hidden/+=\n", want: key},
		"spaces, comments, any case": {file: "# c\n[default]\n AWS_Access_Key_ID = AKIAEXAMPLE # mine\n; c\naws_secret_access_key\t=  hidden/+=  \r\n", want: key},
		"a byte order mark":          {file: "\xef\xbb\xbf[default]\naws_access_key_id=AKIAEXAMPLE\naws_secret_access_key=hidden/+=", want: key},
		"a session token": {
			file: "[default]\naws_access_key_id=AKIAEXAMPLE\naws_secret_access_key=hidden/+=\naws_session_token=hidden#t",
			want: AWS{"AKIAEXAMPLE", "hidden/+=", "hidden#t"},
		},
		"another profile":           {profile: "b", file: "[a]\naws_access_key_id=x\n[b]\naws_access_key_id=AKIAEXAMPLE\naws_secret_access_key=hidden/+=", want: key},
		"as in a configuration":     {profile: "b", file: "[profile b]\naws_access_key_id=AKIAEXAMPLE\naws_secret_access_key=hidden/+=", want: key},
		"a percent sign is nothing": {file: "[default]\naws_access_key_id=AKIAEXAMPLE\naws_secret_access_key=%(region)s\nregion=x", want: AWS{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "%(region)s"}},
		"a setting with a subtree":  {file: "[default]\naws_access_key_id=AKIAEXAMPLE\naws_secret_access_key=hidden/+=\ns3 =\n  max_concurrent_requests = 10\n", want: key},

		// As config v1.32.17 of aws-sdk-go-v2 reads them.
		"spaces in the brackets":  {file: "[ default ]\naws_access_key_id=AKIAEXAMPLE\naws_secret_access_key=hidden/+=", want: key},
		"colons":                  {file: "[default]\naws_access_key_id: AKIAEXAMPLE\naws_secret_access_key: hidden/+=", want: key},
		"a colon in a value":      {file: "[default]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = a:b=c", want: AWS{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "a:b=c"}},
		"a hash in a value":       {file: "[default]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = a#b # mine", want: AWS{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "a#b"}},
		"quotes":                  {file: "[default]\naws_access_key_id = \"AKIAEXAMPLE\"\naws_secret_access_key = 'hidden/+='", want: key},
		"a section in two pieces": {file: "[default]\naws_access_key_id=AKIAEXAMPLE\n[default]\naws_secret_access_key=hidden/+=", want: key},
		"the last value counts":   {file: "[default]\naws_access_key_id=x\naws_secret_access_key=hidden/+=\naws_access_key_id=AKIAEXAMPLE", want: key},

		"a profile that is not there": {profile: "c", file: "[b]\nx=1\n[profile a]\nx=1\n[a]\nx=1", err: `has no profile "c" (it has 2 others)`},
		"nothing inherited":           {profile: "a.b", file: "[a]\naws_access_key_id=hidden\naws_secret_access_key=hidden\n[a.b]\nregion=x", err: `profile "a.b" of the credentials file has no aws_access_key_id`},
		"an empty file":               {err: `has no profile "default", nor any other: begin it with a line [default]`},
		"no line [default]":           {file: "aws_access_key_id=hidden\naws_secret_access_key=hidden", err: "begin it with a line [default]"},
		"no key id":                   {file: "[default]\naws_secret_access_key=hidden", err: "has no aws_access_key_id"},
		"no secret key":               {file: "[default]\naws_access_key_id=hidden\naws_secret_access_key=", err: "has no aws_secret_access_key"},
		"a key of another tool":       {file: "[default]\naccess_key=hidden\nsecret_key=hidden", err: "has no aws_access_key_id"},
		"not such a file":             {file: `{"type": "service_account", "private_key": "hidden"}`, err: "neither [profile] nor key = value"},
		"a file encoded twice":        {file: "W2RlZmF1bHRdCmF3c19hY2Nlc3Nfa2V5\nX2lkPWhpZGRlbgo=\n", err: "is encoded in base64 twice"},
		"one line encoded twice":      {file: "W2RlZmF1bHRdCmF3c19hY2Nlc3Nfa2V5X2lkPWhpZGRlbgo=", err: "is encoded in base64 twice"},
		"a bare secret":               {file: "[default]\nhidden/secret/in/a/wrong/line", err: "neither [profile] nor key = value"},
		"an open section":             {file: "[hidden\nx=1", err: "neither [profile] nor key = value"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseKey([]byte(tc.file), tc.profile)
			if tc.err == "" {
				if err != nil || got != tc.want {
					t.Fatalf("got %#v, %v", got == tc.want, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tc.err) || strings.Contains(err.Error(), "hidden") {
				t.Fatalf("got error %v, want %q in it and nothing hidden", err, tc.err)
			}
		})
	}
}

// TestElsewhere shows which profiles are not called wrong, since Velero's own pod may have an identity for them.
func TestElsewhere(t *testing.T) {
	const role = "[default]\nrole_arn = arn:aws:iam::1:role/hidden\n"
	for file, want := range map[string]string{
		role + "web_identity_token_file = /hidden":       "by web_identity_token_file, which is a file of Velero's own pod",
		role + "credential_source = Ec2InstanceMetadata": "by credential_source, which is the identity of Velero's own pod or of its node",
		role: "has no aws_access_key_id, so that Velero's own pod uses the identity that it or its node has",
		"[default]\ncredential_process = /hidden --x":           "by credential_process, which only Velero's own pod can run",
		"[default]\nsso_session = hidden\n[sso-session hidden]": "by sso_session, which is a login",
		"[default]\nregion = us-east-1\n":                       "has no aws_access_key_id, so that Velero's own pod uses the identity that it or its node has",
	} {
		_, err := parseKey([]byte(file), "")
		if !AreElsewhere(err) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s\ngot  %v\nwant %s", file, err, want)
		}
	}
	for _, file := range []string{"", "[default]\naws_access_key_id = a", "[default]\naws_secret_access_key = a", "[other]\ncredential_process = x"} {
		if _, err := parseKey([]byte(file), ""); err == nil || AreElsewhere(err) {
			t.Errorf("%s\ngot %v, which is not wrong", file, err)
		}
	}
}

func TestAWSEndpoint(t *testing.T) {
	const services = "[default]\nservices = s\nendpoint_url = http://all:1\n[services s]\ns3 =\n  endpoint_url = http://s3:1\nec2 =\n  max_attempts = 2\n  endpoint_url = http://ec2:1\n"
	for name, tc := range map[string]struct {
		file, profile, service string
		want                   string // empty: none
		err                    string
	}{
		"none":                    {file: "[default]\naws_access_key_id=x"},
		"of all services":         {file: "[default]\nendpoint_url = https://ec2.example.com:8443/", want: "https://ec2.example.com:8443"},
		"of another profile":      {file: "[a]\nendpoint_url = http://a\n[profile b]\nendpoint_url = http://b", profile: "b", want: "http://b"},
		"of another service only": {file: "[default]\ns3 =\n  endpoint_url = http://s3\n"},
		"of one service":          {file: services, want: "http://ec2:1"},
		"of a service not named":  {file: services, service: "sts", want: "http://all:1"},
		"services that are not":   {file: "[default]\nservices = s\n"},
		"to be ignored":           {file: "[default]\nignore_configured_endpoint_urls = true\nendpoint_url = http://a"},
		"no profile":              {file: "[default]\nendpoint_url = http://a", profile: "b"},
		"no URL":                  {file: "[default]\nendpoint_url = hidden:1", err: `endpoint_url of profile "default" of the credentials file must be a URL such as`},
		"with a password":         {file: "[default]\nendpoint_url = http://u:hidden@a", err: "must not have a user name in it"},
		"with a path":             {file: "[default]\nendpoint_url = http://a/hidden", err: "must have nothing behind the host"},
		"no such file":            {file: "hidden", err: "neither [profile] nor key = value"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := AWSEndpoint([]byte(tc.file), tc.profile, cmp.Or(tc.service, "ec2"))
			if (err == nil) != (tc.err == "") || err != nil && (!strings.Contains(err.Error(), tc.err) || strings.Contains(err.Error(), "hidden")) {
				t.Fatalf("got error %v, want %q in it and nothing hidden", err, tc.err)
			}
			if (got == nil) != (tc.want == "") || got != nil && got.String() != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestRedact(t *testing.T) {
	key := AWS{"AKIAHIDDEN", "hidden", "hidden-token"}
	if got := key.Redact("AKIAHIDDEN and hidden,\n and  hidden-token "); got != "*** and ***, and ***-token" {
		t.Errorf("got %q", got)
	}
	if got := key.Redact(strings.Repeat("é", 300)); got != strings.Repeat("é", 200)+"..." {
		t.Errorf("got %d bytes: %s", len(got), got)
	}
	if got := (AWS{}).Redact("as it is"); got != "as it is" {
		t.Errorf("got %q", got)
	}
}

func TestAWSPrintsNothing(t *testing.T) {
	key := AWS{"hidden", "hidden", "hidden"}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		for _, value := range []any{key, &key, struct{ K AWS }{key}} {
			if text := fmt.Sprintf(format, value); strings.Contains(text, "hidden") {
				t.Errorf("%s of %T: %s", format, value, text)
			}
		}
	}
	if text := fmt.Sprint(key.MarshalLog()); strings.Contains(text, "hidden") {
		t.Errorf("in logs: %s", text)
	}
}
