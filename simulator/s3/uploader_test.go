package s3_test

import (
	"fmt"
	"io"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// TestUploadManager uploads as velero-plugin-for-aws does: a stream without a length, CRC32 in trailers over HTTPS, tags
// and encryption headers; and learns the bucket's region without credentials.
func TestUploadManager(t *testing.T) {
	for name, c := range map[string]*cloud{"http": start(t, twoAccounts()), "https": startTLS(t, twoAccounts())} {
		client := c.aws(aliceKey, "eu-west-1")
		region, err := manager.GetBucketRegion(t.Context(), client, "alice-abroad")
		if err != nil || region != "eu-west-1" {
			t.Errorf("%s: region %q, %v", name, region, err)
		}
		customer := customerKey(7)
		for _, size := range []int{0, 100, 6 << 20, 24 << 20} {
			for mode, edit := range map[string]func(*awss3.PutObjectInput, *awss3.GetObjectInput){
				"plain": func(*awss3.PutObjectInput, *awss3.GetObjectInput) {},
				"tags":  func(put *awss3.PutObjectInput, _ *awss3.GetObjectInput) { put.Tagging = aws.String("a=1&b=2") },
				"kms": func(put *awss3.PutObjectInput, _ *awss3.GetObjectInput) {
					put.ServerSideEncryption, put.SSEKMSKeyId = types.ServerSideEncryptionAwsKms, aws.String("key-1")
				},
				"customer": func(put *awss3.PutObjectInput, get *awss3.GetObjectInput) {
					put.SSECustomerAlgorithm, put.SSECustomerKey, put.SSECustomerKeyMD5 = customer.algorithm, customer.key, customer.sum
					get.SSECustomerAlgorithm, get.SSECustomerKey, get.SSECustomerKeyMD5 = customer.algorithm, customer.key, customer.sum
				},
			} {
				t.Run(fmt.Sprint(name, "/", mode, "/", size), func(t *testing.T) {
					if name == "http" && mode == "customer" {
						return // the SDK refuses to send a key over plain HTTP
					}
					data, key := content(size), aws.String(fmt.Sprint(mode, size))
					put := &awss3.PutObjectInput{Bucket: aws.String("alice-abroad"), Key: key, Body: newStream(data), ChecksumAlgorithm: types.ChecksumAlgorithmCrc32}
					get := &awss3.GetObjectInput{Bucket: aws.String("alice-abroad"), Key: key}
					edit(put, get)
					if _, err := manager.NewUploader(client).Upload(t.Context(), put); err != nil { //nolint:staticcheck // deprecated, and what Velero's plugin uses
						t.Fatal(err)
					}
					got, err := client.GetObject(t.Context(), get)
					if err != nil {
						t.Fatal(err)
					}
					body, err := io.ReadAll(got.Body)
					if err != nil || hash(body) != hash(data) {
						t.Errorf("got %d bytes, %v", len(body), err)
					}
					if got.ServerSideEncryption != put.ServerSideEncryption || (aws.ToInt32(got.TagCount) == 2) != (mode == "tags") {
						t.Errorf("encryption %v, %d tags", got.ServerSideEncryption, aws.ToInt32(got.TagCount))
					}
				})
			}
		}
	}
}
