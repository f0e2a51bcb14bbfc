package ec2

import (
	"fmt"
	"net/url"
	"os"
	"strconv"

	"github.com/velero-locations/velero-locations/drivers/snapshotter"
	"github.com/velero-locations/velero-locations/locations/credentials"
	"github.com/velero-locations/velero-locations/locations/provider"
)

// endpointVariables name the address of EC2, as with the SDK and so with Velero's plugin; the
// first one that is set counts, unless ignoreVariable is true.
var endpointVariables = []string{"AWS_ENDPOINT_URL_EC2", "AWS_ENDPOINT_URL"}

const ignoreVariable = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"

// endpoint is where requests go.
type endpoint struct {
	// url is nil for Amazon's own endpoint of a region.
	url *url.URL
	// region that Amazon's own endpoint is of.
	region string
	// source is what users can correct to have another.
	source string
}

// findEndpoint looks where the SDK looks: the environment, then the credentials file, then Amazon. A
// default given by the options takes the place of the environment and stands behind the file, so that
// it is no more than a default.
func findEndpoint(opts snapshotter.Options, config provider.AWSVolumeSnapshotter) (endpoint, error) {
	ignore, _ := strconv.ParseBool(os.Getenv(ignoreVariable))
	for _, name := range endpointVariables {
		address := os.Getenv(name)
		if address == "" || ignore || opts.Endpoint != nil {
			continue
		}
		u, err := provider.ParseURL(address)
		if err != nil {
			return endpoint{}, fmt.Errorf("%s in the controller's environment %w", name, err)
		}
		return endpoint{url: u, source: name + " in the controller's environment"}, nil
	}
	u, err := credentials.AWSEndpoint(opts.Credentials, config.Profile, "ec2")
	switch {
	case err != nil:
		return endpoint{}, snapshotter.NewBadCredentials(err)
	case u != nil && !ignore:
		return endpoint{url: u, source: "endpoint_url in the credentials"}, nil
	case opts.Endpoint != nil:
		return endpoint{url: opts.Endpoint, source: "the default endpoint that the controller was given"}, nil
	}
	return endpoint{region: config.Region, source: "spec.config.region"}, nil
}

// base is what the SDK is told; nil lets it find Amazon's endpoint of the region.
func (e endpoint) base() *string {
	if e.url == nil {
		return nil
	}
	base := e.url.String()
	return &base
}

// String is how errors name the endpoint.
func (e endpoint) String() string {
	if e.url == nil {
		return "EC2 of region " + e.region
	}
	return e.url.String()
}
