package s3_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func TestAttributesAndParts(t *testing.T) {
	client := startTLS(t, twoAccounts()).aws(aliceKey, "us-east-1")
	key, data := aws.String("parts"), content(11<<20)
	for _, kind := range []types.ChecksumType{types.ChecksumTypeComposite, types.ChecksumTypeFullObject} {
		upload, err := client.CreateMultipartUpload(t.Context(), &awss3.CreateMultipartUploadInput{
			Bucket: home, Key: key, ChecksumAlgorithm: types.ChecksumAlgorithmCrc32, ChecksumType: kind,
		})
		if err != nil {
			t.Fatal(err)
		}
		var parts []types.CompletedPart
		for i := range 3 {
			part, err := client.UploadPart(t.Context(), &awss3.UploadPartInput{
				Bucket: home, Key: key, UploadId: upload.UploadId, PartNumber: aws.Int32(int32(2*i + 1)), // numbers may leave gaps
				Body: bytes.NewReader(data[i*5<<20 : min((i+1)*5<<20, len(data))]), ChecksumAlgorithm: types.ChecksumAlgorithmCrc32,
			})
			if err != nil {
				t.Fatal(err)
			}
			parts = append(parts, types.CompletedPart{ETag: part.ETag, PartNumber: aws.Int32(int32(2*i + 1)), ChecksumCRC32: part.ChecksumCRC32})
		}
		complete := &awss3.CompleteMultipartUploadInput{Bucket: home, Key: key, UploadId: upload.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}}
		complete.ChecksumCRC32 = aws.String("AAAAAA==")
		if kind == types.ChecksumTypeComposite {
			complete.ChecksumCRC32 = aws.String("AAAAAA==-3")
		}
		if _, err := client.CompleteMultipartUpload(t.Context(), complete); errorCode(err) != "BadDigest" {
			t.Errorf("%s: completing with a wrong checksum: %v", kind, err)
		}
		complete.ChecksumCRC32 = nil
		done, err := client.CompleteMultipartUpload(t.Context(), complete)
		if err != nil || done.ChecksumType != kind || strings.HasSuffix(aws.ToString(done.ChecksumCRC32), "-3") != (kind == types.ChecksumTypeComposite) {
			t.Errorf("%s: completed with %v %v, %v", kind, aws.ToString(done.ChecksumCRC32), done.ChecksumType, err)
		}
		about, err := client.GetObjectAttributes(t.Context(), &awss3.GetObjectAttributesInput{
			Bucket: home, Key: key, MaxParts: aws.Int32(2), ObjectAttributes: []types.ObjectAttributes{"ETag", "Checksum", "ObjectParts", "ObjectSize", "StorageClass"},
		})
		if err != nil || *about.ObjectSize != int64(len(data)) || len(about.ObjectParts.Parts) != 2 || *about.ObjectParts.TotalPartsCount != 3 || !*about.ObjectParts.IsTruncated || `"`+*about.ETag+`"` != *done.ETag {
			t.Errorf("%s: GetObjectAttributes = %+v, %v", kind, about, err)
		}
		second, err := client.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: home, Key: key, PartNumber: aws.Int32(2)})
		if err != nil || *second.ContentLength != 5<<20 || *second.PartsCount != 3 || *second.ContentRange != fmt.Sprintf("bytes %d-%d/%d", 5<<20, 10<<20-1, len(data)) {
			t.Errorf("%s: part 2 = %+v, %v", kind, second, err)
		}
		if _, err := client.HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: home, Key: key, PartNumber: aws.Int32(4)}); err == nil {
			t.Errorf("%s: there is a part 4", kind)
		}
	}
}
