package store

// PublicAccessBlock says what of a bucket is kept from everybody.
type PublicAccessBlock struct {
	// BlockPublicACLs refuses ACLs that let everybody in, and IgnorePublicACLs passes over them.
	BlockPublicACLs  bool `xml:"BlockPublicAcls" json:"blockPublicACLs,omitempty"`
	IgnorePublicACLs bool `xml:"IgnorePublicAcls" json:"ignorePublicACLs,omitempty"`
	// BlockPublicPolicy refuses policies that let everybody in, and RestrictPublicBuckets keeps other accounts from a bucket with one.
	BlockPublicPolicy     bool `json:"blockPublicPolicy,omitempty"`
	RestrictPublicBuckets bool `json:"restrictPublicBuckets,omitempty"`
}

// Ownership says who owns what is written to a bucket, and whether ACLs count.
type Ownership string

// The ownerships, as S3 names them. With the first, ACLs are disabled.
const (
	BucketOwnerEnforced  Ownership = "BucketOwnerEnforced"
	BucketOwnerPreferred Ownership = "BucketOwnerPreferred"
	ObjectWriter         Ownership = "ObjectWriter"
)

// NewSettings are those of a new bucket at AWS, since April 2023: ACLs are disabled, and nothing is public, unless that is allowed.
func NewSettings(allowPublic bool) Settings {
	settings := Settings{Ownership: BucketOwnerEnforced}
	if !allowPublic {
		settings.PublicAccess = &PublicAccessBlock{true, true, true, true}
	}
	return settings
}
