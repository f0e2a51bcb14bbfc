package store

import (
	"fmt"

	"github.com/velero-locations/velero-locations/simulator/policy"
	"github.com/velero-locations/velero-locations/simulator/s3/lifecycle"
)

// Versioning says what becomes of an object that is overwritten or deleted.
type Versioning string

// The states of a bucket's versioning, as S3 names them; a bucket where it was never set has none.
const (
	VersioningEnabled   Versioning = "Enabled"
	VersioningSuspended Versioning = "Suspended"
)

// Settings are what can be set of a bucket while it exists.
type Settings struct {
	Versioning Versioning        `json:"versioning,omitempty"`
	Tags       map[string]string `json:"tags,omitempty"`
	// ObjectLock says that versions can be kept from being deleted.
	ObjectLock bool             `json:"objectLock,omitempty"`
	Retention  DefaultRetention `json:"retention,omitzero"`
	Encryption Encryption       `json:"encryption,omitzero"`
	Policy     BucketPolicy     `json:"policy,omitzero"`
	CORS       []CORSRule       `json:"cors,omitempty"`
	// PublicAccess is what is kept from everybody; nil keeps nothing.
	PublicAccess *PublicAccessBlock `json:"publicAccess,omitempty"`
	// Ownership is empty where it was never set, as of buckets of before April 2023.
	Ownership Ownership `json:"ownership,omitempty"`
	// ACL is the bucket's; those of objects are theirs.
	ACL *ACL `json:"acl,omitempty"`
	// Lifecycle is the rules by which objects grow colder and expire.
	Lifecycle lifecycle.Configuration `json:"lifecycle,omitzero"`
	// Tiering are the configurations of S3 Intelligent-Tiering, by id.
	Tiering []lifecycle.Tiering `json:"tiering,omitempty"`
	// Notifications say whom to tell of what happens to objects.
	Notifications []Notification `json:"notifications,omitempty"`
}

// BucketPolicy says who else may do what with a bucket.
type BucketPolicy struct {
	// Document is the policy as it was sent, and Statements are what it says.
	Document   string        `json:"document,omitempty"`
	Statements policy.Policy `json:"statements,omitempty"`
}

// CORSRule lets pages from other origins use a bucket.
type CORSRule struct {
	ID      string   `json:"id,omitempty"`
	Origins []string `json:"origins"`
	Methods []string `json:"methods"`
	// Headers are those that a page may send, Expose those that it may see.
	Headers []string `json:"headers,omitempty"`
	Expose  []string `json:"expose,omitempty"`
	MaxAge  int      `json:"maxAge,omitempty"`
}

// Encryption is how a bucket's objects are encrypted when their writers say nothing.
type Encryption struct {
	// Algorithm is AES256, aws:kms or aws:kms:dsse; empty when it was never set.
	Algorithm string `json:"algorithm,omitempty"`
	KeyID     string `json:"keyID,omitempty"`
	BucketKey bool   `json:"bucketKey,omitempty"`
}

// Settings returns the bucket's settings; what they refer to must not be changed.
func (b *Bucket) Settings() Settings { return *b.settings.Load() }

// Configure changes the bucket's settings by the function, which may refuse.
func (b *Bucket) Configure(change func(*Settings) error) error {
	b.writes.Lock()
	defer b.writes.Unlock()
	if b.gone {
		return ErrNoSuchBucket
	}
	settings := b.Settings()
	if err := change(&settings); err != nil {
		return err
	}
	if err := b.store.journal.putBucket(b.info, settings); err != nil {
		return fmt.Errorf("configuring bucket %s: %w", b.info.Name, err)
	}
	b.settings.Store(&settings)
	b.store.restores.again(b.store.now())
	return nil
}
