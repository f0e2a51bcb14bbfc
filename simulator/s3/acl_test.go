package s3_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/accounts"
	"github.com/velero-locations/velero-locations/simulator/policy"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// TestACL shows that a bucket whose owner owns everything takes no ACL but its owner's full control.
func TestACL(t *testing.T) {
	c := start(t, twoAccounts())
	client := c.aws(aliceKey, "us-east-1")
	putText(t, client, "k", "x")
	acl, err := client.GetObjectAcl(t.Context(), &awss3.GetObjectAclInput{Bucket: home, Key: aws.String("k")})
	if err != nil || len(acl.Grants) != 1 || acl.Grants[0].Permission != types.PermissionFullControl || *acl.Grants[0].Grantee.ID != *acl.Owner.ID {
		t.Fatalf("ACL = %+v, %v", acl, err)
	}
	same := &types.AccessControlPolicy{Owner: acl.Owner, Grants: acl.Grants}
	if _, err := client.PutObjectAcl(t.Context(), &awss3.PutObjectAclInput{Bucket: home, Key: aws.String("k"), AccessControlPolicy: same}); err != nil {
		t.Errorf("the ACL as it is: %v", err)
	}
	writable := `{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "` + bob + `"}, "Action": "s3:PutObject*", "Resource": "arn:aws:s3:::alice-home/*"}]}`
	if err := only(client.PutBucketPolicy(t.Context(), &awss3.PutBucketPolicyInput{Bucket: home, Policy: &writable})); err != nil {
		t.Fatal(err)
	}
	others := c.aws(bobKey, "us-east-1")
	const refused = "AccessControlListNotSupported"
	// The owner's "private" is what rclone sends, and other clients by default (rclone/rclone#6413: it fails in the buckets of others).
	for canned, want := range map[string]struct{ put, byOthers, acl string }{
		"bucket-owner-full-control": {"", "", ""}, "private": {"", refused, refused}, "public-read": {refused, refused, refused},
		"bucket-owner-read": {refused, refused, refused}, "guess": {"InvalidArgument", "InvalidArgument", "InvalidArgument"},
	} {
		object, bucket := types.ObjectCannedACL(canned), types.BucketCannedACL(canned)
		put := &awss3.PutObjectInput{Bucket: home, Key: aws.String("k"), ACL: object}
		for name, got := range map[string]struct {
			err  error
			code string
		}{
			"PutObject":             {only(client.PutObject(t.Context(), put)), want.put},
			"PutObject of others":   {only(others.PutObject(t.Context(), put)), want.byOthers},
			"CreateMultipartUpload": {only(client.CreateMultipartUpload(t.Context(), &awss3.CreateMultipartUploadInput{Bucket: home, Key: aws.String("k"), ACL: object})), want.put},
			"CopyObject":            {only(client.CopyObject(t.Context(), &awss3.CopyObjectInput{Bucket: home, Key: aws.String("c"), CopySource: aws.String(*home + "/k"), ACL: object})), want.put},
			"PutObjectAcl":          {only(client.PutObjectAcl(t.Context(), &awss3.PutObjectAclInput{Bucket: home, Key: aws.String("k"), ACL: object})), want.acl},
			"PutBucketAcl":          {only(client.PutBucketAcl(t.Context(), &awss3.PutBucketAclInput{Bucket: home, ACL: bucket})), want.acl},
		} {
			if errorCode(got.err) != got.code {
				t.Errorf("%s with %s: %v, want %q", name, canned, got.err, got.code)
			}
		}
	}
}

// canonical is how ACLs name an account.
func canonical(account string) string { return accounts.Account{ID: account}.CanonicalID() }

// anonymous is a client that does not sign.
func (c *cloud) anonymous() *awss3.Client {
	return c.aws(aliceKey, "us-east-1", func(o *awss3.Options) { o.Credentials = aws.AnonymousCredentials{} })
}

// withACLs starts a cloud in which ACLs of alice's bucket count, and may let everybody in. It has an object of hers.
func withACLs(t *testing.T, config simulator.Config, owner types.ObjectOwnership) (*cloud, *awss3.Client) {
	t.Helper()
	c := start(t, config)
	client := c.aws(aliceKey, "us-east-1")
	enableACLs(t, client, owner)
	putText(t, client, "k", "text")
	return c, client
}

func enableACLs(t *testing.T, client *awss3.Client, owner types.ObjectOwnership) {
	t.Helper()
	err := only(client.DeletePublicAccessBlock(t.Context(), &awss3.DeletePublicAccessBlockInput{Bucket: home}))
	if err == nil {
		err = only(client.PutBucketOwnershipControls(t.Context(), &awss3.PutBucketOwnershipControlsInput{Bucket: home, OwnershipControls: ownedBy(owner)}))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// attempts are what an ACL may let somebody do with alice's bucket and its object k, those that change something last.
var attempts = []struct {
	name string
	try  func(context.Context, *awss3.Client) error
}{
	{"head", func(ctx context.Context, c *awss3.Client) error {
		return only(c.HeadBucket(ctx, &awss3.HeadBucketInput{Bucket: home}))
	}},
	{"list", func(ctx context.Context, c *awss3.Client) error {
		return only(c.ListObjectsV2(ctx, &awss3.ListObjectsV2Input{Bucket: home}))
	}},
	{"versions", func(ctx context.Context, c *awss3.Client) error {
		return only(c.ListObjectVersions(ctx, &awss3.ListObjectVersionsInput{Bucket: home}))
	}},
	{"bucket-acl", func(ctx context.Context, c *awss3.Client) error {
		return only(c.GetBucketAcl(ctx, &awss3.GetBucketAclInput{Bucket: home}))
	}},
	{"get", func(ctx context.Context, c *awss3.Client) error {
		return only(c.GetObject(ctx, &awss3.GetObjectInput{Bucket: home, Key: aws.String("k")}))
	}},
	{"version", func(ctx context.Context, c *awss3.Client) error {
		return only(c.GetObject(ctx, &awss3.GetObjectInput{Bucket: home, Key: aws.String("k"), VersionId: aws.String("null")}))
	}},
	{"acl", func(ctx context.Context, c *awss3.Client) error {
		return only(c.GetObjectAcl(ctx, &awss3.GetObjectAclInput{Bucket: home, Key: aws.String("k")}))
	}},
	{"tags", func(ctx context.Context, c *awss3.Client) error {
		return only(c.GetObjectTagging(ctx, &awss3.GetObjectTaggingInput{Bucket: home, Key: aws.String("k")}))
	}},
	{"policy", func(ctx context.Context, c *awss3.Client) error {
		return only(c.GetBucketPolicyStatus(ctx, &awss3.GetBucketPolicyStatusInput{Bucket: home}))
	}},
	{"delete", func(ctx context.Context, c *awss3.Client) error {
		return only(c.DeleteObject(ctx, &awss3.DeleteObjectInput{Bucket: home, Key: aws.String("k")}))
	}},
	{"put", func(ctx context.Context, c *awss3.Client) error {
		return only(c.PutObject(ctx, &awss3.PutObjectInput{Bucket: home, Key: aws.String("new"), Body: strings.NewReader("new")}))
	}},
	{"set-acl", func(ctx context.Context, c *awss3.Client) error {
		return only(c.PutObjectAcl(ctx, &awss3.PutObjectAclInput{Bucket: home, Key: aws.String("k"), ACL: "private"}))
	}},
	{"set-bucket-acl", func(ctx context.Context, c *awss3.Client) error {
		return only(c.PutBucketAcl(ctx, &awss3.PutBucketAclInput{Bucket: home, ACL: "private"}))
	}},
}

// allowed are the names of the attempts that succeed; the others must be refused as S3 refuses.
func allowed(t *testing.T, client *awss3.Client) string {
	t.Helper()
	var out []string
	for _, attempt := range attempts {
		switch err := attempt.try(t.Context(), client); {
		case err == nil || errorCode(err) == "NoSuchBucketPolicy":
			out = append(out, attempt.name)
		case errorCode(err) != "AccessDenied" && errorCode(err) != "Forbidden":
			t.Errorf("%s: %v", attempt.name, err)
		}
	}
	return strings.Join(out, " ")
}

func toBob(permission types.Permission) *types.AccessControlPolicy {
	return granting(permission, &types.Grantee{Type: types.TypeCanonicalUser, ID: aws.String(canonical(bob))})
}

func granting(permission types.Permission, to *types.Grantee) *types.AccessControlPolicy {
	owner := aws.String(canonical(alice))
	return &types.AccessControlPolicy{Owner: &types.Owner{ID: owner}, Grants: []types.Grant{
		{Permission: types.PermissionFullControl, Grantee: &types.Grantee{Type: types.TypeCanonicalUser, ID: owner}},
		{Permission: permission, Grantee: to},
	}}
}

// TestACLGrants shows what each ACL of a bucket and of an object grants to another account, and to everybody.
func TestACLGrants(t *testing.T) {
	everybody := aws.String(store.AllUsers)
	byHeader := `id="` + canonical(bob) + `"`
	const lists = "head list versions"
	for name, test := range map[string]struct {
		bucket      *awss3.PutBucketAclInput
		object      *awss3.PutObjectAclInput
		bob, nobody string
	}{
		"nothing":                    {},
		"bucket private":             {bucket: &awss3.PutBucketAclInput{ACL: "private"}},
		"bucket public-read":         {bucket: &awss3.PutBucketAclInput{ACL: "public-read"}, bob: lists, nobody: lists},
		"bucket public-read-write":   {bucket: &awss3.PutBucketAclInput{ACL: "public-read-write"}, bob: lists + " put", nobody: lists + " put"},
		"bucket authenticated-read":  {bucket: &awss3.PutBucketAclInput{ACL: "authenticated-read"}, bob: lists},
		"bucket log-delivery-write":  {bucket: &awss3.PutBucketAclInput{ACL: "log-delivery-write"}},
		"bucket READ":                {bucket: &awss3.PutBucketAclInput{AccessControlPolicy: toBob("READ")}, bob: lists},
		"bucket WRITE":               {bucket: &awss3.PutBucketAclInput{AccessControlPolicy: toBob("WRITE")}, bob: "put"},
		"bucket READ_ACP":            {bucket: &awss3.PutBucketAclInput{AccessControlPolicy: toBob("READ_ACP")}, bob: "bucket-acl"},
		"bucket WRITE_ACP":           {bucket: &awss3.PutBucketAclInput{AccessControlPolicy: toBob("WRITE_ACP")}, bob: "set-bucket-acl"},
		"bucket FULL_CONTROL":        {bucket: &awss3.PutBucketAclInput{AccessControlPolicy: toBob("FULL_CONTROL")}, bob: lists + " bucket-acl put set-bucket-acl"},
		"bucket READ by a header":    {bucket: &awss3.PutBucketAclInput{GrantRead: &byHeader}, bob: lists},
		"bucket READ_ACP to all":     {bucket: &awss3.PutBucketAclInput{AccessControlPolicy: granting("READ_ACP", &types.Grantee{Type: "Group", URI: everybody})}, bob: "bucket-acl", nobody: "bucket-acl"},
		"object private":             {object: &awss3.PutObjectAclInput{ACL: "private"}},
		"object public-read":         {object: &awss3.PutObjectAclInput{ACL: "public-read"}, bob: "get version", nobody: "get version"},
		"object public-read-write":   {object: &awss3.PutObjectAclInput{ACL: "public-read-write"}, bob: "get version", nobody: "get version"},
		"object authenticated-read":  {object: &awss3.PutObjectAclInput{ACL: "authenticated-read"}, bob: "get version"},
		"object aws-exec-read":       {object: &awss3.PutObjectAclInput{ACL: "aws-exec-read"}},
		"object bucket-owner-read":   {object: &awss3.PutObjectAclInput{ACL: "bucket-owner-read"}},
		"object READ":                {object: &awss3.PutObjectAclInput{AccessControlPolicy: toBob("READ")}, bob: "get version"},
		"object WRITE":               {object: &awss3.PutObjectAclInput{AccessControlPolicy: toBob("WRITE")}},
		"object READ_ACP":            {object: &awss3.PutObjectAclInput{AccessControlPolicy: toBob("READ_ACP")}, bob: "acl"},
		"object WRITE_ACP":           {object: &awss3.PutObjectAclInput{AccessControlPolicy: toBob("WRITE_ACP")}, bob: "set-acl"},
		"object FULL_CONTROL":        {object: &awss3.PutObjectAclInput{AccessControlPolicy: toBob("FULL_CONTROL")}, bob: "get version acl set-acl"},
		"object READ_ACP by headers": {object: &awss3.PutObjectAclInput{GrantReadACP: &byHeader, GrantFullControl: aws.String(`id=` + canonical(alice))}, bob: "acl"},
	} {
		t.Run(name, func(t *testing.T) {
			for who, want := range map[string]string{"bob": test.bob, "nobody": test.nobody} {
				c, client := withACLs(t, twoAccounts(), types.ObjectOwnershipObjectWriter)
				var err error
				if test.bucket != nil {
					test.bucket.Bucket = home
					err = only(client.PutBucketAcl(t.Context(), test.bucket))
				}
				if test.object != nil {
					test.object.Bucket, test.object.Key = home, aws.String("k")
					err = only(client.PutObjectAcl(t.Context(), test.object))
				}
				if err != nil {
					t.Fatal(err)
				}
				tries := c.aws(bobKey, "us-east-1")
				if who == "nobody" {
					tries = c.anonymous()
				}
				if got := allowed(t, tries); got != want {
					t.Errorf("%s may %q, want %q", who, got, want)
				}
			}
		})
	}
}

// TestACLsAndPolicies shows that an ACL is one of several that decide: a denial wins, another account's own policy must allow, too, the
// keys of the owner's account get nothing by its full control, and what is public can be ignored.
func TestACLsAndPolicies(t *testing.T) {
	config := twoAccounts()
	lister := simulator.AccessKeyConfig{ID: "AKIALISTER", Secret: "lister secret", Policy: policy.Policy{allow("s3:ListBucket")}}
	bobsLister := simulator.AccessKeyConfig{ID: "AKIABOBSLISTER", Secret: "bob's lister secret", Policy: policy.Policy{allow("s3:ListBucket")}}
	config.Accounts[0].AccessKeys = append(config.Accounts[0].AccessKeys, lister)
	config.Accounts[1].AccessKeys = append(config.Accounts[1].AccessKeys, bobsLister)
	c, client := withACLs(t, config, types.ObjectOwnershipBucketOwnerPreferred)
	get := func(key simulator.AccessKeyConfig) string {
		return errorCode(only(c.aws(key, "us-east-1").GetObject(t.Context(), &awss3.GetObjectInput{Bucket: home, Key: aws.String("k")})))
	}
	set := func(acl *awss3.PutObjectAclInput) {
		t.Helper()
		acl.Bucket, acl.Key = home, aws.String("k")
		if err := only(client.PutObjectAcl(t.Context(), acl)); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(what string, want map[string]string) {
		t.Helper()
		for _, key := range []simulator.AccessKeyConfig{aliceKey, lister, bobKey, bobsLister} {
			if got := get(key); got != want[key.ID] {
				t.Errorf("%s: %s gets %q, want %q", what, key.ID, got, want[key.ID])
			}
		}
	}
	const denied = "AccessDenied"
	set(&awss3.PutObjectAclInput{AccessControlPolicy: toBob("READ")})
	expect("granted to bob", map[string]string{lister.ID: denied, bobsLister.ID: denied})
	set(&awss3.PutObjectAclInput{ACL: "public-read"})
	expect("public", map[string]string{bobsLister.ID: denied})
	block := &types.PublicAccessBlockConfiguration{IgnorePublicAcls: aws.Bool(true)}
	if err := only(client.PutPublicAccessBlock(t.Context(), &awss3.PutPublicAccessBlockInput{Bucket: home, PublicAccessBlockConfiguration: block})); err != nil {
		t.Fatal(err)
	}
	expect("public, and ignored", map[string]string{lister.ID: denied, bobKey.ID: denied, bobsLister.ID: denied})
	set(&awss3.PutObjectAclInput{AccessControlPolicy: toBob("READ")})
	denial := `{"Statement": [{"Effect": "Deny", "Principal": {"AWS": "` + bob + `"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::alice-home/*"}]}`
	if err := only(client.PutBucketPolicy(t.Context(), &awss3.PutBucketPolicyInput{Bucket: home, Policy: &denial})); err != nil {
		t.Fatal(err)
	}
	expect("denied", map[string]string{lister.ID: denied, bobKey.ID: denied, bobsLister.ID: denied})
	if err := only(client.DeleteBucketPolicy(t.Context(), &awss3.DeleteBucketPolicyInput{Bucket: home})); err != nil {
		t.Fatal(err)
	}
	nothing := toBob("READ")
	nothing.Grants = []types.Grant{}
	set(&awss3.PutObjectAclInput{AccessControlPolicy: nothing})
	expect("granted to nobody", map[string]string{aliceKey.ID: denied, lister.ID: denied, bobKey.ID: denied, bobsLister.ID: denied})
	set(&awss3.PutObjectAclInput{AccessControlPolicy: toBob("READ")})
	if err := only(client.PutBucketOwnershipControls(t.Context(), &awss3.PutBucketOwnershipControlsInput{Bucket: home, OwnershipControls: ownedBy("BucketOwnerEnforced")})); err != nil {
		t.Fatal(err)
	}
	expect("disabled", map[string]string{lister.ID: denied, bobKey.ID: denied, bobsLister.ID: denied})
}

// TestPermissionToSetACL: whoever may write and not set ACLs writes without one.
func TestPermissionToSetACL(t *testing.T) {
	config := twoAccounts()
	writer := simulator.AccessKeyConfig{ID: "AKIABOBSWRITER", Secret: "bob's writer secret", Policy: policy.Policy{allow("s3:PutObject")}}
	config.Accounts[1].AccessKeys = append(config.Accounts[1].AccessKeys, writer)
	c, client := withACLs(t, config, types.ObjectOwnershipObjectWriter)
	if err := only(client.PutBucketAcl(t.Context(), &awss3.PutBucketAclInput{Bucket: home, ACL: "public-read-write"})); err != nil {
		t.Fatal(err)
	}
	for acl, codes := range map[types.ObjectCannedACL]map[string]string{"": {}, "public-read": {writer.ID: "AccessDenied"}} {
		for _, key := range []simulator.AccessKeyConfig{writer, bobKey} {
			err := only(c.aws(key, "us-east-1").PutObject(t.Context(), &awss3.PutObjectInput{Bucket: home, Key: aws.String("new"), ACL: acl}))
			if errorCode(err) != codes[key.ID] {
				t.Errorf("%s with %q: %v, want %q", key.ID, acl, err, codes[key.ID])
			}
		}
	}
}

// TestMissingKeysByACL: whoever may list a bucket learns that it lacks a key.
func TestMissingKeysByACL(t *testing.T) {
	c, client := withACLs(t, twoAccounts(), types.ObjectOwnershipObjectWriter)
	for canned, code := range map[types.BucketCannedACL]string{"private": "AccessDenied", "public-read": "NoSuchKey"} {
		if err := only(client.PutBucketAcl(t.Context(), &awss3.PutBucketAclInput{Bucket: home, ACL: canned})); err != nil {
			t.Fatal(err)
		}
		for _, other := range []*awss3.Client{c.aws(bobKey, "us-east-1"), c.anonymous()} {
			if err := only(other.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: home, Key: aws.String("none")})); errorCode(err) != code {
				t.Errorf("%s: %v, want %s", canned, err, code)
			}
		}
	}
}

// TestObjectOwners has bob write to alice's bucket, in all ways, and shows who owns the object then, who may read it, and that this is
// kept on disk.
func TestObjectOwners(t *testing.T) {
	for name, test := range map[string]struct {
		ownership types.ObjectOwnership
		acl       types.ObjectCannedACL
		owner     string
		// alice and bob are what they get who read it.
		alice, bob string
	}{
		"writer":                      {types.ObjectOwnershipObjectWriter, "", bob, "AccessDenied", ""},
		"writer, owner reads":         {types.ObjectOwnershipObjectWriter, "bucket-owner-read", bob, "", ""},
		"writer, owner has all":       {types.ObjectOwnershipObjectWriter, "bucket-owner-full-control", bob, "", ""},
		"preferred":                   {types.ObjectOwnershipBucketOwnerPreferred, "", bob, "AccessDenied", ""},
		"preferred, owner reads":      {types.ObjectOwnershipBucketOwnerPreferred, "bucket-owner-read", bob, "", ""},
		"preferred, owner has all":    {types.ObjectOwnershipBucketOwnerPreferred, "bucket-owner-full-control", alice, "", "AccessDenied"},
		"preferred, and made public":  {types.ObjectOwnershipBucketOwnerPreferred, "public-read", bob, "", ""},
		"preferred, authenticated":    {types.ObjectOwnershipBucketOwnerPreferred, "authenticated-read", bob, "", ""},
		"writer, for EC2's own reads": {types.ObjectOwnershipObjectWriter, "aws-exec-read", bob, "AccessDenied", ""},
	} {
		t.Run(name, func(t *testing.T) {
			config := twoAccounts()
			config.DataDir = t.TempDir()
			t.Run("written", func(t *testing.T) {
				c, client := withACLs(t, config, test.ownership)
				if err := only(client.PutBucketAcl(t.Context(), &awss3.PutBucketAclInput{Bucket: home, ACL: "public-read-write"})); err != nil {
					t.Fatal(err)
				}
				writes(t, c.aws(bobKey, "us-east-1"), test.acl, test.owner)
				checkOwners(t, c, test.owner, test.alice, test.bob)
			})
			t.Run("after a restart", func(t *testing.T) {
				checkOwners(t, start(t, config), test.owner, test.alice, test.bob)
			})
		})
	}
}

// TestOwnersInState takes owners and ACLs to another simulator, in an archive of the whole state.
func TestOwnersInState(t *testing.T) {
	c, client := withACLs(t, twoAccounts(), types.ObjectOwnershipObjectWriter)
	if err := only(client.PutBucketAcl(t.Context(), &awss3.PutBucketAclInput{Bucket: home, ACL: "public-read-write"})); err != nil {
		t.Fatal(err)
	}
	writes(t, c.aws(bobKey, "us-east-1"), "public-read", bob)
	var saved bytes.Buffer
	if err := c.SaveState(&saved); err != nil {
		t.Fatal(err)
	}
	other := start(t, twoAccounts())
	if err := other.LoadState(&saved); err != nil {
		t.Fatal(err)
	}
	checkOwners(t, other, bob, "", "")
	if got, want := allowed(t, other.anonymous()), "head list versions put"; got != want {
		t.Errorf("everybody may %q, want %q", got, want)
	}
}

// written are the keys that writes writes.
var written = []string{"put", "copy", "parts"}

// writes puts, copies and uploads an object in parts, with an ACL, and looks at the upload meanwhile.
func writes(t *testing.T, client *awss3.Client, acl types.ObjectCannedACL, owner string) {
	t.Helper()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ok(only(client.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: aws.String("bob-home"), Key: someKey, Body: strings.NewReader("text")})))
	ok(only(client.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: home, Key: aws.String("put"), Body: strings.NewReader("text"), ACL: acl})))
	ok(only(client.CopyObject(t.Context(), &awss3.CopyObjectInput{Bucket: home, Key: aws.String("copy"), CopySource: aws.String("bob-home/k"), ACL: acl})))
	created, err := client.CreateMultipartUpload(t.Context(), &awss3.CreateMultipartUploadInput{Bucket: home, Key: aws.String("parts"), ACL: acl})
	ok(err)
	part, err := client.UploadPart(t.Context(), &awss3.UploadPartInput{Bucket: home, Key: aws.String("parts"), UploadId: created.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("text")})
	ok(err)
	uploads, err := client.ListMultipartUploads(t.Context(), &awss3.ListMultipartUploadsInput{Bucket: home})
	ok(err)
	parts, err := client.ListParts(t.Context(), &awss3.ListPartsInput{Bucket: home, Key: aws.String("parts"), UploadId: created.UploadId})
	ok(err)
	for _, got := range [][]string{{*uploads.Uploads[0].Initiator.ID, *uploads.Uploads[0].Owner.ID}, {*parts.Initiator.ID, *parts.Owner.ID}} {
		if !slices.Equal(got, []string{canonical(bob), canonical(owner)}) {
			t.Errorf("initiator and owner of the upload are %q", got)
		}
	}
	ok(only(client.CompleteMultipartUpload(t.Context(), &awss3.CompleteMultipartUploadInput{
		Bucket: home, Key: aws.String("parts"), UploadId: created.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{PartNumber: aws.Int32(1), ETag: part.ETag}}},
	})))
	other, err := client.CreateMultipartUpload(t.Context(), &awss3.CreateMultipartUploadInput{Bucket: home, Key: aws.String("other")})
	ok(err)
	ok(only(client.AbortMultipartUpload(t.Context(), &awss3.AbortMultipartUploadInput{Bucket: home, Key: aws.String("other"), UploadId: other.UploadId})))
}

// checkOwners looks for the owner wherever S3 tells it, and has alice and bob read what was written.
func checkOwners(t *testing.T, c *cloud, owner, alices, bobs string) {
	t.Helper()
	clients := map[string]*awss3.Client{alice: c.aws(aliceKey, "us-east-1"), bob: c.aws(bobKey, "us-east-1")}
	client := clients[alice]
	owners := map[string][]string{}
	add := func(key string, owner *types.Owner) { owners[key] = append(owners[key], *owner.ID) }
	first, err := client.ListObjects(t.Context(), &awss3.ListObjectsInput{Bucket: home})
	if err != nil {
		t.Fatal(err)
	}
	second, err := client.ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: home, FetchOwner: aws.Bool(true)})
	if err != nil {
		t.Fatal(err)
	}
	versions, err := client.ListObjectVersions(t.Context(), &awss3.ListObjectVersionsInput{Bucket: home})
	if err != nil {
		t.Fatal(err)
	}
	for i := range first.Contents {
		add(*first.Contents[i].Key, first.Contents[i].Owner)
		add(*second.Contents[i].Key, second.Contents[i].Owner)
		add(*versions.Versions[i].Key, versions.Versions[i].Owner)
	}
	for _, key := range written {
		acl, err := clients[owner].GetObjectAcl(t.Context(), &awss3.GetObjectAclInput{Bucket: home, Key: &key})
		if err != nil {
			t.Fatalf("the owner reads the ACL of %s: %v", key, err)
		}
		add(key, acl.Owner)
		if want := slices.Repeat([]string{canonical(owner)}, 4); !slices.Equal(owners[key], want) {
			t.Errorf("%s is owned by %q, want %q", key, owners[key], want)
		}
		for account, code := range map[string]string{alice: alices, bob: bobs} {
			if err := only(clients[account].GetObject(t.Context(), &awss3.GetObjectInput{Bucket: home, Key: &key})); errorCode(err) != code {
				t.Errorf("%s reads %s: %v, want %q", account, key, err, code)
			}
		}
	}
	if want := slices.Repeat([]string{canonical(alice)}, 3); !slices.Equal(owners["k"], want) {
		t.Errorf("what alice wrote is owned by %q", owners["k"])
	}
}

// TestForeignObjects shows what the owner of a bucket may do with an object that is not hers, and what its owner may do.
func TestForeignObjects(t *testing.T) {
	c, client := withACLs(t, twoAccounts(), types.ObjectOwnershipObjectWriter)
	others := c.aws(bobKey, "us-east-1")
	allowAll := `{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::alice-home/*"}]}`
	for _, err := range []error{
		only(client.PutBucketAcl(t.Context(), &awss3.PutBucketAclInput{Bucket: home, ACL: "public-read-write"})),
		only(client.PutBucketPolicy(t.Context(), &awss3.PutBucketPolicyInput{Bucket: home, Policy: &allowAll})),
		only(others.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: home, Key: aws.String("bobs"), Body: strings.NewReader("text")})),
		only(others.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: home, Key: aws.String("bobs too"), Body: strings.NewReader("text")})),
		only(c.anonymous().GetObject(t.Context(), &awss3.GetObjectInput{Bucket: home, Key: someKey})),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	bobs := aws.String("bobs")
	for what, test := range map[string]struct {
		err  error
		code string
	}{
		"a bucket's policy does not let others read it": {only(c.anonymous().GetObject(t.Context(), &awss3.GetObjectInput{Bucket: home, Key: bobs})), "AccessDenied"},
		"nor the bucket's owner":                        {only(client.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: home, Key: bobs})), "AccessDenied"},
		"who does not see its tags":                     {only(client.GetObjectTagging(t.Context(), &awss3.GetObjectTaggingInput{Bucket: home, Key: bobs})), "AccessDenied"},
		"and does not take it over":                     {only(client.PutObjectAcl(t.Context(), &awss3.PutObjectAclInput{Bucket: home, Key: bobs, ACL: "private"})), "AccessDenied"},
		"its owner does not delete what is not its own": {only(others.DeleteObject(t.Context(), &awss3.DeleteObjectInput{Bucket: home, Key: someKey})), "AccessDenied"},
		"its owner tags it":                             {only(others.PutObjectTagging(t.Context(), &awss3.PutObjectTaggingInput{Bucket: home, Key: bobs, Tagging: &types.Tagging{}})), ""},
	} {
		if errorCode(test.err) != test.code {
			t.Errorf("%s: %v, want %q", what, test.err, test.code)
		}
	}
	if err := only(others.PutObjectAcl(t.Context(), &awss3.PutObjectAclInput{Bucket: home, Key: bobs, ACL: "bucket-owner-read"})); err != nil {
		t.Fatal(err)
	}
	read, err := client.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: home, Key: bobs})
	if err != nil {
		t.Fatal(err)
	}
	if content, err := io.ReadAll(read.Body); err != nil || string(content) != "text" {
		t.Errorf("%q, %v", content, err)
	}
	for key, deleter := range map[string]*awss3.Client{"bobs": client, "bobs too": others} {
		if err := only(deleter.DeleteObject(t.Context(), &awss3.DeleteObjectInput{Bucket: home, Key: &key})); err != nil {
			t.Errorf("deleting %s: %v", key, err)
		}
	}
}

// TestACLRefused is the table of what is no ACL.
func TestACLRefused(t *testing.T) {
	c, _ := withACLs(t, twoAccounts(), types.ObjectOwnershipObjectWriter)
	owner := "<Owner><ID>" + canonical(alice) + "</ID></Owner>"
	document := func(inner string) string { return "<AccessControlPolicy>" + inner + "</AccessControlPolicy>" }
	grant := func(kind, grantee, permission string) string {
		return `<Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="` + kind + `">` + grantee + "</Grantee><Permission>" + permission + "</Permission></Grant>"
	}
	grants := func(all string) string { return document(owner + "<AccessControlList>" + all + "</AccessControlList>") }
	toAll := grant("Group", "<URI>"+store.AllUsers+"</URI>", "READ")
	for name, test := range map[string]struct {
		header, value, body string
		status              int
		code                string
	}{
		"nothing":                       {"", "", "", 400, "MissingSecurityHeader"},
		"no such canned ACL":            {"X-Amz-Acl", "public", "", 400, "InvalidArgument"},
		"a header and a document":       {"X-Amz-Acl", "private", grants(toAll), 400, "UnexpectedContent"},
		"no such account in a header":   {"X-Amz-Grant-Read", `id="someone"`, "", 400, "InvalidArgument"},
		"no such group in a header":     {"X-Amz-Grant-Read", `uri="http://acs.amazonaws.com/groups/global/Some"`, "", 400, "InvalidArgument"},
		"no such kind of grantee":       {"X-Amz-Grant-Read", `name="bob"`, "", 400, "InvalidArgument"},
		"an address of mail":            {"X-Amz-Grant-Read", `emailAddress="bob@example.com"`, "", 405, "MethodNotAllowed"},
		"several grantees":              {"X-Amz-Grant-Read", `id="` + canonical(bob) + `", uri=` + store.AllUsers, "", 200, ""},
		"one of several is nobody":      {"X-Amz-Grant-Read", `id="` + canonical(bob) + `", id=someone`, "", 400, "InvalidArgument"},
		"no XML":                        {"", "", "<AccessControl", 400, "MalformedACLError"},
		"another document":              {"", "", "<Tagging/>", 400, "MalformedACLError"},
		"no owner":                      {"", "", document("<AccessControlList/>"), 400, "MalformedACLError"},
		"no list":                       {"", "", document(owner), 400, "MalformedACLError"},
		"another owner":                 {"", "", document("<Owner><ID>" + canonical(bob) + "</ID></Owner><AccessControlList/>"), 403, "AccessDenied"},
		"no such permission":            {"", "", grants(grant("Group", "<URI>"+store.AllUsers+"</URI>", "DELETE")), 400, "MalformedACLError"},
		"no such type":                  {"", "", grants(grant("User", "<ID>"+canonical(bob)+"</ID>", "READ")), 400, "MalformedACLError"},
		"a type that does not fit":      {"", "", grants(grant("CanonicalUser", "<URI>"+store.AllUsers+"</URI>", "READ")), 400, "MalformedACLError"},
		"no such account":               {"", "", grants(grant("CanonicalUser", "<ID>someone</ID>", "READ")), 400, "InvalidArgument"},
		"no such group":                 {"", "", grants(grant("Group", "<URI>all</URI>", "READ")), 400, "InvalidArgument"},
		"an address, in a document":     {"", "", grants(grant("AmazonCustomerByEmail", "<EmailAddress>bob@example.com</EmailAddress>", "READ")), 405, "MethodNotAllowed"},
		"as many grants as there are":   {"", "", grants(strings.Repeat(toAll, 100)), 200, ""},
		"more grants than there can be": {"", "", grants(strings.Repeat(toAll, 101)), 400, "MalformedACLError"},
		"no grants":                     {"", "", grants(""), 200, ""},
	} {
		t.Run(name, func(t *testing.T) {
			for _, path := range []string{"/alice-home?acl", "/alice-home/k?acl"} {
				response := c.send(t, aliceKey, "us-east-1", http.MethodPut, path, test.body, func(r *http.Request) {
					if test.header != "" {
						r.Header.Set(test.header, test.value)
					}
				})
				checkStatus(t, response, test.status, test.code)
			}
		})
	}
	for code, headers := range map[string]map[string]string{
		"InvalidRequest":  {"X-Amz-Acl": "private", "X-Amz-Grant-Read": "uri=" + store.AllUsers},
		"InvalidArgument": {"X-Amz-Acl": "log-delivery-write"}, // which is for buckets
	} {
		response := c.send(t, aliceKey, "us-east-1", http.MethodPut, "/alice-home/k", "text", func(r *http.Request) {
			for name, value := range headers {
				r.Header.Set(name, value)
			}
		})
		checkStatus(t, response, 400, code)
	}
}

// TestACLOfNewBucket makes buckets with ACLs, makes one again, which gives it another, and disables the ACLs of one.
func TestACLOfNewBucket(t *testing.T) {
	config := twoAccounts()
	config.S3.AllowPublicAccess = true
	client := start(t, config).aws(aliceKey, "us-east-1")
	bucket := aws.String("fresh")
	grants := func() (out []string) {
		t.Helper()
		acl, err := client.GetBucketAcl(t.Context(), &awss3.GetBucketAclInput{Bucket: bucket})
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range acl.Grants {
			out = append(out, aws.ToString(g.Grantee.URI)+" "+string(g.Permission))
		}
		return out
	}
	own, read, write := " FULL_CONTROL", store.AllUsers+" READ", store.AllUsers+" WRITE"
	for _, test := range []struct {
		acl  types.BucketCannedACL
		want []string
	}{
		{"public-read-write", []string{own, read, write}}, {"public-read", []string{own, read}}, {"", []string{own}}, {"public-read", []string{own, read}},
	} {
		in := &awss3.CreateBucketInput{Bucket: bucket, ACL: test.acl, ObjectOwnership: types.ObjectOwnershipObjectWriter}
		if err := only(client.CreateBucket(t.Context(), in)); err != nil {
			t.Fatal(err)
		}
		if got := grants(); !slices.Equal(got, test.want) {
			t.Errorf("%q: %q, want %q", test.acl, got, test.want)
		}
	}
	disable := func() error {
		return only(client.PutBucketOwnershipControls(t.Context(), &awss3.PutBucketOwnershipControlsInput{Bucket: bucket, OwnershipControls: ownedBy("BucketOwnerEnforced")}))
	}
	if err := disable(); errorCode(err) != "InvalidBucketAclWithObjectOwnership" {
		t.Errorf("disabled while it is public: %v", err)
	}
	if err := only(client.PutBucketAcl(t.Context(), &awss3.PutBucketAclInput{Bucket: bucket, ACL: "private"})); err != nil {
		t.Fatal(err)
	}
	if err := disable(); err != nil {
		t.Error(err)
	}
}
