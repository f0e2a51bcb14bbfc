package s3_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/policy"
)

// conditional are the operations that may look at conditions, in the order of the table's columns.
var conditional = [...]struct{ name, method, query, body string }{
	{"GetObject", http.MethodGet, "", ""},
	{"HeadObject", http.MethodHead, "", ""},
	{"GetObjectAttributes", http.MethodGet, "?attributes", ""},
	{"PutObject", http.MethodPut, "", "content"},
	{"CopyObject", http.MethodPut, "", ""},
	{"CompleteMultipartUpload", http.MethodPost, "?uploadId=", ""},
	{"DeleteObject", http.MethodDelete, "", ""},
	{"CreateMultipartUpload", http.MethodPost, "?uploads", ""},
	{"UploadPart", http.MethodPut, "?partNumber=1&uploadId=", "content"},
	{"GetObjectTagging", http.MethodGet, "?tagging", ""},
}

// TestConditions sends each condition with each operation, to an object, to none, and to one that a delete marker hides. ETAG stands
// for the object's, BEFORE and AFTER for times.
func TestConditions(t *testing.T) {
	for _, test := range []struct {
		conditions string
		present    [len(conditional)]int
		absent     [len(conditional)]int
	}{
		{"", [...]int{200, 200, 200, 200, 200, 200, 204, 200, 200, 200}, [...]int{404, 404, 404, 200, 200, 200, 204, 200, 200, 404}},
		{"If-Match: ETAG", [...]int{200, 200, 200, 200, 200, 200, 204, 200, 200, 200}, [...]int{404, 404, 404, 404, 404, 404, 404, 200, 200, 404}},
		{"If-Match: other", [...]int{412, 412, 412, 412, 412, 412, 412, 200, 200, 200}, [...]int{404, 404, 404, 404, 404, 404, 404, 200, 200, 404}},
		{"If-Match: *", [...]int{200, 200, 200, 501, 501, 501, 204, 200, 200, 200}, [...]int{404, 404, 404, 501, 501, 501, 404, 200, 200, 404}},
		{"If-None-Match: ETAG", [...]int{304, 304, 304, 501, 501, 501, 204, 200, 200, 200}, [...]int{404, 404, 404, 501, 501, 501, 204, 200, 200, 404}},
		{"If-None-Match: other", [...]int{200, 200, 200, 501, 501, 501, 204, 200, 200, 200}, [...]int{404, 404, 404, 501, 501, 501, 204, 200, 200, 404}},
		{"If-None-Match: *", [...]int{304, 304, 304, 412, 412, 412, 204, 200, 200, 200}, [...]int{404, 404, 404, 200, 200, 200, 204, 200, 200, 404}},
		{"If-Match: ETAG; If-None-Match: *", [...]int{304, 304, 304, 501, 501, 501, 204, 200, 200, 200}, [...]int{404, 404, 404, 501, 501, 501, 404, 200, 200, 404}},
		{"If-Modified-Since: BEFORE", [...]int{200, 200, 200, 200, 200, 200, 204, 200, 200, 200}, [...]int{404, 404, 404, 200, 200, 200, 204, 200, 200, 404}},
		{"If-Modified-Since: AFTER", [...]int{304, 304, 304, 200, 200, 200, 204, 200, 200, 200}, [...]int{404, 404, 404, 200, 200, 200, 204, 200, 200, 404}},
		{"If-Unmodified-Since: BEFORE", [...]int{412, 412, 412, 200, 200, 200, 204, 200, 200, 200}, [...]int{404, 404, 404, 200, 200, 200, 204, 200, 200, 404}},
		{"If-Unmodified-Since: AFTER", [...]int{200, 200, 200, 200, 200, 200, 204, 200, 200, 200}, [...]int{404, 404, 404, 200, 200, 200, 204, 200, 200, 404}},
		{"If-Match: ETAG; If-Unmodified-Since: BEFORE", [...]int{200, 200, 200, 200, 200, 200, 204, 200, 200, 200}, [...]int{404, 404, 404, 404, 404, 404, 404, 200, 200, 404}},
		{"If-None-Match: ETAG; If-Modified-Since: BEFORE", [...]int{304, 304, 304, 501, 501, 501, 204, 200, 200, 200}, [...]int{404, 404, 404, 501, 501, 501, 204, 200, 200, 404}},
		{"X-Amz-If-Match-Size: 7", [...]int{200, 200, 200, 200, 200, 200, 501, 200, 200, 200}, [...]int{404, 404, 404, 200, 200, 200, 501, 200, 200, 404}},
		{"X-Amz-If-Match-Last-Modified-Time: AFTER", [...]int{200, 200, 200, 200, 200, 200, 501, 200, 200, 200}, [...]int{404, 404, 404, 200, 200, 200, 501, 200, 200, 404}},
	} {
		t.Run(test.conditions, func(t *testing.T) {
			c := newConditioned(t)
			for i, op := range conditional {
				for state, want := range map[string]int{"present": test.present[i], "absent": test.absent[i], "hidden": test.absent[i]} {
					path := fmt.Sprintf("/%s/%s-%s", c.bucket[state], state, op.name)
					etag := c.make(t, state, path)
					response := c.ask(t, op.name, op.method, path, op.query, op.body, c.headers(test.conditions, etag))
					if response.StatusCode != want {
						t.Errorf("%s, %s: %d, want %d: %s", op.name, state, response.StatusCode, want, text(t, response))
					}
				}
			}
		})
	}
}

type conditioned struct {
	*cloud
	bucket map[string]string // by state
}

func newConditioned(t *testing.T) *conditioned {
	t.Helper()
	c := &conditioned{start(t, twoAccounts()), map[string]string{"present": "alice-home", "absent": "alice-home", "hidden": "versioned"}}
	c.must(t, http.MethodPut, "/versioned", "")
	c.must(t, http.MethodPut, "/versioned?versioning", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>")
	c.must(t, http.MethodPut, "/alice-home/source", "source")
	return c
}

func (c *conditioned) must(t *testing.T, method, path, body string) *http.Response {
	t.Helper()
	response := c.send(t, aliceKey, "us-east-1", method, path, body)
	if response.StatusCode >= 300 {
		t.Fatalf("%s %s: %d %s", method, path, response.StatusCode, text(t, response))
	}
	return response
}

// make puts an object into a state, and returns its ETag.
func (c *conditioned) make(t *testing.T, state, path string) string {
	t.Helper()
	etag := c.must(t, http.MethodPut, path, "content").Header.Get("ETag")
	if state != "present" {
		c.must(t, http.MethodDelete, path, "")
	}
	return etag
}

func (c *conditioned) headers(conditions, etag string) http.Header {
	out := http.Header{}
	for condition := range strings.SplitSeq(conditions, "; ") {
		if name, value, found := strings.Cut(condition, ": "); found {
			now := c.Clock().Now()
			out.Set(name, strings.NewReplacer("ETAG", etag, "BEFORE", now.Add(-time.Hour).UTC().Format(http.TimeFormat), "AFTER", now.Add(time.Hour).UTC().Format(http.TimeFormat)).Replace(value))
		}
	}
	return out
}

// ask asks for an operation, with an upload of one part where it needs one.
func (c *conditioned) ask(t *testing.T, operation, method, path, query, body string, headers http.Header) *http.Response {
	t.Helper()
	switch operation {
	case "CopyObject", "UploadPartCopy":
		headers.Set("X-Amz-Copy-Source", "/alice-home/source")
	case "GetObjectAttributes":
		headers.Set("X-Amz-Object-Attributes", "ETag")
	}
	if strings.HasSuffix(query, "uploadId=") {
		_, id, _ := strings.Cut(text(t, c.must(t, http.MethodPost, path+"?uploads", "")), "<UploadId>")
		id, _, _ = strings.Cut(id, "<")
		query += id
		if operation == "CompleteMultipartUpload" {
			etag := c.must(t, http.MethodPut, path+"?partNumber=1&uploadId="+id, "part").Header.Get("ETag")
			body = "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>" + etag + "</ETag></Part></CompleteMultipartUpload>"
		}
	}
	return c.send(t, aliceKey, "us-east-1", method, path+query, body, func(r *http.Request) { maps.Copy(r.Header, headers) })
}

// TestSourceConditions sends the conditions on the source of a copy.
func TestSourceConditions(t *testing.T) {
	c := newConditioned(t)
	etag := c.must(t, http.MethodHead, "/alice-home/source", "").Header.Get("ETag")
	const prefix = "X-Amz-Copy-Source-"
	for conditions, want := range map[string]int{
		prefix + "If-Match: ETAG":                                                      200,
		prefix + "If-Match: other":                                                     412,
		prefix + "If-None-Match: ETAG":                                                 412,
		prefix + "If-None-Match: other":                                                200,
		prefix + "If-Modified-Since: BEFORE":                                           200,
		prefix + "If-Modified-Since: AFTER":                                            412,
		prefix + "If-Unmodified-Since: BEFORE":                                         412,
		prefix + "If-Unmodified-Since: AFTER":                                          200,
		prefix + "If-Match: ETAG; " + prefix + "If-Unmodified-Since: BEFORE":           200,
		prefix + "If-None-Match: ETAG; " + prefix + "If-Modified-Since: BEFORE":        412,
		prefix + "If-Match: ETAG; If-None-Match: *":                                    200,
		prefix + "If-Match: other; " + prefix + "If-Unmodified-Since: AFTER":           412,
		prefix + "If-None-Match: other; " + prefix + "If-Unmodified-Since: BEFORE":     412,
		prefix + "If-Modified-Since: BEFORE; " + prefix + "If-Unmodified-Since: AFTER": 200,
	} {
		for operation, query := range map[string]string{"CopyObject": "", "UploadPartCopy": "?partNumber=1&uploadId="} {
			path := "/alice-home/copy-" + operation
			c.must(t, http.MethodDelete, path, "")
			response := c.ask(t, operation, http.MethodPut, path, query, "", c.headers(conditions, etag))
			if response.StatusCode != want {
				t.Errorf("%s with %s: %d, want %d: %s", operation, conditions, response.StatusCode, want, text(t, response))
			}
		}
	}
}

// TestConditionalDeletes deletes with aws-sdk-go-v2 what is still as it was: one object, and several.
func TestConditionalDeletes(t *testing.T) {
	config := twoAccounts()
	blind := simulator.AccessKeyConfig{ID: "AKIABLIND", Secret: "blind secret", Policy: policy.Policy{{Effect: policy.Allow, Actions: []string{"s3:PutObject", "s3:DeleteObject", "s3:ListBucket"}}}}
	config.Accounts[0].AccessKeys = append(config.Accounts[0].AccessKeys, blind)
	c := start(t, config)
	for _, test := range []struct {
		key   simulator.AccessKeyConfig
		match string // empty is the object's
		code  string
	}{
		{aliceKey, "other", "PreconditionFailed"},
		{aliceKey, "", ""},
		{aliceKey, "*", ""},
		{blind, "", "AccessDenied"},
		{blind, "*", ""},
	} {
		client := c.aws(test.key, "us-east-1")
		match := func(key string) *string {
			t.Helper()
			put, err := client.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: plainBucket, Key: &key, Body: strings.NewReader("x")})
			if err != nil {
				t.Fatal(err)
			}
			if test.match != "" {
				return &test.match
			}
			return put.ETag
		}
		_, err := client.DeleteObject(t.Context(), &awss3.DeleteObjectInput{Bucket: plainBucket, Key: aws.String("one"), IfMatch: match("one")})
		if errorCode(err) != test.code {
			t.Errorf("%s with %q: %v, want %s", test.key.ID, test.match, err, test.code)
		}
		out, err := client.DeleteObjects(t.Context(), &awss3.DeleteObjectsInput{Bucket: plainBucket, Delete: &types.Delete{Objects: []types.ObjectIdentifier{
			{Key: aws.String("many"), ETag: match("many")}, {Key: aws.String("sized"), Size: aws.Int64(1)}, {Key: aws.String("none"), ETag: aws.String("*")},
		}}})
		if err != nil {
			t.Fatal(err)
		}
		codes := map[string]string{}
		for _, e := range out.Errors {
			codes[*e.Key] = *e.Code
		}
		if codes["many"] != test.code || codes["sized"] != "NotImplemented" || codes["none"] != "NoSuchKey" {
			t.Errorf("%s with %q: %v, want %s", test.key.ID, test.match, codes, test.code)
		}
	}
}
