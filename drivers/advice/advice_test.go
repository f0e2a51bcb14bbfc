package advice

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"
)

func TestAnswer(t *testing.T) {
	for _, tc := range []struct {
		answer Answer
		want   string
	}{
		{Answer{Status: 403, Code: "AccessDenied", Message: "Access Denied."}, "403 AccessDenied: Access Denied"},
		{Answer{Status: 403, Code: "AccessDenied", Message: "you may not do..."}, "403 AccessDenied: you may not do..."},
		{Answer{Status: 403, Code: "AccessDenied"}, "403 AccessDenied"},
		{Answer{Status: 502, Message: "no backend"}, "502 Bad Gateway: no backend"},
		{Answer{Status: 502}, "502 Bad Gateway"},
	} {
		if got := fmt.Sprint(tc.answer); got != tc.want {
			t.Errorf("got %s, want %s", got, tc.want)
		}
	}
}

func TestUnreached(t *testing.T) {
	target := Target{Endpoint: "http://s3:9000", Service: "the storage", Setting: "spec.config.s3Url"}
	dial := func(err error) error {
		return fmt.Errorf("sending: %w", &net.OpError{Op: "dial", Err: err})
	}
	for _, tc := range []struct {
		cause error
		want  string
	}{
		{dial(&net.DNSError{Name: "s3", IsNotFound: true}), "the host name s3 is not known: correct spec.config.s3Url"},
		{dial(&net.DNSError{Name: "s3", Err: "server misbehaving"}), "http://s3:9000 could not be reached: sending: dial: lookup s3: server misbehaving"},
		{dial(syscall.ECONNREFUSED), "nothing listens at http://s3:9000: start the storage, or correct spec.config.s3Url"},
		{dial(os.ErrDeadlineExceeded), "http://s3:9000 did not answer in time: see whether the network lets requests through, or correct spec.config.s3Url"},
		{context.DeadlineExceeded, "http://s3:9000 did not answer in time: see whether the network lets requests through, or correct spec.config.s3Url"},
		{
			fmt.Errorf("sending: %w", &net.OpError{Op: "proxyconnect", Net: "tcp", Err: dial(syscall.ECONNREFUSED)}),
			"http://s3:9000 could not be reached through the proxy that the environment names (sending: dial: connection refused): correct HTTPS_PROXY or HTTP_PROXY of the controller, or add the host to its NO_PROXY",
		},
		{
			fmt.Errorf("sending: %w", &ProxyError{Status: "407 Proxy Authentication Required"}),
			"http://s3:9000 could not be reached through the proxy that the environment names (it answers 407 Proxy Authentication Required): correct HTTPS_PROXY of the controller, or add the host to its NO_PROXY",
		},
		{errors.New("two\n\tlines"), "http://s3:9000 could not be reached: two lines"},
	} {
		if got := target.Unreached(tc.cause); got != tc.want {
			t.Errorf("got  %s\nwant %s", got, tc.want)
		}
	}
}

func TestFaults(t *testing.T) {
	target := Target{Endpoint: "http://s3:9000", Service: "the storage", Setting: "spec.config.s3Url"}
	if got, want := target.Faulty(Answer{Status: 500, Code: "InternalError"}), "http://s3:9000 has a fault of its own (500 InternalError): look at the storage"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := target.Skewed(Answer{Status: 403, Code: "RequestTimeTooSkewed"}), "the clocks here and at http://s3:9000 differ too much for signed requests (403 RequestTimeTooSkewed): set the clocks right"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
