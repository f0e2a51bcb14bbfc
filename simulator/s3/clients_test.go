package s3_test

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/minio/minio-go/v7"
)

var sizes = map[string]int{"empty": 0, "100 B": 100, "6 MiB": 6 << 20, "20 MiB": 20 << 20}

// TestMinioObjects puts and gets objects as minio-go does: over HTTP in signed chunks, in parts from 16 MiB on, and with
// a trailer when it is asked for a checksum.
func TestMinioObjects(t *testing.T) {
	for name, c := range map[string]*cloud{"http": start(t, twoAccounts()), "https": startTLS(t, twoAccounts())} {
		client := c.minio(t, aliceKey, "us-east-1", func(o *minio.Options) { o.TrailingHeaders = true })
		for mode, options := range map[string]minio.PutObjectOptions{
			"plain":    {},
			"checksum": {Checksum: minio.ChecksumCRC32C},
			"crc64":    {Checksum: minio.ChecksumCRC64NVME},
			"md5":      {SendContentMd5: true},
			"unsigned": {DisableContentSha256: true},
		} {
			for label, size := range sizes {
				t.Run(name+"/"+mode+"/"+label, func(t *testing.T) {
					data := content(size)
					options.PartSize = 5 << 20
					options.UserMetadata = map[string]string{"Origin": mode}
					options.CacheControl = "no-cache"
					if _, err := client.PutObject(t.Context(), "alice-home", mode+label, newStream(data), int64(size), options); err != nil {
						t.Fatal(err)
					}
					checkMinioObject(t, client, mode+label, data, mode)
				})
			}
		}
	}
}

func checkMinioObject(t *testing.T, client *minio.Client, key string, data []byte, origin string) {
	t.Helper()
	object, err := client.GetObject(t.Context(), "alice-home", key, minio.GetObjectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer object.Close()
	got, err := io.ReadAll(object)
	if err != nil {
		t.Fatal(err)
	}
	if hash(got) != hash(data) {
		t.Errorf("got %d bytes that are not the %d that were put", len(got), len(data))
	}
	info, err := client.StatObject(t.Context(), "alice-home", key, minio.StatObjectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if info.Size != int64(len(data)) || info.UserMetadata["Origin"] != origin || info.Metadata.Get("Cache-Control") != "no-cache" {
		t.Errorf("stat = %+v", info)
	}
	for name := range info.Metadata {
		if strings.HasPrefix(name, "X-Amz-") && !strings.HasPrefix(name, "X-Amz-Meta-") &&
			!slices.Contains([]string{"X-Amz-Request-Id", "X-Amz-Id-2", "X-Amz-Bucket-Region"}, name) {
			t.Errorf("request header %s came back as metadata", name)
		}
	}
}

// TestMinioUnknownSize uploads a stream of unknown length, also an empty one, as restic and Velero's uploads may.
func TestMinioUnknownSize(t *testing.T) {
	client := start(t, twoAccounts()).minio(t, aliceKey, "us-east-1")
	for _, size := range []int{0, 17<<20 + 3} {
		data := content(size)
		if _, err := client.PutObject(t.Context(), "alice-home", "k", newStream(data), -1, minio.PutObjectOptions{PartSize: 5 << 20}); err != nil {
			t.Fatalf("size %d: %v", size, err)
		}
		object, err := client.GetObject(t.Context(), "alice-home", "k", minio.GetObjectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer object.Close()
		if got, err := io.ReadAll(object); err != nil || hash(got) != hash(data) {
			t.Errorf("size %d: got %d bytes, %v", size, len(got), err)
		}
	}
}

// TestAWSObjects puts and gets objects as aws-sdk-go-v2 does: over HTTP with a signed hash, over HTTPS with an unsigned
// payload and a checksum in a trailer.
func TestAWSObjects(t *testing.T) {
	for name, c := range map[string]*cloud{"http": start(t, twoAccounts()), "https": startTLS(t, twoAccounts())} {
		client := c.aws(aliceKey, "us-east-1")
		for label, size := range sizes {
			t.Run(name+"/"+label, func(t *testing.T) {
				data := content(size)
				put, err := client.PutObject(t.Context(), &awss3.PutObjectInput{
					Bucket: aws.String("alice-home"), Key: aws.String("a/" + label), Body: bytes.NewReader(data),
					Metadata: map[string]string{"origin": name}, ContentType: aws.String("text/plain"),
				})
				if err != nil {
					t.Fatal(err)
				}
				if put.ChecksumCRC32 == nil {
					t.Error("the checksum was not confirmed")
				}
				got, err := client.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: aws.String("alice-home"), Key: aws.String("a/" + label)})
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(got.Body)
				if err != nil {
					t.Fatal(err)
				}
				if hash(body) != hash(data) || aws.ToString(got.ContentType) != "text/plain" || got.Metadata["origin"] != name {
					t.Errorf("got %d bytes, type %v, metadata %v", len(body), aws.ToString(got.ContentType), got.Metadata)
				}
				if aws.ToString(got.ChecksumCRC32) != aws.ToString(put.ChecksumCRC32) {
					t.Error("the checksum did not come back")
				}
			})
		}
	}
}

func TestAWSMultipart(t *testing.T) {
	client := startTLS(t, twoAccounts()).aws(aliceKey, "us-east-1")
	bucket, key := aws.String("alice-home"), aws.String("parts")
	created, err := client.CreateMultipartUpload(t.Context(), &awss3.CreateMultipartUploadInput{Bucket: bucket, Key: key, ChecksumAlgorithm: types.ChecksumAlgorithmCrc32})
	if err != nil {
		t.Fatal(err)
	}
	data := content(12 << 20)
	var parts []types.CompletedPart
	for i := range 3 {
		part, err := client.UploadPart(t.Context(), &awss3.UploadPartInput{
			Bucket: bucket, Key: key, UploadId: created.UploadId, PartNumber: aws.Int32(int32(i + 1)),
			Body: bytes.NewReader(data[i*5<<20 : min((i+1)*5<<20, len(data))]),
		})
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, types.CompletedPart{ETag: part.ETag, PartNumber: aws.Int32(int32(i + 1)), ChecksumCRC32: part.ChecksumCRC32})
	}
	listed, err := client.ListParts(t.Context(), &awss3.ListPartsInput{Bucket: bucket, Key: key, UploadId: created.UploadId, MaxParts: aws.Int32(2)})
	if err != nil || len(listed.Parts) != 2 || !aws.ToBool(listed.IsTruncated) {
		t.Errorf("ListParts = %+v, %v", listed, err)
	}
	complete := &awss3.CompleteMultipartUploadInput{Bucket: bucket, Key: key, UploadId: created.UploadId}
	for code, wrong := range map[string][]types.CompletedPart{
		"InvalidPartOrder": {parts[1], parts[0]},
		"InvalidPart":      {{ETag: aws.String(`"00"`), PartNumber: aws.Int32(1)}},
	} {
		complete.MultipartUpload = &types.CompletedMultipartUpload{Parts: wrong}
		if _, err := client.CompleteMultipartUpload(t.Context(), complete); errorCode(err) != code {
			t.Errorf("completing wrongly: %v, expected %s", err, code)
		}
	}
	complete.MultipartUpload = &types.CompletedMultipartUpload{Parts: parts}
	done, err := client.CompleteMultipartUpload(t.Context(), complete)
	if err != nil {
		t.Fatal(err)
	}
	head, err := client.HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: bucket, Key: key})
	if err != nil || !strings.HasSuffix(aws.ToString(head.ETag), `-3"`) || aws.ToString(head.ETag) != aws.ToString(done.ETag) {
		t.Errorf("ETag %v after %v, %v", aws.ToString(head.ETag), aws.ToString(done.ETag), err)
	}
	got, err := client.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: bucket, Key: key, Range: aws.String("bytes=5242870-5242889")})
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(got.Body); err != nil || !bytes.Equal(body, data[5242870:5242890]) {
		t.Errorf("a range over two parts: %d bytes, %v", len(body), err)
	}
}
