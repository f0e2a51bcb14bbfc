package objectstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/encrypt"
)

// partSize is how much of an object is sent at a time, and held in memory meanwhile. S3 takes
// 10,000 parts, so that an object has at most 156 GiB.
const partSize = 16 << 20

// Writing says how objects are stored.
type Writing struct {
	// Encryption by the storage: AES256 or aws:kms. Empty: its own choice.
	Encryption string
	// KMSKeyID is the key of KMS that encrypts. It makes the encryption aws:kms if that is not said.
	KMSKeyID string
	// CustomerKey of 32 bytes encrypts, and is needed for reading, too (SSE-C).
	CustomerKey []byte
	// Tags of every object.
	Tags map[string]string
	// Checksum is the algorithm whose sum goes with the content: CRC32, CRC32C, CRC64NVME, SHA1 or
	// SHA256. Others, and none, leave it to the signature to guard the content.
	Checksum string
}

// checksums are the algorithms that the client computes.
var checksums = map[string]minio.ChecksumType{
	"CRC32": minio.ChecksumCRC32, "CRC32C": minio.ChecksumCRC32C, "CRC64NVME": minio.ChecksumCRC64NVME,
	"SHA1": minio.ChecksumSHA1, "SHA256": minio.ChecksumSHA256,
}

// Keys implements Store with ListObjectsV2.
func (s *S3) Keys(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		client, err := s.connect(ctx)
		if err != nil {
			yield("", s.failed(ctx, listing, prefix, err))
			return
		}
		for entry := range client.ListObjectsIter(ctx, s.opts.Bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true, FetchOwner: new(bool)}) {
			if entry.Err != nil {
				yield("", s.failed(ctx, listing, prefix, entry.Err))
				return
			}
			if !yield(entry.Key, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil { // the iteration ends without an error when the context does
			yield("", s.failed(ctx, listing, prefix, err))
		}
	}
}

// Exists implements Store with HeadObject. Storage answers 403 in place of 404 to those who may not list.
func (s *S3) Exists(ctx context.Context, key string) (bool, error) {
	client, err := s.connect(ctx)
	if err != nil {
		return false, s.failed(ctx, reading, key, err)
	}
	_, err = client.StatObject(ctx, s.opts.Bucket, key, minio.StatObjectOptions{ServerSideEncryption: s.customerKey()})
	switch {
	case err == nil:
		return true, nil
	case minio.ToErrorResponse(err).Code == minio.NoSuchKey:
		return false, nil
	}
	err = s.failed(ctx, reading, key, err)
	if refusal := (*Error)(nil); errors.As(err, &refusal) {
		refusal.Detail = "" // an answer to HEAD has no words: these are the client's
	}
	return false, err
}

// Get implements Store.
func (s *S3) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	object, err := s.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	return object.ReadCloser, nil // which nobody compares with what the storage says
}

// Put implements Store.
func (s *S3) Put(ctx context.Context, key string, content io.Reader) error {
	return s.put(ctx, key, content, minio.PutObjectOptions{})
}

// Create implements Store with the condition If-None-Match, which the storage decides on.
func (s *S3) Create(ctx context.Context, key string, content []byte) error {
	var options minio.PutObjectOptions
	options.SetMatchETagExcept("*")
	err := s.put(ctx, key, bytes.NewReader(content), options)
	var refusal *Error
	if errors.As(err, &refusal) && refusal.Status == http.StatusPreconditionFailed {
		return fmt.Errorf("%s of the bucket %q: %w", key, s.opts.Bucket, ErrExists)
	}
	return err
}

// put sends what fits into one part as it is, and the rest in parts.
func (s *S3) put(ctx context.Context, key string, content io.Reader, options minio.PutObjectOptions) error {
	client, err := s.connect(ctx)
	if err != nil {
		return s.failed(ctx, writing, key, err)
	}
	s.addWriting(&options)
	source := &source{content: content}
	head := make([]byte, headSize(content))
	n, _ := io.ReadFull(source, head) // the source remembers
	if source.err != nil {
		return source.err
	}
	head = head[:n]
	size, body := int64(len(head)), io.Reader(bytes.NewReader(head))
	if size == partSize {
		size, body = -1, io.MultiReader(body, source)
	} else {
		sumOf(&options, head)
	}
	if _, err := client.PutObject(ctx, s.opts.Bucket, key, body, size, options); err != nil {
		if source.err != nil {
			return source.err
		}
		return s.failed(ctx, writing, key, err)
	}
	return nil
}

// headSize is how much of some content, of which the size may be known, is read before it is sent.
func headSize(content io.Reader) int {
	if sized, isSized := content.(interface{ Len() int }); isSized {
		return min(sized.Len(), partSize)
	}
	return partSize
}

// source remembers why content could not be read, which is no fault of the storage.
type source struct {
	content io.Reader
	err     error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.content.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = fmt.Errorf("reading what is to be stored: %w", err)
		return n, s.err
	}
	return n, err // io.EOF must stay what it is
}

func (s *S3) addWriting(options *minio.PutObjectOptions) {
	options.PartSize = partSize
	options.ContentType = "application/octet-stream"
	options.UserTags = s.opts.Writing.Tags
	options.Checksum = checksums[s.opts.Writing.Checksum]
	options.ServerSideEncryption = s.encryption
}

// sumOf puts the checksum of all content into the header. The client would send it behind the content; but if it has to
// send that again, it adds up both times.
func sumOf(options *minio.PutObjectOptions, content []byte) {
	if sum := options.Checksum; sum.IsSet() {
		options.UserMetadata = map[string]string{sum.KeyCapitalized(): sum.EncodeToString(content)}
		options.Checksum = 0
	}
}

// customerKey is the encryption that reading takes as well; nil if there is none.
func (s *S3) customerKey() encrypt.ServerSide {
	if len(s.opts.Writing.CustomerKey) == 0 {
		return nil
	}
	return s.encryption
}

// newEncryption returns nil where the storage is to choose.
func (w *Writing) newEncryption() (encrypt.ServerSide, error) {
	switch {
	case len(w.CustomerKey) > 0:
		sse, err := encrypt.NewSSEC(w.CustomerKey)
		if err != nil {
			return nil, fmt.Errorf("the customer's key has %d bytes: it must have 32", len(w.CustomerKey))
		}
		return sse, nil
	case w.Encryption == "aws:kms" || w.Encryption == "" && w.KMSKeyID != "":
		sse, err := encrypt.NewSSEKMS(w.KMSKeyID, nil)
		if err != nil {
			return nil, fmt.Errorf("encrypting with KMS: %w", err)
		}
		return sse, nil
	case w.Encryption == "AES256":
		return encrypt.NewSSE(), nil
	case w.Encryption == "":
		return nil, nil // no encryption is asked for
	}
	return nil, fmt.Errorf("the server-side encryption %q cannot be asked for from here: use AES256 or aws:kms", w.Encryption)
}

// Delete implements Store.
func (s *S3) Delete(ctx context.Context, key string) error {
	client, err := s.connect(ctx)
	if err != nil {
		return s.failed(ctx, deleting, key, err)
	}
	if err := client.RemoveObject(ctx, s.opts.Bucket, key, minio.RemoveObjectOptions{}); err != nil {
		return s.failed(ctx, deleting, key, err)
	}
	return nil
}

// Abandon implements Store: it aborts the multipart uploads of a key. Policies often do not allow to list them, which
// Velero does not do.
func (s *S3) Abandon(ctx context.Context, key string) error {
	client, err := s.connect(ctx)
	if err != nil {
		return s.failed(ctx, deleting, key, err)
	}
	err = client.RemoveIncompleteUpload(ctx, s.opts.Bucket, key)
	var foreign *foreignError
	if errors.As(err, &foreign) {
		return nil // as simple storage answers, which knows nothing of uploads
	}
	switch minio.ToErrorResponse(err).StatusCode {
	case http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return nil
	}
	if err != nil {
		return s.failed(ctx, deleting, key, err)
	}
	return nil
}

// PresignGet implements Store. The address is at the public endpoint, if one is configured.
func (s *S3) PresignGet(ctx context.Context, key string, lifetime time.Duration) (string, error) {
	client, err := s.connect(ctx)
	if err == nil && s.opts.PublicEndpoint != nil {
		client, err = s.clientOf(ctx, s.opts.PublicEndpoint)
	}
	if err != nil {
		return "", s.failed(ctx, reading, key, err)
	}
	address, err := client.PresignedGetObject(ctx, s.opts.Bucket, key, lifetime, url.Values{})
	if err != nil {
		return "", s.failed(ctx, reading, key, err)
	}
	return address.String(), nil
}
