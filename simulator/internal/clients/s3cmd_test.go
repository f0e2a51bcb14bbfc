//go:build clients

package clients

var s3cmd = client{
	program: "s3cmd", version: "--version",
	config: `[default]
access_key = $KEY
secret_key = $SECRET
host_base = $HOST
host_bucket = $HOST
use_https = False
bucket_location = us-east-1
`,
	args: "--config $CONFIG --no-progress",
	steps: []step{
		{name: "make bucket", run: "s3cmd mb s3://$BUCKET", check: bucketIn("", homeRegion)},
		{name: "make bucket elsewhere", run: "s3cmd mb --region eu-west-1 s3://$BUCKET-eu", check: bucketIn("-eu", otherRegion)},
		// Without bucket_location it signs for the region US, and learns a region from the refusal.
		{name: "make bucket without location", run: "s3cmd mb --region US s3://$BUCKET-us", check: bucketIn("-us", homeRegion)},
		{name: "make another's bucket", run: "s3cmd mb s3://not-yours", refused: "409 (BucketAlreadyExists)"},
		{name: "list buckets", run: "s3cmd ls", says: "s3://s3cmd-backups-eu"},

		{name: "zero-byte", run: "s3cmd put empty s3://$BUCKET/empty", check: stored("empty", "empty")},
		{name: "small", run: "s3cmd put small s3://$BUCKET/small", check: stored("small", "small")},
		{name: "64 MiB multipart", run: "s3cmd put large s3://$BUCKET/large", check: all(stored("large", "large"), inParts("large", 5))},
		{name: "64 MiB download", run: "s3cmd get s3://$BUCKET/large $OUT/large", check: fetched("large", "large")},
		{name: "zero-byte download", run: "s3cmd get s3://$BUCKET/empty $OUT/empty", check: fetched("empty", "empty")},
		{name: "get nothing", run: "s3cmd get s3://$BUCKET/nothing $OUT/nothing", refused: "does not exist"},
		{name: "info", run: "s3cmd info s3://$BUCKET/small", says: "File size: 100"},
		{name: "info of a bucket", run: "s3cmd info s3://$BUCKET-eu", says: "Location:  eu-west-1"},

		{name: "sync up", run: "s3cmd sync tree/ s3://$BUCKET/tree/", check: stored("tree/", "tree")},
		{name: "sync up again", run: "s3cmd sync tree/ s3://$BUCKET/tree/", check: printedNothing},
		{name: "sync down", run: "s3cmd sync s3://$BUCKET/tree/ $OUT/tree/", check: fetched("tree", "tree")},
		{name: "sync down again", run: "s3cmd sync s3://$BUCKET/tree/ $OUT/tree/", check: fetched("tree", "tree")},
		{name: "list", run: "s3cmd ls s3://$BUCKET/tree/", says: "DIR  s3://s3cmd-backups/tree/sub dir/"},
		{name: "usage", run: "s3cmd du s3://$BUCKET/tree/", says: "6 objects"},

		// It presigns with Signature Version 2 only, which S3 refuses.
		{name: "presign", run: "s3cmd signurl s3://$BUCKET/small +600", check: presignedRefused(400, "InvalidRequest")},

		{name: "copy", run: "s3cmd cp s3://$BUCKET/small s3://$BUCKET/copy", check: stored("copy", "small")},
		{name: "copy in parts", run: "s3cmd cp s3://$BUCKET/large s3://$BUCKET/large-copy", check: stored("large-copy", "large")},
		{name: "move", run: "s3cmd mv s3://$BUCKET/copy s3://$BUCKET/moved", check: all(stored("moved", "small"), gone("copy"))},
		{name: "modify", run: "s3cmd modify --add-header=x-amz-meta-team:a s3://$BUCKET/small", check: stored("small", "small")},
		{name: "metadata read", run: "s3cmd info s3://$BUCKET/small", says: "x-amz-meta-team: a"},
		{name: "uploads", run: "s3cmd multipart s3://$BUCKET", says: "Initiated"},

		{name: "wrong secret", run: "s3cmd --secret_key=wrong put small s3://$BUCKET/wrong", refused: "403 (SignatureDoesNotMatch)", check: gone("wrong")},
		{name: "unknown key", run: "s3cmd --access_key=AKIANOBODY ls s3://$BUCKET", refused: "403 (InvalidAccessKeyId)"},
		{name: "another's bucket", run: "s3cmd ls s3://not-yours", refused: "403 (AccessDenied)"},
		{name: "no bucket", run: "s3cmd ls s3://$BUCKET-none", refused: "404 (NoSuchBucket)"},
		// It signs again for the region that the refusal names, but that of a HEAD has no body to name an endpoint.
		{name: "wrong region", run: "s3cmd --region eu-west-1 ls s3://$BUCKET/small", says: "s3://s3cmd-backups/small"},
		{name: "wrong region in HEAD", run: "s3cmd --region eu-west-1 get s3://$BUCKET/small $OUT/wrong", refused: "Hint target region: us-east-1"},

		{name: "remove full bucket", run: "s3cmd rb s3://$BUCKET", refused: "409 (BucketNotEmpty)"},
		{name: "recursive delete of a prefix", run: "s3cmd del --recursive s3://$BUCKET/tree/", check: all(gone("tree"), stored("small", "small"))},
		{name: "recursive delete", run: "s3cmd del --recursive --force s3://$BUCKET", check: gone("")},
		{name: "remove bucket", run: "s3cmd rb s3://$BUCKET", check: bucketIn("", "")},
		{name: "remove bucket elsewhere", run: "s3cmd rb s3://$BUCKET-eu", check: bucketIn("-eu", "")},
	},
}
