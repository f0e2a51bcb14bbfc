package payload

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/aws/sigv4"
)

const (
	// maxChunkLine bounds the header of a chunk and a line of the trailer.
	maxChunkLine = 1 << 10
	// minChunk is the least size of a chunk other than the last.
	minChunk = 8 << 10
	// maxTrailerLines bounds the trailer: one line for each checksum, the signature, and empty lines between them.
	maxTrailerLines  = 16
	trailerSignature = "x-amz-trailer-signature"
)

// chunkReader decodes aws-chunked framing. It returns io.EOF only when the last chunk, its signature, the trailer and
// the end of the stream were all as they should be. A chunk's bytes are passed on before its signature is known to be
// right; the error then comes instead of io.EOF.
type chunkReader struct {
	in    *bufio.Reader
	chain *sigv4.Chain // nil: chunks are not signed
	// trailer takes the trailer's lines; nil: the stream has no trailer.
	trailer   func(name, value string) error
	number    int    // of the chunk that is being read, from 1
	size      int64  // of that chunk
	left      int64  // of that chunk
	signature string // of that chunk
	err       error
}

// lineBuffers are for the lines between chunks; what is in the chunks is read past them.
var lineBuffers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, maxChunkLine+1) }}

func newChunkReader(in io.Reader, chain *sigv4.Chain) *chunkReader {
	buffer, _ := lineBuffers.Get().(*bufio.Reader)
	buffer.Reset(in)
	return &chunkReader{in: buffer, chain: chain}
}

// stop ends the stream, with io.EOF or an error. Nothing is read any more.
func (c *chunkReader) stop(err error) {
	c.err = err
	c.in.Reset(nil)
	lineBuffers.Put(c.in)
	c.in = nil
}

// Read returns the data of the chunks.
func (c *chunkReader) Read(p []byte) (int, error) {
	if c.err == nil && c.left == 0 {
		if err := c.nextChunk(); err != nil {
			c.stop(err)
		}
	}
	if c.err != nil {
		return 0, c.err
	}
	if len(p) == 0 {
		return 0, nil
	}
	n, err := c.in.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	if c.chain != nil {
		c.chain.Add(p[:n])
	}
	if err == nil && c.left == 0 {
		err = c.endChunk()
	}
	if err != nil {
		c.stop(asUnexpected(err))
	}
	return n, c.err
}

// nextChunk reads a chunk's header; at the last one, which is empty, it reads the stream to its end.
func (c *chunkReader) nextChunk() error {
	line, err := c.line()
	if err != nil {
		return err
	}
	if c.left, c.signature, err = parseChunkHeader(line, c.chain != nil); err != nil {
		return err
	}
	if c.left > 0 {
		return c.checkSize()
	}
	if c.chain != nil {
		if err := c.chain.Chunk(c.signature); err != nil {
			return err
		}
	}
	if c.trailer == nil {
		return c.end()
	}
	return c.readTrailer()
}

// checkSize refuses a chunk after one that is too small not to be the last.
func (c *chunkReader) checkSize() error {
	if c.number > 0 && c.size < minChunk {
		return aws.NewError(http.StatusForbidden, "InvalidChunkSizeError", "Only the last chunk is allowed to have a size less than 8192 bytes").
			With("Chunk", strconv.Itoa(c.number)).With("BadChunkSize", strconv.FormatInt(c.size, 10))
	}
	c.number, c.size = c.number+1, c.left
	return nil
}

// parseChunkHeader reads "SIZE" or "SIZE;chunk-signature=SIGNATURE", the size in hexadecimal.
func parseChunkHeader(line string, signed bool) (size int64, signature string, err error) {
	digits, extension, _ := strings.Cut(line, ";")
	size, err = strconv.ParseInt(digits, 16, 64)
	if err != nil || size < 0 || digits[0] == '+' || digits[0] == '-' {
		return 0, "", malformedChunk()
	}
	if signed {
		var found bool
		if signature, found = strings.CutPrefix(extension, "chunk-signature="); !found || len(signature) != hex.EncodedLen(sha256.Size) {
			return 0, "", malformedChunk()
		}
	}
	return size, signature, nil
}

func (c *chunkReader) endChunk() error {
	var crlf [2]byte
	if _, err := io.ReadFull(c.in, crlf[:]); err != nil {
		return asUnexpected(err)
	}
	if string(crlf[:]) != "\r\n" {
		return malformedChunk()
	}
	if c.chain != nil {
		return c.chain.Chunk(c.signature)
	}
	return nil
}

// end expects the empty line that closes a stream without a trailer, and nothing after it.
func (c *chunkReader) end() error {
	if line, err := c.line(); err != nil {
		return err
	} else if line != "" {
		return malformedChunk()
	}
	return c.eof()
}

func (c *chunkReader) eof() error {
	_, err := c.in.ReadByte()
	if err == nil {
		return malformedChunk()
	}
	return err
}

// readTrailer reads lines "name:value" up to the end of the stream. Clients differ in how they end and separate lines:
// minio-go signs each with a newline and adds an empty line, the AWS SDKs use CRLF.
func (c *chunkReader) readTrailer() error {
	signature := ""
	for range maxTrailerLines {
		line, err := c.trailerLine()
		if errors.Is(err, io.EOF) {
			return c.endTrailer(signature)
		}
		if err != nil {
			return err
		}
		name, value, found := strings.Cut(line, ":")
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
		switch {
		case line == "":
		case !found || signature != "":
			return malformedTrailer()
		case name == trailerSignature && c.chain != nil:
			signature = value
		default:
			if err := c.trailer(name, value); err != nil {
				return err
			}
			if c.chain != nil {
				c.chain.Add([]byte(name + ":" + value + "\n"))
			}
		}
	}
	return malformedTrailer()
}

func (c *chunkReader) endTrailer(signature string) error {
	if c.chain != nil {
		if err := c.chain.Trailer(signature); err != nil {
			return err
		}
	}
	return io.EOF
}

// line reads a line that must end in CRLF.
func (c *chunkReader) line() (string, error) {
	line, err := c.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) || len(line) > maxChunkLine {
		return "", malformedChunk()
	}
	if err != nil {
		return "", asUnexpected(err)
	}
	text, found := strings.CutSuffix(string(line), "\r\n")
	if !found {
		return "", malformedChunk()
	}
	return text, nil
}

// trailerLine reads a line that ends in LF or CRLF, or io.EOF at a clean end.
func (c *chunkReader) trailerLine() (string, error) {
	line, err := c.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) || len(line) > maxChunkLine {
		return "", malformedTrailer()
	}
	if err != nil && len(line) > 0 {
		return "", asUnexpected(err)
	}
	if err != nil {
		return "", err
	}
	return strings.TrimRight(string(line), "\r\n"), nil
}

func asUnexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func malformedChunk() *aws.Error {
	return aws.NewError(http.StatusBadRequest, "IncompleteBody", "The request body terminated unexpectedly")
}
