package objectstore

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/minio/minio-go/v7"
	miniocredentials "github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/encrypt"

	"github.com/velero-locations/velero-locations/locations/credentials"
)

// attempts is how often a request is tried when the answer may be another the next time; the AWS
// SDK, and so Velero, tries as often.
const attempts = 3

// amazon is the endpoint where none is given. The client turns it into that of the region.
var amazon = &url.URL{Scheme: "https", Host: "s3.amazonaws.com"}

// S3Options says which bucket to reach, and how.
type S3Options struct {
	// Bucket is its name, without any path.
	Bucket string
	// Endpoint has a scheme and a host only. Nil: Amazon's own.
	Endpoint *url.URL
	// Region is what requests are signed for. Empty: the region that the bucket is in.
	Region string
	// PathStyle has requests name the bucket in their path. Else they name it in the host, wherever that is possible.
	PathStyle bool
	// RootCAs are the authorities trusted to sign the endpoint's certificate. Nil: the system's.
	RootCAs *x509.CertPool
	// InsecureSkipTLSVerify accepts any certificate.
	InsecureSkipTLSVerify bool
	// Keys give the key that signs, which may be another one from time to time. Nil: requests are not signed.
	Keys credentials.AWSKeys
	// PublicEndpoint is what clients outside reach the storage at. Nil: the endpoint.
	PublicEndpoint *url.URL
	// Writing says how objects are stored.
	Writing Writing
	// StallTimeout is how long a connection may carry nothing, in either direction, before a request
	// fails. 0: a minute.
	StallTimeout time.Duration
	// Brief is for a question on behalf of whoever waits for it: each request is sent once, no more than a few are, and of what
	// answers no more is read than a short page. A listing may break off before its end.
	Brief bool
}

// S3 is a bucket of Amazon S3 or of storage that speaks its protocol.
type S3 struct {
	opts      S3Options
	endpoint  *url.URL
	transport *http.Transport
	// encryption of what is written; nil: none is asked for.
	encryption encrypt.ServerSide
	// key is the one that signed last; nil: none has yet.
	key atomic.Pointer[credentials.AWS]
	// signingRegion is what requests are signed for, once it is known.
	signingRegion string
	// skew is how far the clock of the storage is ahead; nil: it has not told the time yet.
	skew atomic.Pointer[time.Duration]
	// spent is how many requests were sent, for those that are to be few.
	spent atomic.Int64
}

var _ Store = (*S3)(nil)

// NewS3 returns the bucket that the options describe. It sends nothing yet.
func NewS3(opts S3Options) (*S3, error) {
	if opts.Bucket == "" {
		return nil, errors.New("no bucket is named")
	}
	if reason := OutOfReach(opts.Bucket, ""); reason != "" {
		return nil, fmt.Errorf("the bucket %q cannot be reached from here: %s", opts.Bucket, reason)
	}
	encryption, err := opts.Writing.newEncryption()
	if err != nil {
		return nil, err
	}
	endpoint := opts.Endpoint
	if endpoint == nil {
		endpoint = amazon
	}
	return &S3{
		opts:      opts,
		endpoint:  endpoint,
		transport: opts.newTransport(),

		encryption:    encryption,
		signingRegion: opts.Region,
	}, nil
}

// Close gives up the connections that the store holds.
func (s *S3) Close() { s.transport.CloseIdleConnections() }

// CommonPrefixes lists the bucket with ListObjectsV2 and the delimiter /. A bucket in another
// region than the options name is an error, even if the storage would redirect.
func (s *S3) CommonPrefixes(ctx context.Context, prefix string) ([]string, error) {
	names, err := s.list(ctx, prefix)
	if err != nil {
		return nil, s.failed(ctx, listing, prefix, err)
	}
	return names, nil
}

func (s *S3) list(ctx context.Context, prefix string) ([]string, error) {
	client, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for entry := range client.ListObjectsIter(ctx, s.opts.Bucket, minio.ListObjectsOptions{Prefix: prefix, MaxKeys: s.opts.pageSize(), FetchOwner: new(bool)}) {
		if errors.Is(entry.Err, errEnough) {
			break
		}
		if entry.Err != nil {
			return nil, entry.Err
		}
		// Of objects, only the one that is named like the prefix itself can end with the delimiter.
		if strings.HasSuffix(entry.Key, "/") && entry.Key != prefix {
			names = append(names, entry.Key)
		}
	}
	// The iteration ends without an error when the context does.
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	slices.Sort(names)
	return names, nil
}

// connect makes a client for one call: a client that knows its region neither follows redirections
// nor remembers where they led. Without a region it asks for the bucket's location.
func (s *S3) connect(ctx context.Context) (*minio.Client, error) {
	if _, err := s.currentKey(ctx); err != nil {
		return nil, err
	}
	if s.signingRegion == "" {
		s.signingRegion = s.bucketRegion(ctx)
	}
	return s.clientOf(ctx, s.endpoint)
}

func (s *S3) clientOf(ctx context.Context, endpoint *url.URL) (*minio.Client, error) {
	client, err := minio.New(endpoint.Host, &minio.Options{
		Creds:           miniocredentials.New(signer(func() (credentials.AWS, error) { return s.currentKey(ctx) })),
		Secure:          endpoint.Scheme == "https",
		Transport:       strict{detaching{s.frugal(clocked{s.transport, s})}, s.opts.mostOfPage()},
		Region:          s.signingRegion,
		BucketLookup:    s.opts.bucketLookup(endpoint),
		MaxRetries:      s.opts.attempts(),
		TrailingHeaders: checksums[s.opts.Writing.Checksum].IsSet(),
	})
	if err != nil {
		return nil, fmt.Errorf("making a client of %s: %w", endpoint, err)
	}
	client.SetS3EnableDualstack(false)
	return client, nil
}

// bucketRegion asks the storage where the bucket is, without credentials, as Velero's AWS plugin
// does: S3 answers to anybody. Where there is no answer, or it does not say, the region is empty.
func (s *S3) bucketRegion(ctx context.Context) string {
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, s.opts.bucketURL(s.endpoint).String(), nil)
	if err != nil {
		return ""
	}
	resp, err := s.transport.RoundTrip(req)
	if err != nil {
		return "" // the listing meets the same error, and reports it
	}
	defer func() { _ = resp.Body.Close() }()
	return resp.Header.Get("X-Amz-Bucket-Region")
}
