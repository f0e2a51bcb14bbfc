//go:build clients

package clients

var rclone = client{
	program: "rclone", version: "version",
	settings: `
RCLONE_CONFIG=$CONFIG
RCLONE_CONFIG_SIM_TYPE=s3
RCLONE_CONFIG_SIM_PROVIDER=Other
RCLONE_CONFIG_SIM_ENDPOINT=$ENDPOINT
RCLONE_CONFIG_SIM_ACCESS_KEY_ID=$KEY
RCLONE_CONFIG_SIM_SECRET_ACCESS_KEY=$SECRET
RCLONE_CONFIG_SIM_REGION=us-east-1
`,
	args: "--retries 1 --low-level-retries 1",
	steps: []step{
		{name: "make bucket", run: "rclone mkdir sim:$BUCKET", check: bucketIn("", homeRegion)},
		{name: "make bucket elsewhere", run: "rclone mkdir --s3-region eu-west-1 --s3-location-constraint eu-west-1 sim:$BUCKET-eu", check: bucketIn("-eu", otherRegion)},
		{name: "list buckets", run: "rclone lsd sim:", says: "rclone-backups-eu"},

		{name: "zero-byte", run: "rclone copyto empty sim:$BUCKET/empty", check: stored("empty", "empty")},
		{name: "small", run: "rclone copyto small sim:$BUCKET/small", check: stored("small", "small")},
		{name: "64 MiB", run: "rclone copyto large sim:$BUCKET/whole", check: stored("whole", "large")},
		{name: "64 MiB multipart", run: "rclone copyto --s3-upload-cutoff 16Mi large sim:$BUCKET/large", check: all(stored("large", "large"), inParts("large", 13))},
		{name: "64 MiB download", run: "rclone copyto --multi-thread-cutoff 8Mi --multi-thread-streams 4 sim:$BUCKET/large $OUT/large", check: fetched("large", "large")},
		{name: "zero-byte download", run: "rclone copyto sim:$BUCKET/empty $OUT/empty", check: fetched("empty", "empty")},
		{name: "to standard output", run: "rclone cat sim:$BUCKET/small", check: printedFile("small")},
		{name: "delete nothing", run: "rclone deletefile sim:$BUCKET/nothing", refused: "doesn't exist"},
		{name: "compare checksum", run: "rclone check --one-way --include /small . sim:$BUCKET", says: "1 matching files"},

		{name: "sync up", run: "rclone sync tree sim:$BUCKET/tree", check: stored("tree/", "tree")},
		{name: "sync up again", run: "rclone sync -v tree sim:$BUCKET/tree", says: "There was nothing to transfer"},
		{name: "check", run: "rclone check tree sim:$BUCKET/tree", says: "0 differences found"},
		{name: "check by download", run: "rclone check --download tree sim:$BUCKET/tree", says: "0 differences found"},
		{name: "sync down", run: "rclone sync sim:$BUCKET/tree $OUT/tree", check: fetched("tree", "tree")},
		{name: "sync down again", run: "rclone sync -v sim:$BUCKET/tree $OUT/tree", says: "There was nothing to transfer"},
		{name: "list by pages", run: "rclone size --s3-list-chunk 1 sim:$BUCKET/tree", says: "Total objects: 6"},
		{name: "list by new pages", run: "rclone size --s3-list-chunk 1 --s3-list-version 2 --s3-list-url-encode=true sim:$BUCKET/tree", says: "Total objects: 6"},

		{name: "presign", run: "rclone link --expire 10m sim:$BUCKET/small", check: presigned("small")},
		{name: "presign with wrong secret", run: "rclone link --expire 10m --s3-no-head-object --s3-secret-access-key wrong sim:$BUCKET/small", check: presignedRefused(403, "SignatureDoesNotMatch")},

		{name: "copy", run: "rclone copyto sim:$BUCKET/small sim:$BUCKET/copy", check: stored("copy", "small")},
		{name: "copy in parts", run: "rclone copyto --s3-copy-cutoff 16Mi sim:$BUCKET/large sim:$BUCKET/large-copy", check: all(stored("large-copy", "large"), inParts("large-copy", 4))},
		{name: "move", run: "rclone moveto sim:$BUCKET/copy sim:$BUCKET/moved", check: all(stored("moved", "small"), gone("copy"))},
		{name: "change of time", run: "rclone touch -t 2001-02-03T04:05:06 sim:$BUCKET/small", check: stored("small", "small")},
		{name: "time read", run: "rclone lsl sim:$BUCKET/small", says: "2001-02-03 04:05:06"},

		{name: "wrong secret", run: "rclone copyto --s3-secret-access-key wrong small sim:$BUCKET/wrong", refused: "status code: 403", check: gone("wrong")},
		{name: "unknown key", run: "rclone lsf --s3-access-key-id AKIANOBODY sim:$BUCKET", refused: "InvalidAccessKeyId"},
		{name: "another's bucket", run: "rclone lsf sim:not-yours", refused: "AccessDenied"},
		{name: "no bucket", run: "rclone lsf sim:$BUCKET-none", refused: "directory not found"},
		{name: "unknown region", run: "rclone lsf --s3-region mars-1 sim:$BUCKET", refused: "AuthorizationHeaderMalformed"},
		{name: "wrong region", run: "rclone lsf --s3-region eu-west-1 sim:$BUCKET", refused: "BucketRegionError"},

		{name: "remove full bucket", run: "rclone rmdir sim:$BUCKET", refused: "BucketNotEmpty"},
		{name: "uploads", run: "rclone backend list-multipart-uploads sim:$BUCKET", says: `"rclone-backups": []`},
		{name: "delete of a prefix", run: "rclone delete sim:$BUCKET/tree", check: all(gone("tree"), stored("moved", "small"))},
		{name: "recursive delete", run: "rclone purge sim:$BUCKET", check: bucketIn("", "")},
		{name: "remove bucket elsewhere", run: "rclone rmdir --s3-region eu-west-1 sim:$BUCKET-eu", check: bucketIn("-eu", "")},
	},
}
