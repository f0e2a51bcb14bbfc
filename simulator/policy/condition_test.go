package policy_test

import (
	"strings"
	"testing"

	"github.com/velero-locations/velero-locations/simulator/call"
	"github.com/velero-locations/velero-locations/simulator/policy"
)

type facts map[string][]string

func (f facts) Fact(key string) []string { return f[key] }

// TestConditionsHold has each operator, with what stands before and behind its name, on values that fit, that do not, and on none.
func TestConditionsHold(t *testing.T) {
	const tag, tags, ip = "s3:ExistingObjectTag/kind", "s3:RequestObjectTagKeys", "aws:SourceIp"
	for _, test := range []struct {
		operator, key, values string
		got                   []string
		want                  bool
	}{
		{"StringEquals", tag, `"a"`, []string{"a"}, true},
		{"StringEquals", tag, `["b", "a"]`, []string{"a"}, true},
		{"StringEquals", tag, `"a"`, []string{"A"}, false},
		{"StringEquals", tag, `"a"`, nil, false},
		{"StringEqualsIfExists", tag, `"a"`, nil, true},
		{"StringEqualsIfExists", tag, `"a"`, []string{"b"}, false},
		{"StringNotEquals", tag, `["a", "b"]`, []string{"b"}, false},
		{"StringNotEquals", tag, `["a", "b"]`, []string{"c"}, true},
		{"StringNotEquals", tag, `"a"`, nil, true},
		{"StringEqualsIgnoreCase", tag, `"a"`, []string{"A"}, true},
		{"StringNotEqualsIgnoreCase", tag, `"a"`, []string{"A"}, false},
		{"StringLike", tag, `"a*"`, []string{"abc"}, true},
		{"StringNotLike", tag, `"a*"`, []string{"abc"}, false},
		{"ForAllValues:StringEquals", tags, `["a", "b"]`, []string{"a", "b"}, true},
		{"ForAllValues:StringEquals", tags, `["a", "b"]`, []string{"a", "c"}, false},
		{"ForAllValues:StringEquals", tags, `"a"`, nil, true},
		{"ForAnyValue:StringEquals", tags, `"a"`, []string{"b", "a"}, true},
		{"ForAnyValue:StringEquals", tags, `"a"`, nil, false},
		{"Null", tag, `"true"`, nil, true},
		{"Null", tag, `"true"`, []string{"a"}, false},
		{"Null", tag, `false`, []string{"a"}, true},
		{"Bool", "aws:SecureTransport", `false`, []string{"false"}, true},
		{"Bool", "aws:SecureTransport", `"true"`, []string{"false"}, false},
		{"IpAddress", ip, `["10.0.0.0/8", "192.0.2.1"]`, []string{"192.0.2.1"}, true},
		{"IpAddress", ip, `"10.0.0.0/8"`, []string{"11.0.0.1"}, false},
		{"NotIpAddress", ip, `"2001:db8::/32"`, []string{"2001:db8::1"}, false},
		{"NumericLessThanEquals", "s3:max-keys", `10`, []string{"10"}, true},
		{"NumericGreaterThan", "s3:max-keys", `"10"`, []string{"10"}, false},
		{"NumericNotEquals", "s3:max-keys", `"10"`, []string{"9"}, true},
		{"DateGreaterThan", "aws:CurrentTime", `"2026-11-30T00:00:00Z"`, []string{"2026-11-30T12:00:00Z"}, true},
		{"DateLessThan", "aws:EpochTime", `"2026-11-30"`, []string{"1796083200"}, false},
		{"ArnLike", "aws:PrincipalArn", `"arn:aws:iam::*:user/alice"`, []string{"arn:aws:iam::111111111111:user/alice"}, true},
	} {
		document := `{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::velero/*",
			"Condition": {"` + test.operator + `": {"` + test.key + `": ` + test.values + `}}}}`
		parsed, err := policy.ParseDocument([]byte(document), "velero")
		if err != nil {
			t.Errorf("%+v: %v", test, err)
			continue
		}
		c := call.Call{Operation: "s3:GetObject", Bucket: "velero", Key: "k", Facts: facts{test.key: test.got}}
		if got := parsed.Decide(c) == policy.Allowed; got != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
}

func TestConditionsRefused(t *testing.T) {
	for _, test := range []struct{ condition, want string }{
		{`{"StringIs": {"s3:prefix": "a"}}`, `Condition.StringIs.s3:prefix: operator: "StringIs" is not one of AWS's`},
		{`{"NullIfExists": {"s3:prefix": "true"}}`, `operator: "NullIfExists"`},
		{`{"StringEquals": {"s3:ExistingObjectTag/": "a"}}`, `key: "s3:ExistingObjectTag/" is not simulated`},
		{`{"StringEquals": {"aws:PrincipalOrgID": "o"}}`, `key: "aws:PrincipalOrgID" is not simulated`},
		{`{"StringEquals": {"s3:prefix": []}}`, "there is none"},
		{`{"StringLike": {"s3:prefix": "${aws:username}/*"}}`, "variables are not simulated"},
		{`{"IpAddress": {"aws:SourceIp": "home"}}`, `"home": it is no value for the operator`},
		{`{"Bool": {"aws:SecureTransport": "yes"}}`, "neither true nor false"},
		{`{"StringEquals": {"s3:prefix": {"a": "b"}}}`, "a value of a condition is text"},
	} {
		document := `{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::velero", "Condition": ` + test.condition + `}}`
		if _, err := policy.ParseDocument([]byte(document), "velero"); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.condition, err)
		}
	}
}

// TestPublic has statements about everybody: a condition on who asks leaves known callers only, unless it is too wide.
func TestPublic(t *testing.T) {
	for _, test := range []struct {
		operator, key, value string
		want                 bool
	}{
		{"IpAddress", "aws:SourceIp", "10.0.0.0/8", false},
		{"IpAddress", "aws:SourceIp", "0.0.0.0/1", true},
		{"NotIpAddress", "aws:SourceIp", "10.0.0.0/8", true},
		{"StringEquals", "aws:PrincipalAccount", "111111111111", false},
		{"StringEqualsIfExists", "aws:PrincipalAccount", "111111111111", true},
		{"StringLike", "aws:PrincipalArn", "arn:aws:iam::*", true},
		{"StringEquals", "s3:prefix", "a", true},
	} {
		s := policy.Statement{Effect: policy.Allow, Accounts: []string{policy.Everybody}, Conditions: []policy.Condition{{Operator: test.operator, Key: test.key, Values: []string{test.value}}}}
		if got := s.Public(); got != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
}
