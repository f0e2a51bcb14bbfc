package metadata_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"

	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/internal/metadata"
	"github.com/velero-locations/velero-locations/simulator/simulatortest"
)

const roles = "arn:aws:iam::" + simulatortest.Account + ":role/"

// withRoles is a cloud with a role for its machine and one for its containers.
func withRoles(c *simulator.Config) {
	c.Accounts[0].Roles = []simulator.RoleConfig{
		{Name: "node", Trust: []simulator.TrustConfig{{Services: []string{metadata.InstanceService}}}},
		{Name: "pod", Trust: []simulator.TrustConfig{{Services: []string{metadata.ContainerService}}}},
	}
	c.Metadata.InstanceRole, c.Metadata.ContainerRole, c.Metadata.ContainerToken = roles+"node", roles+"pod", "token"
}

// TestInstance shows that the SDK gets the key of the machine's role, and the region, by IMDSv2.
func TestInstance(t *testing.T) {
	sim := simulatortest.Start(t, withRoles)
	client := imds.New(imds.Options{Endpoint: sim.Metadata, EnableFallback: aws.FalseTernary})
	key, err := ec2rolecreds.New(func(o *ec2rolecreds.Options) { o.Client = client }).Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	checkKey(t, sim, key, "node")
	if out, err := client.GetRegion(t.Context(), &imds.GetRegionInput{}); err != nil || out.Region != sim.Region {
		t.Errorf("got region %+v, %v", out, err)
	}
}

// TestInstanceDemandsToken shows that version 1 of the service is not served, and that a token ends.
func TestInstanceDemandsToken(t *testing.T) {
	sim := simulatortest.Start(t, withRoles)
	const path = "/latest/meta-data/iam/security-credentials/"
	ttl := http.Header{"X-Aws-Ec2-Metadata-Token-Ttl-Seconds": {"60"}}
	token := send(t, http.MethodPut, sim.Metadata+"/latest/api/token", ttl, http.StatusOK)
	shown := http.Header{"X-Aws-Ec2-Metadata-Token": {token}}
	send(t, http.MethodGet, sim.Metadata+path, nil, http.StatusUnauthorized)
	if name := send(t, http.MethodGet, sim.Metadata+path, shown, http.StatusOK); name != "node" {
		t.Errorf("got role %q", name)
	}
	send(t, http.MethodGet, sim.Metadata+path+"pod", shown, http.StatusNotFound)
	send(t, http.MethodPut, sim.Metadata+"/latest/api/token", nil, http.StatusBadRequest)
	sim.Clock().Advance(2 * time.Minute)
	send(t, http.MethodGet, sim.Metadata+path, shown, http.StatusUnauthorized)
}

// TestContainer shows that the SDK gets the key of a container's role, if it shows its token.
func TestContainer(t *testing.T) {
	sim := simulatortest.Start(t, withRoles)
	get := func(token string) (aws.Credentials, error) {
		return endpointcreds.New(sim.Metadata+metadata.ContainerPath, func(o *endpointcreds.Options) { o.AuthorizationToken = token }).Retrieve(t.Context())
	}
	key, err := get("token")
	if err != nil {
		t.Fatal(err)
	}
	checkKey(t, sim, key, "pod")
	if _, err := get("hidden"); err == nil {
		t.Error("any token does")
	}
	send(t, http.MethodGet, simulatortest.Start(t).Metadata+metadata.ContainerPath, nil, http.StatusNotFound)
}

// TestSession shows that a key is handed out until half of its time is over, or it was forgotten.
func TestSession(t *testing.T) {
	sim := simulatortest.Start(t, withRoles)
	get := func() string {
		return send(t, http.MethodGet, sim.Metadata+metadata.ContainerPath, http.Header{"Authorization": {"token"}}, http.StatusOK)
	}
	first := get()
	sim.Clock().Advance(3*time.Hour - time.Minute)
	if again := get(); again != first {
		t.Errorf("the key was %s and is %s", first, again)
	}
	sim.Clock().Advance(2 * time.Minute)
	second := get()
	if second == first {
		t.Error("after half of its time the key is the same")
	}
	if err := sim.Reset(); err != nil {
		t.Fatal(err)
	}
	if get() == second {
		t.Error("after a reset the key is the same")
	}
}

func checkKey(t *testing.T, sim *simulatortest.Simulator, key aws.Credentials, role string) {
	t.Helper()
	known, found := sim.Accounts().Key(key.AccessKeyID)
	if !found || known.Role != role || known.Secret != key.SecretAccessKey || known.SessionToken != key.SessionToken || key.Expires.After(known.Expires) { // which the SDK takes for an hour at most
		t.Errorf("got a key until %s, of %+v", key.Expires, known)
	}
	if left := known.Expires.Sub(sim.Clock().Now()).Round(time.Minute); left != 6*time.Hour {
		t.Errorf("it lasts %s", left)
	}
}

func send(t *testing.T, method, url string, header http.Header, want int) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != want {
		t.Errorf("%s %s: %s, %v; want %d", method, url, response.Status, err, want)
	}
	return string(body)
}
