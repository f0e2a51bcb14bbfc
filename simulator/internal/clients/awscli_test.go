//go:build clients

package clients

var awscli = client{
	program: "aws", version: "--version",
	settings: `
AWS_ACCESS_KEY_ID=$KEY
AWS_SECRET_ACCESS_KEY=$SECRET
AWS_DEFAULT_REGION=us-east-1
AWS_CONFIG_FILE=$CONFIG
AWS_SHARED_CREDENTIALS_FILE=/dev/null
AWS_EC2_METADATA_DISABLED=true
AWS_PAGER=
`,
	config: `[default]
s3 =
    addressing_style = path
    signature_version = s3v4
`,
	args: "--endpoint-url $ENDPOINT",
	steps: []step{
		{name: "make bucket", run: "aws s3 mb s3://$BUCKET", check: bucketIn("", homeRegion)},
		{name: "make bucket elsewhere", run: "aws --region eu-west-1 s3 mb s3://$BUCKET-eu", check: bucketIn("-eu", otherRegion)},
		{name: "make bucket again elsewhere", run: "aws --region eu-west-1 s3 mb s3://$BUCKET", refused: "BucketAlreadyOwnedByYou"},
		{name: "make another's bucket", run: "aws s3 mb s3://not-yours", refused: "BucketAlreadyExists"},
		{name: "list buckets", run: "aws s3 ls", says: "aws-backups-eu"},
		{name: "location", run: "aws s3api get-bucket-location --bucket $BUCKET-eu", says: `"eu-west-1"`},

		{name: "zero-byte", run: "aws s3 cp empty s3://$BUCKET/empty", check: stored("empty", "empty")},
		{name: "small", run: "aws s3 cp small s3://$BUCKET/small", check: stored("small", "small")},
		{name: "64 MiB multipart", run: "aws s3 cp large s3://$BUCKET/large", check: all(stored("large", "large"), inParts("large", 8))},
		{name: "64 MiB download", run: "aws s3 cp s3://$BUCKET/large $OUT/large", check: fetched("large", "large")},
		{name: "zero-byte download", run: "aws s3 cp s3://$BUCKET/empty $OUT/empty", check: fetched("empty", "empty")},
		{name: "to standard output", run: "aws s3 cp s3://$BUCKET/small -", check: printedFile("small")},
		{name: "range", run: "aws s3api get-object --bucket $BUCKET --key large --range bytes=8388600-8388615 $OUT/range", says: `"ContentLength": 16`},
		{name: "head", run: "aws s3api head-object --bucket $BUCKET --key small", says: `"ContentLength": 100`},
		{name: "head nothing", run: "aws s3api head-object --bucket $BUCKET --key nothing", refused: "(404)"},
		{name: "get nothing", run: "aws s3api get-object --bucket $BUCKET --key nothing $OUT/nothing", refused: "(NoSuchKey)"},
		{name: "metadata", run: "aws s3api put-object --bucket $BUCKET --key meta --body small --metadata team=a --content-type text/x-log", says: "ETag"},
		{name: "metadata read", run: "aws s3api head-object --bucket $BUCKET --key meta --query [Metadata.team,ContentType] --output text", says: "a\ttext/x-log"},
		{name: "checksum", run: "aws s3api put-object --bucket $BUCKET --key summed --body small --checksum-algorithm SHA256", says: "ChecksumSHA256", check: stored("summed", "small")},
		{name: "checksum read", run: "aws s3api get-object --bucket $BUCKET --key summed --checksum-mode ENABLED $OUT/summed", says: "ChecksumSHA256", check: fetched("summed", "small")},

		{name: "sync up", run: "aws s3 sync tree s3://$BUCKET/tree", check: stored("tree/", "tree")},
		{name: "sync up again", run: "aws s3 sync tree s3://$BUCKET/tree", check: printedNothing},
		{name: "sync down", run: "aws s3 sync s3://$BUCKET/tree $OUT/tree", check: fetched("tree", "tree")},
		{name: "sync down again", run: "aws s3 sync s3://$BUCKET/tree $OUT/tree", check: printedNothing},
		{name: "list", run: "aws s3 ls s3://$BUCKET/tree/", says: "PRE sub dir/"},
		{name: "list by pages", run: "aws s3api list-objects-v2 --bucket $BUCKET --prefix tree/ --page-size 1 --query length(Contents)", says: "6"},
		{name: "list by old pages", run: "aws s3api list-objects --bucket $BUCKET --prefix tree/ --page-size 1 --query length(Contents)", says: "6"},

		{name: "presign", run: "aws s3 presign s3://$BUCKET/small", check: presigned("small")},
		{name: "presign with wrong secret", run: "AWS_SECRET_ACCESS_KEY=wrong aws s3 presign s3://$BUCKET/small", check: presignedRefused(403, "SignatureDoesNotMatch")},

		{name: "copy", run: "aws s3 cp s3://$BUCKET/small s3://$BUCKET/copy", check: stored("copy", "small")},
		{name: "copy in parts", run: "aws s3 cp s3://$BUCKET/large s3://$BUCKET/large-copy", check: all(stored("large-copy", "large"), inParts("large-copy", 8))},
		{name: "move", run: "aws s3 mv s3://$BUCKET/copy s3://$BUCKET/moved", check: all(stored("moved", "small"), gone("copy"))},
		{name: "copy from another's bucket", run: "aws s3 cp s3://not-yours/k s3://$BUCKET/k", refused: "(403)", check: gone("k")},

		{name: "tag", run: "aws s3api put-object-tagging --bucket $BUCKET --key small --tagging TagSet=[{Key=team,Value=a}]", check: all(tagged("small", "team", "a"), stored("small", "small"))},
		{name: "tags read", run: "aws s3api get-object-tagging --bucket $BUCKET --key small --output text", says: "TAGSET\tteam\ta"},
		{name: "tags copied", run: "aws s3 cp s3://$BUCKET/small s3://$BUCKET/tagged-copy", check: tagged("tagged-copy", "team", "a")},
		{name: "tags removed", run: "aws s3api delete-object-tagging --bucket $BUCKET --key small", check: all(tagged("small", "", ""), stored("small", "small"))},
		{name: "put with tag", run: "aws s3api put-object --bucket $BUCKET --key tagged --body small --tagging team=b", check: all(tagged("tagged", "team", "b"), stored("tagged", "small"))},

		{name: "archive", run: "aws s3 cp small s3://$BUCKET/cold --storage-class DEEP_ARCHIVE", says: "upload: "},
		{name: "archive seen", run: "aws s3api head-object --bucket $BUCKET --key cold --query StorageClass", says: `"DEEP_ARCHIVE"`},
		{name: "read from archive", run: "aws s3api get-object --bucket $BUCKET --key cold $OUT/cold", refused: "(InvalidObjectState)"},
		{name: "restore too fast", run: "aws s3api restore-object --bucket $BUCKET --key cold --restore-request Days=1,GlacierJobParameters={Tier=Expedited}", refused: "(InvalidArgument)"},
		{name: "restore", run: "aws s3api restore-object --bucket $BUCKET --key cold --restore-request Days=1,GlacierJobParameters={Tier=Bulk}", check: printedNothing},
		{name: "restore faster", run: "aws s3api restore-object --bucket $BUCKET --key cold --restore-request Days=1", check: printedNothing},
		{name: "restore again", run: "aws s3api restore-object --bucket $BUCKET --key cold --restore-request Days=1", refused: "(RestoreAlreadyInProgress)"},
		{name: "restore seen", run: "aws s3api head-object --bucket $BUCKET --key cold --query Restore --output text", says: `ongoing-request="true"`},
		{name: "rules", run: "aws s3api put-bucket-lifecycle-configuration --bucket $BUCKET --lifecycle-configuration Rules=[{ID=r,Status=Enabled,Filter={Prefix=logs/},Expiration={Days=3}}]"},
		{name: "rules read", run: "aws s3api get-bucket-lifecycle-configuration --bucket $BUCKET --query Rules[0].Expiration.Days", says: "3"},
		{name: "rules told", run: "aws s3api put-object --bucket $BUCKET --key logs/k --query Expiration --output text", says: `rule-id="r"`},
		{name: "rules removed", run: "aws s3api delete-bucket-lifecycle --bucket $BUCKET", check: printedNothing},
		{name: "public access", run: "aws s3api get-public-access-block --bucket $BUCKET --query PublicAccessBlockConfiguration.BlockPublicPolicy", says: "true"},
		{name: "ownership", run: "aws s3api get-bucket-ownership-controls --bucket $BUCKET --query OwnershipControls.Rules[0].ObjectOwnership", says: `"BucketOwnerEnforced"`},

		{name: "wrong secret", run: "AWS_SECRET_ACCESS_KEY=wrong aws s3 cp small s3://$BUCKET/wrong", refused: "(SignatureDoesNotMatch)", check: gone("wrong")},
		{name: "unknown key", run: "AWS_ACCESS_KEY_ID=AKIANOBODY aws s3 ls s3://$BUCKET", refused: "(InvalidAccessKeyId)"},
		{name: "another's bucket", run: "aws s3 ls s3://not-yours", refused: "(AccessDenied)"},
		{name: "no bucket", run: "aws s3 ls s3://$BUCKET-none", refused: "(NoSuchBucket)"},
		// It signs again for the region that the refusal names.
		{name: "wrong region", run: "aws --region eu-west-1 s3 cp s3://$BUCKET/small -", check: printedFile("small")},
		{name: "unknown region", run: "aws --region mars-1 s3 cp s3://$BUCKET/small -", check: printedFile("small")},

		{name: "remove full bucket", run: "aws s3 rb s3://$BUCKET", refused: "(BucketNotEmpty)"},
		{name: "recursive delete of a prefix", run: "aws s3 rm --recursive s3://$BUCKET/tree", check: all(gone("tree"), stored("small", "small"))},
		{name: "recursive delete", run: "aws s3 rm --recursive s3://$BUCKET", check: gone("")},
		{name: "remove bucket", run: "aws s3 rb s3://$BUCKET", check: bucketIn("", "")},
		{name: "remove bucket elsewhere", run: "aws --region eu-west-1 s3 rb --force s3://$BUCKET-eu", check: bucketIn("-eu", "")},
	},
}
