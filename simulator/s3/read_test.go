package s3_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestConditionsAndRanges(t *testing.T) {
	c := start(t, twoAccounts())
	put := c.send(t, aliceKey, "us-east-1", http.MethodPut, "/alice-home/k", "0123456789")
	etag := put.Header.Get("ETag")
	for _, test := range []struct {
		method, header, value string
		status                int
		body                  string
	}{
		{http.MethodGet, "Range", "bytes=2-4", 206, "234"},
		{http.MethodGet, "Range", "bytes=-3", 206, "789"},
		{http.MethodGet, "Range", "bytes=-99", 206, "0123456789"},
		{http.MethodGet, "Range", "bytes=8-99", 206, "89"},
		{http.MethodGet, "Range", "nonsense", 200, "0123456789"},
		{http.MethodGet, "Range", "bytes=4-2", 200, "0123456789"},
		{http.MethodGet, "Range", "bytes=10-", 416, "<Code>InvalidRange</Code>"},
		{http.MethodHead, "Range", "bytes=2-4", 206, ""},
		{http.MethodGet, "If-None-Match", etag, 304, ""},
		{http.MethodGet, "If-Match", etag, 200, "0123456789"},
		{http.MethodGet, "If-Match", `"other"`, 412, "<Code>PreconditionFailed</Code>"},
		{http.MethodPut, "If-None-Match", "*", 412, "<Code>PreconditionFailed</Code>"},
		{http.MethodPut, "If-Match", `"other"`, 412, "<Code>PreconditionFailed</Code>"},
		{http.MethodPut, "If-Match", etag, 200, ""},
	} {
		body := ""
		if test.method == http.MethodPut {
			body = "0123456789"
		}
		response := c.send(t, aliceKey, "us-east-1", test.method, "/alice-home/k", body, func(r *http.Request) { r.Header.Set(test.header, test.value) })
		got := text(t, response)
		if response.StatusCode != test.status || got != test.body && (test.status < 400 || !strings.Contains(got, test.body)) {
			t.Errorf("%s with %s: %s answers %d %q", test.method, test.header, test.value, response.StatusCode, got)
		}
	}
}
