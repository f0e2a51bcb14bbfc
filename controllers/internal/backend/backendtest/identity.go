package backendtest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/accounts"
	"github.com/velero-locations/velero-locations/simulator/aws/sts"
	"github.com/velero-locations/velero-locations/simulator/journal"
	"github.com/velero-locations/velero-locations/simulator/simulatortest"
)

// Identity is one way for locations to come by a key.
type Identity struct {
	Name string
	// File is the credentials file. Empty: there is no Secret.
	File string
	// Lent says that the key is of the pod of whoever asks, which Environment tells of it.
	Lent        bool
	Environment map[string]string
	// Role that requests are made as in the end. Empty: none.
	Role string
}

const (
	issuer = "https://oidc.example.com"
	// Subject of the tokens of the pod.
	subject        = "system:serviceaccount:velero:velero"
	roles          = "arn:aws:iam::" + simulatortest.Account + ":role/"
	containerToken = "token-of-the-pod"
)

// withRoles gives a cloud a role for each way.
func withRoles(tokens *simulatortest.Issuer) func(*simulator.Config) {
	return func(c *simulator.Config) {
		account := &c.Accounts[0]
		account.TokenIssuers = []sts.Issuer{tokens.Issuer}
		account.Roles = []simulator.RoleConfig{
			{Name: "backup", Trust: []simulator.TrustConfig{{Principals: []string{account.ID}, ExternalID: "x-1"}}},
			{Name: "web", Trust: []simulator.TrustConfig{{Issuer: issuer, Subjects: []string{subject}}}},
			{Name: "node", Trust: []simulator.TrustConfig{{Services: []string{"ec2.amazonaws.com"}}}},
			{Name: "pod", Trust: []simulator.TrustConfig{{Services: []string{"pods.eks.amazonaws.com"}}}},
			{Name: "chained", Trust: []simulator.TrustConfig{{Principals: []string{roles + "*"}}}},
		}
		c.Metadata.InstanceRole, c.Metadata.ContainerRole, c.Metadata.ContainerToken = roles+"node", roles+"pod", containerToken
	}
}

// Identities are all ways that are supported, with what the cloud needs for them.
func (w *World) Identities(t *testing.T) []Identity {
	t.Helper()
	tokens := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(tokens, []byte(w.tokens.Token(t, subject, w.Cloud.Clock().Now(), time.Hour)), 0o600); err != nil {
		t.Fatal(err)
	}
	static := fileOf("base", w.Cloud.Key)
	token := map[string]string{"AWS_WEB_IDENTITY_TOKEN_FILE": tokens, "AWS_ROLE_ARN": roles + "web"}
	container := map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": w.Cloud.Metadata + "/v1/credentials", "AWS_CONTAINER_AUTHORIZATION_TOKEN": containerToken}
	instance := map[string]string{"AWS_EC2_METADATA_SERVICE_ENDPOINT": w.Cloud.Metadata}
	environment := map[string]string{"AWS_ACCESS_KEY_ID": w.Cloud.Key.ID, "AWS_SECRET_ACCESS_KEY": w.Cloud.Key.Secret}
	chained := func(source string) string {
		return "[default]\nrole_arn=" + roles + "chained\ncredential_source=" + source + "\n"
	}
	return []Identity{
		w.SessionFor(t, time.Hour),
		{Name: "a role by another profile", Role: "backup", File: static + "[default]\nrole_arn=" + roles + "backup\nsource_profile=base\nexternal_id=x-1\n"},
		{Name: "one role after the other", Role: "chained", File: static + "[middle]\nrole_arn=" + roles + "backup\nsource_profile=base\nexternal_id=x-1\n" +
			"[default]\nrole_arn=" + roles + "chained\nsource_profile=middle\n"},
		{Name: "a token", Role: "web", Lent: true, Environment: token, File: "[default]\nrole_arn=" + roles + "web\nweb_identity_token_file=" + tokens + "\n"},
		{Name: "a role by that of the container", Role: "chained", Lent: true, Environment: container, File: chained("EcsContainer")},
		{Name: "a role by that of the machine", Role: "chained", Lent: true, Environment: instance, File: chained("Ec2InstanceMetadata")},
		{Name: "no Secret, and a key in the environment", Lent: true, Environment: environment},
		{Name: "no Secret, and a token", Role: "web", Lent: true, Environment: token},
		{Name: "no Secret, and a container", Role: "pod", Lent: true, Environment: container},
		{Name: "no Secret, and a machine", Role: "node", Lent: true, Environment: instance},
	}
}

// SessionFor is a session token that is good for a time.
func (w *World) SessionFor(t *testing.T, life time.Duration) Identity {
	t.Helper()
	user, found := w.Cloud.Accounts().Key(w.Cloud.Key.ID)
	if !found {
		t.Fatal("the cloud's key is gone")
	}
	now := w.Cloud.Clock().Now()
	session := user.BeginSession(now.Add(life))
	w.Cloud.Accounts().AddSession(session, now)
	return Identity{Name: "a session token", File: fileOf("default", session)}
}

func fileOf(profile string, key accounts.Key) string {
	return fmt.Sprintf("[%s]\naws_access_key_id=%s\naws_secret_access_key=%s\naws_session_token=%s\n", profile, key.ID, key.Secret, key.SessionToken)
}

// Identity is the one of a name.
func (w *World) Identity(t *testing.T, name string) Identity {
	t.Helper()
	all := w.Identities(t)
	i := slices.IndexFunc(all, func(identity Identity) bool { return identity.Name == name })
	if i < 0 {
		t.Fatalf("there is no identity %q", name)
	}
	return all[i]
}

// Use has both locations use an identity.
func (w *World) Use(t *testing.T, identity Identity) {
	t.Helper()
	w.Backend.LendIdentity = identity.Lent
	for name, value := range identity.Environment {
		t.Setenv(name, value)
	}
	secret := &corev1.Secret{}
	w.Read(t, "cloud-credentials", secret)
	var err error
	if identity.File == "" {
		err = w.Delete(t.Context(), secret)
	} else {
		secret.Data["cloud"] = []byte(identity.File)
		err = w.Update(t.Context(), secret)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// CheckRole wants all requests since the journal was cleared, but those for keys, to have been made as a role.
func (w *World) CheckRole(t *testing.T, role string) {
	t.Helper()
	for _, entry := range w.Cloud.Journal().Entries(journal.Filter{}) {
		key, _ := w.Cloud.Accounts().Key(entry.AccessKey)
		if service, _, _ := strings.Cut(entry.Operation, ":"); service != "sts" && key.Role != role {
			t.Errorf("%s was made as role %q, not %q", entry.Operation, key.Role, role)
		}
	}
}
