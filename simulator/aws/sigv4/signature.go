package sigv4

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/velero-locations/velero-locations/simulator/aws"
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
			return aws.NewError(http.StatusForbidden, "AccessDenied", "Request is not valid yet").
				With("X-Amz-Date", a.Time.Format(timeFormat)).With("ServerTime", now.UTC().Format(time.RFC3339))
		case skew > a.Expires:
			return aws.NewError(http.StatusForbidden, "AccessDenied", "Request has expired").
				With("X-Amz-Expires", strconv.Itoa(int(a.Expires.Seconds()))).
				With("Expires", a.Time.Add(a.Expires).Format(time.RFC3339)).
				With("ServerTime", now.UTC().Format(time.RFC3339))
		}
		return nil
	}
	if skew < -maxSkew || skew > maxSkew {
		return aws.NewError(http.StatusForbidden, "RequestTimeTooSkewed",
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
	switch {
	case payload == "" && a.Presigned():
		payload = UnsignedPayload
	case payload == "" && !a.Anonymous():
		return aws.NewError(http.StatusBadRequest, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
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
	if a.signingKey(secret).matches(a.Signature, func(out []byte) []byte { return a.appendStringToSign(out, r, payload) }) {
		return nil
	}
	return signatureDoesNotMatch().
		With("AWSAccessKeyId", a.AccessKeyID).
		With("StringToSign", string(a.appendStringToSign(nil, r, payload))).
		With("SignatureProvided", a.Signature).
		With("CanonicalRequest", string(a.appendCanonicalRequest(nil, r, payload)))
}

// VerifyText compares the signature with the one that the secret gives for a text, as for the policy of a form.
func (a *Authorization) VerifyText(text, secret string) error {
	if a.signingKey(secret).matches(a.Signature, func(out []byte) []byte { return append(out, text...) }) {
		return nil
	}
	return signatureDoesNotMatch().
		With("AWSAccessKeyId", a.AccessKeyID).With("StringToSign", text).With("SignatureProvided", a.Signature)
}

func signatureDoesNotMatch() *aws.Error {
	return aws.NewError(http.StatusForbidden, "SignatureDoesNotMatch",
		"The request signature we calculated does not match the signature you provided. Check your key and signing method.")
}

// checkUnsigned refuses x-amz- headers that the signature does not cover, as S3 does: they could have been added on the way.
func (a *Authorization) checkUnsigned(r *http.Request) error {
	var unsigned []string
	for name := range r.Header {
		isName := func(signed string) bool { return strings.EqualFold(signed, name) }
		if strings.HasPrefix(name, "X-Amz-") && !slices.ContainsFunc(a.SignedHeaders, isName) {
			unsigned = append(unsigned, strings.ToLower(name))
		}
	}
	if len(unsigned) == 0 {
		return nil
	}
	slices.Sort(unsigned)
	return aws.NewError(http.StatusForbidden, "AccessDenied", "There were headers present in the request which were not signed").
		With("HeadersNotSigned", strings.Join(unsigned, ", "))
}

func (a *Authorization) appendCanonicalRequest(out []byte, r *http.Request, payload string) []byte {
	out = append(append(out, r.Method...), '\n')
	out = append(appendURIEncoded(out, r.URL.Path, true), '\n')
	out = append(append(out, canonicalQuery(r.URL.RawQuery)...), '\n')
	for _, name := range a.SignedHeaders {
		out = append(append(out, name...), ':')
		out = append(appendCanonicalHeader(out, r, name), '\n')
	}
	out = append(out, '\n')
	for i, name := range a.SignedHeaders {
		if i > 0 {
			out = append(out, ';')
		}
		out = append(out, name...)
	}
	return append(append(out, '\n'), payload...)
}

// appendCanonicalHeader adds a header's value as it is signed: values joined by commas, runs of spaces folded.
func appendCanonicalHeader(out []byte, r *http.Request, name string) []byte {
	switch name {
	case "host":
		return appendFolded(out, r.Host)
	case "content-length":
		return strconv.AppendInt(out, max(r.ContentLength, 0), 10)
	}
	values := r.TransferEncoding
	if name != "transfer-encoding" {
		values = signedValues(r.Header, name)
	}
	for i, value := range values {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendFolded(out, value)
	}
	return out
}

// canonicalNames are those of headers that are signed with each request: finding them in the canonical form, in which
// they are looked up, costs more than the rest of the look-up.
var canonicalNames = map[string]string{
	"x-amz-content-sha256": "X-Amz-Content-Sha256", "x-amz-date": "X-Amz-Date",
	"x-amz-decoded-content-length": "X-Amz-Decoded-Content-Length", "x-amz-trailer": "X-Amz-Trailer",
}

func signedValues(h http.Header, name string) []string {
	if canonical, found := canonicalNames[name]; found {
		return h[canonical]
	}
	return h.Values(name)
}

func appendFolded(out []byte, value string) []byte {
	for i := range len(value) {
		if c := value[i]; c < ' ' || c > '~' || c == ' ' && (i == 0 || i == len(value)-1 || value[i-1] == ' ') {
			return append(out, strings.Join(strings.Fields(value), " ")...)
		}
	}
	return append(out, value...)
}

// canonicalQuery sorts and encodes a query as it is signed, without the signature of a presigned URL.
func canonicalQuery(raw string) string {
	if raw == "" {
		return ""
	}
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
	return string(appendURIEncoded(make([]byte, 0, len(s)), s, keepSlash))
}

func appendURIEncoded(out []byte, s string, keepSlash bool) []byte {
	const hexDigits = "0123456789ABCDEF"
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
	return out
}

// usualRequest is the length that few canonical requests exceed, in bytes.
const usualRequest = 1 << 10

func (a *Authorization) appendStringToSign(out []byte, r *http.Request, payload string) []byte {
	sum := sha256.Sum256(a.appendCanonicalRequest(make([]byte, 0, usualRequest), r, payload))
	return hex.AppendEncode(a.appendSigned(out, algorithm), sum[:])
}

// appendSigned adds what every signed text begins with: what it is, when it was signed, and the scope of the key.
func (a *Authorization) appendSigned(out []byte, kind string) []byte {
	out = append(append(out, kind...), '\n')
	out = append(a.Time.AppendFormat(out, timeFormat), '\n')
	for _, part := range [...]string{a.Date, a.Region, a.service()} {
		out = append(append(out, part...), '/')
	}
	return append(append(out, termination...), '\n')
}
