package store

import (
	"errors"
	"io"
	"strings"
	"time"
)

// NullVersion is how S3 names the version of an object that was written while its bucket was not versioned.
const NullVersion = "null"

// Object is one version of an object as it was stored. It is never changed: a change makes a new Object.
type Object struct {
	Key string `json:"-"` // JSON cannot hold every key that S3 takes
	// Version is the version's id, NullVersion for an object of a bucket without versioning.
	Version string `json:"-"`
	// Sequence orders the versions of a key: the highest is the latest.
	Sequence uint64 `json:"sequence"`
	// DeleteMarker is a version that says that the object is deleted.
	DeleteMarker bool  `json:"deleteMarker,omitempty"`
	Size         int64 `json:"size"`
	// ETag is without quotes: the MD5 of the content, or that of the parts' MD5s and their number for a multipart upload.
	ETag     string    `json:"etag"`
	Modified time.Time `json:"modified"`
	// Blob names the content in the store's blobs.
	Blob string `json:"blob,omitempty"`
	Attributes
	// Parts are those that a multipart upload was completed with.
	Parts []ObjectPart `json:"parts,omitempty"`
	// Upload is the id of that upload.
	Upload string `json:"upload,omitempty"`

	content blob
	older   *Object
}

// Attributes are what a writer says of an object besides its content.
type Attributes struct {
	// Headers go out again with the object, by canonical name.
	Headers map[string]string `json:"headers,omitempty"`
	// Checksums and CRC64NVME are the verified x-amz-checksum- values of the content; AllChecksums has both.
	Checksums map[string]string `json:"checksums,omitempty"`
	CRC64NVME string            `json:"crc64nvme,omitempty"`
	// ChecksumType is COMPOSITE when they are made of those of the parts; otherwise they are of the full object.
	ChecksumType string            `json:"checksumType,omitempty"`
	Tags         map[string]string `json:"tags,omitempty"`
	Retention    Retention         `json:"retention,omitzero"`
	LegalHold    bool              `json:"legalHold,omitempty"`
	// LegalHoldOff says that a legal hold was said to be off, and not just never set.
	LegalHoldOff bool `json:"legalHoldOff,omitempty"`
	// CustomerKey is the SHA-256 of the key that a customer gave to encrypt the object, and gives again to read it.
	CustomerKey string `json:"customerKey,omitempty"`
	// ACL says who owns the object, and who else may do what with it.
	ACL *ACL `json:"acl,omitempty"`
	// Restore is the last copy that was made of an object in an archive.
	Restore Restore `json:"restore,omitzero"`
	// Tiering is that of an object in INTELLIGENT_TIERING.
	Tiering Tiering `json:"tiering,omitzero"`
}

// ObjectPart is a part of an object that came in a multipart upload.
type ObjectPart struct {
	Number    int               `json:"number"`
	Size      int64             `json:"size"`
	Checksums map[string]string `json:"checksums,omitempty"`
}

// Content is an open object's content.
type Content interface {
	io.ReaderAt
	io.Closer
}

// RangeWriter is a content that is written without being copied to a buffer first.
type RangeWriter interface {
	// WriteRange writes a part of the content that is there, in pieces of so many bytes at most.
	WriteRange(w io.Writer, offset, length int64, piece int) (int64, error)
}

// Conditions guard a write or a deletion. They are checked in one step with it, when the content has arrived.
type Conditions struct {
	// IfMatch: the object must exist with this ETag.
	IfMatch string
	// IfNoneMatch: "*", the object must not exist.
	IfNoneMatch string
}

func (c Conditions) check(current *Object) error {
	exists := current != nil && !current.DeleteMarker
	if c.IfNoneMatch == "*" && exists {
		return ErrPrecondition
	}
	if c.IfMatch == "" {
		return nil
	}
	if !exists {
		return ErrNoSuchKey
	}
	if want := strings.Trim(c.IfMatch, `"`); want != "*" && want != current.ETag {
		return ErrPrecondition
	}
	return nil
}

// find returns a version of the object; the receiver is its latest, or nil when there is none.
func (o *Object) find(version string) *Object {
	for ; o != nil; o = o.older {
		if o.Version == version {
			return o
		}
	}
	return nil
}

// swap returns the versions with one put in the place of another, or that one removed when new is nil. The versions
// that are newer are copied, since whoever listed them before still reads them.
func (o *Object) swap(old, new *Object) *Object {
	switch {
	case o == nil || old == nil:
		return o
	case o != old:
		copied := *o
		copied.older = o.older.swap(old, new)
		return &copied
	case new == nil:
		return o.older
	}
	new.older = old.older
	return new
}

// open opens the content. A small one that is not what was written is ErrDamaged.
func (o *Object) open() (Content, error) {
	content, err := o.content.open()
	if err != nil {
		return nil, err
	}
	if _, is := content.(fileContent); is && o.Size <= checkedFirst {
		if err := check(content, o.Size); err != nil {
			return nil, errors.Join(err, content.Close())
		}
	}
	return content, nil
}

// remove forgets the content, if there is any.
func (o *Object) remove() error {
	if o == nil || o.content == nil {
		return nil
	}
	return o.content.remove()
}
