package objectstore

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/locations/credentials"
)

var testKey = credentials.AWS{AccessKeyID: "AKIDHIDDEN", SecretAccessKey: "hidden-secret", SessionToken: "hidden-token"}

// open returns a store of bucket b at an address.
func open(t *testing.T, address string, change ...func(*S3Options)) *S3 {
	t.Helper()
	endpoint, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	opts := S3Options{Bucket: "bbb", Endpoint: endpoint, Region: "us-east-1", Keys: testKey}
	for _, change := range change {
		change(&opts)
	}
	store, err := NewS3(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	return store
}

// serve answers every request the same way, except unsigned ones for the region of the bucket.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// errorBody is shaped as S3 shapes errors.
func errorBody(code, extra string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><Error><Code>` + code + `</Code><Message>words of the storage.</Message>` + extra +
		`<RequestId>1</RequestId><HostId>2</HostId></Error>`
}

func TestCommonPrefixesPages(t *testing.T) {
	var requests []string
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		requests = append(requests, r.Method+" "+r.URL.Path+" "+q.Get("prefix")+" "+q.Get("continuation-token"))
		if q.Get("list-type") != "2" || q.Get("delimiter") != "/" || !strings.Contains(r.Header.Get("Authorization"), "/us-east-1/s3/") {
			t.Errorf("unexpected request %s, %s", r.URL, r.Header.Get("Authorization"))
		}
		if q.Get("continuation-token") == "" {
			fmt.Fprint(w, `<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>next</NextContinuationToken>`+
				`<Contents><Key>p/</Key></Contents><Contents><Key>p/file</Key></Contents>`+
				`<CommonPrefixes><Prefix>p/restores/</Prefix></CommonPrefixes></ListBucketResult>`)
			return
		}
		fmt.Fprint(w, `<ListBucketResult><IsTruncated>false</IsTruncated><CommonPrefixes><Prefix>p/backups/</Prefix></CommonPrefixes></ListBucketResult>`)
	})

	names, err := open(t, address).CommonPrefixes(t.Context(), "p/")
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"p/backups/", "p/restores/"}; !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
	if want := []string{"GET /bbb/ p/ ", "GET /bbb/ p/ next"}; !slices.Equal(requests, want) {
		t.Errorf("requests %q, want %q", requests, want)
	}
}

// TestRegionOfTheBucket shows that without a configured region the bucket's own is used.
func TestRegionOfTheBucket(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodHead && r.Header.Get("Authorization") == "":
			w.Header().Set("X-Amz-Bucket-Region", "eu-west-3")
			w.WriteHeader(http.StatusForbidden)
		case strings.Contains(r.Header.Get("Authorization"), "/eu-west-3/s3/"):
			fmt.Fprint(w, `<ListBucketResult></ListBucketResult>`)
		default:
			w.WriteHeader(http.StatusBadRequest)
		}
	})
	if _, err := open(t, address, func(o *S3Options) { o.Region = "" }).CommonPrefixes(t.Context(), ""); err != nil {
		t.Error(err)
	}
}

// TestRegionUnknown shows that storage that says nothing about regions is used with the usual one.
func TestRegionUnknown(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodHead:
			w.WriteHeader(http.StatusForbidden)
		case r.URL.Query().Has("location"):
			fmt.Fprint(w, `<LocationConstraint></LocationConstraint>`)
		default:
			fmt.Fprint(w, `<ListBucketResult></ListBucketResult>`)
		}
	})
	if _, err := open(t, address, func(o *S3Options) { o.Region = "" }).CommonPrefixes(t.Context(), ""); err != nil {
		t.Error(err)
	}
}

func TestAnswers(t *testing.T) {
	for name, tc := range map[string]struct {
		status       int
		body         string
		bucketRegion string // in the answer
		headRegion   string // in the answer to an unsigned HEAD
		noRegion     bool   // none is configured
		want         string // the whole message; @ stands for the endpoint
		refused      bool
	}{
		"no such bucket": {
			status: 404, body: errorBody("NoSuchBucket", "<BucketName>bbb</BucketName>"),
			want: `there is no bucket "bbb" at @ (404 NoSuchBucket: words of the storage): create it, or correct spec.objectStorage.bucket`,
		},
		"access denied": {
			status: 403, body: errorBody("AccessDenied", ""), refused: true,
			want: `the credentials may not list the bucket "bbb" under "p/" (403 AccessDenied: words of the storage): allow them s3:ListBucket there, or use others`,
		},
		"unknown key": {
			status: 403, body: errorBody("InvalidAccessKeyId", "<AWSAccessKeyId>AKIDHIDDEN</AWSAccessKeyId>"), refused: true,
			want: `@ does not know the access key (403 InvalidAccessKeyId: words of the storage): correct aws_access_key_id in the credentials`,
		},
		"wrong secret": {
			status: 403, body: errorBody("SignatureDoesNotMatch", "<StringToSign>hidden-token</StringToSign>"), refused: true,
			want: `@ refuses the signature (403 SignatureDoesNotMatch: words of the storage): correct aws_secret_access_key in the credentials`,
		},
		"expired token": {
			status: 400, body: errorBody("ExpiredToken", "<Token-0>hidden-token</Token-0>"), refused: true,
			want: `the session token of the credentials has expired (400 ExpiredToken: words of the storage): put new ones in place`,
		},
		"wrong token": {
			status: 400, body: errorBody("InvalidToken", ""), refused: true,
			want: `the session token is not valid (400 InvalidToken: words of the storage): correct aws_session_token in the credentials, or leave it out for a key that has none`,
		},
		"clocks": {
			status: 403, body: errorBody("RequestTimeTooSkewed", ""),
			want: `the clocks here and at @ differ too much for signed requests (403 RequestTimeTooSkewed: words of the storage): set the clocks right`,
		},
		"overload": {
			status: 503, body: errorBody("SlowDown", ""),
			want: `@ is overloaded (503 SlowDown: words of the storage): wait`,
		},
		"its own fault": {
			status: 500, body: errorBody("InternalError", ""),
			want: `@ has a fault of its own (500 InternalError: words of the storage): look at the storage`,
		},
		"not implemented": {
			status: 501, body: errorBody("NotImplemented", ""),
			want: `@ cannot list the bucket "bbb" under "p/" as S3 does (501 NotImplemented: words of the storage): correct spec.config.s3Url`,
		},
		"some other code, with secrets and line breaks": {
			status: 400, body: `<Error><Code>Strange</Code><Message>you sent hidden-secret,` + "\n" + ` hidden-token and AKIDHIDDEN</Message></Error>`,
			want: `@ refuses to list the bucket "bbb" under "p/" (400 Strange: you sent ***, *** and ***): correct spec.config or the credentials`,
		},
		"not XML": {
			status: 418, body: "I am a teapot",
			want: `@ refuses to list the bucket "bbb" under "p/" (418 I'm a teapot: I am a teapot): correct spec.config or the credentials`,
		},
		"a page for people": {
			status: 200, body: "<!doctype html><html><br></html>",
			want: `what @ answers is not S3: correct spec.config.s3Url`,
		},
		"an empty page": {
			status: 200,
			want:   `what @ answers is not S3: correct spec.config.s3Url`,
		},
		"a list of buckets": {
			status: 200, body: "<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>",
			want: `what @ answers is not S3: correct spec.config.s3Url`,
		},
		"XHTML": {
			status: 200, body: `<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head/></html>`,
			want: `what @ answers is not S3: correct spec.config.s3Url`,
		},
		"a page that is not there": {
			status: 404, body: "<html>\n<head><title>404 Not\nFound</title></head><body><li>Code: NoSuchBucket</li>hidden-secret</body></html>",
			want: `what @ answers is not S3 (404 Not Found: 404 Not Found): correct spec.config.s3Url`,
		},
		"nothing, and that is not there": {
			status: 404,
			want:   `what @ answers is not S3 (404 Not Found): correct spec.config.s3Url`,
		},
		"to another page": {
			status: 302, body: `<a href="/login">Found</a>`,
			want: `what @ answers is not S3 (302 Found): correct spec.config.s3Url`,
		},
		"a page of a firewall": {
			status: 403, body: "<html><title>Access &amp; denied</title></html>", refused: true,
			want: `@ refuses to list the bucket "bbb" under "p/" (403 Forbidden: Access & denied): correct spec.config or the credentials`,
		},
		"a page of a balancer": {
			status: 502, body: "<html><h1>Bad Gateway</h1></html>",
			want: `@ has a fault of its own (502 Bad Gateway): look at the storage`,
		},
		"JSON": {
			status: 404, body: `{"message":"no hidden-token"}`,
			want: `what @ answers is not S3 (404 Not Found: {"message":"no ***"}): correct spec.config.s3Url`,
		},
		"a long story": {
			status: 403, body: `<Error><Code>AccountProblem</Code><Message>` + strings.Repeat("long ", 100) + `</Message></Error>`, refused: true,
			want: `@ refuses to list the bucket "bbb" under "p/" (403 AccountProblem: ` + strings.Repeat("long ", 40) + `...): correct spec.config or the credentials`,
		},
		"https wanted": {
			status: 400, body: "Client sent an HTTP request to an HTTPS server.\n",
			want: `the endpoint @ speaks https (400 Bad Request: Client sent an HTTP request to an HTTPS server): correct the scheme in spec.config.s3Url`,
		},

		"redirect, region in the header": {
			status: 301, bucketRegion: "us-west-1", body: errorBody("PermanentRedirect", "<Endpoint>bbb.s3-us-west-1.amazonaws.com</Endpoint>"),
			want: `the bucket "bbb" is in region us-west-1, not us-east-1: set spec.config.region to us-west-1`,
		},
		"redirect, region asked for": {
			status: 301, headRegion: "us-west-1", body: errorBody("PermanentRedirect", ""),
			want: `the bucket "bbb" is in region us-west-1, not us-east-1: set spec.config.region to us-west-1`,
		},
		"redirect without a body": {
			status: 301, bucketRegion: "us-west-1",
			want: `the bucket "bbb" is in region us-west-1, not us-east-1: set spec.config.region to us-west-1`,
		},
		"redirect, no region to be had": {
			status: 301, body: errorBody("PermanentRedirect", ""),
			want: `the endpoint @ says that the bucket "bbb" is elsewhere: set spec.config.region to the bucket's region, and spec.config.s3Url to its endpoint`,
		},
		"redirect although the region is right": {
			status: 301, bucketRegion: "us-east-1", body: errorBody("PermanentRedirect", ""),
			want: `the endpoint @ is not the one of region us-east-1, where the bucket "bbb" is: correct spec.config.s3Url`,
		},
		"temporary redirect": {
			status: 307, bucketRegion: "us-west-1", body: errorBody("TemporaryRedirect", ""),
			want: `the bucket "bbb" is in region us-west-1, not us-east-1: set spec.config.region to us-west-1`,
		},
		"bare 400, region in the header": {
			status: 400, bucketRegion: "me-south-1",
			want: `the bucket "bbb" is in region me-south-1, not us-east-1: set spec.config.region to me-south-1`,
		},
		"bare 400 about something else": {
			status: 400, headRegion: "us-east-1",
			want: `@ refuses to list the bucket "bbb" under "p/" (400 Bad Request): correct spec.config or the credentials`,
		},
		"wrong signing region, the endpoint is the bucket's": {
			status: 400, headRegion: "us-west-1", body: errorBody("AuthorizationHeaderMalformed", "<Region>us-west-1</Region>"),
			want: `the bucket "bbb" is in region us-west-1, not us-east-1: set spec.config.region to us-west-1`,
		},
		"wrong signing region, the bucket is in a third": {
			status: 400, headRegion: "eu-west-1", body: errorBody("AuthorizationHeaderMalformed", "<Region>us-west-1</Region>"),
			want: `the bucket "bbb" is in region eu-west-1, not us-east-1: set spec.config.region to eu-west-1`,
		},
		"right signing region, wrong endpoint": {
			status: 400, headRegion: "us-east-1", body: errorBody("AuthorizationHeaderMalformed", "<Region>us-west-1</Region>"),
			want: `the endpoint @ is of region us-west-1, but the bucket "bbb" is in region us-east-1: set spec.config.s3Url to the endpoint of region us-east-1`,
		},
		"wrong signing region, the bucket's not known": {
			status: 400, body: errorBody("AuthorizationHeaderMalformed", "<Region>us-west-1</Region>"),
			want: `the endpoint @ is of region us-west-1, not us-east-1: set spec.config.region to us-west-1`,
		},
		"a malformed header of another kind": {
			status: 400, headRegion: "us-east-1", body: errorBody("AuthorizationHeaderMalformed", ""),
			want: `@ refuses to list the bucket "bbb" under "p/" (400 AuthorizationHeaderMalformed: words of the storage): correct spec.config or the credentials`,
		},
		"no region configured, redirect": {
			status: 301, bucketRegion: "us-west-1", noRegion: true, body: errorBody("PermanentRedirect", ""),
			want: `the bucket "bbb" is in region us-west-1: set spec.config.region to us-west-1`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodHead {
					if tc.headRegion != "" {
						w.Header().Set("X-Amz-Bucket-Region", tc.headRegion)
					}
					w.WriteHeader(http.StatusForbidden)
					return
				}
				if tc.bucketRegion != "" {
					w.Header().Set("X-Amz-Bucket-Region", tc.bucketRegion)
				}
				w.WriteHeader(tc.status)
				fmt.Fprint(w, tc.body)
			})
			_, err := open(t, address, func(o *S3Options) {
				if tc.noRegion {
					o.Region = ""
				}
			}).CommonPrefixes(t.Context(), "p/")
			requireMessage(t, err, strings.ReplaceAll(tc.want, "@", address))

			var refusal *Error
			if !errors.As(err, &refusal) {
				t.Fatalf("%T is not an *Error", err)
			}
			if refusal.CredentialsRefused() != tc.refused {
				t.Errorf("refused: got %v", refusal.CredentialsRefused())
			}
			if tc.status != 200 && refusal.Status != tc.status {
				t.Errorf("status: got %d, want %d", refusal.Status, tc.status)
			}
		})
	}
}

func requireMessage(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %q", want)
	}
	if err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
	for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)} {
		if strings.Contains(text, "hidden") || strings.Contains(text, "HIDDEN") {
			t.Errorf("a secret shows: %s", text)
		}
	}
}

// TestRetries shows that what passes by itself does not make a location unavailable.
func TestRetries(t *testing.T) {
	count := 0
	address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if count++; count < attempts {
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprint(w, errorBody("SlowDown", ""))
			return
		}
		fmt.Fprint(w, `<ListBucketResult></ListBucketResult>`)
	})
	if _, err := open(t, address).CommonPrefixes(t.Context(), ""); err != nil {
		t.Error(err)
	}
}

func TestConnectionRefused(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "http://" + listener.Addr().String()
	listener.Close()
	for _, region := range []string{"us-east-1", ""} {
		_, err = open(t, address, func(o *S3Options) { o.Region = region }).CommonPrefixes(t.Context(), "")
		requireMessage(t, err, "nothing listens at "+address+": start the storage, or correct spec.config.s3Url")
	}
}

// TestProxy shows that a proxy which is not there, or refuses, is not taken for the storage behind it, and that its password is not shown.
func TestProxy(t *testing.T) {
	refusing := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusProxyAuthRequired) })
	const dead = "http://user:hidden@127.0.0.1:1"
	for _, tc := range []struct{ proxy, endpoint, want string }{
		{dead, "http://s3.example", "http://s3.example could not be reached through the proxy that the environment names ("},
		{dead, "https://s3.example", "https://s3.example could not be reached through the proxy that the environment names ("},
		{refusing, "https://s3.example", "(it answers 407 Proxy Authentication Required): correct HTTPS_PROXY of the controller"},
	} {
		store := open(t, tc.endpoint)
		store.transport.Proxy = func(*http.Request) (*url.URL, error) { return url.Parse(tc.proxy) }
		_, err := store.CommonPrefixes(t.Context(), "")
		if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s by %s: got %v", tc.endpoint, tc.proxy, err)
		}
	}
}

func TestTimeout(t *testing.T) {
	release := make(chan struct{})
	address := serve(t, func(http.ResponseWriter, *http.Request) { <-release })
	t.Cleanup(func() { close(release) }) // before the server closes, which waits for its requests
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := open(t, address).CommonPrefixes(ctx, "")
	requireMessage(t, err, address+" did not answer in time: see whether the network lets requests through, or correct spec.config.s3Url")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the cause is lost: %v", errors.Unwrap(err))
	}
}

// TestDeadlinePassed shows that a listing that could not be made is not taken for an empty one.
func TestDeadlinePassed(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if names, err := open(t, "http://127.0.0.1:1").CommonPrefixes(ctx, ""); err == nil {
		t.Errorf("got %q and no error", names)
	}
}

func TestUnknownHost(t *testing.T) {
	for name, tc := range map[string]struct {
		pathStyle bool
		host      string
		want      string
	}{
		"path style": {true, "s3.example", `the host name s3.example is not known: correct spec.config.s3Url`},
		"host style": {false, "bbb.s3.example", `the host name bbb.s3.example is not known: set spec.config.s3ForcePathStyle to "true", or correct spec.config.s3Url`},
	} {
		t.Run(name, func(t *testing.T) {
			err := &Error{
				Bucket: "bbb", Endpoint: "http://s3.example", PathStyle: tc.pathStyle,
				cause: &url.Error{Err: &net.OpError{Err: &net.DNSError{Name: tc.host, IsNotFound: true}}},
			}
			requireMessage(t, err, tc.want)
		})
	}
}

func TestCertificates(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<ListBucketResult></ListBucketResult>`)
	}))
	server.Config.ErrorLog = quiet()
	server.StartTLS()
	t.Cleanup(server.Close)
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	roots := func(t *testing.T, text []byte) *x509.CertPool {
		t.Helper()
		pool, err := RootCAs(text)
		if err != nil {
			t.Fatal(err)
		}
		return pool
	}
	plain := serve(t, func(http.ResponseWriter, *http.Request) {})

	for name, tc := range map[string]struct {
		address string
		change  func(*S3Options)
		want    string // empty: no error
	}{
		"unknown authority": {
			address: server.URL, change: func(*S3Options) {},
			want: "the certificate of " + server.URL + " is signed by an authority that is not known: put the authority's certificate in a Secret and name it in spec.objectStorage.caCertRef",
		},
		"authority given": {address: server.URL, change: func(o *S3Options) { o.RootCAs = roots(t, authority) }},
		"not verified":    {address: server.URL, change: func(o *S3Options) { o.InsecureSkipTLSVerify = true }},
		"http taken for https": {
			address: strings.Replace(plain, "http:", "https:", 1), change: func(*S3Options) {},
			want: "the endpoint " + strings.Replace(plain, "http:", "https:", 1) + " speaks http, not https: correct the scheme in spec.config.s3Url",
		},
		"https taken for http": {
			address: strings.Replace(server.URL, "https:", "http:", 1), change: func(*S3Options) {},
			want: "the endpoint " + strings.Replace(server.URL, "https:", "http:", 1) + " speaks https (400 Bad Request: Client sent an HTTP request to an HTTPS server): correct the scheme in spec.config.s3Url",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := open(t, tc.address, tc.change).CommonPrefixes(t.Context(), "")
			if tc.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			requireMessage(t, err, tc.want)
		})
	}
}

func TestCertificateForAnotherName(t *testing.T) {
	err := &Error{Endpoint: "https://s3.example", cause: x509.HostnameError{Certificate: &x509.Certificate{DNSNames: []string{"minio"}}, Host: "s3.example"}}
	requireMessage(t, err, "the certificate of https://s3.example is for other names (x509: certificate is valid for minio, not s3.example): correct spec.config.s3Url, or have a certificate made for that name")
	err.cause = x509.CertificateInvalidError{Reason: x509.Expired}
	requireMessage(t, err, "the certificate of https://s3.example has expired or is not valid yet: renew it")
}

func TestRootCAs(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":          "",
		"garbage":          "garbage",
		"a key":            "-----BEGIN PRIVATE KEY-----\naGlkZGVu\n-----END PRIVATE KEY-----\n",
		"a certificate of": "-----BEGIN CERTIFICATE-----\naGlkZGVu\n-----END CERTIFICATE-----\n",
	} {
		if _, err := RootCAs([]byte(text)); err == nil || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// quiet keeps what a test server says about broken handshakes, which are meant to be, out of the output.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
