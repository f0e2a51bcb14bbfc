package sigv4

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
)

// Chain verifies the chunks of a signed stream: each signature covers its chunk and the signature before it,
// the first of which is the request's own, as S3's "Signature calculations for chunked uploads" has it.
type Chain struct {
	authorization *Authorization
	key           *signingKey
	previous      string
	hash          hash.Hash
}

// NewChain begins with the signature of a request; secret is that of the key that signed it.
func NewChain(a *Authorization, secret string) *Chain {
	return &Chain{authorization: a, key: a.signingKey(secret), previous: a.Signature, hash: sha256.New()}
}

// emptyHash is the SHA-256 of nothing, which each chunk's signature covers, too.
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// Add adds to what the next signature covers.
func (c *Chain) Add(p []byte) { c.hash.Write(p) }

// Chunk verifies a chunk whose data were added.
func (c *Chain) Chunk(signature string) error {
	return c.check(signature, "AWS4-HMAC-SHA256-PAYLOAD", emptyHash+"\n")
}

// Trailer verifies the trailer whose lines were added.
func (c *Chain) Trailer(signature string) error {
	return c.check(signature, "AWS4-HMAC-SHA256-TRAILER", "")
}

func (c *Chain) check(signature, kind, more string) error {
	if !c.key.matches(signature, func(out []byte) []byte { return c.appendStringToSign(out, kind, more) }) {
		return signatureDoesNotMatch().
			With("AWSAccessKeyId", c.authorization.AccessKeyID).
			With("StringToSign", string(c.appendStringToSign(nil, kind, more))).
			With("SignatureProvided", signature)
	}
	c.previous = signature
	c.hash.Reset()
	return nil
}

func (c *Chain) appendStringToSign(out []byte, kind, more string) []byte {
	out = c.authorization.appendSigned(out, kind)
	out = append(append(out, c.previous...), '\n')
	out = append(out, more...)
	start := len(out)
	out = c.hash.Sum(out)
	var sum [sha256.Size]byte
	copy(sum[:], out[start:])
	return hex.AppendEncode(out[:start], sum[:])
}
