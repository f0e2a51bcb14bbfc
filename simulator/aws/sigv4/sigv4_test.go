package sigv4

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// The examples of the S3 documentation, "Authenticating requests: examples" and "Signature calculations for chunked
// uploads", use this key.
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
			if AsError(err).Code != "SignatureDoesNotMatch" || strings.Contains(fmt.Sprintf("%+v", AsError(err)), exampleSecret) {
				t.Errorf("another secret: %v", err)
			}
			r.Header.Set("X-Amz-Acl", "public-read")
			if err := a.Verify(r, exampleSecret); AsError(err).Code != "AccessDenied" {
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
		if err := a.CheckTime(at); (err != nil) != (code != "") || err != nil && AsError(err).Code != code {
			t.Errorf("at %v: %v", at, err)
		}
	}
}

// chunked is the body of the documentation's chunked upload of 65 KiB of the letter a.
func chunked() string {
	var b strings.Builder
	for _, chunk := range []struct {
		size      int
		signature string
	}{
		{65536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"},
		{1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"},
		{0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"},
	} {
		fmt.Fprintf(&b, "%x;chunk-signature=%s\r\n%s\r\n", chunk.size, chunk.signature, strings.Repeat("a", chunk.size))
	}
	return b.String()
}

func chunkedRequest(body io.Reader) (*http.Request, *Authorization) {
	r := example("PUT", "/examplebucket/chunkObject.txt",
		"content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class",
		"4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
		map[string]string{
			"X-Amz-Date": "20130524T000000Z", "X-Amz-Storage-Class": "REDUCED_REDUNDANCY", "Content-Encoding": "aws-chunked",
			"X-Amz-Content-Sha256": streamingSigned, "X-Amz-Decoded-Content-Length": "66560",
		})
	r.Host = "s3.amazonaws.com"
	r.ContentLength = 66824
	r.Body = io.NopCloser(body)
	a, _ := ParseRequest(r)
	return r, a
}

func TestChunkedExample(t *testing.T) {
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"at once": func(r io.Reader) io.Reader { return r }, "by halves": iotest.HalfReader, "byte by byte": iotest.OneByteReader,
		"end with data": iotest.DataErrReader,
	} {
		t.Run(name, func(t *testing.T) {
			r, a := chunkedRequest(wrap(strings.NewReader(chunked())))
			if err := a.Verify(r, exampleSecret); err != nil {
				t.Fatal(err)
			}
			body, err := NewBody(r, a, exampleSecret, true)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(body)
			if err != nil || body.Size != 66560 || string(got) != strings.Repeat("a", 66560) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		})
	}
}

// TestChunkedTruncated cuts the stream at every interesting place: never is it taken for whole.
func TestChunkedTruncated(t *testing.T) {
	whole := chunked()
	cuts := []int{0, 1, 10, 50, 85, 86, 87, 1000, 65536, len(whole) - 1, len(whole) - 2, len(whole) - 3, len(whole) - 80, len(whole) - 90}
	for _, cut := range cuts {
		r, a := chunkedRequest(strings.NewReader(whole[:cut]))
		body, err := NewBody(r, a, exampleSecret, true)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(body); err == nil {
			t.Errorf("cut at %d: accepted", cut)
		}
	}
}

func readTrailer(trailer, body, size string) (string, error) {
	r := httptest.NewRequest(http.MethodPut, "/b/k", strings.NewReader(body))
	r.Header.Set("X-Amz-Content-Sha256", streamingUnsignedTrailer)
	r.Header.Set("X-Amz-Decoded-Content-Length", size)
	r.Header.Set("X-Amz-Trailer", trailer)
	decoded, err := NewBody(r, &Authorization{}, exampleSecret, true)
	if err != nil {
		return "", err
	}
	got, err := io.ReadAll(decoded)
	return string(got), err
}

// TestUnsignedTrailer uses the check values of "123456789" that the catalogue of CRC algorithms gives.
func TestUnsignedTrailer(t *testing.T) {
	for name, value := range map[string]string{
		"crc32": "y/Q5Jg==", "crc32c": "4waSgw==", "crc64nvme": "rosUhgp5mIg=", "sha1": "98O8HYCOBHMq32eZZczDTKeuNEE=",
		"sha256": "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=",
	} {
		header := checksumPrefix + name
		for _, end := range []string{"\r\n\r\n", "\n\r\n\r\n", "\r\n"} {
			got, err := readTrailer(header, "9\r\n123456789\r\n0\r\n"+header+":"+value+end, "9")
			if err != nil || got != "123456789" {
				t.Errorf("%s ending in %q: %q, %v", name, end, got, err)
			}
		}
		_, err := readTrailer(header, "9\r\n123456780\r\n0\r\n"+header+":"+value+"\r\n\r\n", "9")
		if err == nil || AsError(err).Code != "BadDigest" {
			t.Errorf("%s of other data: %v", name, err)
		}
	}
	const crc = "x-amz-checksum-crc32"
	for _, test := range []struct{ name, trailer, body, size, code string }{
		{"no trailer", crc, "0\r\n\r\n", "0", "MalformedTrailerError"},
		{"trailer that was not announced", crc, "0\r\nx-amz-checksum-sha1:y/Q5Jg==\r\n\r\n", "0", "MalformedTrailerError"},
		{"trailer twice", crc, "0\r\n" + crc + ":AAAAAA==\r\n" + crc + ":AAAAAA==\r\n\r\n", "0", "MalformedTrailerError"},
		{"trailer that is no header", crc, "0\r\nnonsense\r\n\r\n", "0", "MalformedTrailerError"},
		{"trailer without an end", crc, "0\r\n" + crc + ":AAAAAA==", "0", "IncompleteBody"},
		{"unknown checksum", "x-amz-checksum-md9", "0\r\n\r\n", "0", "NotImplemented"},
		{"announced longer", crc, "1\r\na\r\n0\r\n" + crc + ":6Le+Qw==\r\n\r\n", "2", "IncompleteBody"},
		{"announced shorter", crc, "2\r\nab\r\n0\r\n" + crc + ":6Le+Qw==\r\n\r\n", "1", "IncompleteBody"},
		{"not announced", crc, "0\r\n\r\n", "", "MissingContentLength"},
		{"negative chunk", crc, "-1\r\n\r\n", "1", "InvalidChunkSizeError"},
		{"chunk without an end", crc, "1\r\nab\r\n", "1", "InvalidChunkSizeError"},
		{"endless chunk header", crc, strings.Repeat("0", 1<<20), "1", "InvalidChunkSizeError"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := readTrailer(test.trailer, test.body, test.size); err == nil || AsError(err).Code != test.code {
				t.Errorf("%v, expected %s", err, test.code)
			}
		})
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
			if _, err := ParseRequest(r); err == nil || AsError(err).Code != test.code {
				t.Errorf("%v, expected %s", err, test.code)
			}
		})
	}
}

func TestErrorTellsNothingOfItsCause(t *testing.T) {
	w := httptest.NewRecorder()
	WriteError(w, httptest.NewRequest(http.MethodGet, "/", nil), AsError(errors.New("open /secret/path")))
	if w.Code != 500 || strings.Contains(w.Body.String(), "secret") || !strings.Contains(w.Body.String(), "<Code>InternalError<") {
		t.Errorf("%d %s", w.Code, w.Body)
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
			if AsError(err).Status == http.StatusInternalServerError {
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
			"Authorization": {header}, "X-Amz-Date": {"20130524T000000Z"}, "X-Amz-Content-Sha256": {unsignedPayload},
		}}
		a, err := ParseRequest(r)
		if err == nil && a != nil && a.Verify(r, "a secret that the request was not made with") == nil {
			t.Errorf("%s?%s with %q passed", path, query, header)
		}
	})
}

// FuzzChunkReader looks for streams that break the decoder or pass it with data that nobody signed.
func FuzzChunkReader(f *testing.F) {
	f.Add([]byte(chunked()), true)
	f.Add([]byte("5\r\nhello\r\n0\r\n\r\n"), false)
	f.Add([]byte("5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"), false)
	f.Add([]byte("7fffffffffffffff\r\n"), false)
	f.Add([]byte("0;chunk-signature=\r\n\r\n"), true)
	f.Fuzz(func(t *testing.T, stream []byte, signed bool) {
		var chain *signatureChain
		if signed {
			_, a := chunkedRequest(http.NoBody)
			chain = newSignatureChain(a, exampleSecret)
		}
		got, err := io.ReadAll(newChunkReader(bytes.NewReader(stream), chain))
		if len(got) > len(stream) {
			t.Errorf("%d bytes out of %d", len(got), len(stream))
		}
		if err == nil && signed && len(got) != 66560 {
			t.Errorf("%d bytes pass as signed", len(got))
		}
	})
}
