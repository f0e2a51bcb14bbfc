package portworx

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/velero-locations/velero-locations/simulator/internal/records"
)

// Cluster is a cluster of an account, as a configuration file describes it.
type Cluster struct {
	// Name is unique in all accounts.
	Name string `json:"name"`
	// Nodes are the names of those that hold volumes.
	Nodes []string `json:"nodes"`
	// Volumes are created where they are not there yet.
	Volumes []VolumeConfig `json:"volumes,omitempty"`
}

// VolumeConfig is a volume that exists from the start.
type VolumeConfig struct {
	// ID is a number of 18 digits.
	ID string `json:"id"`
	// Name is the id by default.
	Name string `json:"name,omitempty"`
	Node string `json:"node"`
	// Size in GiB.
	Size   int               `json:"size"`
	Labels map[string]string `json:"labels,omitempty"`
	// Data is written to the volume when it is created.
	Data string `json:"data,omitempty"`
}

var (
	idForm   = regexp.MustCompile(`^[0-9]{18}$`)
	nameForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$`)
)

// Validate calls report for each thing that is wrong with the cluster, with its path in it.
func (c Cluster) Validate(report func(path, format string, args ...any)) {
	if !nameForm.MatchString(c.Name) {
		report(".name", "%q is not lower-case letters, digits, periods and hyphens, 63 at most", c.Name)
	}
	if len(c.Nodes) == 0 {
		report(".nodes", "there is none")
	}
	for i, node := range c.Nodes {
		if !nameForm.MatchString(node) {
			report(fmt.Sprintf(".nodes[%d]", i), "%q is not lower-case letters, digits, periods and hyphens, 63 at most", node)
		}
		if slices.Index(c.Nodes, node) < i {
			report(fmt.Sprintf(".nodes[%d]", i), "%q is there already", node)
		}
	}
	for i, volume := range c.Volumes {
		path := fmt.Sprintf(".volumes[%d]", i)
		if !idForm.MatchString(volume.ID) {
			report(path+".id", "%q is not 18 digits", volume.ID)
		}
		if !slices.Contains(c.Nodes, volume.Node) {
			report(path+".node", "%q is not one of %s", volume.Node, strings.Join(c.Nodes, ", "))
		}
		if volume.Size < 1 || volume.Size > maxSize {
			report(path+".size", "%d is not between 1 and %d", volume.Size, maxSize)
		}
	}
}

// NodeInfo is what the API tells of a node.
type NodeInfo struct {
	Name string `json:"name" doc:"Its name."`
	// State is online or failed.
	State string `json:"state" doc:"online or failed." enum:"online,failed"`
}

// Node is a node of a cluster.
type Node struct {
	NodeInfo
	Account string
	Cluster string
}

func (s *Store) hasFailed(cluster, node string) bool {
	_, failed := s.failed.Get(cluster + "/" + node)
	return failed
}

func (s *Store) node(account, cluster, name string) Node {
	state := "online"
	if s.hasFailed(cluster, name) {
		state = "failed"
	}
	return Node{NodeInfo{name, state}, account, cluster}
}

// Nodes returns those of all accounts, by cluster and in the order of the configuration.
func (s *Store) Nodes() []Node {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var out []Node
	for account, clusters := range s.options.Clusters {
		for _, cluster := range clusters {
			for _, node := range cluster.Nodes {
				out = append(out, s.node(account, cluster.Name, node))
			}
		}
	}
	slices.SortStableFunc(out, func(x, y Node) int { return strings.Compare(x.Cluster, y.Cluster) })
	return out
}

// FailNode loses a node, and with it its volumes and their local snapshots, for good. It says whether there is such a
// node.
func (s *Store) FailNode(cluster, name string) (Node, bool, error) {
	node, found := s.findNode(cluster, name)
	if !found {
		return node, false, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	changes := []records.Change{s.failed.Put(cluster+"/"+name, s.options.Now().UTC())}
	for volume := range s.volumes.All() {
		if volume.Cluster == cluster && volume.Node == name {
			changes = append(changes, s.volumes.Delete(volume.ID))
		}
	}
	for snapshot := range s.snapshots.All() {
		if snapshot.Cluster == cluster && snapshot.Node == name {
			changes = append(changes, s.snapshots.Delete(snapshot.ID))
		}
	}
	if err := s.file.Write(changes...); err != nil {
		return node, true, err
	}
	return s.node(node.Account, cluster, name), true, nil
}

// ReplaceNode puts an empty node in the place of one that has failed. It says whether there is such a node.
func (s *Store) ReplaceNode(cluster, name string) (Node, bool, error) {
	node, found := s.findNode(cluster, name)
	if !found {
		return node, false, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.file.Write(s.failed.Delete(cluster + "/" + name)); err != nil {
		return node, true, err
	}
	return s.node(node.Account, cluster, name), true, nil
}

func (s *Store) findNode(cluster, name string) (Node, bool) {
	nodes := s.Nodes()
	i := slices.IndexFunc(nodes, func(n Node) bool { return n.Cluster == cluster && n.Name == name })
	if i < 0 {
		return Node{}, false
	}
	return nodes[i], true
}
