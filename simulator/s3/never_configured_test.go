package s3_test

import (
	"testing"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// TestNeverConfigured reads what tools that describe a bucket ask for, of a bucket of which nobody set it, and sets it in vain.
func TestNeverConfigured(t *testing.T) {
	client := start(t, twoAccounts()).aws(aliceKey, "us-east-1")
	if out, err := client.GetBucketLogging(t.Context(), &awss3.GetBucketLoggingInput{Bucket: home}); err != nil || out.LoggingEnabled != nil {
		t.Errorf("%+v, %v", out, err)
	}
	if out, err := client.GetBucketAccelerateConfiguration(t.Context(), &awss3.GetBucketAccelerateConfigurationInput{Bucket: home}); err != nil || out.Status != "" {
		t.Errorf("%+v, %v", out, err)
	}
	if out, err := client.GetBucketRequestPayment(t.Context(), &awss3.GetBucketRequestPaymentInput{Bucket: home}); err != nil || out.Payer != types.PayerBucketOwner {
		t.Errorf("%+v, %v", out, err)
	}
	if err := only(client.PutBucketRequestPayment(t.Context(), &awss3.PutBucketRequestPaymentInput{
		Bucket: home, RequestPaymentConfiguration: &types.RequestPaymentConfiguration{Payer: types.PayerRequester},
	})); errorCode(err) != "NotImplemented" {
		t.Errorf("set: %v", err)
	}
}
