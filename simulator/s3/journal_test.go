package s3_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/call"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/journal"
)

func TestJournal(t *testing.T) {
	c := start(t, regional(), simulator.WithClock(func() time.Time { return time.Now().Add(time.Minute) }))
	c.harm(t, faults.Rule{Name: "reset", Match: faults.Match{Prefix: "lost/"}, Fault: faults.Reset{At: faults.Download}})
	c.harm(t, faults.Rule{Name: "slow-down", Match: faults.Match{Prefix: "slow/"}, Fault: faults.Error{Code: "SlowDown"}})
	of := func(key simulator.AccessKeyConfig, account, operation, region, bucket, object string) call.Call {
		return call.Call{Account: account, AccessKey: key.ID, Operation: operation, Region: region, Bucket: bucket, Key: object}
	}
	wrong := simulator.AccessKeyConfig{ID: aliceKey.ID, Secret: "guessed secret"}
	nobody := simulator.AccessKeyConfig{ID: "NOBODY", Secret: "s"}
	tests := []struct {
		name         string
		key          simulator.AccessKeyConfig
		signed       string
		method, path string
		body         string
		lost         bool
		want         journal.Entry
	}{
		{"put", aliceKey, "us-east-1", "PUT", "/alice-home/a/k", "hello", false, journal.Entry{Call: of(aliceKey, alice, "s3:PutObject", "us-east-1", "alice-home", "a/k"), Status: 200, BytesIn: 5}},
		{"get", aliceKey, "us-east-1", "GET", "/alice-home/a/k", "", false, journal.Entry{Call: of(aliceKey, alice, "s3:GetObject", "us-east-1", "alice-home", "a/k"), Status: 200, BytesOut: 5}},
		{"head", aliceKey, "us-east-1", "HEAD", "/alice-home/none", "", false, journal.Entry{Call: of(aliceKey, alice, "s3:HeadObject", "us-east-1", "alice-home", "none"), Status: 404, Error: "NoSuchKey"}},
		{"list", aliceKey, "eu-west-1", "GET", "/alice-abroad?list-type=2&prefix=a/", "", false, journal.Entry{Call: of(aliceKey, alice, "s3:ListObjectsV2", "eu-west-1", "alice-abroad", "a/"), Status: 200, BytesOut: -1}},
		{"forbidden", bobKey, "us-east-1", "GET", "/alice-home/a/k", "", false, journal.Entry{Call: of(bobKey, bob, "s3:GetObject", "us-east-1", "alice-home", "a/k"), Status: 403, Error: "AccessDenied", BytesOut: -1}},
		{"wrong secret", wrong, "us-east-1", "GET", "/alice-home/a/k", "", false, journal.Entry{Call: of(aliceKey, alice, "s3:GetObject", "us-east-1", "alice-home", "a/k"), Status: 403, Error: "SignatureDoesNotMatch", BytesOut: -1}},
		{"unknown key", nobody, "us-east-1", "GET", "/", "", false, journal.Entry{Call: of(simulator.AccessKeyConfig{}, "", "s3:ListBuckets", "us-east-1", "", ""), Status: 403, Error: "InvalidAccessKeyId", BytesOut: -1}},
		{"unknown region", aliceKey, "mars-1", "GET", "/", "", false, journal.Entry{Call: of(aliceKey, alice, "s3:ListBuckets", "", "", ""), Status: 400, Error: "AuthorizationHeaderMalformed", BytesOut: -1}},
		{"anonymous", aliceKey, "", "HEAD", "/alice-home", "", false, journal.Entry{Call: of(simulator.AccessKeyConfig{}, "", "s3:HeadBucket", "", "alice-home", ""), Status: 403, Error: "AccessDenied"}},
		{"unknown operation", aliceKey, "us-east-1", "GET", "/alice-home?inventory", "", false, journal.Entry{Call: of(aliceKey, alice, "", "us-east-1", "alice-home", ""), Status: 501, Error: "NotImplemented", BytesOut: -1}},
		{"fault", aliceKey, "us-east-1", "GET", "/alice-home/slow/k", "", false, journal.Entry{Call: of(aliceKey, alice, "s3:GetObject", "us-east-1", "alice-home", "slow/k"), Status: 503, Error: "SlowDown", BytesOut: -1, Faults: []string{"slow-down"}}},
		{"no answer", aliceKey, "us-east-1", "PUT", "/alice-home/lost/k", "hello", true, journal.Entry{Call: of(aliceKey, alice, "s3:PutObject", "us-east-1", "alice-home", "lost/k"), BytesIn: 5, Faults: []string{"reset"}}},
	}
	for _, test := range tests {
		if test.lost {
			client := c.minio(t, test.key, test.signed)
			if _, err := client.PutObject(t.Context(), "alice-home", "lost/k", strings.NewReader(test.body), 5, minio.PutObjectOptions{DisableContentSha256: true}); err == nil {
				t.Error("a lost answer arrived")
			}
			continue
		}
		text(t, c.send(t, test.key, test.signed, test.method, test.path, test.body))
	}
	for i, e := range lastEntries(t, c.Simulator, len(tests)) {
		t.Run(tests[i].name, func(t *testing.T) {
			if since := time.Since(e.Time.Add(-time.Minute)); since < 0 || since > time.Minute || e.Seconds <= 0 || e.RequestID == "" || e.Sequence != uint64(i+1) {
				t.Errorf("%+v", e)
			}
			want := tests[i].want
			if want.BytesOut < 0 && e.BytesOut > 0 { // a document
				e.BytesOut = want.BytesOut
			}
			e.Time, e.Seconds, e.RequestID, e.Sequence = want.Time, 0, "", 0
			if fmt.Sprint(e) != fmt.Sprint(want) {
				t.Errorf("got  %+v\nwant %+v", e, want)
			}
		})
	}
	checkNoSecrets(t, c, "guessed secret", aliceKey.Secret, bobKey.Secret)
}

// checkNoSecrets looks for secrets and signatures in the journal and in the metrics.
func checkNoSecrets(t *testing.T, c *cloud, secrets ...string) {
	t.Helper()
	entries, err := json.Marshal(c.Journal().Entries(journal.Filter{}))
	if err != nil {
		t.Fatal(err)
	}
	page := httptest.NewRecorder()
	c.Journal().Metrics().ServeHTTP(page, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if !strings.Contains(page.Body.String(), `velero_locations_simulator_requests_total{code="503",error="SlowDown",operation="s3:GetObject",region="us-east-1"} 1`) {
		t.Errorf("the metrics lack a request:\n%s", page.Body)
	}
	for _, out := range []string{string(entries), page.Body.String()} {
		for _, secret := range append(secrets, "Signature=", "AWS4-HMAC") {
			if strings.Contains(out, secret) {
				t.Errorf("it tells %q", secret)
			}
		}
	}
}

// TestPresignedURLsInTheJournal: whoever reads the journal can't use what others signed.
func TestPresignedURLsInTheJournal(t *testing.T) {
	c := start(t, twoAccounts())
	url, err := c.minio(t, aliceKey, "us-east-1").PresignedGetObject(t.Context(), "alice-home", "k", time.Hour, nil)
	if err != nil {
		t.Fatal(err)
	}
	text(t, c.send(t, aliceKey, "", http.MethodGet, url.RequestURI(), "", func(r *http.Request) { r.Header.Del("X-Amz-Content-Sha256") }))
	entry := lastEntries(t, c.Simulator, 1)[0]
	if entry.AccessKey != aliceKey.ID || entry.Error != "NoSuchKey" {
		t.Errorf("%+v", entry)
	}
	if out := fmt.Sprintf("%+v", entry); strings.Contains(out, url.Query().Get("X-Amz-Signature")) {
		t.Errorf("the entry tells the signature: %s", out)
	}
}
