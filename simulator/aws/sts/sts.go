// Package sts is AWS's Security Token Service: it tells clients who they are, and hands out keys of sessions.
package sts

import (
	"crypto/sha256"
	"encoding/base32"
	"net/http"

	"github.com/velero-locations/velero-locations/simulator/accounts"
	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/aws/query"
)

// Options of the service.
type Options struct {
	// Accounts have the roles, and get the keys of sessions.
	Accounts *accounts.Directory
	// Issuers are those whose tokens are good, by account: AssumeRoleWithWebIdentity asks those of the role's.
	Issuers map[string][]Issuer
}

type service struct{ Options }

// Service returns the service. Its codes and texts are those of STS's "Common errors".
func Service(options Options) *query.Service {
	forbidden := func(code, message string) aws.Error {
		return aws.Error{Status: http.StatusForbidden, Code: code, Message: message}
	}
	s := service{options}
	invalidToken := forbidden("InvalidClientTokenId", "The security token included in the request is invalid.")
	return &query.Service{
		Name: "sts", Version: "2011-06-15", Namespace: "https://sts.amazonaws.com/doc/2011-06-15/", Format: query.Query,
		Actions: map[string]query.Action{
			"GetCallerIdentity": getCallerIdentity, "GetSessionToken": s.getSessionToken,
			"AssumeRole": s.assumeRole, assumeWithToken: s.assumeRoleWithWebIdentity,
		},
		Unsigned: map[string]bool{assumeWithToken: true},
		Resource: func(p *query.Parameters) string { return p.Get("RoleArn") },
		Refusals: query.Refusals{
			Unsigned:   forbidden("MissingAuthenticationToken", "Request is missing Authentication Token"),
			UnknownKey: invalidToken,
			BadToken:   invalidToken,
			BadSignature: forbidden("SignatureDoesNotMatch",
				"The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."),
			Skewed:      forbidden("SignatureDoesNotMatch", "Signature expired: the request's time and the current time differ by more than 15 minutes."),
			Expired:     forbidden("ExpiredToken", "The security token included in the request is expired"),
			WrongRegion: forbidden("SignatureDoesNotMatch", "Credential should be scoped to a valid region."),
			UnknownAction: func(action string) *aws.Error {
				return aws.NewError(http.StatusBadRequest, "InvalidAction", "Could not find operation "+action+" for version 2011-06-15")
			},
		},
	}
}

// identity is the answer of GetCallerIdentity.
type identity struct {
	ARN     string `xml:"Arn"`
	UserID  string `xml:"UserId"`
	Account string
}

// getCallerIdentity answers whoever has a key that works: STS asks no policy.
func getCallerIdentity(r *query.Request) (any, error) {
	if err := r.Parameters.Decode(&struct{}{}); err != nil {
		return nil, err
	}
	account := r.Key.Account
	out := identity{r.Key.ARN(), account.ID, account.ID}
	switch {
	case r.Key.Role != "":
		out.UserID = assumedID(r.Key)
	case account.Name != "":
		out.UserID = "AIDA" + hashed("user:"+account.ID)
	}
	return out, nil
}

// assumedID is the id of a session of a role.
func assumedID(key accounts.Key) string {
	return "AROA" + hashed("role:"+key.Account.ID+":"+key.Role) + ":" + key.Session
}

// hashed is what ids of the same name end with, in every run.
func hashed(name string) string {
	sum := sha256.Sum256([]byte(name))
	return base32.StdEncoding.EncodeToString(sum[:])[:17]
}
