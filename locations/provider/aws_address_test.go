package provider

import "testing"

// TestS3URL shows which addresses of storage are refused, because nothing answers at them.
func TestS3URL(t *testing.T) {
	port := "must have a port from 1 to 65535, or none"
	path := func(address string) string {
		return "must have no path: give " + address + ", and name the bucket in spec.objectStorage.bucket"
	}
	for address, want := range map[string]string{
		"http://minio:9000": "", "http://minio:1/": "", "http://minio:65535": "", "http://[::1]:9000": "", "http://minio:": "",
		"http://minio:0": port, "http://minio:65536": port, "https://minio:99999999999999999999/": port, "http://[::1]:70000": port,
		"http://minio:port": "must be a URL such as https://s3.example.com",

		"https://account.r2.cloudflarestorage.com/":               "",
		"https://account.r2.cloudflarestorage.com/bucket":         path("https://account.r2.cloudflarestorage.com"),
		"https://S3.eu-west-1.amazonaws.com/bucket":               path("https://S3.eu-west-1.amazonaws.com"),
		"https://s3.amazonaws.com/bucket/prefix":                  path("https://s3.amazonaws.com"),
		"https://s3.dualstack.us-east-1.amazonaws.com/b":          path("https://s3.dualstack.us-east-1.amazonaws.com"),
		"https://s3.cn-north-1.amazonaws.com.cn/b":                path("https://s3.cn-north-1.amazonaws.com.cn"),
		"https://bucket.s3.eu-west-1.amazonaws.com/b":             path("https://bucket.s3.eu-west-1.amazonaws.com"),
		"https://bucket.vpce-1.s3.us-east-1.vpce.amazonaws.com/b": path("https://bucket.vpce-1.s3.us-east-1.vpce.amazonaws.com"),
		"https://s3.us-west-004.backblazeb2.com:443/b":            path("https://s3.us-west-004.backblazeb2.com:443"),

		// Others may serve S3 below a path.
		"https://project.supabase.co/storage/v1/s3":              "",
		"https://proxy.execute-api.eu-west-1.amazonaws.com/prod": "",
		"https://lb-1.eu-west-1.elb.amazonaws.com/minio":         "",
		"https://vps-1.vps.ovh.net/minio":                        "",
		"https://s3.example.com/minio":                           "",
	} {
		got := ""
		if err := s3URL.Check(address); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", address, got, want)
		}
	}
}
