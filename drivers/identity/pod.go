package identity

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	awscredentials "github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"

	"github.com/velero-locations/velero-locations/internal/bounded"
	"github.com/velero-locations/velero-locations/locations/credentials"
)

// The variables by which a pod is told of its identity, as with the SDK.
const (
	keyIDVariable         = "AWS_ACCESS_KEY_ID"
	secretVariable        = "AWS_SECRET_ACCESS_KEY"
	tokenVariable         = "AWS_SESSION_TOKEN"
	tokenFileVariable     = "AWS_WEB_IDENTITY_TOKEN_FILE"
	roleVariable          = "AWS_ROLE_ARN"
	sessionNameVariable   = "AWS_ROLE_SESSION_NAME"
	relativeVariable      = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
	fullVariable          = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
	authorizationVariable = "AWS_CONTAINER_AUTHORIZATION_TOKEN"
	authorizationFile     = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
	metadataVariable      = "AWS_EC2_METADATA_SERVICE_ENDPOINT"
)

// containerHost is where Amazon serves the keys of containers whose address is relative.
const containerHost = "http://169.254.170.2"

// ownTokenFile is the only file that is read as a token: another could be anything that this process can read.
func ownTokenFile() string { return os.Getenv(tokenFileVariable) }

// pod is whatever identity the pod has, in the order of the SDK.
func (c *chain) pod() aws.CredentialsProvider {
	switch {
	case os.Getenv(keyIDVariable) != "":
		return c.environment()
	case ownTokenFile() != "":
		return c.withToken(credentials.AWSRole{ARN: os.Getenv(roleVariable), SessionName: os.Getenv(sessionNameVariable)})
	case os.Getenv(relativeVariable) != "" || os.Getenv(fullVariable) != "":
		return c.container()
	}
	return c.instance()
}

// withToken assumes a role by the pod's token, which is read again each time.
func (c *chain) withToken(role credentials.AWSRole) aws.CredentialsProvider {
	return cached(stscreds.NewWebIdentityRoleProvider(c.sts(nil), role.ARN, tokenFile(ownTokenFile()), func(o *stscreds.WebIdentityRoleOptions) {
		o.RoleSessionName = role.SessionName
	}))
}

// tokenFile is the name of a file with a token.
type tokenFile string

// GetIdentityToken implements stscreds.IdentityTokenRetriever.
func (f tokenFile) GetIdentityToken() ([]byte, error) {
	return bounded.ReadFile(context.Background(), string(f))
}

func (c *chain) environment() aws.CredentialsProvider {
	return awscredentials.NewStaticCredentialsProvider(os.Getenv(keyIDVariable), os.Getenv(secretVariable), os.Getenv(tokenVariable))
}

// instance is the role of the machine, by IMDSv2.
func (c *chain) instance() aws.CredentialsProvider {
	client := imds.New(imds.Options{Endpoint: os.Getenv(metadataVariable), HTTPClient: c.client, EnableFallback: aws.FalseTernary})
	return cached(ec2rolecreds.New(func(o *ec2rolecreds.Options) { o.Client = client }))
}

// container is the role of the container, as ECS and EKS Pod Identity have it.
func (c *chain) container() aws.CredentialsProvider {
	address := os.Getenv(fullVariable)
	if relative := os.Getenv(relativeVariable); relative != "" {
		address = containerHost + relative
	}
	if err := checkContainer(address); err != nil {
		return failing{err}
	}
	return cached(endpointcreds.New(address, func(o *endpointcreds.Options) {
		o.HTTPClient = c.client
		o.AuthorizationToken = os.Getenv(authorizationVariable)
		if path := os.Getenv(authorizationFile); path != "" {
			o.AuthorizationTokenProvider = endpointcreds.TokenProviderFunc(func() (string, error) {
				token, err := bounded.ReadFile(context.Background(), path)
				if err != nil {
					return "", fmt.Errorf("reading the token of the container: %w", err)
				}
				return string(token), nil
			})
		}
	}))
}

// checkContainer has the token sent in clear to nobody but the pod itself and what Amazon runs for it.
func checkContainer(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return errors.New("neither $" + relativeVariable + " nor $" + fullVariable + " names an address")
	}
	ip := net.ParseIP(u.Hostname())
	if u.Scheme == "https" || u.Hostname() == "localhost" || ip.IsLoopback() {
		return nil
	}
	for _, known := range []string{"169.254.170.2", "169.254.170.23", "fd00:ec2::23"} {
		if ip.Equal(net.ParseIP(known)) {
			return nil
		}
	}
	return errors.New("$" + fullVariable + " names an address that is neither https nor of the machine")
}

// failing is the provider of a key that cannot be got.
type failing struct{ err error }

// Retrieve returns the error.
func (f failing) Retrieve(context.Context) (aws.Credentials, error) { return aws.Credentials{}, f.err }
