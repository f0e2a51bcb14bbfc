package wire

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"net/http"
	"strings"
)

const checksumPrefix = "x-amz-checksum-"

// nvme is the reversed polynomial of CRC-64/NVME, the checksum that S3 gives objects by default.
const nvme = 0x9a6c9329ac4bc9b5

// algorithms are S3's checksum algorithms by the name in their header.
var algorithms = map[string]func() hash.Hash{
	"crc32":     func() hash.Hash { return crc32.NewIEEE() },
	"crc32c":    func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) },
	"crc64nvme": func() hash.Hash { return crc64.New(crc64.MakeTable(nvme)) },
	"sha1":      sha1.New,
	"sha256":    sha256.New,
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
}

func (c *checksums) fromHeaders(h http.Header) error {
	for header, values := range h {
		name, found := strings.CutPrefix(strings.ToLower(header), checksumPrefix)
		if !found || name == "algorithm" || name == "mode" || name == "type" {
			continue
		}
		if err := c.add(name, values[0]); err != nil {
			return err
		}
	}
	return nil
}

// expect prepares for the checksums that x-amz-trailer announces.
func (c *checksums) expect(names []string) error {
	for _, header := range names {
		name, found := strings.CutPrefix(header, checksumPrefix)
		if !found {
			return NotImplemented("x-amz-trailer: " + header)
		}
		if err := c.add(name, ""); err != nil {
			return err
		}
	}
	return nil
}

func (c *checksums) add(name, want string) error {
	newHash, found := algorithms[name]
	if !found {
		return NotImplemented(checksumPrefix + name)
	}
	sum := &checksum{header: checksumPrefix + name, hash: newHash(), want: want}
	if want != "" {
		if raw, err := base64.StdEncoding.DecodeString(want); err != nil || len(raw) != sum.hash.Size() {
			return NewError(http.StatusBadRequest, "InvalidRequest", "Value for "+sum.header+" header is invalid.")
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
		switch sum.want {
		case "":
			return malformedTrailer()
		case base64.StdEncoding.EncodeToString(sum.hash.Sum(nil)):
		default:
			name := strings.ToUpper(strings.TrimPrefix(sum.header, checksumPrefix))
			return NewError(http.StatusBadRequest, "BadDigest", "The "+name+" you specified did not match the calculated checksum.")
		}
	}
	c.done = true
	return nil
}

func (c *checksums) verified() map[string]string {
	out := map[string]string{}
	if c.done {
		for _, sum := range c.sums {
			out[sum.header] = sum.want
		}
	}
	return out
}

func malformedTrailer() *Error {
	return NewError(http.StatusBadRequest, "MalformedTrailerError", "The request contained trailing data that was not well-formed or did not conform to our published schema.")
}
