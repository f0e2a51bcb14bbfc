// Package identity gets the keys that credentials files of Amazon's clients lead to: those of roles, which are renewed before
// they end, and, if it is allowed, those of the pod that this process runs in.
package identity

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awscredentials "github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/velero-locations/velero-locations/drivers/advice"
	"github.com/velero-locations/velero-locations/drivers/endpoint"
	"github.com/velero-locations/velero-locations/internal/bounded"
	"github.com/velero-locations/velero-locations/locations/credentials"
)

// Options say how keys are got.
type Options struct {
	// Region that STS is asked in. Empty: us-east-1.
	Region string
	// Endpoint of STS, where nothing else names one. Nil: Amazon's.
	Endpoint *url.URL
	// Lend lets locations use the identity of this process's pod: its environment, its token file, its container's
	// and its machine's role.
	Lend bool
	// Timeout is how long an answer may take. 0: a minute.
	Timeout time.Duration
	// RootCAs are the authorities trusted to sign the certificate of STS, and InsecureSkipTLSVerify accepts any, as Velero's plugin
	// does with those of a location's storage. A borrowed identity is shown only to whom the system trusts. Nil: the system's.
	RootCAs               *x509.CertPool
	InsecureSkipTLSVerify bool
}

func (o Options) region() string { return cmp.Or(o.Region, "us-east-1") }

// window is how long before its end a key is renewed, so that a request which is signed with it has time to be sent.
const window = 5 * time.Minute

// Open returns what gives the keys of a profile of a credentials file. It sends nothing yet. An ElsewhereError says that
// only Velero's own pod has them.
func Open(file []byte, profile string, opts Options) (credentials.AWSKeys, error) {
	identity, err := credentials.ParseAWSIdentity(file, profile)
	if err != nil {
		return nil, err
	}
	if identity.Borrowed() && !opts.Lend {
		return nil, identity.Elsewhere()
	}
	if !identity.Borrowed() && len(identity.Roles) == 0 {
		return identity.InFile, nil
	}
	at, err := findEndpoint(file, profile, identity.Borrowed(), opts)
	if err != nil {
		return nil, err
	}
	c := &chain{identity: identity, opts: opts, endpoint: at, client: newClient(identity.Borrowed(), opts)}
	provider, roles, err := c.source()
	if err != nil {
		return nil, err
	}
	for _, role := range roles {
		provider = cached(stscreds.NewAssumeRoleProvider(c.sts(provider), role.ARN, func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName, o.Duration = role.SessionName, role.Duration
			if role.ExternalID != "" {
				o.ExternalID = &role.ExternalID
			}
		}))
	}
	c.provider = provider
	return c, nil
}

// findEndpoint looks where the driver of volumes looks, but a borrowed identity is shown to no address that a location names, which
// could keep it.
func findEndpoint(file []byte, profile string, borrowed bool, opts Options) (endpoint.Endpoint, error) {
	of := endpoint.Options{Service: "sts", Region: opts.region(), Default: opts.Endpoint}
	if !borrowed {
		of.Named = func() (*url.URL, error) { return credentials.AWSEndpoint(file, profile, "sts") }
	}
	return endpoint.Find(of)
}

func cached(provider aws.CredentialsProvider) aws.CredentialsProvider {
	return aws.NewCredentialsCache(provider, func(o *aws.CredentialsCacheOptions) { o.ExpiryWindow = window })
}

// newClient sends to where it is told to only, and keeps no connection: keys are asked for seldom.
func newClient(borrowed bool, opts Options) *http.Client {
	transport := awshttp.NewBuildableClient().GetTransport()
	transport.DisableKeepAlives = true
	if !borrowed {
		transport.TLSClientConfig.RootCAs, transport.TLSClientConfig.InsecureSkipVerify = opts.RootCAs, opts.InsecureSkipTLSVerify
	}
	return &http.Client{
		Transport: bounded.Transport{RoundTripper: transport, Limit: bounded.Document}, Timeout: cmp.Or(opts.Timeout, time.Minute),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// chain leads from where a key comes from to that of the last role.
type chain struct {
	identity credentials.AWSIdentity
	opts     Options
	endpoint endpoint.Endpoint
	client   *http.Client
	provider aws.CredentialsProvider
}

func (c *chain) sts(provider aws.CredentialsProvider) *sts.Client {
	return sts.New(sts.Options{Region: c.opts.region(), BaseEndpoint: c.endpoint.Base(), Credentials: provider, HTTPClient: c.client})
}

// source returns what the first key is from, and the roles that are left to assume.
func (c *chain) source() (aws.CredentialsProvider, []credentials.AWSRole, error) {
	roles := c.identity.Roles
	switch c.identity.Source {
	case credentials.WebIdentity:
		if c.identity.TokenFile != ownTokenFile() {
			return nil, nil, credentials.Elsewhere("%w: the controller has no such file, or another by $%s", c.identity.Elsewhere(), tokenFileVariable)
		}
		return c.withToken(roles[0]), roles[1:], nil
	case credentials.Environment:
		return c.environment(), roles, nil
	case credentials.Container:
		return c.container(), roles, nil
	case credentials.InstanceMetadata:
		return c.instance(), roles, nil
	case credentials.OfPod:
		return c.pod(), roles, nil
	}
	key := c.identity.InFile
	return awscredentials.NewStaticCredentialsProvider(key.AccessKeyID, key.SecretAccessKey, key.SessionToken), roles, nil
}

// Key returns the key of the moment.
func (c *chain) Key(ctx context.Context) (credentials.AWS, error) {
	key, err := c.provider.Retrieve(ctx)
	switch {
	case err == nil:
		return credentials.AWS{AccessKeyID: key.AccessKeyID, SecretAccessKey: key.SecretAccessKey, SessionToken: key.SessionToken}, nil
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		return credentials.AWS{}, err
	case c.identity.Borrowed():
		// Velero's own pod may have another identity than this one, and get the key.
		return credentials.AWS{}, credentials.Elsewhere("%w; with that of the controller's: %s", c.identity.Elsewhere(), c.advice(err))
	}
	return credentials.AWS{}, &Error{advice: c.advice(err), cause: err}
}

// Error is why there is no key for a location. It is one line that says what to do, and holds no secret.
type Error struct {
	advice string
	cause  error
}

// Error says what happened and what to do.
func (e *Error) Error() string { return e.advice }

// Unwrap returns what kept the key from being got.
func (e *Error) Unwrap() error { return e.cause }

// CredentialsRefused says that other credentials, or other permissions of the same, would help.
func (e *Error) CredentialsRefused() bool {
	var answer smithy.APIError
	return errors.As(e.cause, &answer)
}

// advice says why a role could not be assumed, a colon, and what to do.
func (c *chain) advice(cause error) string {
	what := "the key of the pod could not be got"
	if n := len(c.identity.Roles); n > 0 {
		what = fmt.Sprintf("the role %s could not be assumed", c.identity.Roles[n-1].ARN)
	}
	var answer smithy.APIError
	var response *awshttp.ResponseError
	if !errors.As(cause, &response) || !errors.As(cause, &answer) {
		if !c.identity.Borrowed() {
			target := advice.Target{Endpoint: c.endpoint.String(), Service: "STS", Setting: c.endpoint.Source}
			return what + ", as " + target.Unreached(cause)
		}
		return what + " (" + c.identity.InFile.Redact(cause.Error()) + ")"
	}
	refusal := advice.Answer{Status: response.HTTPStatusCode(), Code: answer.ErrorCode(), Message: c.identity.InFile.Redact(answer.ErrorMessage())}
	switch refusal.Code {
	case "AccessDenied", "AccessDeniedException":
		return fmt.Sprintf("%s (%s): let the role trust these credentials, with the external_id if it wants one, and allow them sts:AssumeRole", what, refusal)
	case "InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClientException":
		return fmt.Sprintf("%s (%s): correct aws_access_key_id and aws_secret_access_key in the credentials", what, refusal)
	case "ExpiredToken":
		return fmt.Sprintf("%s, as %s", what, advice.SessionExpired(refusal))
	}
	return fmt.Sprintf("%s (%s): correct the role in the credentials", what, refusal)
}
