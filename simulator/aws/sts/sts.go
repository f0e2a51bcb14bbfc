// Package sts is the part of AWS's Security Token Service that tells clients who they are.
package sts

import (
	"crypto/sha256"
	"encoding/base32"
	"net/http"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/aws/query"
)

// Service returns the service. Its codes and texts are those of STS's "Common errors".
func Service() *query.Service {
	forbidden := func(code, message string) aws.Error {
		return aws.Error{Status: http.StatusForbidden, Code: code, Message: message}
	}
	invalidToken := forbidden("InvalidClientTokenId", "The security token included in the request is invalid.")
	return &query.Service{
		Name: "sts", Version: "2011-06-15", Namespace: "https://sts.amazonaws.com/doc/2011-06-15/", Format: query.Query,
		Actions: map[string]query.Action{"GetCallerIdentity": getCallerIdentity},
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
	if account.Name != "" {
		sum := sha256.Sum256([]byte("user:" + account.ID))
		out.UserID = "AIDA" + base32.StdEncoding.EncodeToString(sum[:])[:17]
	}
	return out, nil
}
