package provider

import (
	"net/url"
	"reflect"
	"strings"
	"testing"
)

func TestNormal(t *testing.T) {
	for name, want := range map[string]string{
		"aws": AWS, "velero.io/aws": AWS, "": "", "portworx": "velero.io/portworx", "example.com/aws": "example.com/aws",
	} {
		if got := Normal(name); got != want {
			t.Errorf("Normal(%q) = %q, want %q", name, got, want)
		}
		if got := SpeaksS3(name); got != (want == AWS) {
			t.Errorf("SpeaksS3(%q) = %v", name, got)
		}
	}
}

// TestCheckBucket shows that a provider need not say anything about the names of its buckets.
func TestCheckBucket(t *testing.T) {
	if err := (&Provider{Name: "example.com/any", ObjectStore: &Schema{}}).checkBucket("Any Name", nil); err != nil {
		t.Errorf("of a provider without rules: %v", err)
	}
	for name, wantErr := range map[string]bool{"aws": true, "velero.io/gcp": true, "azure": true, "portworx": false, "example.com/unknown": false} {
		if err := CheckBucket(name, "_", nil); (err != nil) != wantErr {
			t.Errorf("of provider %s: %v", name, err)
		}
	}
}

func TestParseAWSObjectStore(t *testing.T) {
	for name, tc := range map[string]struct {
		config map[string]string
		want   func(*AWSObjectStore)
		errs   []string
	}{
		"nothing": {want: func(*AWSObjectStore) {}},
		"region by its FIPS endpoint": {
			config: map[string]string{"region": "fips-us-gov-west-1"},
			want:   func(s *AWSObjectStore) { s.Region = "us-gov-west-1" },
		},
		"all": {
			config: map[string]string{
				"region": "us-east-1", "profile": "p", "credentialsFile": "/f",
				"s3ForcePathStyle": "true", "insecureSkipTLSVerify": "1", "publicUrl": "https://s3.example.com",
				"serverSideEncryption": "aws:kms", "kmsKeyId": "alias/k", "checksumAlgorithm": "", "tagging": "a=1&b=",
				"customerKeyEncryptionSecret": "sse/key", "customerKeyEncryptionFile": "/k",
			},
			want: func(s *AWSObjectStore) {
				*s = AWSObjectStore{
					Region: "us-east-1", Profile: "p", CredentialsFile: "/f", PathStyle: true, InsecureSkipTLSVerify: true,
					PublicURL: &url.URL{Scheme: "https", Host: "s3.example.com"}, ServerSideEncryption: "aws:kms", KMSKeyID: "alias/k",
					CustomerKeySecret: "sse/key", CustomerKeyFile: "/k", Tags: map[string]string{"a": "1", "b": ""},
				}
			},
		},
		"path style off":        {config: map[string]string{"s3ForcePathStyle": "false"}, want: func(*AWSObjectStore) {}},
		"a region not Amazon's": {config: map[string]string{"region": "RegionOne"}, want: func(s *AWSObjectStore) { s.Region = "RegionOne" }},
		"every error at once": {
			config: map[string]string{"region": "us east", "s3ForcePathStyle": "yes", "insecureSkipTLSVerify": "no", "s3Url": "minio:9000", "tagging": "a", "publicUrl": "https://s3/x"},
			errs: []string{
				"spec.config.region is \"us east\", but must be the name of a region",
				`spec.config.s3ForcePathStyle is "yes", but must be "true" or "false"`,
				`spec.config.insecureSkipTLSVerify is "no", but must be`,
				`spec.config.s3Url is "minio:9000", but must be a URL`,
				`spec.config.publicUrl is "https://s3/x", but must have nothing behind the host`,
				`spec.config.tagging is "a", but must be tags`,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseAWSObjectStore(tc.config)
			for _, want := range tc.errs {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got error %v, want %q in it", err, want)
				}
			}
			if tc.errs != nil {
				return
			}
			want := AWSObjectStore{ChecksumAlgorithm: "CRC32"}
			tc.want(&want)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, %v; want %+v", got, err, want)
			}
		})
	}
}

func TestParseURL(t *testing.T) {
	for address, want := range map[string]string{
		"http://minio.velero.svc:9000":  "http://minio.velero.svc:9000",
		"https://s3.example.com/":       "https://s3.example.com",
		"http://[::1]:9000":             "http://[::1]:9000",
		"HTTPS://s3.example.com":        "https://s3.example.com",
		"s3.example.com":                "error: must be a URL",
		"ftp://s3.example.com":          "error: must be a URL",
		"https://":                      "error: must be a URL",
		"https://:443":                  "error: must be a URL",
		"http://a b":                    "error: must be a URL",
		"https://s3.example.com/bucket": "error: must have nothing behind the host",
		"https://s3.example.com?x=y":    "error: must end before the ?",
		"https://key:hidden@s3.example": "error: must not have a user name",
	} {
		u, err := ParseURL(address)
		if text, bad := strings.CutPrefix(want, "error: "); bad {
			if err == nil || !strings.Contains(err.Error(), text) || strings.Contains(err.Error(), "hidden") {
				t.Errorf("ParseURL(%q): got %v, %v; want error %q", address, u, err, text)
			}
		} else if err != nil || u.String() != want {
			t.Errorf("ParseURL(%q): got %v, %v; want %s", address, u, err, want)
		}
	}
	if u, err := ParseURL(""); u != nil || err != nil {
		t.Errorf("an empty address: got %v, %v", u, err)
	}
}
