package control

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"time"

	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// ObjectPage is a part of a bucket: what lies directly under a prefix.
type ObjectPage struct {
	Prefixes []string     `json:"prefixes" doc:"What is common to the keys of several objects, up to the next slash."`
	Objects  []ObjectInfo `json:"objects" doc:"The versions of objects, by key, the latest first."`
	Next     *ObjectMark  `json:"next,omitempty" doc:"Where the next page begins; left out: this is the last."`
}

// ObjectMark is a place in a bucket.
type ObjectMark struct {
	After        string `json:"after" doc:"The last key, or prefix, before it."`
	AfterVersion string `json:"afterVersion,omitempty" doc:"The last version of that key before it."`
}

// ObjectInfo is a version of an object.
type ObjectInfo struct {
	Key          string            `json:"key" doc:"Key of the object."`
	Version      string            `json:"version" doc:"Id of the version; null in a bucket without versions."`
	Latest       bool              `json:"latest" doc:"Whether it is what a request without a version gets."`
	DeleteMarker bool              `json:"deleteMarker,omitempty" doc:"Whether it says that the object is deleted."`
	Size         int64             `json:"size" doc:"Size in bytes."`
	ETag         string            `json:"etag,omitempty" doc:"ETag, without quotes."`
	Modified     time.Time         `json:"modified" doc:"When it was written, by the simulator's clock."`
	StorageClass string            `json:"storageClass,omitempty" doc:"Storage class; left out: STANDARD."`
	Headers      map[string]string `json:"headers,omitempty" doc:"Headers that go out with it, those of the user's metadata too."`
	Tags         map[string]string `json:"tags,omitempty" doc:"Its tags."`
}

var objectsQuery = [][2]string{
	{"region", "Region of the bucket."},
	{"bucket", "Name of the bucket."},
	{"prefix", "What keys begin with."},
	{"after", "The last key, or prefix, of the page before."},
	{"afterVersion", "The last version of that key on the page before."},
}

var objectQuery = [][2]string{objectsQuery[0], objectsQuery[1], {"key", "Key of the object."}, {"version", "Id of the version; left out: the latest."}}

// pageSize is how many objects and prefixes are on a page.
const pageSize = 200

func (s *server) listObjects(w http.ResponseWriter, r *http.Request) error {
	bucket, err := s.bucket(r)
	if err != nil {
		return err
	}
	query := r.URL.Query()
	listed := bucket.List(store.ListOptions{
		Prefix: query.Get("prefix"), Delimiter: "/", After: query.Get("after"), AfterVersion: query.Get("afterVersion"), Max: pageSize, Versions: true,
	})
	page := ObjectPage{append([]string{}, listed.Prefixes...), []ObjectInfo{}, nil}
	for _, o := range listed.Objects {
		page.Objects = append(page.Objects, ObjectInfo{
			o.Key, o.Version, listed.Latest[o], o.DeleteMarker, o.Size, o.ETag, o.Modified, o.StorageClass(), o.Headers, o.Tags,
		})
	}
	if listed.Truncated {
		page.Next = &ObjectMark{listed.Next, listed.NextVersion}
	}
	return writeJSON(w, http.StatusOK, page)
}

// readObject answers the content of an object, for which the simulator's own keys are not needed. To a browser it is a file and nothing
// else, whatever the object says that it is.
func (s *server) readObject(w http.ResponseWriter, r *http.Request) error {
	bucket, err := s.bucket(r)
	if err != nil {
		return err
	}
	key := r.URL.Query().Get("key")
	object, content, err := bucket.Open(key, r.URL.Query().Get("version"))
	switch {
	case errors.Is(err, store.ErrNoSuchKey), errors.Is(err, store.ErrNoSuchVersion), errors.Is(err, store.ErrDeleteMarker):
		return fmt.Errorf("%w: %w", errNotFound, err)
	case err != nil:
		return err
	}
	defer func() { _ = content.Close() }()
	header := w.Header()
	header.Set("Content-Type", "application/octet-stream")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": path.Base(key)}))
	http.ServeContent(w, r, "", object.Modified, io.NewSectionReader(content, 0, object.Size))
	return nil
}

func (s *server) bucket(r *http.Request) (*store.Bucket, error) {
	region, name := r.URL.Query().Get("region"), r.URL.Query().Get("bucket")
	bucket, found := s.Store.Bucket(region, name)
	if !found {
		return nil, fmt.Errorf("bucket %q in region %q: %w", name, region, errNotFound)
	}
	return bucket, nil
}
