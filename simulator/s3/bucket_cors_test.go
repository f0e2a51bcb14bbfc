package s3_test

import (
	"net/http"
	"testing"
)

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
