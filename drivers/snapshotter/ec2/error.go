package ec2

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/velero-locations/velero-locations/drivers/advice"
	"github.com/velero-locations/velero-locations/drivers/identity"
	"github.com/velero-locations/velero-locations/drivers/snapshotter"
	"github.com/velero-locations/velero-locations/locations/credentials"
)

// subject is what a request was about.
type subject struct{ volume, snapshot, zone string }

// answer is an error that EC2 answered with.
type answer struct {
	advice.Answer
	about  subject
	action string
}

// failure turns what the client returned into an error of a snapshotter; nil if it is nil.
func (v *volumes) failure(action string, about subject, err error) error {
	if err == nil {
		return nil
	}
	var keyless *identity.Error
	switch {
	case credentials.AreElsewhere(err):
		return err
	case errors.As(err, &keyless):
		return snapshotter.NewBadCredentials(keyless)
	}
	var response *awshttp.ResponseError
	if !errors.As(err, &response) || response.HTTPStatusCode() == 0 || interrupted(err) {
		return v.unreachable(err)
	}
	a := answer{Answer: advice.Answer{Status: response.HTTPStatusCode()}, about: about, action: action}
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() != "UnknownError" { // the SDK's word for an answer without a code
		a.Code, a.Message = api.ErrorCode(), v.signer.key().Redact(api.ErrorMessage())
	}
	reason, text := v.advise(a)
	return &snapshotter.Error{Reason: reason, Code: a.Code, Advice: text}
}

// interrupted says that an answer began, but did not end.
func interrupted(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, io.ErrUnexpectedEOF)
}

// unreachable is about a request without an answer. Amazon has no host for a region that does not exist.
func (v *volumes) unreachable(err error) error {
	var dns *net.DNSError
	if v.endpoint.URL == nil && errors.As(err, &dns) && dns.IsNotFound {
		return &snapshotter.Error{
			Reason: snapshotter.WrongRegion, Cause: err,
			Advice: fmt.Sprintf("Amazon has no region %s, or its host name %s cannot be looked up here: correct spec.config.region", v.config.Region, dns.Name),
		}
	}
	return snapshotter.NewUnreachable(v.endpoint.String(), v.endpoint.Source, err)
}

func (v *volumes) target() advice.Target {
	return advice.Target{Endpoint: v.endpoint.String(), Service: "the service", Setting: v.endpoint.Source}
}

// notOne is about an answer that does not describe the one that was asked for.
func (v *volumes) notOne(kind, id string, count int) error {
	return &snapshotter.Error{
		Reason: snapshotter.Refused,
		Advice: fmt.Sprintf("%s describes %d of the %s %q instead of one: correct %s", v.endpoint, count, kind, id, v.endpoint.Source),
	}
}

// advise says what kind of error an answer is, what happened, a colon, and what to do.
func (v *volumes) advise(a answer) (snapshotter.Reason, string) {
	switch a.Code {
	case "InvalidVolume.NotFound", "InvalidSnapshot.NotFound":
		return snapshotter.NotFound, fmt.Sprintf("there is no %s in region %s of the account that the credentials are of: "+
			"use a volume snapshot location of its region and account", a.about, v.config.Region)
	case "InvalidZone.NotFound":
		return snapshotter.Elsewhere, fmt.Sprintf("there is no zone %q in region %s: choose one of that region", a.about.zone, v.config.Region)
	case "IncorrectState":
		return snapshotter.NotReady, fmt.Sprintf("the state of the %s does not allow %s yet (%s): wait, and try again", a.about, a.action, a.Message)
	case "UnauthorizedOperation", "AccessDenied":
		return snapshotter.Denied, fmt.Sprintf("the credentials may not %s in region %s (%s): allow it to them, or use others", a.denied(), v.config.Region, a)
	case "InvalidAction", "UnknownParameter":
		return snapshotter.Refused, fmt.Sprintf("%s does not know %s as EC2 does (%s): correct %s", v.endpoint, a.action, a, v.endpoint.Source)
	case "OptInRequired":
		return snapshotter.WrongRegion, fmt.Sprintf("the account has not enabled region %s: enable it, or correct spec.config.region", v.config.Region)
	}
	switch {
	case authenticationCodes[a.Code]:
		return v.adviseCredentials(a)
	case a.throttled():
		return snapshotter.Throttled, fmt.Sprintf("%s is overloaded, or a quota is used up (%s): wait, or have the quota raised", v.endpoint, a)
	case a.Code == "" && a.Status < http.StatusInternalServerError:
		return snapshotter.Unreachable, fmt.Sprintf("what %s answers is not EC2 (%s): correct %s", v.endpoint, a, v.endpoint.Source)
	case a.Status >= http.StatusInternalServerError:
		return snapshotter.Refused, v.target().Faulty(a.Answer)
	}
	return snapshotter.Refused, fmt.Sprintf("%s refuses %s (%s): correct spec.config or the credentials", v.endpoint, a.action, a)
}

// authenticationCodes are about who signed a request, where for and when, not about what for.
var authenticationCodes = map[string]bool{
	"AuthFailure": true, "RequestExpired": true, "ExpiredToken": true, "ExpiredTokenException": true, "MissingAuthenticationToken": true,
	"IncompleteSignature": true, "SignatureDoesNotMatch": true, "InvalidClientTokenId": true, "UnrecognizedClientException": true,
	"InvalidAccessKeyId": true, "InvalidToken": true, "RequestTimeTooSkewed": true, "Blocked": true, "PendingVerification": true,
}

// adviseCredentials tells codes apart that EC2 uses for several things.
func (v *volumes) adviseCredentials(a answer) (snapshotter.Reason, string) {
	expired := a.Code == "RequestExpired" || strings.HasPrefix(a.Code, "ExpiredToken")
	switch {
	case strings.Contains(a.Message, "valid region"):
		return snapshotter.WrongRegion, fmt.Sprintf("%s does not serve region %s (%s): correct spec.config.region", v.endpoint, v.config.Region, a)
	case expired && v.signer.key().SessionToken != "":
		return snapshotter.CredentialsRefused, advice.SessionExpired(a.Answer)
	case expired, a.Code == "RequestTimeTooSkewed":
		return snapshotter.Refused, v.target().Skewed(a.Answer)
	case a.Code == "Blocked", a.Code == "PendingVerification":
		return snapshotter.CredentialsRefused, fmt.Sprintf("the account of the credentials cannot be used (%s): look after the account, or use another", a)
	}
	keys := "aws_access_key_id and aws_secret_access_key"
	if v.signer.key().SessionToken != "" {
		keys = "aws_access_key_id, aws_secret_access_key and aws_session_token"
	}
	return snapshotter.CredentialsRefused, fmt.Sprintf("%s does not accept the access key (%s): correct %s in the credentials", v.endpoint, a, keys)
}

// throttled is about rates and quotas, for which EC2 has many codes.
func (a answer) throttled() bool {
	return a.Status == http.StatusTooManyRequests || a.Status == http.StatusServiceUnavailable || strings.HasPrefix(a.Code, "Throttling") ||
		strings.HasSuffix(a.Code, "LimitExceeded") || strings.HasSuffix(a.Code, "RateExceeded")
}

// deniedAction is how EC2 names what a policy denies, which need not be the request itself: tagging, for example.
var deniedAction = regexp.MustCompile(`not authorized to perform: ([a-z0-9-]+:[A-Za-z]+)`)

func (a answer) denied() string {
	if match := deniedAction.FindStringSubmatch(a.Message); match != nil {
		return match[1]
	}
	return "ec2:" + a.action
}

// String names the volume or the snapshot.
func (s subject) String() string {
	if s.volume != "" {
		return fmt.Sprintf("volume %q", s.volume)
	}
	return fmt.Sprintf("snapshot %q", s.snapshot)
}
