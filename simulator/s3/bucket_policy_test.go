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

// TestCORS asks as a browser does for a page of another origin.
func TestCORS(t *testing.T) {
	c := start(t, twoAccounts())
	const region = "us-east-1"
	ask := func(method, origin, asked, headers string) *http.Response {
		t.Helper()
		return c.send(t, aliceKey, region, method, "/alice-home/k", "", func(r *http.Request) {
			for name, value := range map[string]string{"Origin": origin, "Access-Control-Request-Method": asked, "Access-Control-Request-Headers": headers} {
				if value != "" {
					r.Header.Set(name, value)
				}
			}
		})
	}
	checkAnswer(t, c.send(t, aliceKey, region, http.MethodGet, "/alice-home?cors", ""), 404, []string{"NoSuchCORSConfiguration"}, region)
	checkAnswer(t, ask(http.MethodOptions, "https://a.example", "GET", ""), 403, []string{"AccessForbidden", "CORS is not enabled"}, region)
	for _, bad := range []string{
		"<CORSConfiguration/>", "<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin></CORSRule></CORSConfiguration>",
	} {
		checkAnswer(t, c.send(t, aliceKey, region, http.MethodPut, "/alice-home?cors", bad), 400, []string{"MalformedXML"}, region)
	}
	rules := `<CORSConfiguration><CORSRule><AllowedOrigin>https://*.example</AllowedOrigin><AllowedMethod>PUT</AllowedMethod><AllowedMethod>GET</AllowedMethod>` +
		`<AllowedHeader>x-amz-*</AllowedHeader><ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>60</MaxAgeSeconds></CORSRule></CORSConfiguration>`
	checkAnswer(t, c.send(t, aliceKey, region, http.MethodPut, "/alice-home?cors", rules), 200, nil, region)
	checkAnswer(t, c.send(t, aliceKey, region, http.MethodGet, "/alice-home?cors", ""), 200, []string{"<AllowedOrigin>https://*.example</AllowedOrigin>"}, region)
	checkAnswer(t, ask(http.MethodOptions, "https://a.example", "DELETE", ""), 403, []string{"AccessForbidden"}, region)
	checkAnswer(t, ask(http.MethodOptions, "https://a.example", "PUT", "content-type"), 403, []string{"AccessForbidden"}, region)
	checkAnswer(t, ask(http.MethodOptions, "http://a.example", "PUT", ""), 403, []string{"AccessForbidden"}, region)
	checkAnswer(t, ask(http.MethodOptions, "", "PUT", ""), 400, []string{"Origin request header needed"}, region)
	preflight := ask(http.MethodOptions, "https://a.example", "PUT", "X-Amz-Date")
	checkAnswer(t, preflight, 200, nil, region)
	for name, want := range map[string]string{
		"Access-Control-Allow-Origin": "https://a.example", "Access-Control-Allow-Methods": "PUT, GET", "Access-Control-Allow-Headers": "x-amz-date",
		"Access-Control-Max-Age": "60", "Access-Control-Expose-Headers": "ETag", "Access-Control-Allow-Credentials": "true",
	} {
		if got := preflight.Header.Get(name); got != want {
			t.Errorf("%s: %q, expected %q", name, got, want)
		}
	}
	if put := ask(http.MethodPut, "https://b.example", "", ""); put.StatusCode != http.StatusOK || put.Header.Get("Access-Control-Allow-Origin") != "https://b.example" {
		t.Errorf("upload: %s %v", put.Status, put.Header)
	}
	if get := ask(http.MethodGet, "https://other.test", "", ""); get.StatusCode != http.StatusOK || get.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("download for another origin: %s %v", get.Status, get.Header)
	}
	checkAnswer(t, c.send(t, aliceKey, region, http.MethodDelete, "/alice-home?cors", ""), 204, nil, region)
	checkAnswer(t, ask(http.MethodOptions, "https://a.example", "PUT", ""), 403, []string{"CORS is not enabled"}, region)
}
