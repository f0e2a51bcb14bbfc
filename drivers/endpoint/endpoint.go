// Package endpoint finds where a service of Amazon's is, or one that takes its place, in the order of Amazon's SDK.
package endpoint

import (
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/velero-locations/velero-locations/locations/provider"
)

// Options say what is looked for, and where.
type Options struct {
	// Service by its name in credentials files, such as ec2.
	Service string
	// Region that Amazon's own endpoint is of.
	Region string
	// Named returns what the credentials name, nil if that is nothing. Nil: they are not asked.
	Named func() (*url.URL, error)
	// Default takes the place of the environment, and stands behind the credentials, so that it is no more than a default.
	Default *url.URL
}

// Endpoint is where requests go.
type Endpoint struct {
	// URL is nil for Amazon's own endpoint of the region.
	URL *url.URL
	// Source is what users can correct to have another.
	Source string

	service, region string
}

// ignoreVariable has the SDK go to Amazon's, whatever else names an endpoint.
const ignoreVariable = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"

// Find looks in the environment, then in the credentials, then at the default; else it is Amazon's.
func Find(opts Options) (Endpoint, error) {
	ignore, _ := strconv.ParseBool(os.Getenv(ignoreVariable))
	of := func(u *url.URL, source string) Endpoint {
		return Endpoint{URL: u, Source: source, service: opts.Service, region: opts.Region}
	}
	for _, name := range []string{"AWS_ENDPOINT_URL_" + strings.ToUpper(opts.Service), "AWS_ENDPOINT_URL"} {
		address := os.Getenv(name)
		if address == "" || ignore || opts.Default != nil {
			continue
		}
		u, err := provider.ParseURL(address)
		if err != nil {
			return Endpoint{}, fmt.Errorf("%s in the controller's environment %w", name, err)
		}
		return of(u, name+" in the controller's environment"), nil
	}
	if opts.Named != nil && !ignore {
		u, err := opts.Named()
		if err != nil || u != nil {
			return of(u, "endpoint_url in the credentials"), err
		}
	}
	if opts.Default != nil {
		return of(opts.Default, "the default endpoint that the controller was given"), nil
	}
	return of(nil, "spec.config.region"), nil
}

// Base is what the SDK is told; nil lets it find Amazon's endpoint of the region.
func (e Endpoint) Base() *string {
	if e.URL == nil {
		return nil
	}
	base := e.URL.String()
	return &base
}

// String is how errors name the endpoint.
func (e Endpoint) String() string {
	if e.URL == nil {
		return strings.ToUpper(e.service) + " of region " + e.region
	}
	return e.URL.String()
}
