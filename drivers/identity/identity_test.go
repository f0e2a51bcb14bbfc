package identity

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/locations/credentials"
	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/aws/sts"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/simulatortest"
)

const (
	issuer = "https://oidc.example.com"
	roles  = "arn:aws:iam::" + simulatortest.Account + ":role/"
)

// cloud has a role for its users, and one for the tokens of an issuer.
func cloud(t *testing.T) (*simulatortest.Simulator, *simulatortest.Issuer) {
	t.Helper()
	tokens := simulatortest.NewIssuer(t, issuer)
	hours := faults.Duration(2 * time.Hour)
	return simulatortest.Start(t, func(c *simulator.Config) {
		c.Accounts[0].TokenIssuers = []sts.Issuer{tokens.Issuer}
		c.Accounts[0].Roles = []simulator.RoleConfig{
			{Name: "backup", Trust: []simulator.TrustConfig{{Principals: []string{simulatortest.Account}, ExternalID: "x"}}, MaxSessionDuration: &hours},
			{Name: "web", Trust: []simulator.TrustConfig{{Issuer: issuer, Subjects: []string{"velero"}}}},
		}
	}), tokens
}

// file has a profile with a key, and one with a role and more settings.
func file(sim *simulatortest.Simulator, role, more string) []byte {
	return fmt.Appendf(nil, "[base]\naws_access_key_id=%s\naws_secret_access_key=%s\n[default]\nrole_arn=%s\nsource_profile=base\n%s\n", sim.Key.ID, sim.Key.Secret, roles+role, more)
}

func at(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func open(t *testing.T, sim *simulatortest.Simulator, content []byte, lend bool) credentials.AWSKeys {
	t.Helper()
	keys, err := Open(content, "", Options{Region: "us-east-1", Endpoint: at(t, sim.EC2), Lend: lend})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func get(t *testing.T, keys credentials.AWSKeys) credentials.AWS {
	t.Helper()
	key, err := keys.Key(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// TestRenewal shows that a key of a role is used again as long as it is good for a while, and renewed before it ends by the
// clock of the cloud.
func TestRenewal(t *testing.T) {
	sim, _ := cloud(t)
	keys := open(t, sim, file(sim, "backup", "external_id=x\nduration_seconds=3600"), false)
	first := get(t, keys)
	if again := get(t, keys); again != first {
		t.Error("a good key was not used again")
	}
	// To sessions of 20 minutes on a clock that is 14 minutes slow, 6 are left: the window and a minute.
	sim.Clock().Advance(-14 * time.Minute)
	keys = open(t, sim, file(sim, "backup", "external_id=x\nduration_seconds=1200"), false)
	long := get(t, keys)
	if again := get(t, keys); again != long {
		t.Error("a key that is good for longer than the window was renewed")
	}
	// To those of 16 minutes, 2 are left.
	keys = open(t, sim, file(sim, "backup", "external_id=x\nduration_seconds=960"), false)
	short := get(t, keys)
	renewed := get(t, keys)
	if renewed == short {
		t.Error("a key that is about to end was not renewed")
	}
	known, found := sim.Accounts().Key(short.AccessKeyID)
	if !found || known.Expired(sim.Clock().Now()) || known.Role != "backup" {
		t.Errorf("it had ended by then: %+v", known)
	}
	sim.Clock().Advance(16 * time.Minute)
	if known, _ := sim.Accounts().Key(short.AccessKeyID); !known.Expired(sim.Clock().Now()) {
		t.Error("it does not end")
	}
}

// TestTokenIsReadAgain shows that a token which the cluster has renewed is used for the next key.
func TestTokenIsReadAgain(t *testing.T) {
	sim, tokens := cloud(t)
	path := filepath.Join(t.TempDir(), "token")
	t.Setenv(tokenFileVariable, path)
	write := func(subject string, life time.Duration) {
		if err := os.WriteFile(path, []byte(tokens.Token(t, subject, sim.Clock().Now(), life)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	web := []byte("[default]\nrole_arn=" + roles + "web\nweb_identity_token_file=" + path)
	keys := open(t, sim, web, true)
	write("velero", -time.Minute)
	_, err := keys.Key(t.Context())
	if !credentials.AreElsewhere(err) || !strings.Contains(err.Error(), "ExpiredTokenException") {
		t.Errorf("an expired token: %v", err)
	}
	write("velero", time.Hour)
	get(t, keys)

	write("other", time.Hour)
	_, err = open(t, sim, web, true).Key(t.Context())
	if !credentials.AreElsewhere(err) || !strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("of another subject: %v", err)
	}
}

// TestLending shows that nothing of the pod's is read or used unless that is allowed, and no file but its token even then.
func TestLending(t *testing.T) {
	sim, _ := cloud(t)
	secret := filepath.Join(t.TempDir(), "hidden")
	if err := os.WriteFile(secret, []byte("hidden"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv(tokenFileVariable, filepath.Join(t.TempDir(), "token"))
	t.Setenv(keyIDVariable, "AKIAHIDDEN")
	t.Setenv(secretVariable, "hidden")
	for name, tc := range map[string]struct {
		file string
		lend bool
	}{
		"the environment":           {"[default]\nrole_arn=r\ncredential_source=Environment", false},
		"the machine":               {"[default]\nrole_arn=r\ncredential_source=Ec2InstanceMetadata", false},
		"whatever there is":         {"[default]\nregion=x", false},
		"a token":                   {"[default]\nrole_arn=r\nweb_identity_token_file=" + os.Getenv(tokenFileVariable), false},
		"another file, though lent": {"[default]\nrole_arn=r\nweb_identity_token_file=" + secret, true},
	} {
		if _, err := Open([]byte(tc.file), "", Options{Endpoint: at(t, sim.EC2), Lend: tc.lend}); !credentials.AreElsewhere(err) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	// A location must not have the pod's identity shown to an address of its own.
	lent := []byte("[default]\nrole_arn=r\ncredential_source=Environment\nendpoint_url=http://127.0.0.1:1")
	if at, err := findEndpoint(lent, "", true, Options{}); err != nil || at.URL != nil {
		t.Errorf("it goes to %s, %v", at, err)
	}
	if at, err := findEndpoint(lent, "", false, Options{}); err != nil || at.String() != "http://127.0.0.1:1" {
		t.Errorf("a location's own identity goes to %s, %v", at, err)
	}
}

// TestRefusals shows what is said of roles that cannot be assumed, with a location's own key.
func TestRefusals(t *testing.T) {
	sim, _ := cloud(t)
	for name, tc := range map[string]struct {
		file    []byte
		want    string
		refused bool
	}{
		"no external id": {file(sim, "backup", ""), "the role " + roles + "backup could not be assumed (403 AccessDenied: ", true},
		"no such role":   {file(sim, "none", ""), "let the role trust these credentials, with the external_id if it wants one, and allow them sts:AssumeRole", true},
		"a wrong secret": {
			[]byte(strings.ReplaceAll(string(file(sim, "backup", "external_id=x")), sim.Key.Secret, "hidden")), "correct aws_access_key_id and aws_secret_access_key in the credentials", true,
		},
		"too long a session": {file(sim, "backup", "external_id=x\nduration_seconds=40000"), "400 ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration", true},
		"nobody answers":     {file(sim, "backup", "endpoint_url=http://127.0.0.1:1"), "as nothing listens at http://127.0.0.1:1: start STS, or correct endpoint_url in the credentials", false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := open(t, sim, tc.file, false).Key(t.Context())
			var failure *Error
			if !errors.As(err, &failure) || failure.CredentialsRefused() != tc.refused || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("got  %v\nwant %s", err, tc.want)
			}
			if text := err.Error(); strings.Contains(text, "hidden") || strings.Contains(text, sim.Key.Secret) || strings.Contains(text, "\n") {
				t.Errorf("it shows too much: %s", text)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := open(t, sim, file(sim, "backup", "external_id=x"), false).Key(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestTrust shows that STS is trusted as the location's storage is, but that the pod's identity is shown only to whom the system trusts.
func TestTrust(t *testing.T) {
	sim, tokens := cloud(t)
	secure := httptest.NewUnstartedServer(httputil.NewSingleHostReverseProxy(at(t, sim.EC2)))
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that are meant to fail
	secure.StartTLS()
	t.Cleanup(secure.Close)
	authorities := x509.NewCertPool()
	authorities.AddCert(secure.Certificate())
	path := filepath.Join(t.TempDir(), "token")
	t.Setenv(tokenFileVariable, path)
	if err := os.WriteFile(path, []byte(tokens.Token(t, "velero", sim.Clock().Now(), time.Hour)), 0o600); err != nil {
		t.Fatal(err)
	}
	own, lent := file(sim, "backup", "external_id=x"), []byte("[default]\nrole_arn="+roles+"web\nweb_identity_token_file="+path)
	for name, tc := range map[string]struct {
		file    []byte
		opts    Options
		trusted bool
	}{
		"the system":               {own, Options{}, false},
		"the location's authority": {own, Options{RootCAs: authorities}, true},
		"anybody":                  {own, Options{InsecureSkipTLSVerify: true}, true},
		"both, for the pod":        {lent, Options{RootCAs: authorities, InsecureSkipTLSVerify: true}, false},
	} {
		t.Run(name, func(t *testing.T) {
			tc.opts.Endpoint, tc.opts.Lend = at(t, secure.URL), true
			keys, err := Open(tc.file, "", tc.opts)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := keys.Key(t.Context()); (err == nil) != tc.trusted || err != nil && !strings.Contains(err.Error(), "could not be assumed") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestContainerAddress shows to whom the token of a container is shown.
func TestContainerAddress(t *testing.T) {
	for address, want := range map[string]bool{
		"http://169.254.170.23/v1/credentials": true, "http://[fd00:ec2::23]/v1/credentials": true, "http://169.254.170.2/x": true,
		"http://127.0.0.1:1/x": true, "http://localhost/x": true, "https://keys.example.com": true,
		"http://keys.example.com": false, "http://169.254.169.254/": false, "": false, "/x": false,
	} {
		if err := checkContainer(address); (err == nil) != want {
			t.Errorf("%q: got %v", address, err)
		}
	}
}
