package policy

import (
	"strings"
	"testing"

	"github.com/velero-locations/velero-locations/simulator/call"
)

func TestParseSession(t *testing.T) {
	p, err := ParseSession([]byte(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"s3:*","Resource":["arn:aws:s3:::velero","arn:aws:s3:::velero/team/*"]},
		{"Effect":"Allow","Action":"ec2:Describe*","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":"us-east-1"}}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		call call.Call
		want Decision
	}{
		"the bucket":       {call.Call{Operation: "s3:ListBucket", Bucket: "velero"}, Allowed},
		"an object":        {call.Call{Operation: "s3:GetObject", Bucket: "velero", Key: "team/a"}, Allowed},
		"another object":   {call.Call{Operation: "s3:GetObject", Bucket: "velero", Key: "other/a"}, NotCovered},
		"volumes":          {call.Call{Operation: "ec2:DescribeVolumes", Region: "us-east-1"}, Allowed},
		"another region":   {call.Call{Operation: "ec2:DescribeVolumes", Region: "us-west-1"}, NotCovered},
		"another action":   {call.Call{Operation: "ec2:CreateSnapshot", Region: "us-east-1"}, NotCovered},
		"another service":  {call.Call{Operation: "sts:AssumeRole"}, NotCovered},
		"another bucket":   {call.Call{Operation: "s3:ListBucket", Bucket: "other"}, NotCovered},
		"the whole bucket": {call.Call{Operation: "s3:GetObject", Bucket: "velero", Key: "team"}, NotCovered},
	} {
		if got := p.Decide(tc.call); got != tc.want {
			t.Errorf("%s: got %v, want %v", name, got, tc.want)
		}
	}
	for document, want := range map[string]string{
		`{}`: "Statement: there is none",
		`{"Statement":[{"Effect":"Allow","Action":"s3:*"}]}`:                                        "Statement[0].Resource: there is none",
		`{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:ec2:::x"}]}`:           "Statement[0].Resource: ",
		`{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":["*","arn:aws:s3:::x"]}]}`:      "Statement[0].Resource: ",
		`{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":"*"}]}`:         "Statement[0].Principal: ",
		`{"Statement":[{"Effect":"Perhaps","Action":"s3:*","Resource":"*"}]}`:                       "Statement[0].Effect: ",
		`{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Bool":{}}}]}`: "Statement[0].Condition.Bool: ",
		`{"Statement":[{"Effect":"Allow","NotAction":"s3:*","Resource":"*"}]}`:                      "unknown field",
	} {
		if _, err := ParseSession([]byte(document)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngot %v", document, err)
		}
	}
}
