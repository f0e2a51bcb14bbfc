package payload

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/minio/minio-go/v7/pkg/signer"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/aws/sigv4"
)

// exampleSecret signs the example of the S3 documentation, "Signature calculations for chunked uploads".
const exampleSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

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

func chunkedRequest(body io.Reader) (*http.Request, *sigv4.Authorization) {
	r := httptest.NewRequest(http.MethodPut, "/examplebucket/chunkObject.txt", nil)
	for name, value := range map[string]string{
		"X-Amz-Date": "20130524T000000Z", "X-Amz-Storage-Class": "REDUCED_REDUNDANCY", "Content-Encoding": "aws-chunked",
		"X-Amz-Content-Sha256": streamingSigned, "X-Amz-Decoded-Content-Length": "66560",
		"Authorization": "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request," +
			"SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class," +
			"Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
	} {
		r.Header.Set(name, value)
	}
	r.Host = "s3.amazonaws.com"
	r.ContentLength = 66824
	r.Body = io.NopCloser(body)
	a, _ := sigv4.ParseRequest(r)
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
	decoded, err := NewBody(r, &sigv4.Authorization{}, exampleSecret, true)
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
		if err == nil || aws.AsError(err).Code != "BadDigest" {
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
		{"small chunk before another", crc, "1\r\na\r\n1\r\nb\r\n0\r\n" + crc + ":nm9GGQ==\r\n\r\n", "2", "InvalidChunkSizeError"},
		{"small chunk after a large one", crc, "2000\r\n" + strings.Repeat("a", 8192) + "\r\n1\r\nb\r\n0\r\n\r\n", "8193", "MalformedTrailerError"},
		{"negative chunk", crc, "-1\r\n\r\n", "1", "IncompleteBody"},
		{"chunk without an end", crc, "1\r\nab\r\n", "1", "IncompleteBody"},
		{"endless chunk header", crc, strings.Repeat("0", 1<<20), "1", "IncompleteBody"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := readTrailer(test.trailer, test.body, test.size); err == nil || aws.AsError(err).Code != test.code {
				t.Errorf("%v, expected %s", err, test.code)
			}
		})
	}
}

// hasher is what minio-go hashes chunks with.
type hasher struct{ hash.Hash }

// Close has nothing to do.
func (hasher) Close() {}

// shortStream is a signed stream of five bytes, and what its request is authorized by.
func shortStream(f *testing.F) ([]byte, *sigv4.Authorization) {
	f.Helper()
	r := httptest.NewRequest(http.MethodPut, "/examplebucket/k", strings.NewReader("hello"))
	r = signer.StreamingSignV4(r, "AKIAIOSFODNN7EXAMPLE", exampleSecret, "", "us-east-1", 5, time.Unix(0, 0), hasher{sha256.New()})
	a, err := sigv4.ParseRequest(r)
	if err != nil {
		f.Fatal(err)
	}
	stream, err := io.ReadAll(r.Body)
	if err != nil {
		f.Fatal(err)
	}
	return stream, a
}

// FuzzChunkReader looks for streams that break the decoder or pass it with data that nobody signed. They are short, with short seeds:
// an input that reaches something new is made as small as it can be, in a number of runs that grows with the square of its length.
func FuzzChunkReader(f *testing.F) {
	const longest = 1 << 8
	stream, a := shortStream(f)
	f.Add(stream, true)
	f.Add([]byte("5\r\nhello\r\n0\r\n\r\n"), false)
	f.Add([]byte("5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"), false)
	f.Add([]byte("7fffffffffffffff\r\n"), false)
	f.Add([]byte("0;chunk-signature=\r\n\r\n"), true)
	f.Fuzz(func(t *testing.T, stream []byte, signed bool) {
		if len(stream) > longest {
			return
		}
		var chain *sigv4.Chain
		if signed {
			chain = sigv4.NewChain(a, exampleSecret)
		}
		got, err := io.ReadAll(newChunkReader(bytes.NewReader(stream), chain))
		if len(got) > len(stream) {
			t.Errorf("%d bytes out of %d", len(got), len(stream))
		}
		if err == nil && signed && string(got) != "hello" {
			t.Errorf("%q passes as signed", got)
		}
	})
}
