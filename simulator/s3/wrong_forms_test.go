package s3_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
)

// policyOf signs what a form may hold, by conditions that name all that the test adds.
func policyOf(t *testing.T, c *cloud, conditions ...string) map[string]string {
	t.Helper()
	policy := minio.NewPostPolicy()
	for _, err := range []error{policy.SetBucket("alice-home"), policy.SetKey("k"), policy.SetExpires(time.Now().Add(time.Hour))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	_, fields, err := c.minio(t, aliceKey, "us-east-1").PresignedPostPolicy(t.Context(), policy)
	if err != nil {
		t.Fatal(err)
	}
	if len(conditions) == 0 {
		return fields
	}
	// minio-go knows no conditions on these fields: they are added, and the policy is signed again.
	decoded, err := base64.StdEncoding.DecodeString(fields["policy"])
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range conditions {
		decoded = bytes.Replace(decoded, []byte(`"conditions":[`), fmt.Appendf(nil, `"conditions":[["starts-with","$%s",""],`, name), 1)
	}
	fields["policy"] = base64.StdEncoding.EncodeToString(decoded)
	fields["x-amz-signature"] = signPolicy(fields["policy"], fields["x-amz-date"][:8])
	return fields
}

// TestWrongForms sends forms that are refused. Each answer says why, and nothing is stored.
func TestWrongForms(t *testing.T) {
	c := start(t, twoAccounts())
	for _, test := range []struct {
		name       string
		conditions []string
		add        map[string]string
		drop       string
		raw        string // in place of the form
		status     int
		want       string
	}{
		{name: "right", conditions: []string{"tagging", "acl"}, add: map[string]string{"acl": "bucket-owner-full-control", "tagging": "<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>"}, status: 204},
		{name: "an ACL", conditions: []string{"acl"}, add: map[string]string{"acl": "public-read"}, status: 400, want: "AccessControlListNotSupported"},
		{name: "tags that are not XML", conditions: []string{"tagging"}, add: map[string]string{"tagging": "k=v"}, status: 400, want: "MalformedXML"},
		{name: "a tag that is none", conditions: []string{"tagging"}, add: map[string]string{"tagging": "<Tagging><TagSet><Tag><Key>aws:k</Key><Value>v</Value></Tag></TagSet></Tagging>"}, status: 400, want: "InvalidTag"},
		{name: "a storage class that is none", conditions: []string{"x-amz-storage-class"}, add: map[string]string{"x-amz-storage-class": "COLD"}, status: 400, want: "InvalidStorageClass"},
		{name: "no key", drop: "key", status: 400, want: "must contain a field named 'key'"},
		{name: "no signature", drop: "x-amz-signature", status: 400, want: "must contain a field named 'x-amz-signature'"},
		{name: "no algorithm", drop: "x-amz-algorithm", status: 400, want: "InvalidRequest"},
		{name: "no policy", drop: "policy", status: 403, want: "AccessDenied"},
		{name: "a policy that is none", add: map[string]string{"policy": "e30="}, status: 400, want: "InvalidPolicyDocument"},
		{name: "a checksum that is wrong", conditions: []string{"x-amz-checksum-crc32"}, add: map[string]string{"x-amz-checksum-crc32": "AAAAAA=="}, status: 400, want: "BadDigest"},
		{name: "no file", drop: "file", status: 400, want: "POST requires exactly one file upload per request."},
		{name: "no form", raw: "hello", status: 400, want: "MalformedPOSTRequest"},
		{name: "nothing", raw: "\r\n", status: 400, want: "MalformedPOSTRequest"},
		{name: "a form that breaks off", raw: "--BOUNDARY\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nk", status: 400, want: "MalformedPOSTRequest"},
		{name: "a file that breaks off", raw: "--BOUNDARY\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nk\r\n--BOUNDARY\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\ncontent", status: 403, want: "AccessDenied"},
	} {
		t.Run(test.name, func(t *testing.T) {
			body, boundary := formBody(t, policyOf(t, c, test.conditions...), test.add, test.drop)
			if test.raw != "" {
				body, boundary = test.raw, "BOUNDARY"
			}
			response := c.send(t, aliceKey, "", http.MethodPost, "/alice-home", body, header("Content-Type", "multipart/form-data; boundary="+boundary))
			if got := text(t, response); response.StatusCode != test.status || !strings.Contains(got, test.want) {
				t.Errorf("%d %s, want %d %s", response.StatusCode, got, test.status, test.want)
			}
			stored := c.send(t, aliceKey, "us-east-1", http.MethodDelete, "/alice-home/k", "", header("If-Match", "*")).StatusCode == http.StatusNoContent
			if stored != (test.status < 300) {
				t.Errorf("an object was stored: %t", stored)
			}
		})
	}
}

func formBody(t *testing.T, fields, add map[string]string, drop string) (body, boundary string) {
	t.Helper()
	var out bytes.Buffer
	form := multipart.NewWriter(&out)
	for name, value := range add {
		fields[name] = value
	}
	for name, value := range fields {
		if name != drop {
			_ = form.WriteField(name, value)
		}
	}
	if drop != "file" {
		file, err := form.CreateFormFile("file", "note.txt")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = file.Write([]byte("content"))
	}
	_ = form.Close()
	return out.String(), form.Boundary()
}

// signPolicy is Signature Version 4 of a form's policy.
func signPolicy(encoded, date string) string {
	key := []byte("AWS4" + aliceKey.Secret)
	for _, part := range []string{date, "us-east-1", "s3", "aws4_request"} {
		key = hmacOf(key, part)
	}
	return hex.EncodeToString(hmacOf(key, encoded))
}

func hmacOf(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}
