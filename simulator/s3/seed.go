package s3

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/velero-locations/velero-locations/simulator/s3/payload"
	"github.com/velero-locations/velero-locations/simulator/s3/storageclass"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// maxKey is how many bytes a key has at most.
const maxKey = 1024

// Seed is what is said of an object that nobody uploads, since it is there from the start.
type Seed struct {
	Key string `json:"key"`
	// ContentType is binary/octet-stream by default.
	ContentType string `json:"contentType,omitempty"`
	// Metadata are the names and values of x-amz-meta- headers.
	Metadata map[string]string `json:"metadata,omitempty"`
	Tags     map[string]string `json:"tags,omitempty"`
	// StorageClass is STANDARD by default.
	StorageClass string `json:"storageClass,omitempty"`
}

var (
	metadataName = regexp.MustCompile(`^[A-Za-z0-9!#$%&'*+.^_|~-]+$`)
	printable    = regexp.MustCompile(`^[ -~]*$`)
)

// Validate calls report for each thing that is wrong with the seed, with its path in it.
func (s Seed) Validate(report func(path, format string, args ...any)) {
	if err := ValidateKey(s.Key); err != nil {
		report(".key", "%q: %w", s.Key, err)
	}
	if !printable.MatchString(s.ContentType) {
		report(".contentType", "%q is not printable ASCII", s.ContentType)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Metadata)) {
		if !metadataName.MatchString(name) {
			report(".metadata", "%q is not what a header's name holds: letters, digits and hyphens", name)
		} else if !printable.MatchString(s.Metadata[name]) {
			report(".metadata."+name, "%q is not printable ASCII", s.Metadata[name])
		}
	}
	if s.StorageClass != "" && !storageclass.Known(s.StorageClass) {
		report(".storageClass", "%q is not one of %s", s.StorageClass, strings.Join(storageclass.All, ", "))
	} else if _, err := objectHeaders(s.headers()); err != nil {
		report(".metadata", "%w", err)
	}
	if _, err := s.tags(); err != nil {
		report(".tags", "%w", err)
	}
}

// ValidateKey says what is wrong with an object's key.
func ValidateKey(key string) error {
	switch {
	case key == "":
		return errors.New("a key is not empty")
	case len(key) > maxKey:
		return fmt.Errorf("a key has %d bytes at most", maxKey)
	case !utf8.ValidString(key):
		return errors.New("a key is UTF-8")
	}
	return nil
}

func (s Seed) headers() http.Header {
	h := http.Header{}
	h.Set("Content-Type", s.ContentType)
	h.Set(store.StorageClassHeader, s.StorageClass)
	for name, value := range s.Metadata {
		h.Set("X-Amz-Meta-"+name, value)
	}
	return h
}

func (s Seed) tags() (map[string]string, error) {
	var tags []tag
	for _, key := range slices.Sorted(maps.Keys(s.Tags)) {
		tags = append(tags, tag{key, s.Tags[key]})
	}
	return checkTags(tags, objectTags)
}

// Put writes the object as a client would that says no more of it.
func (s Seed) Put(bucket *store.Bucket, content io.Reader, size int64) error {
	headers, err := objectHeaders(s.headers())
	if err != nil {
		return err
	}
	encryptByDefault(bucket, headers)
	tags, err := s.tags()
	if err != nil {
		return err
	}
	body := payload.NewStream(content)
	if err := body.Compute(defaultAlgorithm); err != nil {
		return err
	}
	_, err = bucket.Put(s.Key, store.Write{
		Body: body, Size: size, Attributes: store.Attributes{Headers: headers, Tags: tags}, Checksums: body.Checksums,
	})
	return err
}
