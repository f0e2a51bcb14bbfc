// Package payload reads the bodies of S3's requests: it takes off the framing that they came in, and holds them to their
// hashes, signatures and checksums.
package payload

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/aws/sigv4"
)

// The values of x-amz-content-sha256 that say how the body is framed, as Signature Version 4 for S3 defines them.
const (
	streamingSigned          = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
	streamingSignedTrailer   = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
	streamingUnsignedTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
)

// MaxObjectSize is the most that S3 takes in one request.
const MaxObjectSize = 5 << 30

// Body is a request's body as the client meant it: framing removed, and everything that the client promised about it
// (signatures, hashes, length) verified by the time Read returns io.EOF. A broken promise is an *aws.Error from Read, so
// a caller that stores only what it read to io.EOF never stores a corrupt body.
type Body struct {
	// Size is the announced length after decoding, or -1 when the client did not announce one.
	Size   int64
	reader io.Reader
	sums   *checksums
}

// Read returns the decoded body.
func (b *Body) Read(p []byte) (int, error) {
	n, err := b.reader.Read(p)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = incompleteBody()
	}
	return n, err
}

// Bytes reads the body to its end and returns it, and a body that holds the same again, for one that is small.
// One of more than limit bytes is refused.
func (b *Body) Bytes(limit int64) ([]byte, *Body, error) {
	read, err := io.ReadAll(io.LimitReader(b, limit+1))
	if err != nil {
		return nil, nil, err
	}
	if int64(len(read)) > limit {
		return nil, nil, aws.NewError(http.StatusBadRequest, "MaxMessageLengthExceeded", "Your request was too big.")
	}
	return read, &Body{Size: int64(len(read)), reader: bytes.NewReader(read), sums: b.sums}, nil
}

// Checksums returns the verified x-amz-checksum- values by header name. It is complete once Read returned io.EOF.
func (b *Body) Checksums() map[string]string { return b.sums.verified() }

// Promised says that a checksum of the body was announced, other than Content-MD5.
func (b *Body) Promised() bool { return b.Algorithm() != "" }

// Algorithm is that of the checksum that was announced, other than Content-MD5; empty for none.
func (b *Body) Algorithm() string {
	for _, c := range b.sums.sums {
		if c.header != contentMD5 {
			return strings.TrimPrefix(c.header, checksumPrefix)
		}
	}
	return ""
}

// PromisedMD5 says that the body came with Content-MD5.
func (b *Body) PromisedMD5() bool {
	return slices.ContainsFunc(b.sums.sums, func(c *checksum) bool { return c.header == contentMD5 })
}

// Compute makes Checksums hold one of the algorithm also when none was announced.
func (b *Body) Compute(algorithm string) error {
	header := ChecksumHeader(algorithm)
	if slices.ContainsFunc(b.sums.sums, func(c *checksum) bool { return c.header == header }) {
		return nil
	}
	if err := b.sums.add(algorithm, ""); err != nil {
		return err
	}
	b.sums.sums[len(b.sums.sums)-1].computed = true
	return nil
}

// NewStream is a body that came inside another one, as a file in a form does; the outer one was checked.
func NewStream(r io.Reader) *Body {
	sums := &checksums{}
	return &Body{Size: -1, reader: &exactReader{inner: r, left: -1, sums: sums}, sums: sums}
}

// NewFileBody is the file in a form, whose fields, as headers, promise checksums of it.
func NewFileBody(r io.Reader, fields http.Header) (*Body, error) {
	b := NewStream(r)
	return b, b.sums.fromHeaders(fields)
}

// NewBody prepares the body of a verified request for reading; secret is that of the key that signed it.
// withChecksums says that x-amz-checksum- headers describe this body, as they do in PutObject, UploadPart and
// DeleteObjects, and not an object, as they do in CompleteMultipartUpload.
func NewBody(r *http.Request, a *sigv4.Authorization, secret string, withChecksums bool) (*Body, error) {
	b := &Body{Size: r.ContentLength, reader: r.Body, sums: &checksums{}}
	payload := r.Header.Get("X-Amz-Content-Sha256")
	if withChecksums {
		if err := b.sums.fromHeaders(r.Header); err != nil {
			return nil, err
		}
	}
	if value := r.Header.Get("Content-Md5"); value != "" {
		if err := b.sums.fromMD5(value); err != nil {
			return nil, err
		}
	}
	if strings.HasPrefix(payload, "STREAMING-") {
		if err := b.decodeChunks(r, a, secret, payload); err != nil {
			return nil, err
		}
	} else if err := b.checkPayload(payload); err != nil {
		return nil, err
	}
	if b.Size > MaxObjectSize {
		return nil, aws.NewError(http.StatusBadRequest, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed object size.").
			With("ProposedSize", strconv.FormatInt(b.Size, 10)).
			With("MaxSizeAllowed", strconv.FormatInt(MaxObjectSize, 10))
	}
	b.reader = &exactReader{inner: b.reader, left: b.Size, sums: b.sums}
	return b, nil
}

func (b *Body) checkPayload(payload string) error {
	if payload == sigv4.UnsignedPayload || payload == "" { // which takes a signature in the URL, or none
		return nil
	}
	want, err := hex.DecodeString(payload)
	if err != nil || len(want) != sha256.Size {
		return aws.NewError(http.StatusBadRequest, "InvalidArgument",
			"x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a STREAMING- mode or a valid sha256 value.").
			With("ArgumentName", "x-amz-content-sha256").With("ArgumentValue", payload)
	}
	b.reader = &hashedReader{inner: b.reader, hash: sha256.New(), want: strings.ToLower(payload)}
	return nil
}

func (b *Body) decodeChunks(r *http.Request, a *sigv4.Authorization, secret, payload string) error {
	size, err := strconv.ParseInt(r.Header.Get("X-Amz-Decoded-Content-Length"), 10, 64)
	if err != nil || size < 0 {
		return aws.NewError(http.StatusLengthRequired, "MissingContentLength", "You must provide the Content-Length HTTP header.")
	}
	var chain *sigv4.Chain
	trailers := false
	switch payload {
	case streamingSigned:
		chain = sigv4.NewChain(a, secret)
	case streamingSignedTrailer:
		chain, trailers = sigv4.NewChain(a, secret), true
	case streamingUnsignedTrailer:
		trailers = true
	default:
		return aws.NotImplemented("x-amz-content-sha256: " + payload)
	}
	names := trailerNames(r.Header)
	if trailers {
		if err := b.sums.expect(names); err != nil {
			return err
		}
	} else if len(names) > 0 {
		return aws.NewError(http.StatusBadRequest, "InvalidRequest", "x-amz-trailer needs a payload mode with trailers.")
	}
	if size == 0 && r.ContentLength == 0 && !trailers {
		// minio-go announces an empty object as chunked and sends no chunk at all.
		b.Size = 0
		return nil
	}
	b.Size = size
	decoder := newChunkReader(r.Body, chain)
	if trailers {
		decoder.trailer = b.sums.fromTrailer
	}
	b.reader = decoder
	return nil
}

func trailerNames(h http.Header) []string {
	var names []string
	for _, value := range h.Values("X-Amz-Trailer") {
		for name := range strings.SplitSeq(value, ",") {
			if name = strings.ToLower(strings.TrimSpace(name)); name != "" {
				names = append(names, name)
			}
		}
	}
	return names
}

// hashedReader compares the sha256 of what it read with the signed one at the end.
type hashedReader struct {
	inner io.Reader
	hash  hash.Hash
	want  string
}

// Read returns what it read, and at the end an error when the hash differs.
func (h *hashedReader) Read(p []byte) (int, error) {
	n, err := h.inner.Read(p)
	h.hash.Write(p[:n])
	if errors.Is(err, io.EOF) {
		if got := hex.EncodeToString(h.hash.Sum(nil)); got != h.want {
			return n, aws.NewError(http.StatusBadRequest, "XAmzContentSHA256Mismatch",
				"The provided 'x-amz-content-sha256' header does not match what was computed.").
				With("ClientComputedContentSHA256", h.want).With("S3ComputedContentSHA256", got)
		}
	}
	return n, err
}

// exactReader holds the body to its announced length, and verifies checksums at its end.
type exactReader struct {
	inner io.Reader
	left  int64 // negative: not announced
	sums  *checksums
	err   error
}

// Read returns what it read, and at the end an error when a promise was broken.
func (e *exactReader) Read(p []byte) (int, error) {
	if e.err != nil {
		return 0, e.err
	}
	n, err := e.inner.Read(p)
	e.sums.write(p[:n])
	if e.left >= 0 {
		if e.left -= int64(n); e.left < 0 {
			e.err = incompleteBody()
			return 0, e.err
		}
	}
	if errors.Is(err, io.EOF) {
		if e.left > 0 {
			err = incompleteBody()
		} else if sumErr := e.sums.verify(); sumErr != nil {
			err = sumErr
		}
	}
	e.err = err
	return n, err
}

func incompleteBody() *aws.Error {
	return aws.NewError(http.StatusBadRequest, "IncompleteBody",
		"You did not provide the number of bytes specified by the Content-Length HTTP header.")
}
