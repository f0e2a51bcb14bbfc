package sts_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssts "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/golang-jwt/jwt/v5"

	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/accounts"
	"github.com/velero-locations/velero-locations/simulator/aws/sts"
	"github.com/velero-locations/velero-locations/simulator/call"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/policy"
	"github.com/velero-locations/velero-locations/simulator/simulatortest"
)

const (
	issuerURL = "https://oidc.example.com/id/1"
	velero    = "system:serviceaccount:velero:velero"
	roles     = "arn:aws:iam::" + alice + ":role/"
)

// withRoles is a cloud whose account alice has roles, and accepts the tokens of an issuer.
func withRoles(issuer *simulatortest.Issuer) func(*simulator.Config) {
	return func(c *simulator.Config) {
		twoAccounts(c)
		twoHours := faults.Duration(2 * time.Hour)
		c.Accounts[0].TokenIssuers = []sts.Issuer{issuer.Issuer}
		c.Accounts[0].Roles = []simulator.RoleConfig{
			{Name: "backup", MaxSessionDuration: &twoHours, Trust: []simulator.TrustConfig{{Principals: []string{alice}}}, Policy: policy.Policy{{Effect: policy.Allow, Actions: []string{"s3:*", "sts:*"}}}},
			{Name: "external", Trust: []simulator.TrustConfig{{Principals: []string{"arn:aws:iam::" + bob + ":root"}, ExternalID: "x-1"}}},
			{Name: "chained", MaxSessionDuration: &twoHours, Trust: []simulator.TrustConfig{{Principals: []string{roles + "backup"}}}},
			{Name: "web", Trust: []simulator.TrustConfig{{Issuer: issuerURL, Subjects: []string{"system:serviceaccount:velero:*"}}}},
		}
	}
}

func temporary(c *types.Credentials) simulator.AccessKeyConfig {
	return simulator.AccessKeyConfig{ID: *c.AccessKeyId, Secret: *c.SecretAccessKey, SessionToken: *c.SessionToken}
}

// callerOf asks who has a key.
func callerOf(t *testing.T, sim *simulatortest.Simulator, key simulator.AccessKeyConfig) (*awssts.GetCallerIdentityOutput, error) {
	t.Helper()
	return newClient(sim.EC2, key, "us-east-1").GetCallerIdentity(t.Context(), &awssts.GetCallerIdentityInput{})
}

func TestAssumeRole(t *testing.T) {
	sim := simulatortest.Start(t, withRoles(simulatortest.NewIssuer(t, issuerURL)))
	assume := func(key simulator.AccessKeyConfig, change func(*awssts.AssumeRoleInput)) (*awssts.AssumeRoleOutput, error) {
		in := &awssts.AssumeRoleInput{RoleArn: aws.String(roles + "backup"), RoleSessionName: aws.String("s-1")}
		change(in)
		return newClient(sim.EC2, key, "us-east-1").AssumeRole(t.Context(), in)
	}
	as := func(role string) func(*awssts.AssumeRoleInput) {
		return func(in *awssts.AssumeRoleInput) { in.RoleArn = aws.String(roles + role) }
	}
	before := sim.Clock().Now()
	out, err := assume(aliceKey, as("backup"))
	if err != nil {
		t.Fatal(err)
	}
	const arn = "arn:aws:sts::" + alice + ":assumed-role/backup/s-1"
	if aws.ToString(out.AssumedRoleUser.Arn) != arn || !strings.HasPrefix(*out.Credentials.AccessKeyId, "ASIA") || out.Credentials.Expiration.Sub(before).Round(time.Minute) != time.Hour {
		t.Errorf("got %+v, %s until %s", out.AssumedRoleUser, *out.Credentials.AccessKeyId, out.Credentials.Expiration)
	}
	session := temporary(out.Credentials)
	caller, err := callerOf(t, sim, session)
	if err != nil || aws.ToString(caller.Arn) != arn || aws.ToString(caller.UserId) != aws.ToString(out.AssumedRoleUser.AssumedRoleId) || aws.ToString(caller.Account) != alice {
		t.Errorf("got %+v, %v", caller, err)
	}
	if _, err := assume(session, as("chained")); err != nil {
		t.Errorf("from one role to the next: %v", err)
	}
	external := func(id *string) func(*awssts.AssumeRoleInput) {
		return func(in *awssts.AssumeRoleInput) { in.RoleArn, in.ExternalId = aws.String(roles+"external"), id }
	}
	if _, err := assume(bobKey, external(aws.String("x-1"))); err != nil {
		t.Errorf("from another account: %v", err)
	}
	duration := func(role string, seconds int32) func(*awssts.AssumeRoleInput) {
		return func(in *awssts.AssumeRoleInput) { in.RoleArn, in.DurationSeconds = aws.String(roles+role), &seconds }
	}
	if _, err := assume(aliceKey, duration("backup", 7200)); err != nil {
		t.Errorf("for two hours: %v", err)
	}
	for name, tc := range map[string]struct {
		key           simulator.AccessKeyConfig
		change        func(*awssts.AssumeRoleInput)
		status        int
		code, message string
	}{
		"not trusted":         {bobKey, as("backup"), 403, "AccessDenied", "User: arn:aws:iam::" + bob + ":root is not authorized to perform: sts:AssumeRole on resource: " + roles + "backup"},
		"no external id":      {bobKey, external(nil), 403, "AccessDenied", "is not authorized"},
		"a wrong external id": {bobKey, external(aws.String("x-2")), 403, "AccessDenied", "is not authorized"},
		"no such role":        {aliceKey, as("none"), 403, "AccessDenied", "is not authorized"},
		"a policy against it": {readerKey, as("backup"), 403, "AccessDenied", "is not authorized"},
		"for tokens only":     {aliceKey, as("web"), 403, "AccessDenied", "is not authorized"},
		"too short":           {aliceKey, duration("backup", 899), 400, "ValidationError", "greater than or equal to 900"},
		"too long":            {aliceKey, duration("backup", 7201), 400, "ValidationError", "exceeds the MaxSessionDuration"},
		"too long in a chain": {session, duration("chained", 7200), 400, "ValidationError", "1 hour session limit"},
		"no ARN":              {aliceKey, func(in *awssts.AssumeRoleInput) { in.RoleArn = aws.String("backup") }, 400, "ValidationError", "backup is invalid"},
		"a bad name":          {aliceKey, func(in *awssts.AssumeRoleInput) { in.RoleSessionName = aws.String("a b") }, 400, "ValidationError", "roleSessionName"},
		"a bad policy":        {aliceKey, func(in *awssts.AssumeRoleInput) { in.Policy = aws.String("{}") }, 400, "MalformedPolicyDocument", "Statement"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := assume(tc.key, tc.change)
			checkRefusal(t, err, tc.status, tc.code, tc.message)
		})
	}

	// Its time ends by the simulator's clock.
	sim.Clock().Set(out.Credentials.Expiration.Add(-time.Second))
	if _, err := skewed(t, sim, session); err != nil {
		t.Errorf("a second before the end: %v", err)
	}
	sim.Clock().Advance(time.Second)
	_, err = skewed(t, sim, session)
	checkRefusal(t, err, 403, "ExpiredToken", "expired")
}

// skewed asks who has a key with a client that has learned from an answer that its clock is wrong.
func skewed(t *testing.T, sim *simulatortest.Simulator, key simulator.AccessKeyConfig) (*awssts.GetCallerIdentityOutput, error) {
	t.Helper()
	client := newClient(sim.EC2, key, "us-east-1")
	_, err := client.GetCallerIdentity(t.Context(), &awssts.GetCallerIdentityInput{})
	checkRefusal(t, err, 403, "SignatureDoesNotMatch", "Signature expired")
	return client.GetCallerIdentity(t.Context(), &awssts.GetCallerIdentityInput{})
}

// TestSessionPolicy shows that a session may do what both its policy and the role's allow.
func TestSessionPolicy(t *testing.T) {
	sim := simulatortest.Start(t, withRoles(simulatortest.NewIssuer(t, issuerURL)))
	const limit = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sts:AssumeRole","ec2:*"],"Resource":"*"}]}`
	out, err := newClient(sim.EC2, aliceKey, "us-east-1").AssumeRole(t.Context(),
		&awssts.AssumeRoleInput{RoleArn: aws.String(roles + "backup"), RoleSessionName: aws.String("s-1"), Policy: aws.String(limit)})
	if err != nil {
		t.Fatal(err)
	}
	key, found := sim.Accounts().Key(*out.Credentials.AccessKeyId)
	if !found {
		t.Fatal("there is no such key")
	}
	for operation, want := range map[string]bool{"sts:AssumeRole": true, "s3:ListBucket": false, "ec2:DescribeVolumes": false} {
		if got := permits(key, operation); got != want {
			t.Errorf("%s: got %v", operation, got)
		}
	}
}

func TestWebIdentity(t *testing.T) {
	issuer := simulatortest.NewIssuer(t, issuerURL)
	sim := simulatortest.Start(t, withRoles(issuer))
	now := sim.Clock().Now()
	claims := func(change func(*jwt.RegisteredClaims)) string {
		c := jwt.RegisteredClaims{Issuer: issuerURL, Subject: velero, Audience: jwt.ClaimStrings{"other", sts.DefaultAudience}, ExpiresAt: jwt.NewNumericDate(now.Add(time.Hour))}
		change(&c)
		return issuer.Sign(t, c)
	}
	good := claims(func(*jwt.RegisteredClaims) {})
	assume := func(role, token string) (*awssts.AssumeRoleWithWebIdentityOutput, error) {
		client := awssts.New(awssts.Options{BaseEndpoint: &sim.EC2, Region: "us-east-1", RetryMaxAttempts: 1})
		return client.AssumeRoleWithWebIdentity(t.Context(), &awssts.AssumeRoleWithWebIdentityInput{
			RoleArn: aws.String(roles + role), RoleSessionName: aws.String("s-1"), WebIdentityToken: &token,
		})
	}
	out, err := assume("web", good)
	if err != nil {
		t.Fatal(err)
	}
	if aws.ToString(out.SubjectFromWebIdentityToken) != velero || aws.ToString(out.Audience) != sts.DefaultAudience || aws.ToString(out.Provider) != issuerURL {
		t.Errorf("got %+v", out)
	}
	if caller, err := callerOf(t, sim, temporary(out.Credentials)); err != nil || aws.ToString(caller.Arn) != "arn:aws:sts::"+alice+":assumed-role/web/s-1" {
		t.Errorf("got %+v, %v", caller, err)
	}
	for name, tc := range map[string]struct {
		role, token   string
		status        int
		code, message string
	}{
		"another subject":   {"web", claims(func(c *jwt.RegisteredClaims) { c.Subject = "system:serviceaccount:other:velero" }), 403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"},
		"another role":      {"backup", good, 403, "AccessDenied", "Not authorized"},
		"another audience":  {"web", claims(func(c *jwt.RegisteredClaims) { c.Audience = jwt.ClaimStrings{"other"} }), 400, "InvalidIdentityToken", "Incorrect token audience"},
		"another issuer":    {"web", claims(func(c *jwt.RegisteredClaims) { c.Issuer = "https://other" }), 400, "InvalidIdentityToken", "No OpenIDConnect provider found in your account for https://other"},
		"another signature": {"web", simulatortest.NewIssuer(t, issuerURL).Token(t, velero, now, time.Hour), 400, "InvalidIdentityToken", "verification key"},
		"expired":           {"web", claims(func(c *jwt.RegisteredClaims) { c.ExpiresAt = jwt.NewNumericDate(now.Add(-time.Second)) }), 400, "ExpiredTokenException", "Token expired: current date/time"},
		"no expiry":         {"web", claims(func(c *jwt.RegisteredClaims) { c.ExpiresAt = nil }), 400, "InvalidIdentityToken", "exp"},
		"not yet":           {"web", claims(func(c *jwt.RegisteredClaims) { c.NotBefore = jwt.NewNumericDate(now.Add(time.Hour)) }), 400, "InvalidIdentityToken", "not valid yet"},
		"no token":          {"web", "hidden", 400, "InvalidIdentityToken", "not a valid JWT"},
		"not signed":        {"web", unsigned(t), 400, "InvalidIdentityToken", "verification key"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := assume(tc.role, tc.token)
			checkRefusal(t, err, tc.status, tc.code, tc.message)
		})
	}
	sim.Clock().Advance(2 * time.Hour)
	_, err = assume("web", good)
	checkRefusal(t, err, 400, "ExpiredTokenException", "Token expired")
}

func unsigned(t *testing.T) string {
	t.Helper()
	token, err := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.RegisteredClaims{Issuer: issuerURL, Subject: velero}).SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestSessionToken(t *testing.T) {
	sim := simulatortest.Start(t, withRoles(simulatortest.NewIssuer(t, issuerURL)))
	get := func(ctx context.Context, key simulator.AccessKeyConfig, seconds *int32) (*awssts.GetSessionTokenOutput, error) {
		return newClient(sim.EC2, key, "us-east-1").GetSessionToken(ctx, &awssts.GetSessionTokenInput{DurationSeconds: seconds})
	}
	out, err := get(t.Context(), readerKey, nil)
	if err != nil {
		t.Fatal(err)
	}
	if left := out.Credentials.Expiration.Sub(sim.Clock().Now()).Round(time.Minute); left != 12*time.Hour {
		t.Errorf("it lasts %s", left)
	}
	session := temporary(out.Credentials)
	if caller, err := callerOf(t, sim, session); err != nil || aws.ToString(caller.Arn) != "arn:aws:iam::"+alice+":user/alice" {
		t.Errorf("got %+v, %v", caller, err)
	}
	if key, found := sim.Accounts().Key(session.ID); !found || permits(key, "s3:ListBucket") || !permits(key, "ec2:DescribeVolumes") {
		t.Error("the session may do something else than its user")
	}
	_, err = get(t.Context(), session, nil)
	checkRefusal(t, err, 403, "AccessDenied", "Cannot call GetSessionToken with session credentials")
	_, err = get(t.Context(), aliceKey, aws.Int32(899))
	checkRefusal(t, err, 400, "ValidationError", "durationSeconds")
}

func permits(key accounts.Key, operation string) bool {
	return key.Permits(call.Call{Account: key.Account.ID, Operation: operation}, key.Account.ID, nil)
}
