package s3_test

import (
	"bytes"
	"encoding/base64"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/faults"
)

// TestForm uploads as a browser does, by a policy that minio-go signs.
func TestForm(t *testing.T) {
	now := time.Now()
	c := start(t, twoAccounts(), simulator.WithClock(func() time.Time { return now }))
	policy := minio.NewPostPolicy()
	for _, err := range []error{
		policy.SetBucket("alice-home"), policy.SetKeyStartsWith("uploads/"), policy.SetContentLengthRange(3, 20_000),
		policy.SetExpires(now.Add(time.Hour)), policy.SetUserMetadata("origin", "form"), policy.SetSuccessStatusAction("201"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	_, fields, err := c.minio(t, aliceKey, "us-east-1").PresignedPostPolicy(t.Context(), policy)
	if err != nil {
		t.Fatal(err)
	}
	post := func(text string, edit map[string]string) (int, string) {
		t.Helper()
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		for name, value := range fields {
			if edited, found := edit[name]; found {
				value = edited
			}
			_ = form.WriteField(name, value)
		}
		for name, value := range edit {
			if _, found := fields[name]; !found {
				_ = form.WriteField(name, value)
			}
		}
		file, err := form.CreateFormFile("file", "note.txt")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = file.Write([]byte(text))
		_ = form.Close()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.URL+"/alice-home/?from=a+page", &body)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", form.FormDataContentType())
		response, err := c.Client().Do(request)
		if err != nil {
			return 0, err.Error()
		}
		return response.StatusCode, strings.ReplaceAll(xmlText(t, response), "\n", " ")
	}
	named := map[string]string{"key": "uploads/${filename}"}
	with := func(name, value string) map[string]string { return map[string]string{"key": named["key"], name: value} }
	for _, test := range []struct {
		name, text string
		edit       map[string]string
		status     int
		want       string
	}{
		{"good", "hello", named, 201, "<Key>uploads/note.txt</Key>"},
		{"key outside", "hello", map[string]string{"key": "other/x"}, 403, "Policy Condition failed"},
		{"field that no condition names", "hello", with("x-amz-meta-more", "1"), 403, "Extra input fields: x-amz-meta-more"},
		{"too long", strings.Repeat("x", 30_000), named, 400, "EntityTooLarge"},
		{"too short", "x", named, 400, "EntityTooSmall"},
		{"other policy", "hello", with("policy", base64.StdEncoding.EncodeToString([]byte(`{"expiration":"2099-01-01T00:00:00Z","conditions":[]}`))), 403, "SignatureDoesNotMatch"},
		{"unknown key", "hello", with("x-amz-credential", strings.Replace(fields["x-amz-credential"], "AKIAALICE", "AKIANOBODY", 1)), 403, "InvalidAccessKeyId"},
		{"no policy", "hello", with("policy", ""), 403, "AccessDenied"},
	} {
		if status, body := post(test.text, test.edit); status != test.status || !strings.Contains(body, test.want) {
			t.Errorf("%s: %d %s", test.name, status, body)
		}
	}
	c.harm(t, faults.Rule{Times: 1, Match: faults.Match{Operations: []string{"s3:PostObject"}}, Fault: faults.Reset{At: faults.Upload, After: 1000}})
	if status, body := post(strings.Repeat("x", 15_000), named); status != 0 {
		t.Errorf("reset: %d %s", status, body)
	}
	if got := getText(t, c.aws(aliceKey, "us-east-1"), "uploads/note.txt", ""); got != "hello" {
		t.Errorf("the object is %q", got)
	}
	now = now.Add(2 * time.Hour)
	if status, body := post("hello", named); status != 403 || !strings.Contains(body, "Policy expired") {
		t.Errorf("expired: %d %s", status, body)
	}
}
