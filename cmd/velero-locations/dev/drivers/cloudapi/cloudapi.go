// Package cloudapi is a client of the JSON APIs by which the simulator simulates Azure and Portworx.
package cloudapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/velero-locations/velero-locations/drivers/snapshotter"
	"github.com/velero-locations/velero-locations/internal/bounded"
	"github.com/velero-locations/velero-locations/locations/provider"
)

// Endpoint is where a simulated provider is.
type Endpoint struct {
	URL *url.URL
	// Source is what users can correct to have another.
	Source string
}

// FindEndpoint returns the endpoint of the options, or else the one that an environment variable names. There is no other:
// nothing here speaks the protocol of the vendor's own.
func FindEndpoint(opts snapshotter.Options, variable string) (Endpoint, error) {
	if opts.Endpoint != nil {
		return Endpoint{opts.Endpoint, "the default endpoint that the controller was given"}, nil
	}
	address := os.Getenv(variable)
	if address == "" {
		return Endpoint{}, fmt.Errorf("only the simulator's volumes can be reached, and nothing says where it is: set %s in the controller's environment", variable)
	}
	u, err := provider.ParseURL(address)
	if err != nil {
		return Endpoint{}, fmt.Errorf("%s in the controller's environment %w", variable, err)
	}
	return Endpoint{u, variable + " in the controller's environment"}, nil
}

// Client sends requests to one API with one key.
type Client struct {
	endpoint  Endpoint
	prefix    string
	key       string
	secret    string
	transport *http.Transport
	http      *http.Client
}

// New returns a client of the API below a path, such as /azure/v1.
func New(endpoint Endpoint, prefix, key, secret string) *Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	return &Client{endpoint: endpoint, prefix: prefix, key: key, secret: secret, transport: transport, http: &http.Client{
		Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Close gives up the connections that the client holds.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Endpoint returns where the client sends requests.
func (c *Client) Endpoint() Endpoint { return c.endpoint }

// Refusal is an answer that refuses.
type Refusal struct {
	Status        int
	Code, Message string
}

// Error is the status, the code and the words of the answer.
func (r *Refusal) Error() string {
	return fmt.Sprintf("%d %s: %s", r.Status, r.Code, strings.TrimSuffix(r.Message, "."))
}

// Reason is the kind of error that the status tells.
func (r *Refusal) Reason() snapshotter.Reason {
	switch r.Status {
	case http.StatusUnauthorized:
		return snapshotter.CredentialsRefused
	case http.StatusForbidden:
		return snapshotter.Denied
	case http.StatusNotFound:
		return snapshotter.NotFound
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return snapshotter.Throttled
	}
	return snapshotter.Refused
}

// Call sends a request and reads its answer; in and out may be nil. An error is a *Refusal, or a *snapshotter.Error with
// reason Unreachable.
func (c *Client) Call(ctx context.Context, method, path string, in, out any) error {
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return fmt.Errorf("encoding a request: %w", err)
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, c.endpoint.URL.String()+c.prefix+path, &body)
	if err != nil {
		return fmt.Errorf("making a request: %w", err)
	}
	r.SetBasicAuth(c.key, c.secret)
	r.Header.Set("Content-Type", "application/json")
	response, err := c.http.Do(r)
	if err != nil {
		return c.unreachable(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := bounded.ReadAll(response.Body, bounded.Document)
	if err != nil {
		return c.unreachable(err)
	}
	return c.read(response.StatusCode, answer, out)
}

func (c *Client) read(status int, answer []byte, out any) error {
	if status >= 300 {
		var problem struct {
			Error struct{ Code, Message string }
		}
		if err := json.Unmarshal(answer, &problem); err != nil || problem.Error.Code == "" {
			return c.notTheSimulator(status)
		}
		return &Refusal{status, problem.Error.Code, c.redact(problem.Error.Message)}
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return c.notTheSimulator(status)
	}
	return nil
}

func (c *Client) unreachable(err error) error {
	return snapshotter.NewUnreachable(c.endpoint.URL.String(), c.endpoint.Source, err)
}

func (c *Client) notTheSimulator(status int) error {
	return &snapshotter.Error{Reason: snapshotter.Unreachable, Advice: fmt.Sprintf(
		"what %s answers is not the simulator's API (%d %s): correct %s", c.endpoint.URL, status, http.StatusText(status), c.endpoint.Source)}
}

// redact makes one line of what a service said, without the secret: one that is not to be trusted could send it back.
func (c *Client) redact(message string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(message, c.secret, "***")), " ")
}

// Advise makes an error of a snapshotter of what Call returned; nil if it is nil. Of what is the same for all providers it
// says what to do; the rest it leaves to known, which may return an empty advice.
func (c *Client) Advise(err error, credentials string, known func(*Refusal) (snapshotter.Reason, string)) error {
	var refusal *Refusal
	if !errors.As(err, &refusal) {
		return err
	}
	if reason, advice := known(refusal); advice != "" {
		return &snapshotter.Error{Reason: reason, Code: refusal.Code, Advice: advice}
	}
	advice := fmt.Sprintf("%s refuses the request (%s): correct spec.config or the credentials", c.endpoint.URL, refusal)
	switch refusal.Reason() {
	case snapshotter.CredentialsRefused:
		advice = fmt.Sprintf("%s does not accept the credentials (%s): correct %s", c.endpoint.URL, refusal, credentials)
	case snapshotter.Denied:
		advice = fmt.Sprintf("the credentials may not do it (%s): allow it to them, or use others", refusal)
	case snapshotter.NotFound:
		advice = fmt.Sprintf("it is not there (%s): correct spec.config, or use a volume snapshot location of another account", refusal)
	case snapshotter.Throttled:
		advice = fmt.Sprintf("%s is overloaded (%s): wait, and try again", c.endpoint.URL, refusal)
	case snapshotter.Refused:
		if refusal.Status >= http.StatusInternalServerError {
			advice = fmt.Sprintf("%s has a fault of its own (%s): look at the service", c.endpoint.URL, refusal)
		}
	}
	return &snapshotter.Error{Reason: refusal.Reason(), Code: refusal.Code, Advice: advice}
}
