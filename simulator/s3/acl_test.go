package s3_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func TestACL(t *testing.T) {
	c := start(t, twoAccounts())
	client := c.aws(aliceKey, "us-east-1")
	putText(t, client, "k", "x")
	acl, err := client.GetObjectAcl(t.Context(), &awss3.GetObjectAclInput{Bucket: home, Key: aws.String("k")})
	if err != nil || len(acl.Grants) != 1 || acl.Grants[0].Permission != types.PermissionFullControl || *acl.Grants[0].Grantee.ID != *acl.Owner.ID {
		t.Errorf("ACL = %+v, %v", acl, err)
	}
	for canned, code := range map[types.ObjectCannedACL]string{"private": "", "bucket-owner-full-control": "", "public-read": "AccessControlListNotSupported"} {
		if _, err := client.PutObjectAcl(t.Context(), &awss3.PutObjectAclInput{Bucket: home, Key: aws.String("k"), ACL: canned}); errorCode(err) != code {
			t.Errorf("%s: %v", canned, err)
		}
	}
}
