package objectstore

import (
	"context"
	"errors"

	miniocredentials "github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/velero-locations/velero-locations/drivers/identity"
	"github.com/velero-locations/velero-locations/locations/credentials"
)

// currentKey returns the key that signs now.
func (s *S3) currentKey(ctx context.Context) (credentials.AWS, error) {
	if s.opts.Keys == nil {
		return credentials.AWS{}, nil
	}
	key, err := s.opts.Keys.Key(ctx)
	if err == nil {
		s.key.Store(&key)
	}
	return key, err
}

// lastKey is the key that signed last. Parts of an object are signed beside each other.
func (s *S3) lastKey() credentials.AWS {
	if key := s.key.Load(); key != nil {
		return *key
	}
	return credentials.AWS{}
}

// keyless says that there was no key to sign with, so that the storage was not asked.
func keyless(err error) bool {
	var failure *identity.Error
	return errors.As(err, &failure) || credentials.AreElsewhere(err)
}

// signer gives the client a key for each request, so that one which ends while a large object is sent is renewed.
type signer func() (credentials.AWS, error)

var _ miniocredentials.Provider = signer(nil)

// Retrieve returns the key of the moment.
func (s signer) Retrieve() (miniocredentials.Value, error) {
	key, err := s()
	if err != nil {
		return miniocredentials.Value{}, err
	}
	if key.AccessKeyID == "" || key.SecretAccessKey == "" {
		return miniocredentials.Value{SignerType: miniocredentials.SignatureAnonymous}, nil
	}
	return miniocredentials.Value{
		AccessKeyID: key.AccessKeyID, SecretAccessKey: key.SecretAccessKey, SessionToken: key.SessionToken, SignerType: miniocredentials.SignatureV4,
	}, nil
}

// RetrieveWithCredContext is Retrieve.
func (s signer) RetrieveWithCredContext(*miniocredentials.CredContext) (miniocredentials.Value, error) {
	return s.Retrieve()
}

// IsExpired has each request ask.
func (s signer) IsExpired() bool { return true }
