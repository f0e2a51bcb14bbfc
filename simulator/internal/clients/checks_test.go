//go:build clients

package clients

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/minio/minio-go/v7"
)

type check = func(s *session, printed string) error

// all is every one of several checks.
func all(checks ...check) check {
	return func(s *session, printed string) error {
		for _, c := range checks {
			if err := c(s, printed); err != nil {
				return err
			}
		}
		return nil
	}
}

// stored: the object, or the objects below a prefix that ends in a slash, are the file or the files of the directory.
func stored(key, path string) check {
	return func(s *session, _ string) error {
		got, err := s.remoteSums(key)
		if err != nil {
			return err
		}
		return s.compare(key, got, path)
	}
}

// fetched: what the client wrote into $OUT is the file or the directory.
func fetched(name, path string) check {
	return func(s *session, _ string) error {
		got, err := localSums(filepath.Join(s.out, name))
		if err != nil {
			return err
		}
		return s.compare(name, got, path)
	}
}

// printedFile: the client printed what is in the file.
func printedFile(path string) check {
	return func(s *session, printed string) error {
		got, err := sum(strings.NewReader(printed))
		if err != nil {
			return err
		}
		return s.compare("what was printed", map[string]string{"": got}, path)
	}
}

// printedNothing: the client had nothing to do, or to list.
func printedNothing(_ *session, printed string) error {
	if printed != "" {
		return fmt.Errorf("it printed %q, expected nothing", printed)
	}
	return nil
}

// presigned: the client printed a URL that shows anyone what is in the file.
func presigned(path string) check {
	return func(s *session, printed string) error {
		status, body, err := get(strings.TrimSpace(printed))
		if err != nil {
			return err
		}
		if status != http.StatusOK {
			return fmt.Errorf("the URL %s answers %d %s", printed, status, body)
		}
		return printedFile(path)(s, body)
	}
}

// presignedRefused: the client printed a URL that is answered with an error of S3.
func presignedRefused(wantStatus int, code string) check {
	return func(_ *session, printed string) error {
		status, body, err := get(strings.TrimSpace(printed))
		if err != nil {
			return err
		}
		if status != wantStatus || !strings.Contains(body, "<Code>"+code+"</Code>") {
			return fmt.Errorf("the URL %s answers %d %s, expected %d %s", printed, status, body, wantStatus, code)
		}
		return nil
	}
}

func get(url string) (status int, body string, err error) {
	response, err := http.Get(url)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	return response.StatusCode, string(content), err
}

// inParts: the object came in that many parts.
func inParts(key string, parts int) check {
	return func(s *session, _ string) error {
		info, err := s.inspector.StatObject(context.Background(), s.bucket, key, minio.StatObjectOptions{})
		if err != nil {
			return err
		}
		if !strings.HasSuffix(info.ETag, fmt.Sprintf("-%d", parts)) {
			return fmt.Errorf("%s has ETag %s, expected %d parts", key, info.ETag, parts)
		}
		return nil
	}
}

// tagged: the object has that one tag, or none if it is empty.
func tagged(key, name, value string) check {
	return func(s *session, _ string) error {
		tags, err := s.inspector.GetObjectTagging(context.Background(), s.bucket, key, minio.GetObjectTaggingOptions{})
		if err != nil {
			return err
		}
		want := map[string]string{}
		if name != "" {
			want[name] = value
		}
		if !maps.Equal(tags.ToMap(), want) {
			return fmt.Errorf("%s has tags %v, expected %v", key, tags.ToMap(), want)
		}
		return nil
	}
}

// gone: nothing is left whose key begins with the prefix, nor any upload.
func gone(prefix string) check {
	return func(s *session, _ string) error {
		for object := range s.inspector.ListObjects(context.Background(), s.bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
			return errors.Join(object.Err, fmt.Errorf("%q is still there", object.Key))
		}
		for upload := range s.inspector.ListIncompleteUploads(context.Background(), s.bucket, prefix, true) {
			return errors.Join(upload.Err, fmt.Errorf("an upload of %q is still there", upload.Key))
		}
		return nil
	}
}

// atMost: what is stored below the prefix has at most that many bytes, but is not nothing.
func atMost(prefix string, size int64) check {
	return func(s *session, _ string) error {
		var total int64
		for object := range s.inspector.ListObjects(context.Background(), s.bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
			if object.Err != nil {
				return object.Err
			}
			total += object.Size
		}
		if total == 0 || total > size {
			return fmt.Errorf("%d bytes are stored below %s, expected at most %d", total, prefix, size)
		}
		return nil
	}
}

// bucketIn: the client's bucket, its name followed by the suffix, is in the region; nowhere if that is empty.
func bucketIn(suffix, region string) check {
	return func(s *session, _ string) error {
		buckets, err := s.inspector.ListBuckets(context.Background())
		if err != nil {
			return err
		}
		there := slices.ContainsFunc(buckets, func(b minio.BucketInfo) bool { return b.Name == s.bucket+suffix })
		if there != (region != "") {
			return fmt.Errorf("bucket %s%s exists: %v, expected it in %q", s.bucket, suffix, there, region)
		}
		if !there {
			return nil
		}
		response, err := http.Head(s.S3 + "/" + s.bucket + suffix) // S3 tells the region to anyone
		if err != nil {
			return err
		}
		if got := response.Header.Get("X-Amz-Bucket-Region"); got != region {
			return fmt.Errorf("bucket %s%s is in %q, expected %s", s.bucket, suffix, got, region)
		}
		return nil
	}
}

func (s *session) compare(what string, got map[string]string, path string) error {
	want, err := localSums(filepath.Join(s.data, path))
	if err != nil {
		return err
	}
	if !maps.Equal(got, want) {
		return fmt.Errorf("%s is %v, expected %v as in %s", what, got, want, path)
	}
	return nil
}

// remoteSums is localSums of what the simulator has stored.
func (s *session) remoteSums(key string) (map[string]string, error) {
	if !strings.HasSuffix(key, "/") {
		sum, err := s.objectSum(key)
		return map[string]string{"": sum}, err
	}
	out := map[string]string{}
	for object := range s.inspector.ListObjects(context.Background(), s.bucket, minio.ListObjectsOptions{Prefix: key, Recursive: true}) {
		if object.Err != nil {
			return nil, object.Err
		}
		sum, err := s.objectSum(object.Key)
		if err != nil {
			return nil, err
		}
		out[strings.TrimPrefix(object.Key, key)] = sum
	}
	return out, nil
}

func (s *session) objectSum(key string) (string, error) {
	object, err := s.inspector.GetObject(context.Background(), s.bucket, key, minio.GetObjectOptions{})
	if err != nil {
		return "", err
	}
	defer object.Close()
	return sum(object)
}

// localSums returns the checksums of the files below a directory by their names; that of a single file has no name.
func localSums(path string) (map[string]string, error) {
	out := map[string]string{}
	err := filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		file, err := os.Open(name)
		if err != nil {
			return err
		}
		defer file.Close()
		key := strings.TrimPrefix(strings.TrimPrefix(name, path), "/")
		out[key], err = sum(file)
		return err
	})
	return out, err
}

func sum(r io.Reader) (string, error) {
	h := sha256.New()
	n, err := io.Copy(h, r)
	return fmt.Sprintf("%d bytes %s", n, hex.EncodeToString(h.Sum(nil))[:16]), err
}
