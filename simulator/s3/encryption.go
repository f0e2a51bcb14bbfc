package s3

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// Nothing is encrypted. The headers are checked, kept and answered as if it were, so that clients see S3's behaviour.

const (
	sseHeader       = "X-Amz-Server-Side-Encryption"
	kmsKeyHeader    = sseHeader + "-Aws-Kms-Key-Id"
	bucketKeyHeader = sseHeader + "-Bucket-Key-Enabled"
	customerPrefix  = sseHeader + "-Customer-"
	sourcePrefix    = "X-Amz-Copy-Source-Server-Side-Encryption-Customer-"
)

// customerKey is a key that a client encrypts with and keeps: only its hash is remembered.
type customerKey struct {
	hash, md5 string
}

// readCustomerKey reads the three headers of a customer's key, or none, that begin with the prefix.
func readCustomerKey(h http.Header, prefix string) (customerKey, error) {
	algorithm, encoded, sum := h.Get(prefix+"Algorithm"), h.Get(prefix+"Key"), h.Get(prefix+"Key-Md5")
	switch {
	case algorithm == "" && encoded == "" && sum == "":
		return customerKey{}, nil
	case algorithm == "":
		return customerKey{}, invalidArgument("x-amz-server-side-encryption", "null", "Requests specifying Server Side Encryption with Customer provided keys must provide a valid encryption algorithm.")
	case algorithm != "AES256":
		return customerKey{}, aws.NewError(http.StatusBadRequest, "InvalidEncryptionAlgorithmError", "The encryption request you specified is not valid. The valid value is AES256.")
	case encoded == "":
		return customerKey{}, invalidArgument("x-amz-server-side-encryption", "null", "Requests specifying Server Side Encryption with Customer provided keys must provide an appropriate secret key.")
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(key) != 32 {
		return customerKey{}, invalidArgument("x-amz-server-side-encryption", "null", "The secret key was invalid for the specified algorithm.")
	}
	got := md5.Sum(key)
	if base64.StdEncoding.EncodeToString(got[:]) != sum {
		return customerKey{}, invalidArgument("x-amz-server-side-encryption", "null", "The calculated MD5 hash of the key did not match the hash that was provided.")
	}
	hash := sha256.Sum256(key)
	return customerKey{hex.EncodeToString(hash[:]), sum}, nil
}

// opens says whether the key is the one that what was stored demands.
func (k customerKey) opens(stored string) error {
	switch {
	case stored == k.hash:
		return nil
	case stored == "":
		return aws.NewError(http.StatusBadRequest, "InvalidRequest", "The encryption parameters are not applicable to this object.")
	case k.hash == "":
		return aws.NewError(http.StatusBadRequest, "InvalidRequest",
			"The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.")
	}
	return accessDenied()
}

// describe puts the headers that confirm the key on an answer.
func (k customerKey) describe(h http.Header) {
	if k.hash != "" {
		h.Set(customerPrefix+"Algorithm", "AES256")
		h.Set(customerPrefix+"Key-Md5", k.md5)
	}
}

// describeEncryption adds the headers that confirm how an object is encrypted.
func describeEncryption(attributes store.Attributes, key customerKey, h http.Header) {
	for _, name := range [...]string{sseHeader, kmsKeyHeader, bucketKeyHeader} {
		if value := attributes.Headers[name]; value != "" {
			h.Set(name, value)
		}
	}
	key.describe(h)
}

// serverEncryption is what an object's headers say of its encryption: what its writer asks for, or the bucket's default.
func (q *request) serverEncryption(kept map[string]string, key customerKey) error {
	algorithm := kept[sseHeader]
	switch {
	case algorithm != "" && key.hash != "":
		return invalidArgument("x-amz-server-side-encryption", algorithm, "Server Side Encryption with Customer provided key is incompatible with the encryption method specified")
	case algorithm == "" && kept[kmsKeyHeader] != "":
		return invalidArgument("x-amz-server-side-encryption", "null", "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms")
	case algorithm == "" && key.hash == "":
		encryptByDefault(q.bucket, kept)
		return nil
	case algorithm == "AES256" && kept[kmsKeyHeader] != "":
		return invalidArgument("x-amz-server-side-encryption", algorithm, "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms")
	}
	return checkAlgorithm(algorithm)
}

// encryptByDefault adds what a bucket says of objects whose writers say nothing.
func encryptByDefault(bucket *store.Bucket, kept map[string]string) {
	byDefault := bucket.Settings().Encryption
	if byDefault.Algorithm == "" {
		return
	}
	kept[sseHeader] = byDefault.Algorithm
	if byDefault.KeyID != "" {
		kept[kmsKeyHeader] = byDefault.KeyID
	}
	if byDefault.BucketKey {
		kept[bucketKeyHeader] = "true"
	}
}

func checkAlgorithm(algorithm string) error {
	switch algorithm {
	case "", "AES256", "aws:kms", "aws:kms:dsse":
		return nil
	}
	return invalidArgument("x-amz-server-side-encryption", algorithm, "The encryption method specified is not supported")
}
