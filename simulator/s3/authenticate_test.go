package s3_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/accounts"
)

func TestSessionsAndDisabledKeys(t *testing.T) {
	now := time.Now()
	c := start(t, twoAccounts(), simulator.WithClock(func() time.Time { return now }))
	if err := c.Accounts().Add(alice, accounts.Key{
		ID: "ASIASESSION", Secret: "temporary", SessionToken: "token", Expires: now.Add(time.Minute), Active: true,
	}); err != nil {
		t.Fatal(err)
	}
	list := func(id, secret, token string) string {
		t.Helper()
		client := c.aws(simulator.AccessKeyConfig{}, "us-east-1", func(o *awss3.Options) { o.Credentials = credentials.NewStaticCredentialsProvider(id, secret, token) })
		_, err := client.ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: home})
		return errorCode(err)
	}
	for _, test := range []struct{ id, secret, token, code string }{
		{"ASIASESSION", "temporary", "token", ""},
		{"ASIASESSION", "temporary", "other", "InvalidToken"},
		{"ASIASESSION", "temporary", "", "InvalidAccessKeyId"},
		{"ASIASESSION", "guessed", "token", "SignatureDoesNotMatch"},
		{aliceKey.ID, aliceKey.Secret, "token", "InvalidToken"},
	} {
		if code := list(test.id, test.secret, test.token); code != test.code {
			t.Errorf("%+v: %q", test, code)
		}
	}
	now = now.Add(time.Minute)
	if code := list("ASIASESSION", "temporary", "token"); code != "ExpiredToken" {
		t.Errorf("after its end: %q", code)
	}
	for _, active := range []bool{false, true} {
		if err := c.Accounts().SetActive(aliceKey.ID, active); err != nil {
			t.Fatal(err)
		}
		if code := list(aliceKey.ID, aliceKey.Secret, ""); (code == "") != active || !active && code != "InvalidAccessKeyId" {
			t.Errorf("active %v: %q", active, code)
		}
	}
}

func TestPresigned(t *testing.T) {
	now := time.Now()
	c := start(t, twoAccounts(), simulator.WithClock(func() time.Time { return now }))
	c.send(t, aliceKey, "us-east-1", http.MethodPut, "/alice-home/a%20log", "lines")
	url, err := c.minio(t, aliceKey, "us-east-1").PresignedGetObject(t.Context(), "alice-home", "a log", time.Hour, nil)
	if err != nil {
		t.Fatal(err)
	}
	get := func(u string) (int, string) {
		t.Helper()
		response := c.send(t, aliceKey, "", http.MethodGet, strings.TrimPrefix(u, c.URL), "", func(r *http.Request) { r.Header.Del("X-Amz-Content-Sha256") })
		return response.StatusCode, text(t, response)
	}
	if status, body := get(url.String()); status != 200 || body != "lines" {
		t.Errorf("presigned: %d %s", status, body)
	}
	for name, tampered := range map[string]string{
		"longer life": strings.Replace(url.String(), "Expires=3600", "Expires=3601", 1),
		"another key": strings.Replace(url.String(), "a%20log", "b", 1),
		"one more":    url.String() + "&response-content-type=text/html",
	} {
		if status, body := get(tampered); status != 403 || !strings.Contains(body, "SignatureDoesNotMatch") {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	now = now.Add(time.Hour + time.Second)
	if status, body := get(url.String()); status != 403 || !strings.Contains(body, "Request has expired") {
		t.Errorf("expired: %d %s", status, body)
	}
}

func TestDisabledKey(t *testing.T) {
	config := twoAccounts()
	config.Accounts[0].AccessKeys = append(config.Accounts[0].AccessKeys, simulator.AccessKeyConfig{ID: "AKIAOFF", Secret: "s", Disabled: true})
	c := start(t, config)
	off := simulator.AccessKeyConfig{ID: "AKIAOFF", Secret: "s"}
	checkStatus(t, c.send(t, off, "us-east-1", http.MethodGet, "/", ""), 403, "InvalidAccessKeyId")
	if err := c.Accounts().SetActive("AKIAOFF", true); err != nil {
		t.Fatal(err)
	}
	checkStatus(t, c.send(t, off, "us-east-1", http.MethodGet, "/", ""), 200, "")
}

func TestClockSkew(t *testing.T) {
	for _, test := range []struct {
		offset time.Duration
		status int
	}{
		{14 * time.Minute, 200}, {-14 * time.Minute, 200}, {16 * time.Minute, 403}, {-16 * time.Minute, 403},
	} {
		c := start(t, twoAccounts(), simulator.WithClock(func() time.Time { return time.Now().Add(test.offset) }))
		response := c.send(t, aliceKey, "us-east-1", http.MethodGet, "/alice-home?list-type=2", "")
		if body := text(t, response); response.StatusCode != test.status || test.status == 403 &&
			(!strings.Contains(body, "<Code>RequestTimeTooSkewed<") || !strings.Contains(body, "<MaxAllowedSkewMilliseconds>900000<")) {
			t.Errorf("%v: %d %s", test.offset, response.StatusCode, body)
		}
	}
}

func TestRotatedKey(t *testing.T) {
	c := start(t, twoAccounts())
	if err := c.Accounts().AddKey(alice, "AKIANEW", "new"); err != nil {
		t.Fatal(err)
	}
	if err := c.Accounts().RemoveKey(aliceKey.ID); err != nil {
		t.Fatal(err)
	}
	checkAnswer(t, c.send(t, aliceKey, "us-east-1", http.MethodGet, "/", ""), 403, []string{"InvalidAccessKeyId"}, "")
	checkAnswer(t, c.send(t, simulator.AccessKeyConfig{ID: "AKIANEW", Secret: "new"}, "us-east-1", http.MethodGet, "/", ""), 200, []string{"<Name>alice-home<"}, "")
}

// TestMovedClock moves the cloud's clock away from the client's, and on past the end of a presigned URL.
func TestMovedClock(t *testing.T) {
	c := start(t, twoAccounts())
	url, err := c.minio(t, aliceKey, "us-east-1").PresignedPutObject(t.Context(), "alice-home", "k", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	put := func() *http.Response {
		return c.send(t, aliceKey, "", http.MethodPut, url.RequestURI(), "x", func(r *http.Request) { r.Header.Del("X-Amz-Content-Sha256") })
	}
	checkStatus(t, put(), 200, "")
	c.Clock().Advance(20 * time.Minute)
	checkStatus(t, put(), 200, "")
	checkStatus(t, c.send(t, aliceKey, "us-east-1", http.MethodGet, "/", ""), 403, "RequestTimeTooSkewed")
	c.Clock().Advance(time.Hour)
	response := put()
	if body := text(t, response); response.StatusCode != http.StatusForbidden || !strings.Contains(body, "Request has expired") {
		t.Errorf("%d %s", response.StatusCode, body)
	}
	c.Clock().Reset()
	checkStatus(t, c.send(t, aliceKey, "us-east-1", http.MethodGet, "/", ""), 200, "")
}
