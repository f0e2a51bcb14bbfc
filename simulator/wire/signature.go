package wire

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// maxSkew is how far a client's clock may be from the server's, as S3 documents it.
const maxSkew = 15 * time.Minute

// CheckTime refuses a request that was signed too long ago or too far ahead: RequestTimeTooSkewed for one signed in its
// headers, AccessDenied for a presigned URL that has expired.
func (a *Authorization) CheckTime(now time.Time) error {
	if a.form {
		return nil
	}
	skew := now.Sub(a.Time)
	if a.Presigned() {
		switch {
		case skew < -maxSkew:
			return NewError(http.StatusForbidden, "AccessDenied", "Request is not valid yet").
				With("X-Amz-Date", a.Time.Format(timeFormat)).With("ServerTime", now.UTC().Format(time.RFC3339))
		case skew > a.Expires:
			return NewError(http.StatusForbidden, "AccessDenied", "Request has expired").
				With("X-Amz-Expires", strconv.Itoa(int(a.Expires.Seconds()))).
				With("Expires", a.Time.Add(a.Expires).Format(time.RFC3339)).
				With("ServerTime", now.UTC().Format(time.RFC3339))
		}
		return nil
	}
	if skew < -maxSkew || skew > maxSkew {
		return NewError(http.StatusForbidden, "RequestTimeTooSkewed",
			"The difference between the request time and the current time is too large.").
			With("RequestTime", a.Time.Format(timeFormat)).
			With("ServerTime", now.UTC().Format(time.RFC3339)).
			With("MaxAllowedSkewMilliseconds", strconv.FormatInt(maxSkew.Milliseconds(), 10))
	}
	return nil
}

// Verify compares the request's signature with the one that the secret gives, in constant time. Its error,
// SignatureDoesNotMatch, carries what was signed, as S3's does, and never anything derived from the secret.
func (a *Authorization) Verify(r *http.Request, secret string) error {
	payload := r.Header.Get("X-Amz-Content-Sha256")
	if payload == "" && a.Presigned() {
		payload = unsignedPayload
	}
	return a.verify(r, secret, payload)
}

// VerifyBody is Verify for the services other than S3, whose signatures always cover the body.
func (a *Authorization) VerifyBody(r *http.Request, secret string, body []byte) error {
	sum := sha256.Sum256(body)
	return a.verify(r, secret, hex.EncodeToString(sum[:]))
}

func (a *Authorization) verify(r *http.Request, secret, payload string) error {
	if err := a.checkUnsigned(r); err != nil {
		return err
	}
	canonical := a.canonicalRequest(r, payload)
	toSign := a.stringToSign(canonical)
	if hmac.Equal([]byte(a.Signature), []byte(a.sign(secret, toSign))) {
		return nil
	}
	return NewError(http.StatusForbidden, "SignatureDoesNotMatch",
		"The request signature we calculated does not match the signature you provided. Check your key and signing method.").
		With("AWSAccessKeyId", a.AccessKeyID).
		With("StringToSign", toSign).
		With("SignatureProvided", a.Signature).
		With("CanonicalRequest", canonical)
}

// VerifyText compares the signature with the one that the secret gives for a text, as for the policy of a form.
func (a *Authorization) VerifyText(text, secret string) error {
	if hmac.Equal([]byte(a.Signature), []byte(a.sign(secret, text))) {
		return nil
	}
	return NewError(http.StatusForbidden, "SignatureDoesNotMatch",
		"The request signature we calculated does not match the signature you provided. Check your key and signing method.").
		With("AWSAccessKeyId", a.AccessKeyID).With("StringToSign", text).With("SignatureProvided", a.Signature)
}

// checkUnsigned refuses x-amz- headers that the signature does not cover, as S3 does: they could have been added on the way.
func (a *Authorization) checkUnsigned(r *http.Request) error {
	var unsigned []string
	for name := range r.Header {
		name = strings.ToLower(name)
		if strings.HasPrefix(name, "x-amz-") && !slices.Contains(a.SignedHeaders, name) {
			unsigned = append(unsigned, name)
		}
	}
	if len(unsigned) == 0 {
		return nil
	}
	slices.Sort(unsigned)
	return NewError(http.StatusForbidden, "AccessDenied", "There were headers present in the request which were not signed").
		With("HeadersNotSigned", strings.Join(unsigned, ", "))
}

func (a *Authorization) canonicalRequest(r *http.Request, payload string) string {
	var b strings.Builder
	b.WriteString(r.Method + "\n" + URIEncode(r.URL.Path, true) + "\n" + canonicalQuery(r.URL.RawQuery) + "\n")
	for _, name := range a.SignedHeaders {
		b.WriteString(name + ":" + canonicalHeader(r, name) + "\n")
	}
	b.WriteString("\n" + strings.Join(a.SignedHeaders, ";") + "\n")
	b.WriteString(payload)
	return b.String()
}

// canonicalHeader returns a header's value as it is signed: values joined by commas, runs of spaces folded.
func canonicalHeader(r *http.Request, name string) string {
	var values []string
	switch name {
	case "host":
		values = []string{r.Host}
	case "content-length":
		values = []string{strconv.FormatInt(max(r.ContentLength, 0), 10)}
	case "transfer-encoding":
		values = r.TransferEncoding
	default:
		values = r.Header.Values(name)
	}
	folded := make([]string, len(values))
	for i, value := range values {
		folded[i] = strings.Join(strings.Fields(value), " ")
	}
	return strings.Join(folded, ",")
}

// canonicalQuery sorts and encodes a query as it is signed, without the signature of a presigned URL.
func canonicalQuery(raw string) string {
	var parts [][2]string
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		name, value = reencode(name), reencode(value)
		if name != "X-Amz-Signature" {
			parts = append(parts, [2]string{name, value})
		}
	}
	slices.SortFunc(parts, func(x, y [2]string) int {
		if c := strings.Compare(x[0], y[0]); c != 0 {
			return c
		}
		return strings.Compare(x[1], y[1])
	})
	joined := make([]string, len(parts))
	for i, part := range parts {
		joined[i] = part[0] + "=" + part[1]
	}
	return strings.Join(joined, "&")
}

func reencode(s string) string {
	if decoded, err := url.QueryUnescape(s); err == nil {
		s = decoded
	}
	return URIEncode(s, false)
}

// URIEncode encodes as Signature Version 4 does: every byte but A-Z a-z 0-9 - . _ ~, and the slash where it is kept.
func URIEncode(s string, keepSlash bool) string {
	const hexDigits = "0123456789ABCDEF"
	out := make([]byte, 0, len(s))
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9',
			c == '-', c == '.', c == '_', c == '~', c == '/' && keepSlash:
			out = append(out, c)
		default:
			out = append(out, '%', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return string(out)
}

func (a *Authorization) stringToSign(canonical string) string {
	sum := sha256.Sum256([]byte(canonical))
	return strings.Join([]string{algorithm, a.Time.Format(timeFormat), a.Scope(), hex.EncodeToString(sum[:])}, "\n")
}

func (a *Authorization) sign(secret, text string) string {
	return hex.EncodeToString(hmacSHA256(a.signingKey(secret), text))
}

// signingKeys holds keys that were derived, of which each is good for a day: four of a request's five HMACs.
var signingKeys = struct {
	sync.Mutex
	derived map[signingScope][]byte
}{derived: map[signingScope][]byte{}}

// signingScope is what a signing key is derived from.
type signingScope struct{ secret, date, region, service string }

// maxSigningKeys bounds what is held: dates and regions are the clients' to choose.
const maxSigningKeys = 1000

func (a *Authorization) signingKey(secret string) []byte {
	scope := signingScope{secret, a.Date, a.Region, a.service()}
	signingKeys.Lock()
	defer signingKeys.Unlock()
	if key, found := signingKeys.derived[scope]; found {
		return key
	}
	key := []byte("AWS4" + secret)
	for _, part := range []string{scope.date, scope.region, scope.service, termination} {
		key = hmacSHA256(key, part)
	}
	if len(signingKeys.derived) == maxSigningKeys {
		clear(signingKeys.derived)
	}
	signingKeys.derived[scope] = key
	return key
}

func hmacSHA256(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}
