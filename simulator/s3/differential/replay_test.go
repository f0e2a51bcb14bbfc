package differential

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/minio/minio-go/v7/pkg/signer"
)

// patience is how long an answer may take.
const patience = 20 * time.Second

const (
	keyID, keySecret = "AKIAEXAMPLE", "example-secret"
	region           = "us-east-1"
)

// client sends what it is told, and shows what comes back.
var client = &http.Client{
	Transport:     &http.Transport{DisableCompression: true, DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// run is a script on its way on one server.
type run struct {
	url     string
	started time.Time
	seen    *names
	answers []*answer // so far, as they came
}

func newRun(url string) *run {
	return &run{url: url, started: time.Now().UTC(), seen: newNames(strings.TrimPrefix(url, "http://"))}
}

var placeholder = regexp.MustCompile(`\{([a-z0-9]+|[0-9]+\.[^{}]+)\}`)

// fill says what braces stand for: words that corpus/README.md explains, or a field of an earlier answer.
func (r *run) fill(text, body string, escape func(string) string) (string, error) {
	var err error
	filled := placeholder.ReplaceAllStringFunc(text, func(match string) string {
		value, wordErr := r.word(strings.Trim(match, "{}"), body)
		err = errors.Join(err, wordErr)
		return escape(value)
	})
	return filled, err
}

func (r *run) word(word, body string) (string, error) {
	number, field, ok := strings.Cut(word, ".")
	n, err := strconv.Atoi(number)
	switch {
	case word == "host":
		return r.seen.host, nil
	case word == "port":
		return r.seen.host[strings.LastIndexByte(r.seen.host, ':')+1:], nil
	case word == "policy":
		return formPolicy, nil
	case word == "credential":
		return signer.GetCredential(keyID, region, r.started, signer.ServiceTypeS3), nil
	case word == "date":
		return r.started.Format("20060102T150405Z"), nil
	case word == "signature":
		return signer.PostPresignSignatureV4(formPolicy, r.started, keySecret, region), nil
	case word == "long":
		return strings.Repeat("long", 300), nil
	case word == "md5":
		sum := md5.Sum([]byte(body))
		return base64.StdEncoding.EncodeToString(sum[:]), nil
	case word == "crc32":
		return crc32Of(body), nil
	case !ok || err != nil || n < 1 || n > len(r.answers):
		return "", fmt.Errorf("{%s}: there is no such word, nor an answer of that number", word)
	}
	value, found := r.answers[n-1].fields[field]
	if !found {
		return "", fmt.Errorf("{%s} is not in the answer: %v", word, r.answers[n-1])
	}
	return value, nil
}

// formPolicy lets a form write to the bucket.
var formPolicy = base64.StdEncoding.EncodeToString([]byte(`{"expiration": "2100-01-01T00:00:00Z", "conditions": [{"bucket": "velero"}, ["starts-with", "$key", ""], ["starts-with", "$x-amz-credential", ""], ["starts-with", "$x-amz-date", ""], {"x-amz-algorithm": "AWS4-HMAC-SHA256"}]}`))

func crc32Of(body string) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(body))))
}

// send sends a request and returns its answer in comparable form.
func (r *run) send(ctx context.Context, req *request) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	httpRequest, err := r.build(ctx, req)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(httpRequest)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	got := newAnswer(response, body)
	r.answers = append(r.answers, got)
	return r.seen.normalize(got), nil
}

func (r *run) build(ctx context.Context, req *request) (*http.Request, error) {
	asIs := func(s string) string { return s }
	body, err := r.fill(req.body, "", asIs)
	if err != nil {
		return nil, err
	}
	path, err := r.fill(req.path, body, url.QueryEscape)
	if err != nil {
		return nil, err
	}
	out, err := http.NewRequestWithContext(ctx, req.method, r.url+path, nil)
	if err != nil {
		return nil, err
	}
	for name, value := range req.header {
		if value, err = r.fill(value, body, asIs); err != nil {
			return nil, err
		}
		out.Header.Set(name, value)
	}
	if host := out.Header.Get("Host"); host != "" {
		out.Host = host
		out.Header.Del("Host")
	}
	return signatures[req.sign](out, body), nil
}

// signatures are the ways to sign a request and to send its body.
var signatures = map[string]func(*http.Request, string) *http.Request{
	"": func(r *http.Request, body string) *http.Request { return sign(r, body, keyID, keySecret, region) },
	"nobody": func(r *http.Request, body string) *http.Request {
		setBody(r, body)
		return r
	},
	"wrong secret": func(r *http.Request, body string) *http.Request { return sign(r, body, keyID, "guessed", region) },
	"unknown key": func(r *http.Request, body string) *http.Request {
		return sign(r, body, "AKIANOBODY", keySecret, region)
	},
	"another region": func(r *http.Request, body string) *http.Request { return sign(r, body, keyID, keySecret, "eu-west-1") },
	"unheard region": func(r *http.Request, body string) *http.Request { return sign(r, body, keyID, keySecret, "mars-1") },
	"changed path": func(r *http.Request, body string) *http.Request {
		signed := sign(r, body, keyID, keySecret, region)
		signed.URL.Path += "-changed"
		return signed
	},
	"changed body": func(r *http.Request, body string) *http.Request {
		signed := sign(r, body, keyID, keySecret, region)
		setBody(signed, strings.ToUpper(body))
		return signed
	},
	"an hour ago": func(r *http.Request, body string) *http.Request {
		signed := sign(r, body, keyID, keySecret, region)
		signed.Header.Set("X-Amz-Date", anHourAgo().Format("20060102T150405Z"))
		signed.Header.Set("Authorization", withDay(signed.Header.Get("Authorization"), anHourAgo()))
		return signed
	},
	"no length": func(r *http.Request, body string) *http.Request {
		signed := sign(r, body, keyID, keySecret, region)
		signed.Body, signed.ContentLength = io.NopCloser(strings.NewReader(body)), -1
		return signed
	},
	"version 2": func(r *http.Request, body string) *http.Request {
		setBody(r, body)
		return signer.SignV2(*r, keyID, keySecret, false)
	},
	"presigned":                func(r *http.Request, body string) *http.Request { return presign(r, body, keySecret, 60) },
	"presigned, wrong secret":  func(r *http.Request, body string) *http.Request { return presign(r, body, "guessed", 60) },
	"presigned for too long":   func(r *http.Request, body string) *http.Request { return presign(r, body, keySecret, 8*24*60*60) },
	"presigned an hour ago":    presignedLongAgo,
	"chunks":                   func(r *http.Request, body string) *http.Request { return signChunks(r, body, "") },
	"chunks, trailer":          func(r *http.Request, body string) *http.Request { return signChunks(r, body, crc32Of(body)) },
	"unsigned chunks, trailer": func(r *http.Request, body string) *http.Request { return unsignedChunks(r, body, crc32Of(body)) },
	"unsigned chunks, a wrong trailer": func(r *http.Request, body string) *http.Request {
		return unsignedChunks(r, body, crc32Of(body+"changed"))
	},
	"unsigned payload": func(r *http.Request, body string) *http.Request {
		r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
		return sign(r, body, keyID, keySecret, region)
	},
}

func setBody(r *http.Request, body string) {
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	if body == "" {
		r.Body = http.NoBody
	}
}

func sign(r *http.Request, body, id, secret, region string) *http.Request {
	setBody(r, body)
	if r.Header.Get("X-Amz-Content-Sha256") == "" {
		sum := sha256.Sum256([]byte(body))
		r.Header.Set("X-Amz-Content-Sha256", hex.EncodeToString(sum[:]))
	}
	return signer.SignV4(*r, id, secret, "", region)
}

func presign(r *http.Request, body, secret string, seconds int64) *http.Request {
	setBody(r, body)
	return signer.PreSignV4(*r, keyID, secret, "", region, seconds)
}

func presignedLongAgo(r *http.Request, body string) *http.Request {
	signed := presign(r, body, keySecret, 60)
	query := signed.URL.Query()
	query.Set("X-Amz-Date", anHourAgo().Format("20060102T150405Z"))
	query.Set("X-Amz-Credential", withDay(query.Get("X-Amz-Credential"), anHourAgo()))
	signed.URL.RawQuery = query.Encode()
	return signed
}

func anHourAgo() time.Time { return time.Now().UTC().Add(-time.Hour) }

var credentialDay = regexp.MustCompile(`/[0-9]{8}/`)

// withDay returns a credential with the day of a time, which may be another than that of the request shortly after midnight.
func withDay(credential string, t time.Time) string {
	return credentialDay.ReplaceAllString(credential, t.Format("/20060102/"))
}

// signChunks sends a body in signed chunks, as clients do that cannot read it twice, with a checksum behind it if there is one.
func signChunks(r *http.Request, body, checksum string) *http.Request {
	setBody(r, body)
	if checksum != "" {
		r.Trailer = http.Header{"X-Amz-Checksum-Crc32": {checksum}}
	}
	return signer.StreamingSignV4(r, keyID, keySecret, "", region, int64(len(body)), time.Now().UTC(), hasher{sha256.New()})
}

// hasher is a hash with nothing to close.
type hasher struct{ hash.Hash }

func (hasher) Close() {}

// unsignedChunks sends a body as the AWS SDKs do over HTTPS: in chunks without signatures, and a checksum behind it.
func unsignedChunks(r *http.Request, body, checksum string) *http.Request {
	r.Header.Set("X-Amz-Content-Sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
	r.Header.Set("X-Amz-Decoded-Content-Length", strconv.Itoa(len(body)))
	r.Header.Set("X-Amz-Trailer", "x-amz-checksum-crc32")
	r.Header.Set("Content-Encoding", "aws-chunked")
	var framed bytes.Buffer
	fmt.Fprintf(&framed, "%x\r\n%s\r\n0\r\nx-amz-checksum-crc32:%s\r\n\r\n", len(body), body, checksum)
	return sign(r, framed.String(), keyID, keySecret, region)
}
