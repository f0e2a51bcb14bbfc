package sigv4

import (
	"encoding/hex"
	"testing"
)

// TestSigningKeys derives keys for scopes that differ in one part each, twice: none may get another's.
func TestSigningKeys(t *testing.T) {
	scopes := []signingScope{
		{"secret", "20260101", "us-east-1", "s3"},
		{"other", "20260101", "us-east-1", "s3"},
		{"secret", "20260102", "us-east-1", "s3"},
		{"secret", "20260101", "eu-west-1", "s3"},
		{"secret", "20260101", "us-east-1", "ec2"},
	}
	seen := map[string]signingScope{}
	for range 2 {
		for _, s := range scopes {
			a := Authorization{Date: s.date, Region: s.region, Service: s.service}
			key := hex.EncodeToString(a.signingKey(s.secret).key)
			if owner, found := seen[key]; found && owner != s {
				t.Errorf("%s of %s has the key of %s of %s", s.service, s.region, owner.service, owner.region)
			}
			seen[key] = s
		}
	}
	if len(seen) != len(scopes) {
		t.Errorf("%d keys for %d scopes", len(seen), len(scopes))
	}
}
