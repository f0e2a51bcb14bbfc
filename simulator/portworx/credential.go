package portworx

import (
	"net/http"
	"strings"
	"time"

	"github.com/velero-locations/velero-locations/simulator/internal/clouds"
)

// CredentialInfo is what the API tells of credentials for object storage.
type CredentialInfo struct {
	Name string `json:"name" doc:"Their name."`
	// AccessKey is an access key of the simulated cloud. Its secret is checked when the credentials are set up, and not
	// kept.
	AccessKey string    `json:"accessKey" doc:"Id of the access key."`
	Created   time.Time `json:"created" doc:"When they were set up."`
}

// Credential is credentials that were set up in a cluster.
type Credential struct {
	CredentialInfo
	Account string `json:"account"`
	Cluster string `json:"cluster"`
}

// NewCredential asks to set credentials up, in place of those that have the name.
type NewCredential struct {
	Name      string `json:"name" doc:"Name."`
	AccessKey string `json:"accessKey" doc:"Id of an access key of the simulated cloud, of any account."`
	SecretKey string `json:"secretKey" doc:"Its secret."`
}

func (c *Credential) key() string { return c.Cluster + "/" + c.Name }

// SetCredential sets credentials up in a cluster of an account, in place of those that have the name.
func (s *Store) SetCredential(account, cluster string, r NewCredential) error {
	if _, err := s.cluster(account, cluster); err != nil {
		return err
	}
	_, err := s.createCredential(account, cluster, r)
	return err
}

func (s *Store) createCredential(account, cluster string, r NewCredential) (*Credential, error) {
	if !nameForm.MatchString(r.Name) {
		return nil, invalid("name: %q is not lower-case letters, digits, periods and hyphens, 63 at most", r.Name)
	}
	if !s.options.UsableKey(r.AccessKey, &r.SecretKey) {
		return nil, invalid("object storage does not accept access key %q with this secret", r.AccessKey)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	credential := &Credential{CredentialInfo{r.Name, r.AccessKey, s.options.Now().UTC()}, account, cluster}
	return credential, s.file.Write(s.credentials.Put(credential.key(), credential))
}

// deleteCredential removes credentials. Cloud snapshots that need them stay where they are, out of reach.
func (s *Store) deleteCredential(cluster, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := cluster + "/" + name
	if _, found := s.credentials.Get(key); !found {
		return notFound("credential", name)
	}
	return s.file.Write(s.credentials.Delete(key))
}

// listCredentials returns those of a cluster, by name.
func (s *Store) listCredentials(cluster string) []*Credential {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.credentialsOf(cluster)
}

func (s *Store) credentialsOf(cluster string) []*Credential {
	return s.credentials.Sorted((*Credential).key, func(c *Credential) bool { return c.Cluster == cluster })
}

// pickCredential returns the name of the credentials that a cloud snapshot is made with.
func (s *Store) pickCredential(cluster, wanted string) (string, error) {
	all := s.credentialsOf(cluster)
	switch {
	case wanted != "":
	case len(all) == 0:
		return "", precondition("Cluster %s has no credentials for object storage: a cloud snapshot needs some.", cluster)
	case len(all) > 1:
		var names []string
		for _, c := range all {
			names = append(names, c.Name)
		}
		return "", invalid("credential: cluster %s has several, one of which must be named: %s", cluster, strings.Join(names, ", "))
	default:
		wanted = all[0].Name
	}
	return wanted, s.usable(cluster, wanted)
}

// usable refuses credentials that are not there, or that object storage does not accept any more.
func (s *Store) usable(cluster, name string) error {
	credential, found := s.credentials.Get(cluster + "/" + name)
	if !found {
		return precondition("Cluster %s has no credentials %q for object storage.", cluster, name)
	}
	if !s.options.UsableKey(credential.AccessKey, nil) {
		return precondition("Object storage does not accept credentials %q of cluster %s any more.", name, cluster)
	}
	return nil
}

func invalid(format string, args ...any) error {
	return clouds.Refuse(http.StatusBadRequest, "InvalidArgument", format+".", args...)
}

func notFound(noun, id string) error {
	return clouds.Refuse(http.StatusNotFound, "NotFound", "There is no %s %q.", noun, id)
}

func precondition(format string, args ...any) error {
	return clouds.Refuse(http.StatusBadRequest, "FailedPrecondition", format, args...)
}
