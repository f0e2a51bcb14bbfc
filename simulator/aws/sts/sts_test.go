package sts_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssts "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/policy"
	"github.com/velero-locations/velero-locations/simulator/simulatortest"
)

const (
	alice = "111111111111"
	bob   = "222222222222"
)

var (
	aliceKey     = simulator.AccessKeyConfig{ID: "AKIAALICE", Secret: "alice secret"}
	bobKey       = simulator.AccessKeyConfig{ID: "AKIABOB", Secret: "bob/secret+"}
	readerKey    = simulator.AccessKeyConfig{ID: "AKIAREADER", Secret: "r", Policy: policy.Policy{{Effect: policy.Allow, Actions: []string{"ec2:Describe*"}}}}
	temporaryKey = simulator.AccessKeyConfig{ID: "ASIATEMPORARY", Secret: "t", SessionToken: "token", Expires: time.Now().Add(time.Hour)}
	expiredKey   = simulator.AccessKeyConfig{ID: "ASIAEXPIRED", Secret: "e", SessionToken: "token", Expires: time.Now().Add(-time.Hour)}
)

// twoAccounts is a cloud with an account that has a name and one that has none.
func twoAccounts(c *simulator.Config) {
	c.Accounts = []simulator.AccountConfig{
		{ID: alice, Name: "alice", AccessKeys: []simulator.AccessKeyConfig{aliceKey, readerKey, temporaryKey, expiredKey}},
		{ID: bob, AccessKeys: []simulator.AccessKeyConfig{bobKey}},
	}
}

func newClient(url string, key simulator.AccessKeyConfig, region string) *awssts.Client {
	return awssts.New(awssts.Options{
		BaseEndpoint: aws.String(url), Region: region, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(key.ID, key.Secret, key.SessionToken),
	})
}

func checkRefusal(t *testing.T, err error, status int, code, message string) {
	t.Helper()
	var api smithy.APIError
	var response *awshttp.ResponseError
	if !errors.As(err, &api) || !errors.As(err, &response) {
		t.Fatalf("it is no refusal: %v", err)
	}
	if api.ErrorCode() != code || response.HTTPStatusCode() != status || !strings.Contains(api.ErrorMessage(), message) || response.RequestID == "" {
		t.Errorf("%d %s %q (request %s), want %d %s %q", response.HTTPStatusCode(), api.ErrorCode(), api.ErrorMessage(), response.RequestID, status, code, message)
	}
}

func TestIdentity(t *testing.T) {
	sim := simulatortest.Start(t, twoAccounts)
	ask := func(key simulator.AccessKeyConfig, region string) (*awssts.GetCallerIdentityOutput, error) {
		return newClient(sim.EC2, key, region).GetCallerIdentity(t.Context(), &awssts.GetCallerIdentityInput{})
	}
	for key, want := range map[*simulator.AccessKeyConfig][2]string{
		&aliceKey:     {alice, "arn:aws:iam::" + alice + ":user/alice"},
		&readerKey:    {alice, "arn:aws:iam::" + alice + ":user/alice"}, // though no policy allows it
		&temporaryKey: {alice, "arn:aws:iam::" + alice + ":user/alice"},
		&bobKey:       {bob, "arn:aws:iam::" + bob + ":root"},
	} {
		out, err := ask(*key, "us-east-1")
		if err != nil || aws.ToString(out.Account) != want[0] || aws.ToString(out.Arn) != want[1] || aws.ToString(out.UserId) == "" {
			t.Errorf("%s: %+v, %v", key.ID, out, err)
		}
	}
	_, err := ask(expiredKey, "us-east-1")
	checkRefusal(t, err, 403, "ExpiredToken", "The security token included in the request is expired")
	_, err = ask(simulator.AccessKeyConfig{ID: "NOBODY", Secret: "s"}, "us-east-1")
	checkRefusal(t, err, 403, "InvalidClientTokenId", "The security token included in the request is invalid.")
	_, err = ask(simulator.AccessKeyConfig{ID: aliceKey.ID, Secret: "guessed"}, "us-east-1")
	checkRefusal(t, err, 403, "SignatureDoesNotMatch", "does not match")
	_, err = ask(aliceKey, "mars-1")
	checkRefusal(t, err, 403, "SignatureDoesNotMatch", "Credential should be scoped to a valid region.")
	presigned, err := awssts.NewPresignClient(newClient(sim.EC2, aliceKey, "us-east-1")).PresignGetCallerIdentity(t.Context(), &awssts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	checkStatus(t, http.MethodGet, presigned.URL, http.StatusOK)
	checkStatus(t, http.MethodGet, presigned.URL+"0", http.StatusForbidden)
	checkStatus(t, http.MethodGet, sim.EC2+"/?Action=GetCallerIdentity&Version=2011-06-15", http.StatusForbidden)
	sim.Clock().Advance(time.Hour)
	checkStatus(t, http.MethodGet, presigned.URL, http.StatusForbidden)
}

func checkStatus(t *testing.T, method, url string, want int) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != want {
		t.Errorf("%s, want %d", response.Status, want)
	}
}
