package control

import (
	"fmt"
	"net/http"

	"github.com/velero-locations/velero-locations/simulator/portworx"
)

// NodeList is the nodes of all clusters of Portworx.
type NodeList struct {
	Nodes []NodeInfo `json:"nodes" doc:"The nodes, by cluster."`
}

// NodeInfo is a node of a cluster of Portworx.
type NodeInfo struct {
	Cluster string `json:"cluster" doc:"Name of the cluster."`
	Name    string `json:"name" doc:"Name of the node."`
	Account string `json:"account" doc:"Id of the cluster's account."`
	State   string `json:"state" doc:"online or failed." enum:"online,failed"`
}

func describeNode(n portworx.Node) NodeInfo {
	return NodeInfo{n.Cluster, n.Name, n.Account, n.State}
}

func (s *server) listNodes(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, NodeList{convert(s.Portworx.Nodes(), describeNode)})
}

func (s *server) failNode(w http.ResponseWriter, r *http.Request) error {
	return s.changeNode(w, r, s.Portworx.FailNode)
}

func (s *server) replaceNode(w http.ResponseWriter, r *http.Request) error {
	return s.changeNode(w, r, s.Portworx.ReplaceNode)
}

func (s *server) changeNode(w http.ResponseWriter, r *http.Request, change func(cluster, node string) (portworx.Node, bool, error)) error {
	cluster, name := r.PathValue("cluster"), r.PathValue("node")
	node, found, err := change(cluster, name)
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("node %q of cluster %q: %w", name, cluster, errNotFound)
	}
	return writeJSON(w, http.StatusOK, describeNode(node))
}
