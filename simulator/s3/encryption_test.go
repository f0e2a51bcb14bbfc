package s3_test

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// customer is a key of 32 equal bytes, as the headers of SSE-C have it.
type customer struct{ algorithm, key, sum *string }

func customerKey(b byte) customer {
	key := bytes.Repeat([]byte{b}, 32)
	sum := md5.Sum(key)
	return customer{aws.String("AES256"), aws.String(base64.StdEncoding.EncodeToString(key)), aws.String(base64.StdEncoding.EncodeToString(sum[:]))}
}

// TestEncryptionOfReads asks for an encryption that only a writer chooses: S3 documents 400 for each read.
func TestEncryptionOfReads(t *testing.T) {
	c := start(t, twoAccounts())
	putText(t, c.aws(aliceKey, "us-east-1"), "k", "x")
	for _, read := range []struct{ method, query, code string }{
		{http.MethodGet, "", "InvalidArgument"},
		{http.MethodHead, "", ""},
		{http.MethodGet, "?attributes", "InvalidArgument"},
	} {
		checkStatus(t, c.send(t, aliceKey, "us-east-1", read.method, "/alice-home/k"+read.query, "", func(r *http.Request) {
			r.Header.Set("X-Amz-Server-Side-Encryption", "AES256")
			r.Header.Set("X-Amz-Object-Attributes", "ETag")
		}), http.StatusBadRequest, read.code)
	}
}

func TestCustomerKeys(t *testing.T) {
	c := startTLS(t, twoAccounts())
	client := c.aws(aliceKey, "us-east-1")
	right, wrong, none := customerKey(1), customerKey(2), customer{}
	put, err := client.PutObject(t.Context(), &awss3.PutObjectInput{
		Bucket: home, Key: aws.String("secret"), Body: strings.NewReader("x"),
		SSECustomerAlgorithm: right.algorithm, SSECustomerKey: right.key, SSECustomerKeyMD5: right.sum,
	})
	if err != nil || aws.ToString(put.SSECustomerKeyMD5) != *right.sum {
		t.Fatalf("%+v, %v", put, err)
	}
	putText(t, client, "open", "x")
	lying := right
	lying.sum = wrong.sum
	for _, test := range []struct {
		object string
		key    customer
		code   string
	}{
		{"secret", right, ""},
		{"secret", none, "InvalidRequest"},
		{"secret", wrong, "AccessDenied"},
		{"secret", lying, "InvalidArgument"},
		{"open", none, ""},
		{"open", right, "InvalidRequest"},
	} {
		_, err := client.GetObject(t.Context(), &awss3.GetObjectInput{
			Bucket: home, Key: &test.object, SSECustomerAlgorithm: test.key.algorithm, SSECustomerKey: test.key.key, SSECustomerKeyMD5: test.key.sum,
		})
		if errorCode(err) != test.code {
			t.Errorf("%s: %v, expected %q", test.object, err, test.code)
		}
		_, err = client.CopyObject(t.Context(), &awss3.CopyObjectInput{
			Bucket: home, Key: aws.String("copy"), CopySource: aws.String("alice-home/" + test.object),
			CopySourceSSECustomerAlgorithm: test.key.algorithm, CopySourceSSECustomerKey: test.key.key, CopySourceSSECustomerKeyMD5: test.key.sum,
		})
		if errorCode(err) != test.code {
			t.Errorf("copying %s: %v, expected %q", test.object, err, test.code)
		}
	}
	if got := getText(t, client, "copy", ""); got != "x" {
		t.Errorf("the copy is not open: %q", got)
	}
	upload, err := client.CreateMultipartUpload(t.Context(), &awss3.CreateMultipartUploadInput{
		Bucket: home, Key: aws.String("parts"), SSECustomerAlgorithm: right.algorithm, SSECustomerKey: right.key, SSECustomerKeyMD5: right.sum,
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.UploadPart(t.Context(), &awss3.UploadPartInput{Bucket: home, Key: aws.String("parts"), UploadId: upload.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("x")})
	if errorCode(err) != "InvalidRequest" {
		t.Errorf("a part without the upload's key: %v", err)
	}
	part, err := client.UploadPart(t.Context(), &awss3.UploadPartInput{
		Bucket: home, Key: aws.String("parts"), UploadId: upload.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("x"),
		SSECustomerAlgorithm: right.algorithm, SSECustomerKey: right.key, SSECustomerKeyMD5: right.sum,
	})
	if err != nil || aws.ToString(part.SSECustomerAlgorithm) != "AES256" || aws.ToString(part.SSECustomerKeyMD5) != aws.ToString(right.sum) {
		t.Errorf("a part with the key: %+v, %v", part, err)
	}
	copied, err := client.UploadPartCopy(t.Context(), &awss3.UploadPartCopyInput{
		Bucket: home, Key: aws.String("parts"), UploadId: upload.UploadId, PartNumber: aws.Int32(2), CopySource: aws.String("alice-home/copy"),
		SSECustomerAlgorithm: right.algorithm, SSECustomerKey: right.key, SSECustomerKeyMD5: right.sum,
	})
	if err != nil || aws.ToString(copied.SSECustomerAlgorithm) != "AES256" || aws.ToString(copied.SSECustomerKeyMD5) != aws.ToString(right.sum) {
		t.Errorf("a copied part with the key: %+v, %v", copied, err)
	}
}

func TestBucketEncryption(t *testing.T) {
	client := start(t, twoAccounts()).aws(aliceKey, "us-east-1")
	if _, err := client.GetBucketEncryption(t.Context(), &awss3.GetBucketEncryptionInput{Bucket: home}); errorCode(err) != "ServerSideEncryptionConfigurationNotFoundError" {
		t.Errorf("before: %v", err)
	}
	_, err := client.PutBucketEncryption(t.Context(), &awss3.PutBucketEncryptionInput{Bucket: home, ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{
		Rules: []types.ServerSideEncryptionRule{{BucketKeyEnabled: aws.Bool(true), ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{
			SSEAlgorithm: types.ServerSideEncryptionAwsKms, KMSMasterKeyID: aws.String("key-1"),
		}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for key, test := range map[string]struct {
		asked, want types.ServerSideEncryption
		id          string
	}{"default": {"", types.ServerSideEncryptionAwsKms, "key-1"}, "own": {types.ServerSideEncryptionAes256, types.ServerSideEncryptionAes256, ""}} {
		put, err := client.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: home, Key: &key, Body: strings.NewReader("x"), ServerSideEncryption: test.asked})
		if err != nil || put.ServerSideEncryption != test.want {
			t.Errorf("%s: PUT answers %v, %v", key, put, err)
		}
		head, err := client.HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: home, Key: &key})
		if err != nil || head.ServerSideEncryption != test.want || aws.ToString(head.SSEKMSKeyId) != test.id {
			t.Errorf("%s: HEAD answers %v, %v", key, head, err)
		}
		upload, err := client.CreateMultipartUpload(t.Context(), &awss3.CreateMultipartUploadInput{Bucket: home, Key: &key, ServerSideEncryption: test.asked})
		if err != nil {
			t.Fatal(err)
		}
		part, err := client.UploadPart(t.Context(), &awss3.UploadPartInput{Bucket: home, Key: &key, UploadId: upload.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("x")})
		if err != nil || part.ServerSideEncryption != test.want || aws.ToString(part.SSEKMSKeyId) != test.id || aws.ToBool(part.BucketKeyEnabled) != (test.id != "") {
			t.Errorf("%s: a part answers %+v, %v", key, part, err)
		}
	}
}
