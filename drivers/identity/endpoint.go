package identity

import (
	"cmp"
	"fmt"
	"net/url"
	"os"
	"strconv"

	"github.com/velero-locations/velero-locations/locations/credentials"
	"github.com/velero-locations/velero-locations/locations/provider"
)

// endpointVariables name the address of STS, as with the SDK; the first one that is set counts, unless ignoreVariable is true.
var endpointVariables = []string{"AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"}

const ignoreVariable = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"

// endpoint is where STS is.
type endpoint struct {
	// url is nil for Amazon's own of the region.
	url            *url.URL
	region, source string
}

// findEndpoint looks where the driver of volumes looks: the environment, then the credentials file, then Amazon, with a default given
// by the options in place of the environment and behind the file. A borrowed identity is shown to no address
// that a location names, which could keep it.
func findEndpoint(file []byte, profile string, borrowed bool, opts Options) (endpoint, error) {
	region := cmp.Or(opts.Region, "us-east-1")
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
		return endpoint{u, region, name + " in the controller's environment"}, nil
	}
	if !borrowed && !ignore {
		u, err := credentials.AWSEndpoint(file, profile, "sts")
		if err != nil || u != nil {
			return endpoint{u, region, "endpoint_url in the credentials"}, err
		}
	}
	if opts.Endpoint != nil {
		return endpoint{opts.Endpoint, region, "the default endpoint that the controller was given"}, nil
	}
	return endpoint{nil, region, "spec.config.region"}, nil
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
		return "STS of region " + e.region
	}
	return e.url.String()
}
