package endpoint

import (
	"errors"
	"net/url"
	"testing"
)

func TestFind(t *testing.T) {
	named := func(address string) func() (*url.URL, error) {
		return func() (*url.URL, error) { return url.Parse(address) }
	}
	given := &url.URL{Scheme: "https", Host: "default"}
	for name, tc := range map[string]struct {
		environment  map[string]string
		named        func() (*url.URL, error)
		given        *url.URL
		want, source string
		err          string
	}{
		"Amazon's":                       {want: "EC2 of region eu-west-1", source: "spec.config.region"},
		"environment":                    {environment: map[string]string{"AWS_ENDPOINT_URL": "http://all"}, named: named("http://file"), want: "http://all", source: "AWS_ENDPOINT_URL in the controller's environment"},
		"environment, of the service":    {environment: map[string]string{"AWS_ENDPOINT_URL": "http://all", "AWS_ENDPOINT_URL_EC2": "http://one"}, want: "http://one", source: "AWS_ENDPOINT_URL_EC2 in the controller's environment"},
		"environment, of another":        {environment: map[string]string{"AWS_ENDPOINT_URL_STS": "http://one"}, want: "EC2 of region eu-west-1", source: "spec.config.region"},
		"environment, no address":        {environment: map[string]string{"AWS_ENDPOINT_URL": "hidden"}, err: "AWS_ENDPOINT_URL in the controller's environment must be a URL such as https://s3.example.com"},
		"environment, before a default":  {environment: map[string]string{"AWS_ENDPOINT_URL": "http://all"}, given: given, want: "https://default", source: "the default endpoint that the controller was given"},
		"credentials":                    {named: named("http://file"), want: "http://file", source: "endpoint_url in the credentials"},
		"credentials, before a default":  {named: named("http://file"), given: given, want: "http://file", source: "endpoint_url in the credentials"},
		"credentials, wrong":             {named: func() (*url.URL, error) { return nil, errors.New("wrong") }, given: given, err: "wrong"},
		"credentials, nothing":           {named: func() (*url.URL, error) { return nil, nil }, given: given, want: "https://default", source: "the default endpoint that the controller was given"},
		"everything, but to be ignored":  {environment: map[string]string{ignoreVariable: "true", "AWS_ENDPOINT_URL": "hidden"}, named: named("http://file"), want: "EC2 of region eu-west-1", source: "spec.config.region"},
		"a default is not to be ignored": {environment: map[string]string{ignoreVariable: "true"}, named: named("http://file"), given: given, want: "https://default", source: "the default endpoint that the controller was given"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, variable := range []string{"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_EC2", "AWS_ENDPOINT_URL_STS", ignoreVariable} {
				t.Setenv(variable, tc.environment[variable])
			}
			got, err := Find(Options{Service: "ec2", Region: "eu-west-1", Named: tc.named, Default: tc.given})
			if tc.err != "" {
				if err == nil || err.Error() != tc.err {
					t.Errorf("got %v, want %s", err, tc.err)
				}
				return
			}
			if err != nil || got.String() != tc.want || got.Source != tc.source {
				t.Errorf("got %s by %s, %v; want %s by %s", got, got.Source, err, tc.want, tc.source)
			}
			if base := got.Base(); (base == nil) != (got.URL == nil) || base != nil && *base != tc.want {
				t.Errorf("the SDK is told %v", base)
			}
		})
	}
}
