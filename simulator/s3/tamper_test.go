package s3_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/signer"
)

// tamper changes a request's body on its way to the server.
type tamper struct {
	inner http.RoundTripper
	edit  func([]byte) []byte
}

func (t tamper) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil || r.Method != http.MethodPut {
		return t.inner.RoundTrip(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	body = t.edit(body)
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return t.inner.RoundTrip(r)
}

func TestTamperedChunks(t *testing.T) {
	flip := func(needle string, offset int) func([]byte) []byte {
		return func(body []byte) []byte {
			out := bytes.Clone(body)
			out[bytes.LastIndex(out, []byte(needle))+offset] ^= 1
			return out
		}
	}
	for _, test := range []struct {
		name     string
		trailer  bool
		edit     func([]byte) []byte
		refusals string
	}{
		{"data of the first chunk", false, func(b []byte) []byte { b[1000] ^= 1; return b }, "SignatureDoesNotMatch"},
		{"data of the last chunk", false, func(b []byte) []byte { b[len(b)-200] ^= 1; return b }, "SignatureDoesNotMatch"},
		{"signature of the end", false, flip("chunk-signature=", 20), "SignatureDoesNotMatch"},
		{"end cut off", false, func(b []byte) []byte { return b[:bytes.LastIndex(b, []byte("0;chunk-"))] }, "IncompleteBody"},
		{"bytes after the end", false, func(b []byte) []byte { return append(b, "more"...) }, "IncompleteBody"},
		{"trailer's signature", true, flip("x-amz-trailer-signature:", 30), "SignatureDoesNotMatch"},
		{"trailer's checksum", true, flip("x-amz-checksum-crc32c:", 23), "SignatureDoesNotMatch"},
		{"trailer cut off", true, func(b []byte) []byte { return b[:bytes.LastIndex(b, []byte("x-amz-checksum"))] }, "SignatureDoesNotMatch"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := start(t, twoAccounts())
			client := c.minio(t, aliceKey, "us-east-1", func(o *minio.Options) {
				o.Transport = tamper{o.Transport, test.edit}
				o.TrailingHeaders = test.trailer
			})
			options := minio.PutObjectOptions{DisableMultipart: true}
			if test.trailer {
				options.Checksum = minio.ChecksumCRC32C
			}
			data := content(200_000)
			_, err := client.PutObject(t.Context(), "alice-home", "k", newStream(data), int64(len(data)), options)
			if errorCode(err) != test.refusals {
				t.Errorf("tampered upload: %v, expected %s", err, test.refusals)
			}
			if _, err := client.StatObject(t.Context(), "alice-home", "k", minio.StatObjectOptions{}); errorCode(err) != "NoSuchKey" {
				t.Errorf("it was stored: %v", err)
			}
		})
	}
}

func TestTamperedTrailer(t *testing.T) {
	c := startTLS(t, twoAccounts())
	inner := c.Client().Transport
	c.Client().Transport = tamper{inner, func(b []byte) []byte { b[20] ^= 1; return b }}
	_, err := c.aws(aliceKey, "us-east-1").PutObject(t.Context(), &awss3.PutObjectInput{
		Bucket: aws.String("alice-home"), Key: aws.String("k"), Body: bytes.NewReader(content(1000)),
	})
	if errorCode(err) != "BadDigest" {
		t.Errorf("tampered upload: %v", err)
	}
}

// TestLyingContentLength announces far more than it sends; that must cost neither memory nor an object.
func TestLyingContentLength(t *testing.T) {
	c := start(t, twoAccounts())
	for size, want := range map[string]string{"1073741824": "IncompleteBody", "9000000000000000000": "EntityTooLarge"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, c.URL+"/alice-home/lie", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
		r = signer.SignV4(*r, aliceKey.ID, aliceKey.Secret, "", "us-east-1")
		var head bytes.Buffer
		fmt.Fprintf(&head, "PUT /alice-home/lie HTTP/1.1\r\nHost: %s\r\nContent-Length: %s\r\n", c.host(), size)
		if err := r.Header.Write(&head); err != nil {
			t.Fatal(err)
		}
		head.WriteString("\r\nshort")
		if answer := rawAnswer(t, c.host(), head.Bytes()); !strings.Contains(answer, want) {
			t.Errorf("%s bytes announced: %s", size, answer)
		}
	}
	if response := c.send(t, aliceKey, "us-east-1", http.MethodHead, "/alice-home/lie", ""); response.StatusCode != http.StatusNotFound {
		t.Errorf("the object is there: %d", response.StatusCode)
	}
}

// rawAnswer sends bytes, ends its side of the connection and returns all that comes back.
func rawAnswer(t *testing.T, host string, request []byte) string {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		t.Fatal("not a TCP connection")
	}
	if _, err := tcp.Write(request); err != nil {
		t.Fatal(err)
	}
	if err := tcp.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(tcp)
	if err != nil && !errors.Is(err, net.ErrClosed) && len(answer) == 0 {
		t.Fatal(err)
	}
	return string(answer)
}
