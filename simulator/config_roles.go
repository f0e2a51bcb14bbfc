package simulator

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"time"

	"github.com/velero-locations/velero-locations/simulator/accounts"
	"github.com/velero-locations/velero-locations/simulator/aws/sts"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/internal/metadata"
	"github.com/velero-locations/velero-locations/simulator/policy"
)

// RoleConfig is a role of an account: what others than its users can act as, for a time.
type RoleConfig struct {
	// Name is what the role's ARN ends with.
	Name string `json:"name"`
	// Trust says who may act as the role: who one of the statements is about.
	Trust []TrustConfig `json:"trust"`
	// Policy is what the role may do; without it, and without one of its account, it may do everything in its account.
	Policy policy.Policy `json:"policy,omitempty"`
	// MaxSessionDuration is how long a session may last; 1h by default.
	MaxSessionDuration *faults.Duration `json:"maxSessionDuration,omitempty"`
}

// TrustConfig is about principals, about services, or about the tokens of an issuer.
type TrustConfig struct {
	// Principals are ids of accounts, and ARNs of users, roles and sessions; * and ? are wild.
	Principals []string `json:"principals,omitempty"`
	// ExternalID is what principals must name.
	ExternalID string `json:"externalID,omitempty"`
	// Services are ec2.amazonaws.com, for instance metadata, and pods.eks.amazonaws.com, for containers.
	Services []string `json:"services,omitempty"`
	// Issuer is the URL of one of the account's token issuers.
	Issuer string `json:"issuer,omitempty"`
	// Subjects and Audiences of tokens; * and ? are wild. Left out: any.
	Subjects  []string `json:"subjects,omitempty"`
	Audiences []string `json:"audiences,omitempty"`
}

// MetadataConfig says where keys of roles are handed out without asking who asks: to a machine by version 2 of the instance
// metadata service, and to containers. Both are at one address.
type MetadataConfig struct {
	// Address is host:port, port 0 for any free one; empty serves neither.
	Address string `json:"address,omitempty"`
	// Hosts by which clients may name the server, beside addresses and localhost.
	Hosts []string `json:"hosts,omitempty"`
	// InstanceRole is the ARN of the role of the machine; empty: it has none.
	InstanceRole string `json:"instanceRole,omitempty"`
	// ContainerRole is the ARN of the role of containers, whose keys are at /v1/credentials; empty: they have none.
	ContainerRole string `json:"containerRole,omitempty"`
	// ContainerToken is what containers must send as Authorization; empty: nothing.
	ContainerToken string `json:"containerToken,omitempty"`
	// SessionDuration is how long a key that is handed out lasts; 6h by default.
	SessionDuration *faults.Duration `json:"sessionDuration,omitempty"`
}

func (c MetadataConfig) duration() time.Duration {
	if c.SessionDuration == nil {
		return 6 * time.Hour
	}
	return time.Duration(*c.SessionDuration)
}

// addRoles adds those of an account.
func addRoles(directory *accounts.Directory, account AccountConfig) error {
	for _, role := range account.Roles {
		trust := make([]accounts.Trust, len(role.Trust))
		for i, t := range role.Trust {
			trust[i] = accounts.Trust(t)
		}
		longest := time.Hour
		if role.MaxSessionDuration != nil {
			longest = time.Duration(*role.MaxSessionDuration)
		}
		if err := directory.AddRole(account.ID, accounts.Role{Name: role.Name, Trust: trust, Policy: role.Policy, MaxSession: longest}); err != nil {
			return err
		}
	}
	return nil
}

// issuers are those of tokens, by account.
func (c *Config) issuers() map[string][]sts.Issuer {
	out := map[string][]sts.Issuer{}
	for _, account := range c.Accounts {
		out[account.ID] = account.TokenIssuers
	}
	return out
}

var (
	roleName     = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]{1,64}$`)
	trustService = []string{metadata.InstanceService, metadata.ContainerService}
)

func (v *validation) roles(path string, account AccountConfig) {
	issuers := map[string]string{}
	for i, issuer := range account.TokenIssuers {
		v.issuer(fmt.Sprintf("%s.tokenIssuers[%d]", path, i), issuer, issuers)
	}
	names := map[string]string{}
	for i, role := range account.Roles {
		path := fmt.Sprintf("%s.roles[%d]", path, i)
		if !roleName.MatchString(role.Name) {
			v.add(path+".name", "%q is not 1 to 64 letters, digits and characters of _+=,.@-", role.Name)
		}
		v.unique(names, path+".name", role.Name, fmt.Sprintf("%q", role.Name))
		v.policy(path+".policy", role.Policy, false)
		if d := role.MaxSessionDuration; d != nil && (time.Duration(*d) < time.Hour || time.Duration(*d) > 12*time.Hour) {
			v.add(path+".maxSessionDuration", "%s is not from 1h to 12h", *d)
		}
		if len(role.Trust) == 0 {
			v.add(path+".trust", "there is none: nobody could act as the role")
		}
		for i, trust := range role.Trust {
			v.trust(fmt.Sprintf("%s.trust[%d]", path, i), trust, issuers)
		}
	}
}

func (v *validation) issuer(path string, issuer sts.Issuer, seen map[string]string) {
	if u, err := url.Parse(issuer.URL); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		v.add(path+".url", "%q is not a URL", issuer.URL)
	}
	v.unique(seen, path+".url", issuer.URL, fmt.Sprintf("%q", issuer.URL))
	if len(issuer.Keys.Keys) == 0 {
		v.add(path+".jwks.keys", "there is none")
	}
	for i, key := range issuer.Keys.Keys {
		if _, err := key.Parse(); err != nil {
			v.add(fmt.Sprintf("%s.jwks.keys[%d]", path, i), "%w", err)
		}
	}
}

func (v *validation) trust(path string, trust TrustConfig, issuers map[string]string) {
	about := 0
	for _, is := range []bool{len(trust.Principals) > 0, len(trust.Services) > 0, trust.Issuer != ""} {
		if is {
			about++
		}
	}
	if about != 1 {
		v.add(path, "it is not about one of principals, services and issuer")
	}
	if trust.ExternalID != "" && len(trust.Principals) == 0 {
		v.add(path+".externalID", "only principals name one")
	}
	for i, service := range trust.Services {
		if !slices.Contains(trustService, service) {
			v.add(fmt.Sprintf("%s.services[%d]", path, i), "%q is not one of %q", service, trustService)
		}
	}
	if trust.Issuer != "" && issuers[trust.Issuer] == "" {
		v.add(path+".issuer", "%q is not one of the account's token issuers: %q", trust.Issuer, slices.Sorted(maps.Keys(issuers)))
	}
	if trust.Issuer == "" && len(trust.Subjects)+len(trust.Audiences) > 0 {
		v.add(path, "subjects and audiences are those of an issuer's tokens")
	}
}

func (v *validation) metadata() {
	c := v.config.Metadata
	if c.Address != "" {
		v.address("metadata.address", c.Address)
	}
	if c.duration() <= 0 {
		v.add("metadata.sessionDuration", "%s is not a time such as 1h", c.duration())
	}
	directory, err := newDirectory(v.config.Accounts)
	if err != nil {
		return // what is wrong with accounts is said there
	}
	for field, arn := range map[string]string{"instanceRole": c.InstanceRole, "containerRole": c.ContainerRole} {
		service := map[string]string{"instanceRole": metadata.InstanceService, "containerRole": metadata.ContainerService}[field]
		if role, found := directory.Role(arn); arn != "" && (!found || !role.TrustsService(service)) {
			v.add("metadata."+field, "%q is not the ARN of a role that trusts the service %s", cmp.Or(arn, ""), service)
		}
	}
}
