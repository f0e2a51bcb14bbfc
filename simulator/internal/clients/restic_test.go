//go:build clients

package clients

var restic = client{
	program: "restic", version: "version",
	settings: `
AWS_ACCESS_KEY_ID=$KEY
AWS_SECRET_ACCESS_KEY=$SECRET
RESTIC_REPOSITORY=s3:$ENDPOINT/$BUCKET/clusters/one
RESTIC_PASSWORD=password
RESTIC_CACHE_DIR=$OUT/cache
`,
	steps: []step{
		{name: "init makes the bucket", run: "restic init", says: "created restic repository", check: bucketIn("", homeRegion)},
		{name: "init again", run: "restic init", refused: "already initialized"},
		{name: "init beside it", run: "restic -r s3:$ENDPOINT/$BUCKET/clusters/two init", says: "created restic repository"},
		{name: "init at the top", run: "restic -r s3:$ENDPOINT/$BUCKET init", says: "created restic repository"},

		{name: "backup", run: "restic backup tree small empty", says: "8 files"},
		{name: "backup again", run: "restic backup tree small empty", says: "0 new,     0 changed,     8 unmodified"},
		{name: "backup of 64 MiB", run: "restic backup large", says: "processed 1 files"},
		{name: "backup beside it", run: "restic -r s3:$ENDPOINT/$BUCKET/clusters/two backup tree", says: "6 files"},
		{name: "snapshots", run: "restic snapshots", says: "3 snapshots"},
		{name: "check", run: "restic check --read-data", says: "no errors were found"},
		{name: "restore", run: "restic restore latest --path $DATA/tree --target $OUT/restored", check: all(fetched("restored/tree", "tree"), fetched("restored/small", "small"), fetched("restored/empty", "empty"))},
		{name: "restore of 64 MiB", run: "restic restore latest --path $DATA/large --target $OUT/restored", check: fetched("restored/large", "large")},

		{name: "prune", run: "restic forget --keep-last 1 --group-by host --prune", says: "removed", check: atMost("clusters/one/data/", 66<<20)},
		{name: "check after prune", run: "restic check --read-data", says: "no errors were found"},
		{name: "snapshots after prune", run: "restic snapshots", says: "1 snapshots"},
		{name: "restore after prune", run: "restic restore latest --target $OUT/again", check: fetched("again/large", "large")},
		{name: "locks after all", run: "restic list locks --no-lock", check: printedNothing},
		{name: "check beside it", run: "restic -r s3:$ENDPOINT/$BUCKET/clusters/two check --read-data", says: "no errors were found"},

		{name: "wrong secret", run: "AWS_SECRET_ACCESS_KEY=wrong restic snapshots", refused: "signature"},
		{name: "unknown key", run: "AWS_ACCESS_KEY_ID=AKIANOBODY restic snapshots", refused: "does not exist in our records"},
		{name: "another's bucket", run: "restic -r s3:$ENDPOINT/not-yours/x init", refused: "Access Denied"},
		{name: "no repository", run: "restic -r s3:$ENDPOINT/$BUCKET/none snapshots", refused: "Is there a repository at the following location?"},
		{name: "right region", run: "restic -o s3.region=us-east-1 snapshots", says: "1 snapshots"},
		{name: "wrong region", run: "restic -o s3.region=eu-west-1 snapshots", refused: "Stat: "},
		{name: "unknown region", run: "restic -o s3.region=mars-1 snapshots", refused: "Stat: "},
	},
}
