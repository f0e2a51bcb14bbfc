// Package advice is what the errors of all drivers say alike: on one line what happened, a colon, and what to do about it.
package advice

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"github.com/velero-locations/velero-locations/internal/bounded"
)

// Answer is an answer that refuses, as messages quote it.
type Answer struct {
	// Status is that of HTTP.
	Status int
	// Code is the service's own. Empty: it gave none.
	Code string
	// Message is on one line, and holds no secret.
	Message string
}

// String is the status, the code and the words of the answer.
func (a Answer) String() string {
	text := fmt.Sprintf("%d %s", a.Status, a.Code)
	if a.Code == "" {
		text = fmt.Sprintf("%d %s", a.Status, http.StatusText(a.Status))
	}
	if a.Message != "" {
		text += ": " + a.Message
		if strings.HasSuffix(text, ".") && !strings.HasSuffix(text, "...") { // a sentence, and not one that was cut
			text = strings.TrimSuffix(text, ".")
		}
	}
	return text
}

// Target is what requests go to, as messages name it.
type Target struct {
	// Endpoint is its address.
	Endpoint string
	// Service is what should answer there, such as "the storage".
	Service string
	// Setting is what of the address users can correct, such as spec.config.s3Url.
	Setting string
}

// Unreached is about a request that got no answer, or none that could be read.
func (t Target) Unreached(cause error) string {
	var (
		dns     *net.DNSError
		network net.Error
		proxy   *ProxyError
		large   *bounded.Error
	)
	switch {
	case ByProxy(cause):
		return fmt.Sprintf("%s could not be reached through the proxy that the environment names (%s): correct HTTPS_PROXY or HTTP_PROXY of the controller, or add the host to its NO_PROXY",
			t.Endpoint, oneLine(connecting(cause).Err))
	case errors.As(cause, &proxy):
		return fmt.Sprintf("%s could not be reached through the proxy that the environment names (it answers %s): correct HTTPS_PROXY of the controller, or add the host to its NO_PROXY",
			t.Endpoint, oneLine(proxy))
	case errors.As(cause, &large):
		return fmt.Sprintf("what %s answers is %s: correct %s", t.Endpoint, large, t.Setting)
	case errors.As(cause, &dns) && dns.IsNotFound:
		return fmt.Sprintf("the host name %s is not known: correct %s", dns.Name, t.Setting)
	case errors.Is(cause, syscall.ECONNREFUSED):
		return fmt.Sprintf("nothing listens at %s: start %s, or correct %s", t.Endpoint, t.Service, t.Setting)
	case errors.Is(cause, context.DeadlineExceeded), errors.As(cause, &network) && network.Timeout():
		return fmt.Sprintf("%s did not answer in time: see whether the network lets requests through, or correct %s", t.Endpoint, t.Setting)
	}
	return fmt.Sprintf("%s could not be reached: %s", t.Endpoint, oneLine(cause))
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// proxyOp is what http.Transport calls connecting to a proxy.
const proxyOp = "proxyconnect"

// ByProxy says that it was a proxy that could not be reached, not what lies behind it.
func ByProxy(cause error) bool { return connecting(cause) != nil }

// connecting returns what went wrong on the way to a proxy; nil: it was not that.
func connecting(cause error) *net.OpError {
	var proxied *net.OpError
	if errors.As(cause, &proxied) && proxied.Op == proxyOp {
		return proxied
	}
	return nil
}

// ProxyError is how a proxy refused to connect.
type ProxyError struct{ Status string }

func (e *ProxyError) Error() string { return e.Status }

// CheckProxy is for http.Transport.OnProxyConnectResponse: it makes a refusal a *ProxyError.
func CheckProxy(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	return &ProxyError{Status: answer.Status}
}

// Faulty is about an answer that tells of a fault of the service.
func (t Target) Faulty(answer Answer) string {
	return fmt.Sprintf("%s has a fault of its own (%s): look at %s", t.Endpoint, answer, t.Service)
}

// Skewed is about a request that is signed for another time than the service's.
func (t Target) Skewed(answer Answer) string {
	return fmt.Sprintf("the clocks here and at %s differ too much for signed requests (%s): set the clocks right", t.Endpoint, answer)
}

// SessionExpired is about credentials that were good for a time.
func SessionExpired(answer Answer) string {
	return fmt.Sprintf("the session token of the credentials has expired (%s): put new ones in place", answer)
}
