package payload

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"hash"
	"hash/crc32"
	"net/http"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"
	"github.com/minio/crc64nvme"
	"github.com/zeebo/xxh3"

	"github.com/velero-locations/velero-locations/simulator/aws"
)

const (
	checksumPrefix = "x-amz-checksum-"
	contentMD5     = "content-md5"
)

// algorithms are S3's checksum algorithms by the name in their header.
var algorithms = map[string]func() hash.Hash{
	"crc32":     func() hash.Hash { return crc32.NewIEEE() },
	"crc32c":    func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) },
	"crc64nvme": func() hash.Hash { return crc64nvme.New() },
	"sha1":      sha1.New,
	"sha256":    sha256.New,
	"sha512":    sha512.New,
	"md5":       md5.New,
	"xxhash64":  func() hash.Hash { return xxhash.New() },
	"xxhash3":   func() hash.Hash { return xxh3.New() },
	"xxhash128": func() hash.Hash { return xxh3.New128() },
}

// NewChecksum returns the hash of a checksum algorithm, by the lower-case name in its header.
func NewChecksum(algorithm string) (hash.Hash, bool) {
	newHash, found := algorithms[algorithm]
	if !found {
		return nil, false
	}
	return newHash(), true
}

// ChecksumHeader is the header, and in canonical form the element, that holds the checksum of an algorithm.
func ChecksumHeader(algorithm string) string { return checksumPrefix + algorithm }

// ChecksumAlgorithm returns the algorithm that a header holds the checksum of, in lower case.
func ChecksumAlgorithm(header string) (algorithm string, found bool) {
	algorithm, found = strings.CutPrefix(strings.ToLower(header), checksumPrefix)
	return algorithm, found && algorithm != "algorithm" && algorithm != "mode" && algorithm != "type"
}

// checksums computes the x-amz-checksum- values that a client promised, in headers or in a trailer, and compares them.
type checksums struct {
	sums []*checksum
	done bool
}

type checksum struct {
	header string
	hash   hash.Hash
	want   string // base64; empty until the trailer came
	// computed: nobody promised it.
	computed bool
}

func (c *checksums) fromHeaders(h http.Header) error {
	for header, values := range h {
		if name, found := ChecksumAlgorithm(header); found {
			if err := c.promise(name, values[0]); err != nil {
				return err
			}
		}
	}
	return nil
}

// fromMD5 takes the value of Content-MD5, which no answer repeats.
func (c *checksums) fromMD5(value string) error {
	if raw, err := base64.StdEncoding.DecodeString(value); err != nil || len(raw) != md5.Size {
		return aws.NewError(http.StatusBadRequest, "InvalidDigest", "The Content-MD5 you specified is not valid.")
	}
	c.sums = append(c.sums, &checksum{header: contentMD5, hash: md5.New(), want: value})
	return nil
}

// expect prepares for the checksums that x-amz-trailer announces.
func (c *checksums) expect(names []string) error {
	for _, header := range names {
		name, found := strings.CutPrefix(header, checksumPrefix)
		if !found {
			return aws.NotImplemented("x-amz-trailer: " + header)
		}
		if err := c.promise(name, ""); err != nil {
			return err
		}
	}
	return nil
}

// promise adds the checksum that a client announces, of which there is one.
func (c *checksums) promise(name, want string) error {
	if slices.ContainsFunc(c.sums, func(other *checksum) bool { return other.header != contentMD5 }) {
		return aws.NewError(http.StatusBadRequest, "InvalidRequest", "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
	}
	return c.add(name, want)
}

func (c *checksums) add(name, want string) error {
	newHash, found := algorithms[name]
	if !found {
		return aws.NotImplemented(checksumPrefix + name)
	}
	sum := &checksum{header: checksumPrefix + name, hash: newHash(), want: want}
	if want != "" {
		if raw, err := base64.StdEncoding.DecodeString(want); err != nil || len(raw) != sum.hash.Size() {
			return aws.NewError(http.StatusBadRequest, "InvalidRequest", "Value for "+sum.header+" header is invalid.")
		}
	}
	c.sums = append(c.sums, sum)
	return nil
}

// fromTrailer takes one line of the trailer; it is an error if that was not announced.
func (c *checksums) fromTrailer(name, value string) error {
	for _, sum := range c.sums {
		if sum.header == name && sum.want == "" && value != "" {
			sum.want = value
			return nil
		}
	}
	return malformedTrailer()
}

func (c *checksums) write(p []byte) {
	for _, sum := range c.sums {
		sum.hash.Write(p)
	}
}

func (c *checksums) verify() error {
	for _, sum := range c.sums {
		got := base64.StdEncoding.EncodeToString(sum.hash.Sum(nil))
		switch {
		case sum.computed:
			sum.want = got
		case sum.want == "":
			return malformedTrailer()
		case sum.want == got:
		case sum.header == contentMD5:
			return aws.NewError(http.StatusBadRequest, "BadDigest", "The Content-MD5 you specified did not match what we received.").
				With("ExpectedDigest", sum.want).With("CalculatedDigest", got)
		default:
			name := strings.ToUpper(strings.TrimPrefix(sum.header, checksumPrefix))
			return aws.NewError(http.StatusBadRequest, "BadDigest", "The "+name+" you specified did not match the calculated checksum.")
		}
	}
	c.done = true
	return nil
}

func (c *checksums) verified() map[string]string {
	var out map[string]string
	if c.done {
		for _, sum := range c.sums {
			if sum.header != contentMD5 {
				if out == nil {
					out = map[string]string{}
				}
				out[sum.header] = sum.want
			}
		}
	}
	return out
}

func malformedTrailer() *aws.Error {
	return aws.NewError(http.StatusBadRequest, "MalformedTrailerError", "The request contained trailing data that was not well-formed or did not conform to our published schema.")
}
