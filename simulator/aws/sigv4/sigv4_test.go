package sigv4

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/simulator/aws"
)

// The examples of the S3 documentation, "Authenticating requests: examples", use this key.
const (
	exampleID     = "AKIAIOSFODNN7EXAMPLE"
	exampleSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	exampleScope  = "Credential=" + exampleID + "/20130524/us-east-1/s3/aws4_request"
)

func example(method, target, signed, signature string, headers map[string]string) *http.Request {
	r := httptest.NewRequest(method, target, nil)
	r.Host = "examplebucket.s3.amazonaws.com"
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	r.Header.Set("Authorization", algorithm+" "+exampleScope+",SignedHeaders="+signed+",Signature="+signature)
	return r
}

func TestVerifyExamples(t *testing.T) {
	for name, r := range map[string]*http.Request{
		"GET object": example("GET", "/test.txt", "host;range;x-amz-content-sha256;x-amz-date",
			"f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
			map[string]string{"Range": "bytes=0-9", "X-Amz-Content-Sha256": emptyHash, "X-Amz-Date": "20130524T000000Z"}),
		"PUT object, signed by Date": example("PUT", "/test%24file.text", "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
			"98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
			map[string]string{
				"Date": "Fri, 24 May 2013 00:00:00 GMT", "X-Amz-Date": "20130524T000000Z", "X-Amz-Storage-Class": "REDUCED_REDUNDANCY",
				"X-Amz-Content-Sha256": "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
			}),
		"GET lifecycle": example("GET", "/?lifecycle", "host;x-amz-content-sha256;x-amz-date",
			"fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
			map[string]string{"X-Amz-Content-Sha256": emptyHash, "X-Amz-Date": "20130524T000000Z"}),
		"list": example("GET", "/?max-keys=2&prefix=J", "host;x-amz-content-sha256;x-amz-date",
			"34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
			map[string]string{"X-Amz-Content-Sha256": emptyHash, "X-Amz-Date": "20130524T000000Z"}),
	} {
		t.Run(name, func(t *testing.T) {
			a, err := ParseRequest(r)
			if err != nil {
				t.Fatal(err)
			}
			if err := a.Verify(r, exampleSecret); err != nil {
				t.Error(err)
			}
			err = a.Verify(r, exampleSecret+"x")
			if aws.AsError(err).Code != "SignatureDoesNotMatch" || strings.Contains(fmt.Sprintf("%+v", aws.AsError(err)), exampleSecret) {
				t.Errorf("another secret: %v", err)
			}
			r.Header.Set("X-Amz-Acl", "public-read")
			if err := a.Verify(r, exampleSecret); aws.AsError(err).Code != "AccessDenied" {
				t.Errorf("a header that is not signed: %v", err)
			}
		})
	}
}

func TestVerifyPresignedExample(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404", nil)
	r.Host = "examplebucket.s3.amazonaws.com"
	a, err := ParseRequest(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Verify(r, exampleSecret); err != nil {
		t.Error(err)
	}
	for at, code := range map[time.Time]string{
		a.Time.Add(-16 * time.Minute): "AccessDenied",
		a.Time.Add(24 * time.Hour):    "",
		a.Time.Add(25 * time.Hour):    "AccessDenied",
	} {
		if err := a.CheckTime(at); (err != nil) != (code != "") || err != nil && aws.AsError(err).Code != code {
			t.Errorf("at %v: %v", at, err)
		}
	}
}

func TestParseRequestRefuses(t *testing.T) {
	date := map[string]string{"X-Amz-Date": "20130524T000000Z"}
	for _, test := range []struct {
		name, target, authorization string
		headers                     map[string]string
		code                        string
	}{
		{"signature version 2", "/", "AWS AKIA:c2ln", date, "InvalidRequest"},
		{"signature version 2 in the URL", "/?AWSAccessKeyId=AKIA&Signature=s&Expires=1", "", nil, "InvalidRequest"},
		{"signature version 4A", "/", "AWS4-ECDSA-P256-SHA256 Credential=a", date, "NotImplemented"},
		{"no signature", "/", algorithm + " " + exampleScope + ",SignedHeaders=host", date, "AuthorizationHeaderMalformed"},
		{"host not signed", "/", algorithm + " " + exampleScope + ",SignedHeaders=x-amz-date,Signature=s", date, "AuthorizationHeaderMalformed"},
		{"short credential", "/", algorithm + " Credential=AKIA/20130524,SignedHeaders=host,Signature=s", date, "AuthorizationHeaderMalformed"},
		{"another service", "/", algorithm + " Credential=AKIA/20130524/us-east-1/ec2/aws4_request,SignedHeaders=host,Signature=s", date, "AuthorizationHeaderMalformed"},
		{"another day", "/", algorithm + " " + exampleScope + ",SignedHeaders=host,Signature=s", map[string]string{"X-Amz-Date": "20130525T000000Z"}, "AuthorizationHeaderMalformed"},
		{"no date", "/", algorithm + " " + exampleScope + ",SignedHeaders=host,Signature=s", nil, "AccessDenied"},
		{"two mechanisms", "/?X-Amz-Algorithm=" + algorithm, algorithm + " " + exampleScope, date, "InvalidArgument"},
		{"presigned for ever", "/?X-Amz-Algorithm=" + algorithm + "&X-Amz-Credential=AKIA/20130524/us-east-1/s3/aws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=604801&X-Amz-SignedHeaders=host&X-Amz-Signature=s", "", nil, "AuthorizationQueryParametersError"},
		{"presigned in part", "/?X-Amz-Algorithm=" + algorithm, "", nil, "AuthorizationQueryParametersError"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, test.target, nil)
			for name, value := range test.headers {
				r.Header.Set(name, value)
			}
			if test.authorization != "" {
				r.Header.Set("Authorization", test.authorization)
			}
			if _, err := ParseRequest(r); err == nil || aws.AsError(err).Code != test.code {
				t.Errorf("%v, expected %s", err, test.code)
			}
		})
	}
}

// FuzzParseAuthorization looks for headers that break the parser, or pass it without what a verifier relies on.
func FuzzParseAuthorization(f *testing.F) {
	f.Add(algorithm + " " + exampleScope + ", SignedHeaders=host;x-amz-date, Signature=00")
	f.Add(algorithm + " Credential=////,SignedHeaders=;,Signature==")
	f.Add("AWS a:b")
	f.Add(algorithm + " Credential=a/b/20130524/r/s3/aws4_request,SignedHeaders=HOST,Signature=s")
	f.Fuzz(func(t *testing.T, header string) {
		a, err := parseAuthorization(header, s3Service)
		if err != nil {
			if aws.AsError(err).Status == http.StatusInternalServerError {
				t.Errorf("%q: %v", header, err)
			}
			return
		}
		if a.AccessKeyID == "" || a.Signature == "" || len(a.Date) != 8 || strings.Contains(a.Region, "/") || !strings.Contains(";"+strings.Join(a.SignedHeaders, ";")+";", ";host;") {
			t.Errorf("%q was taken for %+v", header, a)
		}
	})
}

// FuzzVerify presents signatures that nobody made: no request may pass, whatever it says of itself.
func FuzzVerify(f *testing.F) {
	f.Add("/k", "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a/20130524/us-east-1/s3/aws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=9&X-Amz-SignedHeaders=host&X-Amz-Signature=00", "")
	f.Add("/a%2fb", "x=%zz&x=1&&=", algorithm+" "+exampleScope+", SignedHeaders=host;x-amz-date, Signature=00")
	f.Fuzz(func(t *testing.T, path, query, header string) {
		r := &http.Request{Method: http.MethodGet, Host: "h", URL: &url.URL{Path: path, RawQuery: query}, Header: http.Header{
			"Authorization": {header}, "X-Amz-Date": {"20130524T000000Z"}, "X-Amz-Content-Sha256": {UnsignedPayload},
		}}
		a, err := ParseRequest(r)
		if err == nil && a != nil && a.Verify(r, "a secret that the request was not made with") == nil {
			t.Errorf("%s?%s with %q passed", path, query, header)
		}
	})
}
