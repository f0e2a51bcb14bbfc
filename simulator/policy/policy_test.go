package policy

import (
	"strings"
	"testing"

	"github.com/velero-locations/velero-locations/simulator/call"
)

func TestDecide(t *testing.T) {
	everything := Statement{Effect: Allow, Actions: []string{"*"}}
	cluster := Statement{Effect: Allow, Actions: []string{"s3:*"}, Bucket: "velero", Prefix: "cluster1/"}
	get := call.Call{Operation: "s3:GetObject", Bucket: "velero", Key: "cluster1/a", Region: "us-east-1"}
	with := func(edit func(*call.Call)) call.Call {
		c := get
		edit(&c)
		return c
	}
	for _, test := range []struct {
		name   string
		policy Policy
		call   call.Call
		want   Decision
	}{
		{"no statement", nil, get, NotCovered},
		{"everything", Policy{everything}, get, Allowed},
		{"another service", Policy{{Effect: Allow, Actions: []string{"ec2:*"}}}, get, NotCovered},
		{"one of several actions", Policy{{Effect: Allow, Actions: []string{"s3:Put*", "s3:Get*"}}}, get, Allowed},
		{"denial last", Policy{everything, {Effect: Deny, Actions: []string{"s3:Get*"}}}, get, Denied},
		{"denial first", Policy{{Effect: Deny, Actions: []string{"s3:Get*"}}, everything}, get, Denied},
		{"denial of something else", Policy{everything, {Effect: Deny, Actions: []string{"s3:Delete*"}}}, get, Allowed},
		{"under the prefix", Policy{cluster}, get, Allowed},
		{"the prefix itself", Policy{cluster}, with(func(c *call.Call) { c.Key = "cluster1/" }), Allowed},
		{"shorter than the prefix", Policy{cluster}, with(func(c *call.Call) { c.Key = "cluster1" }), NotCovered},
		{"beside the prefix", Policy{cluster}, with(func(c *call.Call) { c.Key = "cluster10/a" }), NotCovered},
		{"list under the prefix", Policy{cluster}, with(func(c *call.Call) { c.Operation, c.Key = "s3:ListBucket", "cluster1/backups/" }), Allowed},
		{"list of the bucket", Policy{cluster}, with(func(c *call.Call) { c.Operation, c.Key = "s3:ListBucket", "" }), NotCovered},
		{"bucket as a whole", Policy{cluster}, with(func(c *call.Call) { c.Operation, c.Key = "s3:DeleteBucket", "" }), NotCovered},
		{"another bucket", Policy{cluster}, with(func(c *call.Call) { c.Bucket = "velero2" }), NotCovered},
		{"no bucket", Policy{cluster}, call.Call{Operation: "s3:ListAllMyBuckets"}, NotCovered},
		{"bucket by pattern", Policy{{Effect: Allow, Actions: []string{"*"}, Bucket: "vel*"}}, get, Allowed},
		{"region", Policy{{Effect: Allow, Actions: []string{"*"}, Regions: []string{"us-*"}}}, get, Allowed},
		{"resource", Policy{{Effect: Allow, Actions: []string{"*"}, Resources: []string{"vol-*"}}}, call.Call{Account: get.Account, Operation: "ec2:CreateSnapshot", Resource: "vol-1"}, Allowed},
		{"no resource", Policy{{Effect: Allow, Actions: []string{"*"}, Resources: []string{"vol-*"}}}, get, NotCovered},
		{"another region", Policy{everything, {Effect: Deny, Actions: []string{"*"}, Regions: []string{"eu-*", "us-*"}}}, get, Denied},
	} {
		if got := test.policy.Decide(test.call); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

func TestPermits(t *testing.T) {
	allow, deny := Policy{{Effect: Allow, Actions: []string{"s3:GetObject"}}}, Policy{{Effect: Deny, Actions: []string{"*"}}}
	other := Policy{{Effect: Allow, Actions: []string{"s3:PutObject"}}}
	shared := Policy{{Effect: Allow, Actions: []string{"s3:*"}, Accounts: []string{"222222222222"}}}
	for _, test := range []struct {
		name               string
		asks               string
		identity, resource Policy
		want               bool
	}{
		{"own account, no policy", "1", nil, nil, true},
		{"own account, allowed", "1", allow, nil, true},
		{"own account, something else allowed", "1", other, nil, false},
		{"own account, denied", "1", deny, nil, false},
		{"own account, allowed by the bucket", "1", other, allow, true},
		{"own account, denied by the bucket", "1", nil, deny, false},
		{"own account, bucket shared with another", "1", nil, shared, true},
		{"other account, no policy", "222222222222", nil, nil, false},
		{"other account, allowed by itself only", "222222222222", allow, nil, false},
		{"other account, allowed by the bucket", "222222222222", nil, shared, true},
		{"other account, allowed by both", "222222222222", allow, shared, true},
		{"other account, allowed by the bucket only", "222222222222", other, shared, false},
		{"third account", "3", nil, shared, false},
	} {
		c := call.Call{Account: test.asks, Operation: "s3:GetObject", Bucket: "b", Key: "k"}
		if got := Permits(c, test.identity, "1", test.resource); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

func TestValidate(t *testing.T) {
	good := Policy{{Effect: Allow, Actions: []string{"s3:GetObject", "s3:Get*", "*", "ec2:*"}}}
	if err := good.Validate("policy", false); err != nil {
		t.Error(err)
	}
	bad := Policy{{Effect: "allow", Actions: []string{"GetObject", ""}, Accounts: []string{"bob"}}, {Effect: Deny}}
	err := bad.Validate("policy", false)
	for _, want := range []string{`policy[0].effect: "allow"`, `policy[0].actions[0]: "GetObject"`, `policy[0].actions[1]: ""`, "policy[0].accounts[0]", "policy[0].accounts: only", "policy[1].actions: there is none"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v lacks %s", err, want)
		}
	}
	if err := (Policy{{Effect: Allow, Actions: []string{"*"}, Bucket: "b"}}).Validate("policy", true); err == nil {
		t.Error("a bucket's policy about a bucket was accepted")
	}
}
