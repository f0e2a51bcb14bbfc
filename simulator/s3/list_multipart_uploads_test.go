package s3_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
)

func TestMultipartUploadsAreListed(t *testing.T) {
	client := start(t, twoAccounts()).aws(aliceKey, "us-east-1")
	bucket := aws.String("alice-home")
	for want := range 3 {
		listed, err := client.ListMultipartUploads(t.Context(), &awss3.ListMultipartUploadsInput{Bucket: bucket})
		if err != nil || len(listed.Uploads) != want {
			t.Fatalf("%d uploads, expected %d: %v", len(listed.Uploads), want, err)
		}
		if _, err := client.CreateMultipartUpload(t.Context(), &awss3.CreateMultipartUploadInput{Bucket: bucket, Key: aws.String(fmt.Sprint("k", want))}); err != nil {
			t.Fatal(err)
		}
	}
	page, err := client.ListMultipartUploads(t.Context(), &awss3.ListMultipartUploadsInput{Bucket: bucket, MaxUploads: aws.Int32(2)})
	if err != nil || !aws.ToBool(page.IsTruncated) {
		t.Fatalf("page = %+v, %v", page, err)
	}
	page, err = client.ListMultipartUploads(t.Context(), &awss3.ListMultipartUploadsInput{Bucket: bucket, KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker})
	if err != nil || len(page.Uploads) != 1 || aws.ToString(page.Uploads[0].Key) != "k2" {
		t.Fatalf("next page = %+v, %v", page, err)
	}
	for _, key := range []string{"k2", "k2"} {
		_, err = client.AbortMultipartUpload(t.Context(), &awss3.AbortMultipartUploadInput{Bucket: bucket, Key: &key, UploadId: page.Uploads[0].UploadId})
	}
	if err != nil {
		t.Errorf("aborting twice: %v", err)
	}
	_, err = client.AbortMultipartUpload(t.Context(), &awss3.AbortMultipartUploadInput{Bucket: bucket, Key: aws.String("k1"), UploadId: page.Uploads[0].UploadId})
	if errorCode(err) != "NoSuchUpload" {
		t.Errorf("aborting at another key: %v", err)
	}
}
