package sts

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/aws/query"
)

// assumeWithToken proves who asks by a token, not by a signature.
const assumeWithToken = "AssumeRoleWithWebIdentity"

// Issuer makes tokens, as an OpenID Connect provider of an account does.
type Issuer struct {
	// URL is what tokens name as their issuer.
	URL string `json:"url"`
	// Audiences are those that tokens may be for; sts.amazonaws.com by default.
	Audiences []string `json:"audiences,omitempty"`
	// Keys are those that it signs with.
	Keys KeySet `json:"jwks"`
}

// DefaultAudience is what tokens of service accounts are for.
const DefaultAudience = "sts.amazonaws.com"

// KeySet is public keys as RFC 7517 has them, such as "kubectl get --raw /openid/v1/jwks" prints.
type KeySet struct {
	Keys []PublicKey `json:"keys"`
}

// UnmarshalJSON reads a set. What else it says of a key is not looked at.
func (s *KeySet) UnmarshalJSON(data []byte) error {
	type plain KeySet
	return json.Unmarshal(data, (*plain)(s))
}

// PublicKey is a key of RSA, or of the curve P-256.
type PublicKey struct {
	Kty string `json:"kty"`
	Kid string `json:"kid,omitempty"`
	Use string `json:"use,omitempty"`
	Alg string `json:"alg,omitempty"`
	N   string `json:"n,omitempty"`
	E   string `json:"e,omitempty"`
	Crv string `json:"crv,omitempty"`
	X   string `json:"x,omitempty"`
	Y   string `json:"y,omitempty"`
}

// Parse returns the key as package crypto has it.
func (k PublicKey) Parse() (any, error) {
	number := func(text string) (*big.Int, error) {
		data, err := base64.RawURLEncoding.DecodeString(text)
		if err == nil && len(data) == 0 {
			err = errors.New("a number is missing")
		}
		return new(big.Int).SetBytes(data), err
	}
	switch {
	case k.Kty == "RSA":
		n, errN := number(k.N)
		e, errE := number(k.E)
		if err := errors.Join(errN, errE); err != nil {
			return nil, err
		}
		return &rsa.PublicKey{N: n, E: int(e.Int64())}, nil
	case k.Kty == "EC" && k.Crv == "P-256":
		x, errX := number(k.X)
		y, errY := number(k.Y)
		if err := errors.Join(errX, errY); err != nil {
			return nil, err
		}
		const half = 32 // bytes of a coordinate
		if x.BitLen() > 8*half || y.BitLen() > 8*half {
			return nil, errors.New("a coordinate is too long for the curve P-256")
		}
		point := make([]byte, 1+2*half)
		point[0] = 4 // both coordinates follow
		x.FillBytes(point[1 : 1+half])
		y.FillBytes(point[1+half:])
		return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	}
	return nil, fmt.Errorf("a key of type %q is not simulated: RSA is, and EC with curve P-256", k.Kty+k.Crv)
}

func (s service) assumeRoleWithWebIdentity(r *query.Request) (any, error) {
	var in struct {
		RoleArn, RoleSessionName, Policy string
		DurationSeconds                  *int
		WebIdentityToken                 string
	}
	if err := r.Parameters.Decode(&in); err != nil {
		return nil, err
	}
	wanted := assumption{in.RoleArn, in.RoleSessionName, in.Policy, in.DurationSeconds}
	if err := wanted.validate(); err != nil {
		return nil, err
	}
	role, found := s.Accounts.Role(in.RoleArn)
	claims, audience, err := s.verify(in.WebIdentityToken, role.Account.ID, r.Now)
	if err != nil {
		return nil, err
	}
	if !found || !role.TrustsToken(claims.Issuer, claims.Subject, audience) {
		return nil, aws.NewError(http.StatusForbidden, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
	}
	begun, err := s.begin(r, role, wanted)
	if err != nil {
		return nil, err
	}
	return struct {
		assumedRole
		SubjectFromWebIdentityToken, Audience, Provider string
	}{begun, claims.Subject, audience, claims.Issuer}, nil
}

// verify returns what a token says, and for whom it is of those whom its issuer may make tokens for.
func (s service) verify(token, account string, now time.Time) (*jwt.RegisteredClaims, string, error) {
	claims := &jwt.RegisteredClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(token, claims); err != nil {
		return nil, "", badToken("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
	}
	issuer, found := s.issuer(account, claims.Issuer)
	if !found {
		return nil, "", badToken("No OpenIDConnect provider found in your account for " + claims.Issuer)
	}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"RS256", "ES256"}), jwt.WithTimeFunc(func() time.Time { return now }), jwt.WithExpirationRequired())
	_, err := parser.ParseWithClaims(token, claims, issuer.keyOf)
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return nil, "", aws.NewError(http.StatusBadRequest, "ExpiredTokenException",
			fmt.Sprintf("Token expired: current date/time %d must be before the expiration date/time %d", now.Unix(), claims.ExpiresAt.Unix()))
	case errors.Is(err, jwt.ErrTokenNotValidYet), errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
		return nil, "", badToken("Token is not valid yet")
	case errors.Is(err, jwt.ErrTokenRequiredClaimMissing):
		return nil, "", badToken("Missing a required claim: exp")
	case err != nil:
		return nil, "", badToken("Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements")
	case claims.Subject == "":
		return nil, "", badToken("Missing a required claim: sub")
	}
	for _, audience := range claims.Audience {
		for _, known := range issuer.audiences() {
			if audience == known {
				return claims, audience, nil
			}
		}
	}
	return nil, "", badToken("Incorrect token audience")
}

func (s service) issuer(account, url string) (Issuer, bool) {
	for _, issuer := range s.Issuers[account] {
		if issuer.URL == url {
			return issuer, true
		}
	}
	return Issuer{}, false
}

func (i Issuer) audiences() []string {
	if len(i.Audiences) == 0 {
		return []string{DefaultAudience}
	}
	return i.Audiences
}

// keyOf finds the key that a token says it is signed with. One that names none can be signed with the only one.
func (i Issuer) keyOf(token *jwt.Token) (any, error) {
	kid, _ := token.Header["kid"].(string)
	for _, key := range i.Keys.Keys {
		if key.Kid == kid || kid == "" && len(i.Keys.Keys) == 1 {
			return key.Parse()
		}
	}
	return nil, fmt.Errorf("there is no key %q", kid)
}

func badToken(message string) error {
	return aws.NewError(http.StatusBadRequest, "InvalidIdentityToken", message)
}
