// Package sigv4 reads and verifies the signatures of requests to AWS, by Signature Version 4.
package sigv4

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/velero-locations/velero-locations/simulator/aws"
)

const (
	algorithm   = "AWS4-HMAC-SHA256"
	s3Service   = "s3"
	termination = "aws4_request"
	timeFormat  = "20060102T150405Z"
	dateFormat  = "20060102"
	// UnsignedPayload stands for the hash of a body that the signature does not cover, in x-amz-content-sha256.
	UnsignedPayload = "UNSIGNED-PAYLOAD"
	// maxPresign is the longest life of a presigned URL, as S3 documents it: seven days.
	maxPresign = 7 * 24 * time.Hour
	// defaultExpires is how many seconds a presigned URL of another service lives that says nothing, as STS has it.
	defaultExpires = "900"
)

// Authorization is what a request says about its signer, not yet verified.
type Authorization struct {
	AccessKeyID string
	// Date, Region, Service: the scope that the signing key was derived for. An empty service is s3.
	Date, Region, Service string
	// SignedHeaders are lower-case names, as the client listed them.
	SignedHeaders []string
	Signature     string
	// Time is when the client says it signed.
	Time time.Time
	// Expires is the life of a presigned URL; zero when the request is signed in its headers.
	Expires time.Duration

	form bool // the policy of a form has an expiry of its own

	anonymous bool
}

// NewAnonymous is what is known of a request without a signature, at the endpoint of a region.
func NewAnonymous(region string) *Authorization {
	return &Authorization{Region: region, anonymous: true}
}

// Presigned says that the signature came in the URL.
func (a *Authorization) Presigned() bool { return a.Expires != 0 }

// Anonymous says that there is no signature.
func (a *Authorization) Anonymous() bool { return a.anonymous }

func (a *Authorization) service() string { return cmp.Or(a.Service, s3Service) }

// ParseRequest reads a request's authorization from its headers or its URL. It returns nil without an error for an
// anonymous request, and refuses every mechanism other than Signature Version 4 with what S3 answers to it.
func ParseRequest(r *http.Request) (*Authorization, error) { return ParseRequestTo(s3Service, r) }

// ParseRequestTo is ParseRequest for a request to another service than S3, which the signature must be for.
func ParseRequestTo(service string, r *http.Request) (*Authorization, error) {
	header := r.Header.Get("Authorization")
	var query url.Values
	if r.URL.RawQuery != "" {
		query = r.URL.Query()
	}
	switch {
	case header != "" && query.Has("X-Amz-Algorithm"):
		return nil, aws.NewError(http.StatusBadRequest, "InvalidArgument",
			"Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified")
	case header != "":
		return parseSigned(r, header, service)
	case query.Has("X-Amz-Algorithm"):
		return parsePresigned(query, service)
	case query.Has("AWSAccessKeyId") || query.Has("Signature"):
		return nil, errUnsupportedMechanism()
	}
	return nil, nil
}

func parseSigned(r *http.Request, header, service string) (*Authorization, error) {
	a, err := parseAuthorization(header, service)
	if err != nil {
		return nil, err
	}
	if a.Time, err = requestTime(r.Header); err != nil {
		return nil, err
	}
	if a.Date != a.Time.Format(dateFormat) {
		return nil, malformed("Invalid credential date. Date is not the same as X-Amz-Date.")
	}
	return a, nil
}

// requestTime reads when a request was signed: X-Amz-Date, or else Date, as Signature Version 4 has it.
func requestTime(h http.Header) (time.Time, error) {
	if value := h.Get("X-Amz-Date"); value != "" {
		if t, err := time.Parse(timeFormat, value); err == nil {
			return t, nil
		}
	} else if value := h.Get("Date"); value != "" {
		if t, err := http.ParseTime(value); err == nil {
			return t.UTC(), nil
		}
		if t, err := time.Parse(timeFormat, value); err == nil {
			return t, nil
		}
	}
	return time.Time{}, aws.NewError(http.StatusForbidden, "AccessDenied", "AWS authentication requires a valid Date or x-amz-date header")
}

// parseAuthorization reads the value of an Authorization header. The order of its parts and the space between them are
// free, as they are for S3; each must be there once.
func parseAuthorization(header, service string) (*Authorization, error) {
	mechanism, rest, _ := strings.Cut(strings.TrimSpace(header), " ")
	switch {
	case mechanism == algorithm:
	case strings.HasPrefix(mechanism, "AWS4-ECDSA"):
		return nil, aws.NotImplemented("Signature Version 4A")
	default:
		return nil, errUnsupportedMechanism()
	}
	var credential, signedHeaders, signature string
	for part := range strings.SplitSeq(rest, ",") {
		name, value, found := strings.Cut(strings.TrimSpace(part), "=")
		var into *string
		switch name {
		case "Credential":
			into = &credential
		case "SignedHeaders":
			into = &signedHeaders
		case "Signature":
			into = &signature
		}
		if !found || into != nil && *into != "" {
			return nil, malformed("a part of the header is not a name and a value, or is there twice.")
		}
		if into != nil {
			*into = strings.TrimSpace(value)
		}
	}
	for _, part := range [...][2]string{{"Credential", credential}, {"SignedHeaders", signedHeaders}, {"Signature", signature}} {
		if part[1] == "" {
			return nil, malformed("the header is missing " + part[0] + ".")
		}
	}
	a := &Authorization{Signature: signature, Service: service}
	if problem := a.setCredential(credential); problem != "" {
		return nil, malformed(problem)
	}
	if problem := a.setSignedHeaders(signedHeaders); problem != "" {
		return nil, malformed(problem)
	}
	return a, nil
}

// setCredential takes a credential apart from its end: an access key id may hold slashes, a scope may not.
func (a *Authorization) setCredential(credential string) (problem string) {
	fields := strings.Split(credential, "/")
	n := len(fields)
	if n < 5 {
		return "the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\"."
	}
	a.AccessKeyID = strings.Join(fields[:n-4], "/")
	a.Date, a.Region = fields[n-4], fields[n-3]
	switch {
	case a.AccessKeyID == "":
		return "the access key id is empty."
	case fields[n-2] != a.service():
		return "incorrect service \"" + fields[n-2] + "\". This endpoint belongs to \"" + a.service() + "\"."
	case fields[n-1] != termination:
		return "incorrect terminal \"" + fields[n-1] + "\". This endpoint uses \"" + termination + "\"."
	}
	if _, err := time.Parse(dateFormat, a.Date); err != nil {
		return "incorrect date format \"" + a.Date + "\". This date in the credential must be in the format \"yyyyMMdd\"."
	}
	return ""
}

func (a *Authorization) setSignedHeaders(list string) (problem string) {
	a.SignedHeaders = strings.Split(strings.ToLower(list), ";")
	if slices.Contains(a.SignedHeaders, "") {
		return "SignedHeaders holds an empty name."
	}
	if !slices.Contains(a.SignedHeaders, "host") {
		return "the host header must be signed."
	}
	return ""
}

func parsePresigned(query url.Values, service string) (*Authorization, error) {
	if query.Get("X-Amz-Algorithm") != algorithm {
		return nil, queryMalformed("X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\"")
	}
	if service != s3Service && !query.Has("X-Amz-Expires") {
		query.Set("X-Amz-Expires", defaultExpires)
	}
	for _, name := range []string{"X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature"} {
		if len(query[name]) != 1 || query.Get(name) == "" {
			return nil, queryMalformed("Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.")
		}
	}
	a := &Authorization{Signature: query.Get("X-Amz-Signature"), Service: service}
	if problem := a.setCredential(query.Get("X-Amz-Credential")); problem != "" {
		return nil, queryMalformed("Error parsing the X-Amz-Credential parameter; " + problem)
	}
	if problem := a.setSignedHeaders(query.Get("X-Amz-SignedHeaders")); problem != "" {
		return nil, queryMalformed("Error parsing the X-Amz-SignedHeaders parameter; " + problem)
	}
	var err error
	if a.Time, err = time.Parse(timeFormat, query.Get("X-Amz-Date")); err != nil {
		return nil, queryMalformed("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
	}
	if a.Date != a.Time.Format(dateFormat) {
		return nil, queryMalformed("Invalid credential date. Date is not the same as X-Amz-Date.")
	}
	seconds, err := strconv.ParseInt(query.Get("X-Amz-Expires"), 10, 32)
	if err != nil || seconds < 1 || time.Duration(seconds)*time.Second > maxPresign {
		return nil, queryMalformed("X-Amz-Expires must be a number of seconds from 1 to 604800")
	}
	a.Expires = time.Duration(seconds) * time.Second
	return a, nil
}

// ParseForm reads the authorization of an upload by a form from its fields, by lower-case name.
func ParseForm(fields map[string]string) (*Authorization, error) {
	if fields["x-amz-algorithm"] != algorithm {
		return nil, errUnsupportedMechanism()
	}
	for _, name := range []string{"x-amz-credential", "x-amz-date", "x-amz-signature"} {
		if fields[name] == "" {
			return nil, aws.NewError(http.StatusBadRequest, "InvalidArgument", "Bucket POST must contain a field named '"+name+"'.  If it is specified, please check the order of the fields.").
				With("ArgumentName", name)
		}
	}
	a := &Authorization{Signature: fields["x-amz-signature"]}
	if problem := a.setCredential(fields["x-amz-credential"]); problem != "" {
		return nil, malformed(problem)
	}
	var err error
	if a.Time, err = time.Parse(timeFormat, fields["x-amz-date"]); err != nil || a.Date != a.Time.Format(dateFormat) {
		return nil, malformed("Invalid credential date. Date is not the same as X-Amz-Date.")
	}
	a.form = true
	return a, nil
}

func malformed(problem string) *aws.Error {
	return aws.NewError(http.StatusBadRequest, "AuthorizationHeaderMalformed", "The authorization header is malformed; "+problem)
}

func queryMalformed(problem string) *aws.Error {
	return aws.NewError(http.StatusBadRequest, "AuthorizationQueryParametersError", problem)
}

// WrongRegion refuses a signature that was made for a region other than the endpoint's. Clients of S3 read the Region
// element and sign again with it.
func WrongRegion(a *Authorization, expected string) *aws.Error {
	problem := "the region '" + a.Region + "' is wrong; expecting '" + expected + "'"
	if a.Presigned() {
		return queryMalformed("Error parsing the X-Amz-Credential parameter; "+problem).With("Region", expected)
	}
	return malformed(problem).With("Region", expected)
}

func errUnsupportedMechanism() *aws.Error {
	return aws.NewError(http.StatusBadRequest, "InvalidRequest",
		"The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.")
}
