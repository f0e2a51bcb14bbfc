package s3

import "regexp"

// wellFormedVersion is a version id as S3 makes them, about, or that of an object without versioning.
var wellFormedVersion = regexp.MustCompile(`^(null|[A-Za-z0-9._-]{26,64})$`)

// checkVersionID refuses a version id that no version can have.
func (q *request) checkVersionID() error {
	version := q.query.Get("versionId")
	switch {
	case !q.query.Has("versionId") || wellFormedVersion.MatchString(version):
		return nil
	case version == "":
		return invalidArgument("versionId", "", "Version id cannot be the empty string")
	}
	return invalidVersionID(version)
}

func invalidVersionID(version string) error {
	return invalidArgument("versionId", version, "Invalid version id specified")
}
