package s3

import (
	"encoding/xml"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/call"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

type corsConfiguration struct {
	XMLName xml.Name   `xml:"CORSConfiguration"`
	Xmlns   string     `xml:"xmlns,attr,omitempty"`
	Rules   []corsRule `xml:"CORSRule"`
}

type corsRule struct {
	ID      string   `xml:",omitempty"`
	Origins []string `xml:"AllowedOrigin"`
	Methods []string `xml:"AllowedMethod"`
	Headers []string `xml:"AllowedHeader"`
	Expose  []string `xml:"ExposeHeader"`
	MaxAge  int      `xml:"MaxAgeSeconds,omitempty"`
}

// What S3 allows of CORS.
const maxCORSRules = 100

var corsMethods = []string{http.MethodGet, http.MethodPut, http.MethodHead, http.MethodPost, http.MethodDelete}

func getBucketCORS(q *request) error {
	rules := q.bucket.Settings().CORS
	if len(rules) == 0 {
		return aws.NewError(http.StatusNotFound, "NoSuchCORSConfiguration", "The CORS configuration does not exist").With("BucketName", q.name)
	}
	out := corsConfiguration{Xmlns: namespace}
	for _, rule := range rules {
		out.Rules = append(out.Rules, corsRule(rule))
	}
	return writeXML(q.W, out)
}

func putBucketCORS(q *request) error {
	var in corsConfiguration
	if err := readXML(q.document, "CORSConfiguration", &in); err != nil {
		return err
	}
	if len(in.Rules) == 0 || len(in.Rules) > maxCORSRules {
		return malformedXML()
	}
	var rules []store.CORSRule
	for _, rule := range in.Rules {
		if err := rule.check(); err != nil {
			return err
		}
		rules = append(rules, store.CORSRule(rule))
	}
	return q.configure(http.StatusOK, func(s *store.Settings) error { s.CORS = rules; return nil })
}

func (r corsRule) check() error {
	if len(r.Origins) == 0 || len(r.Methods) == 0 || r.MaxAge < 0 {
		return malformedXML()
	}
	for _, method := range r.Methods {
		if !slices.Contains(corsMethods, method) {
			return aws.NewError(http.StatusBadRequest, "InvalidRequest", "Found unsupported HTTP method in CORS config. Unsupported method is "+method)
		}
	}
	for _, pattern := range slices.Concat(r.Origins, r.Headers) {
		if strings.Count(pattern, "*") > 1 {
			return aws.NewError(http.StatusBadRequest, "InvalidRequest", `AllowedOrigin or AllowedHeader "`+pattern+`" can not have more than one wildcard.`)
		}
	}
	return nil
}

func deleteBucketCORS(q *request) error {
	return q.configure(http.StatusNoContent, func(s *store.Settings) error { s.CORS = nil; return nil })
}

// preflight answers what a browser asks before it lets a page use a bucket, which is never signed.
func preflight(q *request) error {
	buckets := q.server.options.Store.Named(q.name)
	q.showRegion()
	switch {
	case q.Header.Get("Origin") == "":
		return aws.NewError(http.StatusBadRequest, "BadRequest", "Insufficient information. Origin request header needed.")
	case !slices.Contains(corsMethods, q.Header.Get("Access-Control-Request-Method")):
		return aws.NewError(http.StatusBadRequest, "BadRequest", "Invalid Access-Control-Request-Method: "+q.Header.Get("Access-Control-Request-Method"))
	case len(buckets) == 0:
		return noSuchBucket(q.name)
	}
	region := q.likeliest(buckets).Region
	i := slices.IndexFunc(buckets, func(b *store.Bucket) bool { return b.Info().Region == region })
	q.bucket = buckets[i]
	if len(q.bucket.Settings().CORS) == 0 {
		return aws.NewError(http.StatusForbidden, "AccessForbidden", "CORSResponse: CORS is not enabled for this bucket.")
	}
	if !q.allowOrigin() {
		return aws.NewError(http.StatusForbidden, "AccessForbidden",
			"CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.")
	}
	q.W.WriteHeader(http.StatusOK)
	return nil
}

// allowOrigin tells a browser what the page that a request came from may do, by the first of the bucket's rules that
// lets it do that; it says whether there is one.
func (q *request) allowOrigin() bool {
	origin := q.Header.Get("Origin")
	if origin == "" {
		return false
	}
	method := q.Method
	if asked := q.Header.Get("Access-Control-Request-Method"); asked != "" {
		method = asked
	}
	var headers []string
	for name := range strings.SplitSeq(q.Header.Get("Access-Control-Request-Headers"), ",") {
		if name = strings.ToLower(strings.TrimSpace(name)); name != "" {
			headers = append(headers, name)
		}
	}
	for _, rule := range q.bucket.Settings().CORS {
		if pattern, allowed := allows(rule, origin, method, headers); allowed {
			q.describeOrigin(rule, pattern, origin, headers)
			return true
		}
	}
	return false
}

// allows says whether a rule allows a request, and by which of its origins.
func allows(rule store.CORSRule, origin, method string, headers []string) (pattern string, allowed bool) {
	i := slices.IndexFunc(rule.Origins, func(pattern string) bool { return call.Matches(pattern, origin) })
	if i < 0 || !slices.Contains(rule.Methods, method) {
		return "", false
	}
	for _, name := range headers {
		if !slices.ContainsFunc(rule.Headers, func(pattern string) bool { return call.Matches(strings.ToLower(pattern), name) }) {
			return "", false
		}
	}
	return rule.Origins[i], true
}

func (q *request) describeOrigin(rule store.CORSRule, pattern, origin string, headers []string) {
	h := q.W.Header()
	if pattern == "*" {
		h.Set("Access-Control-Allow-Origin", "*")
	} else {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Credentials", "true")
	}
	h.Set("Access-Control-Allow-Methods", strings.Join(rule.Methods, ", "))
	if len(headers) > 0 {
		h.Set("Access-Control-Allow-Headers", strings.Join(headers, ","))
	}
	if len(rule.Expose) > 0 {
		h.Set("Access-Control-Expose-Headers", strings.Join(rule.Expose, ","))
	}
	if rule.MaxAge > 0 {
		h.Set("Access-Control-Max-Age", strconv.Itoa(rule.MaxAge))
	}
	h.Set("Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method")
}
