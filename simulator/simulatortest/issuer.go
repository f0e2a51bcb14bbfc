package simulatortest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/velero-locations/velero-locations/simulator/aws/sts"
)

// Issuer makes tokens as a cluster does for its service accounts. An account of the configuration accepts them with
// TokenIssuers: []sts.Issuer{issuer.Issuer}.
type Issuer struct {
	sts.Issuer
	key *ecdsa.PrivateKey
}

// NewIssuer makes an issuer of tokens with a key of its own.
func NewIssuer(tb testing.TB, url string) *Issuer {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	point, err := key.PublicKey.Bytes() // 4, and both coordinates
	if err != nil {
		tb.Fatal(err)
	}
	half := (len(point) - 1) / 2
	text := base64.RawURLEncoding.EncodeToString
	public := sts.PublicKey{Kty: "EC", Crv: "P-256", Kid: "1", X: text(point[1 : 1+half]), Y: text(point[1+half:])}
	return &Issuer{sts.Issuer{URL: url, Keys: sts.KeySet{Keys: []sts.PublicKey{public}}}, key}
}

// Token makes a token for STS that is good for a time from now on.
func (i *Issuer) Token(tb testing.TB, subject string, now time.Time, life time.Duration) string {
	tb.Helper()
	return i.Sign(tb, jwt.RegisteredClaims{
		Issuer: i.URL, Subject: subject, Audience: jwt.ClaimStrings{sts.DefaultAudience}, IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(life)),
	})
}

// Sign makes a token that says what it is told to.
func (i *Issuer) Sign(tb testing.TB, claims jwt.Claims) string {
	tb.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
	token.Header["kid"] = "1"
	signed, err := token.SignedString(i.key)
	if err != nil {
		tb.Fatal(err)
	}
	return signed
}
