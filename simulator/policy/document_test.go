package policy_test

import (
	"strings"
	"testing"

	"github.com/velero-locations/velero-locations/simulator/call"
	"github.com/velero-locations/velero-locations/simulator/policy"
)

func TestDocumentDecides(t *testing.T) {
	parsed, err := policy.ParseDocument([]byte(`{"Version": "2012-10-17", "Id": "shared", "Statement": [
		{"Sid": "objects", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::222222222222:root"}, "Action": "s3:*", "Resource": "arn:aws:s3:::velero/shared/*"},
		{"Effect": "Allow", "Principal": {"AWS": ["222222222222"]}, "Action": ["s3:ListBucket"], "Resource": ["arn:aws:s3:::velero"],
			"Condition": {"StringLike": {"s3:prefix": ["shared/*"]}}},
		{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::velero/public/*"},
		{"Effect": "Deny", "Principal": "*", "Action": "s3:Delete*", "Resource": ["arn:aws:s3:::velero", "arn:aws:s3:::velero/*"],
			"Condition": {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}}
	]}`), "velero")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		account, action, region, key string
		want                         bool
	}{
		{"222222222222", "s3:PutObject", "us-east-1", "shared/k", true},
		{"222222222222", "s3:PutObject", "us-east-1", "other/k", false},
		{"222222222222", "s3:DeleteObject", "us-east-1", "shared/k", false},
		{"222222222222", "s3:DeleteObject", "eu-west-1", "shared/k", true},
		{"222222222222", "s3:ListBucket", "us-east-1", "shared/", true},
		{"222222222222", "s3:ListBucket", "us-east-1", "", false},
		{"222222222222", "s3:GetBucketLocation", "us-east-1", "", false},
		{"333333333333", "s3:PutObject", "us-east-1", "shared/k", false},
		{"333333333333", "s3:GetObject", "us-east-1", "public/k", true},
		{"", "s3:GetObject", "us-east-1", "public/k", true},
		{"", "s3:PutObject", "us-east-1", "public/k", false},
		{"", "s3:GetObject", "us-east-1", "shared/k", false},
		{"111111111111", "s3:DeleteBucket", "us-east-1", "", false},
		{"111111111111", "s3:PutObject", "us-east-1", "k", true},
	} {
		c := call.Call{Account: test.account, Operation: test.action, Region: test.region, Bucket: "velero", Key: test.key}
		if got := policy.Permits(c, nil, "111111111111", parsed); got != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
}

func TestDocumentRefuses(t *testing.T) {
	const good = `"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::velero/*"`
	for _, test := range []struct{ document, want string }{
		{`<Policy/>`, "invalid character"},
		{`{}`, "Statement: there is none"},
		{`{"Version": "2020-01-01", "Statement": [{` + good + `}]}`, `Version: "2020-01-01"`},
		{`{"Statement": [{` + good + `, "NotAction": "s3:PutObject"}]}`, `Statement[0].unknown field "NotAction"`},
		{`{"Statement": [{` + good + `}, {` + strings.Replace(good, "Allow", "Perhaps", 1) + `}]}`, `Statement[1].Effect: "Perhaps" is not one of`},
		{`{"Statement": [{` + strings.Replace(good, `"*"`, `{"Service": "logging.s3.amazonaws.com"}`, 1) + `}]}`, `Principal: it is neither "*" nor`},
		{`{"Statement": [{` + strings.Replace(good, `"*"`, `{"AWS": "arn:aws:iam::111111111111:user/joe"}`, 1) + `}]}`, "users and roles are not simulated"},
		{`{"Statement": [{` + strings.Replace(good, "velero", "other", 1) + `}]}`, `Resource: "arn:aws:s3:::other/*" is neither`},
		{`{"Statement": [{` + strings.Replace(good, "s3:GetObject", "GetObject", 1) + `}]}`, `Actions[0]: "GetObject" is not`},
		{`{"Statement": {` + good + `, "Condition": {"IpAddress": {}}}}`, "Condition.IpAddress: there is no key"},
		{`{"Statement": {` + good + `, "Condition": {"StringEquals": {"aws:PrincipalTag/a": "x"}}}}`, `Condition.StringEquals.aws:PrincipalTag/a: key: "aws:PrincipalTag/a" is not simulated`},
		{`{"Statement": {` + good + `, "Condition": {"StringEquals": {"s3:prefix": "a*"}}}}`, "wild in StringLike only"},
	} {
		if _, err := policy.ParseDocument([]byte(test.document), "velero"); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.document, err)
		}
	}
}

// FuzzDocument reads policies that nobody meant to write. What is taken must be valid as a policy of the configuration is.
func FuzzDocument(f *testing.F) {
	f.Add([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["*"]},"Action":["s3:*"],"Resource":["arn:aws:s3:::velero"]}]}`))
	f.Add([]byte(`{"Statement":{"Effect":"Deny","Principal":"*","Action":"s3:List*","Resource":"arn:aws:s3:::velero/*","Condition":{"StringLike":{"s3:prefix":"a/*"}}}}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		parsed, err := policy.ParseDocument(document, "velero")
		if err != nil {
			return
		}
		if err := parsed.Validate("policy", true); err != nil {
			t.Errorf("%s: %v", document, err)
		}
	})
}
