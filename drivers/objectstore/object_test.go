package objectstore_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
	miniocredentials "github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/velero-locations/velero-locations/drivers/objectstore"
)

// flipping passes requests on, and flips a bit of what answers those for an object.
func flipping(t *testing.T, to *url.URL) *url.URL {
	t.Helper()
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = r.In.Host // it is signed
		},
		ModifyResponse: func(resp *http.Response) error {
			if resp.Request.Method != http.MethodGet || resp.StatusCode != http.StatusOK {
				return nil
			}
			content, err := io.ReadAll(resp.Body)
			if err == nil {
				content[len(content)/2] ^= 1
				resp.Body = io.NopCloser(bytes.NewReader(content))
			}
			return err
		},
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	address, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// TestOpen shows that an object which is not what was stored is told by its checksum, or else by its ETag, and no other object is.
func TestOpen(t *testing.T) {
	for name, test := range map[string]struct {
		writing        objectstore.Writing
		wrong, wrongBy string // what is said of one that was changed, and of its ETag
		compared       bool
	}{
		"the usual": {wrong: "CRC64NVME checksum", wrongBy: "which its ETag says", compared: true},
		"CRC32C":    {writing: objectstore.Writing{Checksum: "CRC32C"}, wrong: "CRC32C checksum", wrongBy: "which its ETag says", compared: true},
		"SHA256":    {writing: objectstore.Writing{Checksum: "SHA256"}, wrong: "SHA256 checksum", wrongBy: "which its ETag says", compared: true},
		"KMS":       {writing: objectstore.Writing{Encryption: "aws:kms"}, wrong: "CRC64NVME checksum"},
	} {
		t.Run(name, func(t *testing.T) {
			var endpoint *url.URL
			var options objectstore.S3Options
			store, _ := openBucket(t, func(o *objectstore.S3Options) { o.Writing, endpoint, options = test.writing, o.Endpoint, *o })
			options.Endpoint, options.PathStyle, options.Writing = flipping(t, endpoint), true, test.writing
			changing, err := objectstore.NewS3(options)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(changing.Close)
			if err := store.Put(t.Context(), "k", strings.NewReader("content")); err != nil {
				t.Fatal(err)
			}
			for from, want := range map[objectstore.Store]bool{store: true, changing: false} {
				object, err := from.Open(t.Context(), "k")
				if err != nil {
					t.Fatal(err)
				}
				_, err = io.Copy(io.Discard, object)
				_ = object.Close()
				if err != nil {
					t.Fatal(err)
				}
				err = object.Verify()
				if says(err, test.wrong) == want && test.wrong != "" || want && err != nil {
					t.Errorf("unchanged %v: got %v", want, err)
				}
				compared, err := object.VerifyTag()
				if compared != test.compared || says(err, test.wrongBy) == want && test.wrongBy != "" || want && err != nil {
					t.Errorf("unchanged %v: got %v, %v", want, compared, err)
				}
			}
		})
	}
}

// TestOpenParts shows that an object whose ETag is of parts is not compared with it.
func TestOpenParts(t *testing.T) {
	store, cloud := openBucket(t)
	client, err := minio.New(cloud.Host(), &minio.Options{Creds: miniocredentials.NewStaticV4(cloud.Key.ID, cloud.Key.Secret, ""), Region: cloud.Region})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.PutObject(t.Context(), "bbb", "k", bytes.NewReader(make([]byte, 6<<20)), -1, minio.PutObjectOptions{PartSize: 5 << 20}); err != nil {
		t.Fatal(err)
	}
	object, err := store.Open(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = object.Close() }()
	if _, err := io.Copy(io.Discard, object); err != nil {
		t.Fatal(err)
	}
	if compared, err := object.VerifyTag(); compared || err != nil || object.Verify() != nil {
		t.Errorf("got %v, %v, %v", compared, err, object.Verify())
	}
}

func says(err error, text string) bool { return err != nil && strings.Contains(err.Error(), text) }
