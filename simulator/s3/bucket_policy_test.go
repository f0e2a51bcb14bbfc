package s3_test

import (
	"net/http"
	"testing"
)

// TestBucketPolicy shares a bucket with everybody and with another account, and then locks its owner out, who must be
// able to undo that.
func TestBucketPolicy(t *testing.T) {
	config := twoAccounts()
	config.DataDir = t.TempDir()
	c := start(t, config)
	alice := func(method, path, body string) *http.Response {
		return c.send(t, aliceKey, "us-east-1", method, path, body)
	}
	const region = "us-east-1"
	for _, key := range []string{"public/k", "shared/k", "own/k"} {
		checkAnswer(t, alice(http.MethodPut, "/alice-home/"+key, key), 200, nil, region)
	}
	checkAnswer(t, alice(http.MethodGet, "/alice-home?policy", ""), 404, []string{"NoSuchBucketPolicy"}, region)
	checkAnswer(t, alice(http.MethodGet, "/alice-home?policyStatus", ""), 404, []string{"NoSuchBucketPolicy"}, region)
	refused := alice(http.MethodPut, "/alice-home?policy", `{"Statement": [{"Effect": "Allow", "NotPrincipal": "*"}]}`)
	checkAnswer(t, refused, 400, []string{"MalformedPolicy", "Statement[0]", "NotPrincipal"}, region)
	document := `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::alice-home/public/*"},
		{"Effect":"Allow","Principal":{"AWS":"` + bob + `"},"Action":"s3:*","Resource":"arn:aws:s3:::alice-home/shared/*"}]}`
	checkAnswer(t, alice(http.MethodPut, "/alice-home?policy", document), 403, []string{"<Code>AccessDenied<", "prevented by the BlockPublicPolicy setting"}, region)
	checkAnswer(t, alice(http.MethodDelete, "/alice-home?publicAccessBlock", ""), 204, nil, region)
	checkAnswer(t, alice(http.MethodPut, "/alice-home?policy", document), 204, nil, region)
	if got := text(t, alice(http.MethodGet, "/alice-home?policy", "")); got != document {
		t.Errorf("the policy is %s", got)
	}
	checkAnswer(t, alice(http.MethodGet, "/alice-home?policyStatus", ""), 200, []string{"<IsPublic>true</IsPublic>"}, region)
	for _, test := range []struct {
		name, region, method, path string
		status                     int
	}{
		{"anonymous reads what is public", "", http.MethodGet, "/alice-home/public/k", 200},
		{"anonymous writes", "", http.MethodPut, "/alice-home/public/k", 403},
		{"anonymous reads what is shared with an account", "", http.MethodGet, "/alice-home/shared/k", 403},
		{"anonymous lists", "", http.MethodGet, "/alice-home", 403},
		{"anonymous creates a bucket", "", http.MethodPut, "/nobodys", 403},
		{"anonymous lists buckets", "", http.MethodGet, "/", 403},
		{"bob writes what is shared", region, http.MethodPut, "/alice-home/shared/k", 200},
		{"bob reads what is public", region, http.MethodGet, "/alice-home/public/k", 200},
		{"bob reads what is not shared", region, http.MethodGet, "/alice-home/own/k", 403},
		{"bob reads the policy", region, http.MethodGet, "/alice-home?policy", 403},
	} {
		t.Run(test.name, func(t *testing.T) {
			if response := c.send(t, bobKey, test.region, test.method, test.path, ""); response.StatusCode != test.status {
				t.Errorf("%d %s", response.StatusCode, text(t, response))
			}
		})
	}
	locked := `{"Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::alice-home","arn:aws:s3:::alice-home/*"]}}`
	checkAnswer(t, alice(http.MethodPut, "/alice-home?policy", locked), 204, nil, region)
	checkAnswer(t, alice(http.MethodGet, "/alice-home/own/k", ""), 403, []string{"AccessDenied"}, region)
	checkAnswer(t, alice(http.MethodDelete, "/alice-home?policy", ""), 204, nil, region)
	checkAnswer(t, alice(http.MethodGet, "/alice-home/own/k", ""), 200, []string{"own/k"}, region)
	checkAnswer(t, c.send(t, bobKey, "", http.MethodGet, "/alice-home/public/k", ""), 403, []string{"AccessDenied"}, region)
}
