package credentials

import (
	"fmt"
	"strings"
	"testing"
)

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

		"a profile that is not there": {profile: "c", file: "[b]\nx=1\n[profile a]\nx=1\n[a]\nx=1", err: `has no profile "c"; it has "a", "b"`},
		"nothing inherited":           {profile: "a.b", file: "[a]\naws_access_key_id=hidden\naws_secret_access_key=hidden\n[a.b]\nregion=x", err: `profile "a.b" of the credentials file has no aws_access_key_id`},
		"an empty file":               {err: `has no profile "default", nor any other: begin it with a line [default]`},
		"no line [default]":           {file: "aws_access_key_id=hidden\naws_secret_access_key=hidden", err: "begin it with a line [default]"},
		"no key id":                   {file: "[default]\naws_secret_access_key=hidden", err: "has no aws_access_key_id"},
		"no secret key":               {file: "[default]\naws_access_key_id=hidden\naws_secret_access_key=", err: "has no aws_secret_access_key"},
		"a role":                      {file: "[default]\nrole_arn=hidden", err: "by role_arn, which is not supported"},
		"not such a file":             {file: `{"type": "service_account", "private_key": "hidden"}`, err: "neither [profile] nor key = value"},
		"a bare secret":               {file: "[default]\nhidden/secret/in/a/wrong/line", err: "neither [profile] nor key = value"},
		"an open section":             {file: "[hidden\nx=1", err: "neither [profile] nor key = value"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseAWS([]byte(tc.file), tc.profile)
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
