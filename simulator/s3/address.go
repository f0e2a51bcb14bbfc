package s3

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/velero-locations/velero-locations/simulator/aws"
)

// host is what the name says by which a client reaches an endpoint: s3.REGION.DOMAIN is that of a region, and BUCKET before it, or
// before DOMAIN alone, is a bucket.
type host struct{ region, bucket, domain, port string }

// RegionHost is the name of a region's endpoint below a domain, as those of AWS are.
func RegionHost(region, domain string) string { return "s3." + region + "." + domain }

// parseHost reads a Host header, by the longest domain that it is under.
func (s *Server) parseHost(header string) host {
	name, port, err := net.SplitHostPort(header)
	if err != nil {
		name, port = header, ""
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	out := host{port: port}
	for _, candidate := range s.domains {
		if name == candidate {
			return host{domain: candidate, port: port} // such as s3.example.org where example.org is a domain too
		}
		if strings.HasSuffix(name, "."+candidate) && len(candidate) > len(out.domain) {
			out.domain = candidate
		}
	}
	if out.domain == "" {
		return out
	}
	out.bucket = strings.TrimSuffix(name, "."+out.domain)
	for _, region := range s.options.Regions {
		if before, found := strings.CutSuffix("."+out.bucket, ".s3."+region); found {
			out.region, out.bucket = region, strings.TrimPrefix(before, ".")
			break
		}
	}
	if ValidateBucketName(out.bucket) != nil { // such as s3.localhost: the endpoint itself
		out.bucket = ""
	}
	return out
}

// address finds out at which region's endpoint the request is, if it is at one's, and which bucket and key it is for: /bucket/key,
// or /key where the host names the bucket.
func (q *request) address() {
	q.host = q.server.parseHost(q.Host)
	q.region = q.server.region
	if q.region == "" {
		q.region = q.host.region
	}
	path := strings.TrimPrefix(q.URL.Path, "/")
	if q.host.bucket != "" {
		q.name, q.key = q.host.bucket, path
		return
	}
	q.name, q.key, _ = strings.Cut(path, "/")
}

// checkStyle refuses a bucket in the path where the endpoint takes it in the host only, as stores do whose customers' content
// is not to appear to be their own.
func (q *request) checkStyle() error {
	hostOnly := q.server.options.HostStyleOnly
	if q.name == "" || hostOnly == nil || !hostOnly(q.region) || q.host.bucket != "" {
		return nil
	}
	return aws.NewError(http.StatusForbidden, "SecondLevelDomainForbidden",
		"The bucket you are attempting to access must be addressed using the third level domain.")
}

// IsPlain says whether a request is about the endpoint alone: it is not signed, has no parameters, and its host names no bucket.
func (s *Server) IsPlain(r *http.Request) bool {
	return r.Header.Get("Authorization") == "" && r.URL.RawQuery == "" && s.parseHost(r.Host).bucket == ""
}

// regionalHost is where a client finds the endpoint of a region: at its own address, or else by its name at the address that the client
// uses. One that uses an unknown name is left there.
func (q *request) regionalHost(region string) string {
	if own := q.server.options.Endpoint; own != nil && own(region) != "" {
		return own(region)
	}
	domain := q.host.domain
	if address, err := netip.ParseAddrPort(q.Host); err == nil && address.Addr().IsLoopback() {
		domain = "localhost"
	}
	switch {
	case domain == "":
		return q.Host
	case q.host.port == "":
		return RegionHost(region, domain)
	}
	return net.JoinHostPort(RegionHost(region, domain), q.host.port)
}
