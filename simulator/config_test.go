package simulator

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const head = "apiVersion: simulator.velero-locations.io/v1alpha1\nkind: Simulator\n"

func TestParse(t *testing.T) {
	config, err := Parse([]byte(head + `
accounts:
- id: "111111111111"
  accessKeys: [{id: AKIA, secret: s}]
  buckets: [{name: velero}]
`))
	if err != nil {
		t.Fatal(err)
	}
	if config.BucketNames != GlobalBucketNames || config.S3.Address != "127.0.0.1:9000" || config.Accounts[0].Buckets[0].Region != "us-east-1" {
		t.Errorf("defaults: %+v", config)
	}
	if out := fmt.Sprintf("%v %+v %#v", *config, *config, *config); strings.Contains(out, "Secret") {
		t.Errorf("a printed configuration tells secrets: %s", out)
	}
}

func TestParseRefuses(t *testing.T) {
	account := "accounts:\n- id: \"111111111111\"\n"
	for _, test := range []struct {
		name, yaml string
		want       []string
	}{
		{"nothing", "", []string{"apiVersion"}},
		{"another kind", "apiVersion: v1\nkind: Pod\n", []string{`"v1"`, `"Pod"`}},
		{"unknown field", head + "acounts: []\n", []string{`"acounts"`}},
		{"unknown field inside", head + account + "  acessKeys: []\n", []string{`acessKeys"`}},
		{"field twice", head + "dataDir: a\ndataDir: b\n", []string{`"dataDir"`}},
		{"names", head + "bucketNames: local\n", []string{`bucketNames: "local"`}},
		{"region", head + "regions: [us-east-1, EU, us-east-1]\n", []string{`regions[1]: "EU"`, `regions[2]: "us-east-1" is there already`}},
		{"address", head + "s3: {address: localhost}\n", []string{"s3.address"}},
		{"endpoint of no region", head + "s3: {hostStyleOnly: [global, us-east-1, mars-1]}\n", []string{`s3.hostStyleOnly[2]: "mars-1" is not one of`}},
		{"destinations", head + "s3: {notifications: [{arn: queue}, {arn: \"arn:aws:sqs:us-east-1:1:q\", webhook: /events}, {arn: \"arn:aws:sqs:us-east-1:1:q\"}]}\n", []string{
			`s3.notifications[0].arn: "queue" is not an ARN, such as`, "s3.notifications[1].webhook: it is not a URL such as", `s3.notifications[2].arn: "arn:aws:sqs:us-east-1:1:q" is at s3.notifications[1].arn already`,
		}},
		{"retention", head + "ec2: {snapshotRetention: 9000h}\n", []string{"ec2.snapshotRetention: 9000h0m0s is not from 0 to a year"}},
		{"account id", head + "accounts: [{id: \"12\"}]\n", []string{`accounts[0].id: "12" is not 12 digits`}},
		{"account id without quotes", head + "accounts: [{id: 012345670123}]\n", []string{`is not 12 digits: put it in quotes`}},
		{"account twice", head + account + "- id: \"111111111111\"\n", []string{`accounts[1].id: "111111111111" is at accounts[0].id already`}},
		{"no key id", head + account + "  accessKeys: [{secret: s}]\n", []string{"accounts[0].accessKeys[0].id"}},
		{"key id with a comma", head + account + "  accessKeys: [{id: \"a,b\", secret: s}]\n", []string{"accounts[0].accessKeys[0].id"}},
		{"no secret", head + account + "  accessKeys: [{id: A}]\n", []string{"accounts[0].accessKeys[0].secret: it is empty"}},
		{"key twice", head + account + "  accessKeys: [{id: A, secret: topsecret}]\n- id: \"222222222222\"\n  accessKeys: [{id: A, secret: topsecret}]\n", []string{`accounts[1].accessKeys[0].id: "A" is at accounts[0].accessKeys[0].id already`}},
		{"bucket name", head + account + "  buckets: [{name: No_Such}, {name: 10.0.0.1}, {name: a..b}, {name: ab}]\n", []string{"buckets[0].name", "buckets[1].name", "buckets[2].name", "buckets[3].name"}},
		{"bucket region", head + account + "  buckets: [{name: abc, region: mars-1}]\n", []string{`accounts[0].buckets[0].region: "mars-1"`}},
		{"bucket twice", head + "regions: [us-east-1, eu-west-1]\n" + account + "  buckets: [{name: abc}, {name: abc, region: eu-west-1}]\n", []string{"accounts[0].buckets[1].name: \"abc\" is at accounts[0].buckets[0].name already"}},
		{"bucket twice in a region", head + "bucketNames: regional\n" + account + "  buckets: [{name: abc}, {name: abc}]\n", []string{`"abc" in us-east-1 is at accounts[0].buckets[0].name already`}},
		{"objects", head + account + "  buckets:\n  - name: abc\n    versioning: enabled\n    objects: [{key: k, content: c, file: f}, {key: k}, {}, {key: l, storageClass: COLD}, {key: m, metadata: {'a b': c, d: \"\\u00e9\"}, tags: {'a?': b}}]\n", []string{
			`buckets[0].versioning: "enabled" is not one of Enabled and Suspended`, "objects[0].file: there is content, too: give one of them",
			`objects[1].key: without versioning: Enabled "k" is there once; it is at accounts[0].buckets[0].objects[0].key already`, `objects[2].key: "": a key is not empty`,
			`objects[3].storageClass: "COLD" is not one of STANDARD, `, `objects[4].metadata: "a b" is not what a header's name holds`, `objects[4].metadata.d: "é" is not printable ASCII`, "objects[4].tags: InvalidTag",
		}},
		{"volume id", head + account + "  volumes: [{id: vol-x, availabilityZone: us-east-1a, size: 1}]\n", []string{`accounts[0].volumes[0].id: "vol-x" is not vol- and 17`}},
		{"volume twice", head + account + "  volumes: [{id: vol-00000001, availabilityZone: us-east-1a, size: 1}, {id: vol-00000001, availabilityZone: us-east-1a, size: 1}]\n", []string{`volumes[1].id: "vol-00000001" is at accounts[0].volumes[0].id already`}},
		{"volume zone", head + account + "  volumes: [{id: vol-00000001, availabilityZone: us-west-1a, size: 1}]\n", []string{`volumes[0].availabilityZone: "us-west-1a" is not a zone`}},
		{"volume size", head + account + "  volumes: [{id: vol-00000001, availabilityZone: us-east-1a}]\n", []string{"volumes[0]: InvalidParameterValue: Volume of 0GiB"}},
		{"EC2", head + "ec2: {address: x, regionalAddresses: {mars-1: \"127.0.0.1:0\"}, snapshotDuration: -1s}\n", []string{"ec2.address", `ec2.regionalAddresses.mars-1: "mars-1"`, "ec2.snapshotDuration: -1s is negative"}},
		{"clouds", head + "clouds: {address: x, locations: [eastus, \"East US\"]}\n", []string{"clouds.address", `clouds.locations[1]: "East US" is not a location's name`}},
		{"Azure", head + account + "  azure: {tenant: t, subscriptions: [{id: s, resourceGroups: [{name: 'a/b', location: mars, disks: [{name: d}, {name: D, size: 1, zone: \"9\"}]}]}]}\n", []string{
			`accounts[0].azure.tenant: "t" is not a UUID`, `accounts[0].azure.subscriptions[0].id: "s" is not a UUID`, `resourceGroups[0].name: "a/b"`,
			`resourceGroups[0].location: "mars" is not one of eastus, westus`, "resourceGroups[0].disks[0]: ", "disks[1].name: \"D\" is there already",
		}},
		{"Azure twice", head + account + "  azure: &a {tenant: aaaaaaaa-0000-0000-0000-000000000000, subscriptions: [{id: aaaaaaaa-0000-0000-0000-000000000001}]}\n- id: \"222222222222\"\n  azure: *a\n", []string{
			"accounts[1].azure.tenant: \"aaaaaaaa-0000-0000-0000-000000000000\" is at accounts[0].azure.tenant already", "accounts[1].azure.subscriptions[0].id",
		}},
		{"Portworx", head + account + "  portworx: [{name: A, nodes: [n1, n1], volumes: [{id: \"1\", node: n2, size: 0}]}, {name: b}, {name: b, nodes: [n]}]\n", []string{
			`accounts[0].portworx[0].name: "A"`, `portworx[0].nodes[1]: "n1" is there already`, `portworx[0].volumes[0].id: "1" is not 18 digits`,
			`volumes[0].node: "n2" is not one of n1`, "volumes[0].size: 0", "portworx[1].nodes: there is none", `portworx[2].name: "b" is at accounts[0].portworx[1].name already`,
		}},
		{"all at once", head + "bucketNames: x\naccounts: [{id: a, accessKeys: [{}], buckets: [{name: X}]}]\n", []string{"bucketNames", "accounts[0].id", "accessKeys[0].id", "accessKeys[0].secret", "buckets[0].name"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "simulator.yaml")
			if err := os.WriteFile(path, []byte(test.yaml), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Load(t.Context(), path)
			if err == nil {
				t.Fatal("it was accepted")
			}
			for _, want := range append(test.want, path) {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v\nlacks %s", err, want)
				}
			}
			if strings.Contains(err.Error(), "topsecret") {
				t.Errorf("the error tells a secret: %v", err)
			}
		})
	}
	if _, err := Load(t.Context(), "/nowhere.yaml"); err == nil || !strings.Contains(err.Error(), "/nowhere.yaml") {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestRegionalNamesAreAccepted(t *testing.T) {
	_, err := Parse([]byte(head + "bucketNames: regional\nregions: [us-east-1, eu-west-1]\naccounts:\n- id: \"111111111111\"\n  buckets: [{name: abc}, {name: abc, region: eu-west-1}]\n"))
	if err != nil {
		t.Error(err)
	}
}

// TestParseRoles shows that what is wrong with roles and issuers is said with its path.
func TestParseRoles(t *testing.T) {
	const account = "accounts:\n- id: \"111111111111\"\n"
	const issuers = "  tokenIssuers:\n  - url: https://oidc.example.com\n    jwks: {keys: [{kty: RSA, kid: a, alg: RS256, x5t: b, \"n\": AQAB, e: AQAB}]}\n"
	for text, want := range map[string]string{
		issuers + "  roles: [{name: velero, trust: [{issuer: https://oidc.example.com, subjects: [a]}], maxSessionDuration: 2h}]\n":                                        "",
		"  roles: [{name: velero, trust: [{principals: [\"111111111111\"], externalID: x}]}]\n":                                                                            "",
		"  roles: [{name: node, trust: [{services: [ec2.amazonaws.com]}]}]\nmetadata: {address: \"127.0.0.1:0\", instanceRole: \"arn:aws:iam::111111111111:role/node\"}\n": "",
		"  roles: [{name: a b, trust: [{principals: [a]}]}]\n":                                                                                                             "accounts[0].roles[0].name: ",
		"  roles: [{name: a, trust: []}]\n":                                                         "accounts[0].roles[0].trust: there is none",
		"  roles: [{name: a, trust: [{}]}]\n":                                                       "accounts[0].roles[0].trust[0]: it is not about one of",
		"  roles: [{name: a, trust: [{services: [x], externalID: y}]}]\n":                           "accounts[0].roles[0].trust[0].externalID: only principals",
		"  roles: [{name: a, trust: [{services: [x]}]}]\n":                                          "accounts[0].roles[0].trust[0].services[0]: \"x\" is not one of",
		"  roles: [{name: a, trust: [{issuer: x}]}]\n":                                              "accounts[0].roles[0].trust[0].issuer: \"x\" is not one of",
		"  roles: [{name: a, trust: [{principals: [a], subjects: [b]}]}]\n":                         "subjects and audiences are those of",
		"  roles: [{name: a, trust: [{principals: [a]}], maxSessionDuration: 13h}]\n":               "accounts[0].roles[0].maxSessionDuration: ",
		"  roles: [{name: a, trust: [{principals: [a]}]}, {name: a, trust: [{principals: [a]}]}]\n": "accounts[0].roles[1].name: \"a\" is at",
		"  tokenIssuers: [{url: x, jwks: {keys: []}}]\n":                                            "accounts[0].tokenIssuers[0].url: \"x\" is not a URL",
		"  tokenIssuers: [{url: https://x, jwks: {keys: [{kty: OKP}]}}]\n":                          "accounts[0].tokenIssuers[0].jwks.keys[0]: a key of type \"OKP\" is not simulated",
		"metadata: {containerRole: x}\n":                                                            "metadata.containerRole: \"x\" is not the ARN of a role that trusts the service pods.eks.amazonaws.com",
		"metadata: {sessionDuration: 0s}\n":                                                         "metadata.sessionDuration: ",
	} {
		_, err := Parse([]byte(head + account + text))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%sgot %v\nwant %s", text, err, want)
		}
	}
}
