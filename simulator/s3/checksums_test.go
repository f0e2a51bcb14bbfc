package s3_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"hash/crc64"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/minio/minio-go/v7"
)

// crc64NVME is the checksum that S3 gives by default, by Go's own library: 0x9a6c9329ac4bc9b5 is its reversed polynomial.
func crc64NVME(content []byte) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, crc64.Checksum(content, crc64.MakeTable(0x9a6c9329ac4bc9b5))))
}

// withoutChecksums makes a client that sends none.
func withoutChecksums(o *awss3.Options) {
	o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
}

// TestDefaultChecksum writes objects without a checksum in all ways, in memory and on disk: each gets S3's own.
func TestDefaultChecksum(t *testing.T) {
	for name, dir := range map[string]string{"memory": "", "disk": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			config := twoAccounts()
			config.DataDir = dir
			c := start(t, config)
			client := c.aws(aliceKey, "us-east-1", withoutChecksums)
			data := content(6 << 20)
			put, err := client.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: plainBucket, Key: aws.String("put"), Body: bytes.NewReader(data)})
			if err != nil || aws.ToString(put.ChecksumCRC64NVME) != crc64NVME(data) || put.ChecksumType != types.ChecksumTypeFullObject {
				t.Fatalf("put: %+v, %v", put, err)
			}
			copied, err := client.CopyObject(t.Context(), &awss3.CopyObjectInput{Bucket: plainBucket, Key: aws.String("copied"), CopySource: aws.String("alice-home/put")})
			if err != nil || aws.ToString(copied.CopyObjectResult.ChecksumCRC64NVME) != crc64NVME(data) {
				t.Errorf("copied: %+v, %v", copied, err)
			}
			if _, err := c.minio(t, aliceKey, "us-east-1").PutObject(t.Context(), "alice-home", "parts", bytes.NewReader(data), int64(len(data)), minio.PutObjectOptions{PartSize: 5 << 20}); err != nil {
				t.Fatal(err)
			}
			for _, key := range []string{"put", "copied", "parts"} {
				head, err := client.HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: plainBucket, Key: &key, ChecksumMode: types.ChecksumModeEnabled})
				if err != nil || aws.ToString(head.ChecksumCRC64NVME) != crc64NVME(data) || head.ChecksumType != types.ChecksumTypeFullObject {
					t.Errorf("%s: %+v, %v", key, head, err)
				}
			}
			listed, err := client.ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: plainBucket})
			if err != nil {
				t.Fatal(err)
			}
			for _, object := range listed.Contents {
				if len(object.ChecksumAlgorithm) != 1 || object.ChecksumAlgorithm[0] != types.ChecksumAlgorithmCrc64nvme {
					t.Errorf("%s is listed with %v", *object.Key, object.ChecksumAlgorithm)
				}
			}
		})
	}
}

// TestChecksumsThatDoNotFit sends parts and completions whose checksums do not fit the upload.
func TestChecksumsThatDoNotFit(t *testing.T) {
	c := start(t, twoAccounts())
	client := c.aws(aliceKey, "us-east-1", withoutChecksums)
	for _, test := range []struct {
		name                 string
		algorithm            types.ChecksumAlgorithm // of the upload
		kind                 types.ChecksumType
		part                 types.ChecksumAlgorithm
		edit                 func(*awss3.CompleteMultipartUploadInput)
		partWant, finishWant string // messages
	}{
		{name: "none", part: ""},
		{name: "any in an upload without", part: types.ChecksumAlgorithmCrc32c},
		{name: "composite", algorithm: types.ChecksumAlgorithmSha256, part: types.ChecksumAlgorithmSha256},
		{name: "of the full object", algorithm: types.ChecksumAlgorithmCrc32, kind: types.ChecksumTypeFullObject, part: ""},
		{name: "another in the part", algorithm: types.ChecksumAlgorithmSha256, part: types.ChecksumAlgorithmCrc32, partWant: "expected checksum Type: sha256, actual checksum Type: crc32"},
		{name: "none in the part", algorithm: types.ChecksumAlgorithmSha256, part: "", partWant: "expected checksum Type: sha256, actual checksum Type: null"},
		{
			name: "none in the completion", algorithm: types.ChecksumAlgorithmSha256, part: types.ChecksumAlgorithmSha256, finishWant: "It was missing for part 1 in the request",
			edit: func(in *awss3.CompleteMultipartUploadInput) { in.MultipartUpload.Parts[0].ChecksumSHA256 = nil },
		},
		{
			name: "a wrong one in the completion", algorithm: types.ChecksumAlgorithmSha256, part: types.ChecksumAlgorithmSha256, finishWant: "InvalidPart",
			edit: func(in *awss3.CompleteMultipartUploadInput) {
				in.MultipartUpload.Parts[0].ChecksumSHA256 = aws.String(base64.StdEncoding.EncodeToString(make([]byte, 32)))
			},
		},
		{
			name: "another for the object", algorithm: types.ChecksumAlgorithmSha256, part: types.ChecksumAlgorithmSha256, finishWant: "InvalidRequest",
			edit: func(in *awss3.CompleteMultipartUploadInput) { in.ChecksumCRC32 = aws.String("AAAAAA==") },
		},
		{
			name: "a wrong one for the object", finishWant: "BadDigest",
			edit: func(in *awss3.CompleteMultipartUploadInput) { in.ChecksumCRC64NVME = aws.String("AAAAAAAAAAA=") },
		},
		{
			name: "another type", finishWant: "InvalidRequest",
			edit: func(in *awss3.CompleteMultipartUploadInput) { in.ChecksumType = types.ChecksumTypeComposite },
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			upload, err := client.CreateMultipartUpload(t.Context(), &awss3.CreateMultipartUploadInput{Bucket: plainBucket, Key: someKey, ChecksumAlgorithm: test.algorithm, ChecksumType: test.kind})
			if err != nil {
				t.Fatal(err)
			}
			part, err := client.UploadPart(t.Context(), &awss3.UploadPartInput{Bucket: plainBucket, Key: someKey, UploadId: upload.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("part"), ChecksumAlgorithm: test.part})
			if !refusedWith(err, test.partWant) {
				t.Errorf("part: %v, want %q", err, test.partWant)
			}
			if err != nil {
				return
			}
			in := &awss3.CompleteMultipartUploadInput{Bucket: plainBucket, Key: someKey, UploadId: upload.UploadId, MultipartUpload: &types.CompletedMultipartUpload{
				Parts: []types.CompletedPart{{PartNumber: aws.Int32(1), ETag: part.ETag, ChecksumSHA256: part.ChecksumSHA256, ChecksumCRC32C: part.ChecksumCRC32C}},
			}}
			if test.edit != nil {
				test.edit(in)
			}
			if _, err := client.CompleteMultipartUpload(t.Context(), in); !refusedWith(err, test.finishWant) {
				t.Errorf("completion: %v, want %q", err, test.finishWant)
			}
		})
	}
	several := func(r *http.Request) {
		r.Header.Set("X-Amz-Checksum-Crc32", "AAAAAA==")
		r.Header.Set("X-Amz-Checksum-Crc32c", "AAAAAA==")
	}
	checkAnswer(t, c.send(t, aliceKey, "us-east-1", http.MethodPut, "/alice-home/k", "", several), 400, []string{"InvalidRequest", "Expecting a single x-amz-checksum- header."}, "us-east-1")
}

func refusedWith(err error, want string) bool {
	if want == "" || err == nil {
		return want == "" && err == nil
	}
	return strings.Contains(err.Error(), want)
}
