package objectstore

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/velero-locations/velero-locations/drivers/advice"
)

// Codes of S3 that tell of a wrong region.
const (
	codeHeaderMalformed   = "AuthorizationHeaderMalformed"
	codePermanentRedirect = "PermanentRedirect"
	codeTemporaryRedirect = "TemporaryRedirect"
	codeInvalidRegion     = "InvalidRegion"
	codeIllegalLocation   = "IllegalLocationConstraintException"
	codeBadRequest        = "BadRequest"
)

// advice is what the error says: what happened, a colon, and what to do.
func (e *Error) advice() string {
	if e.Status == 0 {
		return e.connectionAdvice()
	}
	if text := e.regionAdvice(); text != "" {
		return text
	}
	return e.answerAdvice()
}

// namesRegion says whether the answer may be about a region. S3 answers a bare 400 for buckets of
// its newer regions.
func (e *Error) namesRegion() bool {
	switch e.Code {
	case codeHeaderMalformed, codePermanentRedirect, codeTemporaryRedirect, codeInvalidRegion, codeIllegalLocation:
		return true
	case "", codeBadRequest:
		return e.Status == http.StatusBadRequest || e.redirected()
	}
	return e.redirected()
}

func (e *Error) redirected() bool { return e.Status >= 300 && e.Status < 400 }

// regionAdvice is empty if it is not the region that is wrong.
func (e *Error) regionAdvice() string {
	switch {
	case !e.namesRegion():
		return ""
	case e.BucketRegion != "" && e.Region == "":
		return fmt.Sprintf("the bucket %q is in region %s: set spec.config.region to %[2]s", e.Bucket, e.BucketRegion)
	case e.BucketRegion != "" && e.BucketRegion != e.Region:
		return fmt.Sprintf("the bucket %q is in region %s, not %s: set spec.config.region to %[2]s", e.Bucket, e.BucketRegion, e.Region)
	case e.EndpointRegion != "" && e.EndpointRegion != e.Region && e.BucketRegion != "":
		return fmt.Sprintf("the endpoint %s is of region %s, but the bucket %q is in region %s: set spec.config.s3Url to the endpoint of region %[4]s",
			e.Endpoint, e.EndpointRegion, e.Bucket, e.BucketRegion)
	case e.EndpointRegion != "" && e.EndpointRegion != e.Region:
		return fmt.Sprintf("the endpoint %s is of region %s%s: set spec.config.region to %[2]s", e.Endpoint, e.EndpointRegion, e.notRegion())
	case e.redirected() && e.BucketRegion != "":
		return fmt.Sprintf("the endpoint %s is not the one of region %s, where the bucket %q is: correct spec.config.s3Url", e.Endpoint, e.BucketRegion, e.Bucket)
	case e.redirected() && e.Code != "" || e.Code == codeInvalidRegion:
		return fmt.Sprintf("the endpoint %s says that the bucket %q is elsewhere: set spec.config.region to the bucket's region, and spec.config.s3Url to its endpoint", e.Endpoint, e.Bucket)
	}
	return ""
}

func (e *Error) notRegion() string {
	if e.Region == "" {
		return ""
	}
	return ", not " + e.Region
}

// answerAdvice is about what the storage answered, other than a region.
func (e *Error) answerAdvice() string {
	switch e.Code {
	case "NoSuchBucket":
		return fmt.Sprintf("there is no bucket %q at %s (%s): create it, or correct spec.objectStorage.bucket", e.Bucket, e.Endpoint, e.answer())
	case "AccessDenied", "AllAccessDisabled":
		return fmt.Sprintf("the credentials may not %s %s (%s): allow them %s there, or use others", e.action.verb, e.place(), e.answer(), e.action.permission)
	case "InvalidAccessKeyId":
		return fmt.Sprintf("%s does not know the access key (%s): correct aws_access_key_id in the credentials", e.Endpoint, e.answer())
	case "SignatureDoesNotMatch":
		return fmt.Sprintf("%s refuses the signature (%s): correct aws_secret_access_key in the credentials", e.Endpoint, e.answer())
	case "InvalidObjectState":
		return fmt.Sprintf("%s is archived, and cannot be read (%s): have the storage bring it back (RestoreObject), and keep backups out of archiving storage classes", e.place(), e.answer())
	case "ExpiredToken", "TokenRefreshRequired":
		return advice.SessionExpired(e.answer())
	case "InvalidToken":
		return fmt.Sprintf("the session token is not valid (%s): correct aws_session_token in the credentials, or leave it out for a key that has none", e.answer())
	case "RequestTimeTooSkewed":
		return e.target().Skewed(e.answer())
	case "SecondLevelDomainForbidden", "PathStyleDomainForbidden", "VirtualHostDomainRequired", "InvalidPathAccess":
		return fmt.Sprintf("%s takes requests only with the bucket in the host name (%s): leave out spec.config.s3ForcePathStyle, and give the storage's host name in spec.config.s3Url", e.Endpoint, e.answer())
	}
	switch {
	case e.Overloaded():
		return fmt.Sprintf("%s is overloaded (%s): wait", e.Endpoint, e.answer())
	case strings.Contains(e.Detail, "HTTP request to an HTTPS server"):
		return fmt.Sprintf("the endpoint %s speaks https (%s): correct the scheme in spec.config.s3Url", e.Endpoint, e.answer())
	case e.Code == "" && (e.Status == http.StatusNotFound || e.redirected()):
		return fmt.Sprintf("what %s answers is not S3 (%s): correct spec.config.s3Url", e.Endpoint, e.answer())
	case e.Status == http.StatusMethodNotAllowed, e.Status == http.StatusNotImplemented:
		return fmt.Sprintf("%s cannot %s %s as S3 does (%s): correct spec.config.s3Url", e.Endpoint, e.action.verb, e.place(), e.answer())
	case e.Status >= 500:
		return e.target().Faulty(e.answer())
	}
	return fmt.Sprintf("%s refuses to %s %s (%s): correct spec.config or the credentials", e.Endpoint, e.action.verb, e.place(), e.answer())
}

func (e *Error) place() string {
	switch {
	case e.Key != "":
		return fmt.Sprintf("%q in the bucket %q", e.Key, e.Bucket)
	case e.Prefix == "":
		return fmt.Sprintf("the bucket %q", e.Bucket)
	}
	return fmt.Sprintf("the bucket %q under %q", e.Bucket, e.Prefix)
}

func (e *Error) answer() advice.Answer {
	return advice.Answer{Status: e.Status, Code: e.Code, Message: e.Detail}
}

func (e *Error) target() advice.Target {
	return advice.Target{Endpoint: e.Endpoint, Service: "the storage", Setting: "spec.config.s3Url"}
}

// connectionAdvice is about why there was no answer, or none that could be read.
func (e *Error) connectionAdvice() string {
	if text := e.certificateAdvice(); text != "" && !advice.ByProxy(e.cause) {
		return text
	}
	var (
		dns     *net.DNSError
		foreign *foreignError
		syntax  *xml.SyntaxError
	)
	switch {
	case errors.As(e.cause, &foreign) && foreign.got == bucketsElement && !e.PathStyle:
		return fmt.Sprintf("%s answers with a list of buckets, not with what is in the bucket %q, which the host name of the request named: set spec.config.s3ForcePathStyle to \"true\", or correct spec.config.s3Url", e.Endpoint, e.Bucket)
	case errors.As(e.cause, &foreign):
		return fmt.Sprintf("what %s answers is not S3: correct spec.config.s3Url", e.Endpoint)
	case errors.As(e.cause, &dns) && dns.IsNotFound && !e.PathStyle && strings.HasPrefix(dns.Name, e.Bucket+"."):
		return fmt.Sprintf("the host name %s is not known: set spec.config.s3ForcePathStyle to \"true\", or correct spec.config.s3Url", dns.Name)
	case errors.As(e.cause, &syntax), errors.Is(e.cause, io.EOF):
		return fmt.Sprintf("what %s answers is not S3: correct spec.config.s3Url", e.Endpoint)
	}
	return e.target().Unreached(e.cause)
}

// certificateAdvice is empty if it is not TLS that failed.
func (e *Error) certificateAdvice() string {
	var (
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		record    tls.RecordHeaderError
	)
	switch {
	case errors.As(e.cause, &authority):
		return fmt.Sprintf("the certificate of %s is signed by an authority that is not known: put the authority's certificate in a Secret and name it in spec.objectStorage.caCertRef", e.Endpoint)
	case errors.As(e.cause, &host) && !e.PathStyle && strings.HasPrefix(host.Host, e.Bucket+"."):
		return fmt.Sprintf("the certificate of %s is for other names (%s): set spec.config.s3ForcePathStyle to \"true\", or have a certificate made for that name", e.Endpoint, host)
	case errors.As(e.cause, &host):
		return fmt.Sprintf("the certificate of %s is for other names (%s): correct spec.config.s3Url, or have a certificate made for that name", e.Endpoint, host)
	case errors.As(e.cause, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Sprintf("the certificate of %s has expired or is not valid yet: renew it", e.Endpoint)
	case errors.As(e.cause, &invalid):
		return fmt.Sprintf("the certificate of %s cannot be used (%s): have another made", e.Endpoint, invalid)
	case errors.As(e.cause, &record), strings.Contains(e.cause.Error(), "HTTP response to HTTPS client"):
		return fmt.Sprintf("the endpoint %s speaks http, not https: correct the scheme in spec.config.s3Url", e.Endpoint)
	}
	return ""
}
