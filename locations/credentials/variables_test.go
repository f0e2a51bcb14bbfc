package credentials

import (
	"fmt"
	"strings"
	"testing"
)

const azureFile = "AZURE_SUBSCRIPTION_ID=s\nAZURE_TENANT_ID=t\nAZURE_CLIENT_ID=c\nAZURE_CLIENT_SECRET=hidden/+=\nAZURE_RESOURCE_GROUP=g\n"

func TestParseAzure(t *testing.T) {
	want := Azure{"s", "t", "c", "hidden/+=", "g"}
	for name, tc := range map[string]struct {
		file, err string
	}{
		"as documented":          {azureFile + "AZURE_CLOUD_NAME=AzurePublicCloud\n", ""},
		"as a shell may":         {"\xef\xbb\xbf# mine\n\nexport AZURE_SUBSCRIPTION_ID='s'\r\n AZURE_TENANT_ID = \"t\"\nAZURE_CLIENT_ID=c # the client\nAZURE_CLIENT_SECRET=hidden/+=\nAZURE_RESOURCE_GROUP=g", ""},
		"the last one counts":    {"AZURE_CLIENT_ID=x\n" + azureFile, ""},
		"no secret":              {strings.Replace(azureFile, "AZURE_CLIENT_SECRET=hidden/+=", "AZURE_CLIENT_SECRET=", 1), "does not set AZURE_CLIENT_SECRET"},
		"no resource group":      {strings.Replace(azureFile, "AZURE_RESOURCE_GROUP", "RESOURCE_GROUP", 1), "does not set AZURE_RESOURCE_GROUP"},
		"nothing":                {"", "does not set AZURE_SUBSCRIPTION_ID"},
		"a file encoded twice":   {"QVpVUkVfVEVOQU5UX0lEPWhpZGRlbgo=", "is encoded in base64 twice"},
		"a file of another kind": {"[default]\naws_secret_access_key = hidden\n", "line 1 of the credentials file is not NAME=VALUE"},
		"a bare secret":          {azureFile + "hidden\n", "line 6 of the credentials file"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseAzure([]byte(tc.file))
			if tc.err == "" {
				if err != nil || got != want {
					t.Errorf("got %v, %v", got == want, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tc.err) || strings.Contains(err.Error(), "hidden") {
				t.Errorf("got error %v, want %q in it and nothing hidden", err, tc.err)
			}
		})
	}
}

// TestAzureElsewhere shows that workload identity, managed identity and certificates are not called wrong.
func TestAzureElsewhere(t *testing.T) {
	for name, tc := range map[string]struct{ file, want string }{
		"workload identity":  {strings.Replace(azureFile, "AZURE_CLIENT_SECRET=hidden/+=\n", "", 1), "uses the identity that it or its node has"},
		"managed identity":   {"AZURE_SUBSCRIPTION_ID=s\nAZURE_RESOURCE_GROUP=g\n", "uses the identity that it or its node has"},
		"a certificate":      {strings.Replace(azureFile, "CLIENT_SECRET", "CLIENT_CERTIFICATE", 1), "has a certificate of a client"},
		"a certificate file": {strings.Replace(azureFile, "CLIENT_SECRET", "CLIENT_CERTIFICATE_PATH", 1), "has a certificate of a client"},
	} {
		_, err := ParseAzure([]byte(tc.file))
		if !AreElsewhere(err) || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestParsePortworx(t *testing.T) {
	const file = "PORTWORX_CLUSTER=px\nPORTWORX_ACCESS_KEY=a\nPORTWORX_SECRET_KEY=hidden\n"
	if got, err := ParsePortworx([]byte(file)); err != nil || got != (Portworx{"px", "a", "hidden"}) {
		t.Errorf("got an error: %v", err)
	}
	shared := "[default]\naws_access_key_id = b\naws_secret_access_key = hidden\n" + file
	if got, err := ParsePortworx([]byte(shared)); err != nil || got != (Portworx{"px", "a", "hidden"}) {
		t.Errorf("in an AWS credentials file: got an error: %v", err)
	}
	if got, err := parseKey([]byte(shared), ""); err != nil || got != (AWS{AccessKeyID: "b", SecretAccessKey: "hidden"}) {
		t.Errorf("beside the variables of Portworx: got an error: %v", err)
	}
	if _, err := ParsePortworx([]byte(strings.Replace(file, "CLUSTER", "KLUSTER", 1))); err == nil || !strings.Contains(err.Error(), "does not set PORTWORX_CLUSTER") {
		t.Errorf("got %v", err)
	}
}

func TestVariablesPrintNothing(t *testing.T) {
	azure, portworx := Azure{"hidden", "hidden", "hidden", "hidden", "hidden"}, Portworx{"hidden", "hidden", "hidden"}
	for _, value := range []any{azure, &azure, azure.MarshalLog(), portworx, &portworx, portworx.MarshalLog()} {
		for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
			if text := fmt.Sprintf(format, value); strings.Contains(text, "hidden") {
				t.Errorf("%s of %T: %s", format, value, text)
			}
		}
	}
}
