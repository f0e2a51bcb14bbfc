package sts

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/velero-locations/velero-locations/simulator/accounts"
	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/aws/query"
	"github.com/velero-locations/velero-locations/simulator/policy"
)

// How long sessions last, in seconds, as STS documents it.
const (
	shortest     = 900
	ofRole       = 3600
	ofUser       = 43200
	longestUser  = 129600
	longestChain = 3600
)

// credentials are the key of a session.
type credentials struct {
	AccessKeyID     string `xml:"AccessKeyId"`
	SecretAccessKey string
	SessionToken    string
	Expiration      string
}

func newCredentials(key accounts.Key) credentials {
	return credentials{key.ID, key.Secret, key.SessionToken, key.Expires.UTC().Format(time.RFC3339)}
}

// assumedUser names a session of a role.
type assumedUser struct {
	AssumedRoleID string `xml:"AssumedRoleId"`
	ARN           string `xml:"Arn"`
}

// assumption is what both ways to assume a role ask for.
type assumption struct {
	RoleArn, RoleSessionName, Policy string
	DurationSeconds                  *int
}

// assumedRole is the answer to both.
type assumedRole struct {
	Credentials      credentials
	AssumedRoleUser  assumedUser
	PackedPolicySize int `xml:",omitempty"`
}

func (s service) assumeRole(r *query.Request) (any, error) {
	var in struct {
		RoleArn, RoleSessionName, Policy string
		DurationSeconds                  *int
		ExternalID                       string `query:"ExternalId"`
	}
	if err := r.Parameters.Decode(&in); err != nil {
		return nil, err
	}
	wanted := assumption{in.RoleArn, in.RoleSessionName, in.Policy, in.DurationSeconds}
	if err := wanted.validate(); err != nil {
		return nil, err
	}
	role, found := s.Accounts.Role(in.RoleArn)
	if !found || !role.TrustsKey(r.Key, in.ExternalID) || !r.Permits(r.Call.Operation) {
		return nil, aws.NewError(http.StatusForbidden, "AccessDenied",
			"User: "+r.Key.ARN()+" is not authorized to perform: "+r.Call.Operation+" on resource: "+in.RoleArn)
	}
	if r.Key.Role != "" && in.DurationSeconds != nil && *in.DurationSeconds > longestChain {
		return nil, invalid("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
	}
	return s.begin(r, role, wanted)
}

// begin begins a session of a role for whoever may act as it.
func (s service) begin(r *query.Request, role accounts.Role, wanted assumption) (out assumedRole, err error) {
	duration := ofRole * time.Second
	if wanted.DurationSeconds != nil {
		duration = time.Duration(*wanted.DurationSeconds) * time.Second
		if duration > role.MaxSession {
			return out, invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
		}
	}
	var limit policy.Policy
	if wanted.Policy != "" {
		if limit, err = policy.ParseSession([]byte(wanted.Policy)); err != nil {
			return out, aws.NewError(http.StatusBadRequest, "MalformedPolicyDocument", err.Error())
		}
	}
	key := role.Begin(wanted.RoleSessionName, limit, r.Now.Add(duration).Truncate(time.Second))
	s.Accounts.AddSession(key, r.Now)
	return assumedRole{newCredentials(key), assumedUser{assumedID(key), key.ARN()}, len(wanted.Policy) * 100 / longestPolicy}, nil
}

const longestPolicy = 2048

var (
	roleARN     = regexp.MustCompile(`^arn:aws:iam::[0-9]{12}:role/.+$`)
	sessionName = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]{2,64}$`)
)

// validate refuses what STS refuses before it looks for the role.
func (a assumption) validate() error {
	switch {
	case !roleARN.MatchString(a.RoleArn):
		return invalid(a.RoleArn + " is invalid")
	case !sessionName.MatchString(a.RoleSessionName):
		return constraint(a.RoleSessionName, "roleSessionName", "satisfy regular expression pattern: [\\w+=,.@-]*, and have 2 to 64 characters")
	case len(a.Policy) > longestPolicy:
		return constraint("policy", "policy", fmt.Sprintf("have length less than or equal to %d", longestPolicy))
	}
	return checkDuration(a.DurationSeconds, ofUser)
}

func checkDuration(seconds *int, longest int) error {
	switch {
	case seconds == nil:
	case *seconds < shortest:
		return constraint(strconv.Itoa(*seconds), "durationSeconds", fmt.Sprintf("have value greater than or equal to %d", shortest))
	case *seconds > longest:
		return constraint(strconv.Itoa(*seconds), "durationSeconds", fmt.Sprintf("have value less than or equal to %d", longest))
	}
	return nil
}

func constraint(value, name, rule string) error {
	return invalid("1 validation error detected: Value '" + value + "' at '" + name + "' failed to satisfy constraint: Member must " + rule)
}

func invalid(message string) error {
	return aws.NewError(http.StatusBadRequest, "ValidationError", message)
}

// getSessionToken answers users only: STS asks no policy.
func (s service) getSessionToken(r *query.Request) (any, error) {
	var in struct{ DurationSeconds *int }
	if err := r.Parameters.Decode(&in); err != nil {
		return nil, err
	}
	if r.Key.SessionToken != "" {
		return nil, aws.NewError(http.StatusForbidden, "AccessDenied", "Cannot call GetSessionToken with session credentials")
	}
	if err := checkDuration(in.DurationSeconds, longestUser); err != nil {
		return nil, err
	}
	seconds := ofUser
	if in.DurationSeconds != nil {
		seconds = *in.DurationSeconds
	}
	key := r.Key.BeginSession(r.Now.Add(time.Duration(seconds) * time.Second).Truncate(time.Second))
	s.Accounts.AddSession(key, r.Now)
	return struct{ Credentials credentials }{newCredentials(key)}, nil
}
