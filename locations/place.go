package locations

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Place is where a location keeps its backups: a bucket, and a prefix inside it. Both are in
// normal form, so that two places can be compared with ==.
type Place struct {
	// Bucket has no slash in it.
	Bucket string
	// Prefix neither begins nor ends with a slash, nor has two in a row. Empty: the bucket's root.
	Prefix string
}

var slashes = regexp.MustCompile(`/{2,}`)

// ParsePlace brings what a user wrote as bucket and prefix into normal form, as Velero does for the keys of what it
// stores: slashes at both ends do not matter, and inside of the prefix several are one. A bucket that is empty, or that has a
// slash inside, is an error.
func ParsePlace(bucket, prefix string) (Place, error) {
	place := Place{Bucket: strings.Trim(bucket, "/"), Prefix: NormalPrefix(prefix)}
	if place.Bucket == "" {
		return Place{}, errors.New("the bucket has no name: set spec.objectStorage.bucket")
	}
	if name, path, found := strings.Cut(place.Bucket, "/"); found {
		if strings.HasPrefix(name, "arn:") && !strings.Contains(name, ":::") {
			return Place{}, fmt.Errorf("the bucket %q has a slash in it, which Velero takes for the beginning of a path: set spec.objectStorage.bucket to %q",
				bucket, strings.ReplaceAll(place.Bucket, "/", ":"))
		}
		return Place{}, fmt.Errorf("the bucket %q has a path in it: set spec.objectStorage.bucket to %q and put %q in spec.objectStorage.prefix",
			bucket, name, strings.Trim(path, "/"))
	}
	return place, nil
}

// NormalPrefix returns a prefix in normal form.
func NormalPrefix(prefix string) string {
	return slashes.ReplaceAllString(strings.Trim(prefix, "/"), "/")
}

// maxPrefix leaves half of the 1024 bytes that the key of an object may have, in all of the known
// providers, to what Velero writes under the prefix.
const maxPrefix = 512

// CheckPrefix returns what is wrong with a prefix as a user wrote it, but for the slashes at its ends. The error is
// meant to stand behind the name of the field.
func CheckPrefix(prefix string) error {
	prefix = strings.Trim(prefix, "/")
	segments := strings.Split(prefix, "/")
	switch {
	case len(prefix) > maxPrefix:
		return fmt.Errorf("must have at most %d bytes, but has %d", maxPrefix, len(prefix))
	case strings.ContainsFunc(prefix, unicode.IsControl):
		return errors.New("must not have control characters such as tabs or line ends")
	case slices.Contains(segments, ".."), slices.Contains(segments, "."):
		return errors.New(`must not have the segments "." or "..": object storage takes them for names`)
	}
	return nil
}

// DoubtPrefix says what is doubtful about a prefix that can be used; empty: nothing. Velero's check looks under what was
// written, while its backups go where one slash stands for several; some storage, such as MinIO, refuses the former.
func DoubtPrefix(prefix string) string {
	trimmed := strings.Trim(prefix, "/")
	if !slashes.MatchString(trimmed) {
		return ""
	}
	return fmt.Sprintf("it has several slashes in a row: Velero keeps backups under %q, but looks under %q when it checks the location, which some storage refuses; write the former",
		NormalPrefix(prefix)+"/", trimmed+"/")
}

// Contains says whether another place is the same, or lies inside of this one.
func (p Place) Contains(other Place) bool {
	return p.Bucket == other.Bucket && strings.HasPrefix(other.Root(), p.Root())
}

// Root is what the keys of all objects in the place begin with: empty, or the prefix and a slash.
func (p Place) Root() string {
	if p.Prefix == "" {
		return ""
	}
	return p.Prefix + "/"
}

// String is the form in which the place is named in messages.
func (p Place) String() string {
	if p.Prefix == "" {
		return fmt.Sprintf("bucket %q", p.Bucket)
	}
	return fmt.Sprintf("prefix %q of bucket %q", p.Prefix, p.Bucket)
}
