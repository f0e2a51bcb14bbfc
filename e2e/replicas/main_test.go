//go:build !kind

package replicas

import (
	"os"
	"testing"

	"github.com/velero-locations/velero-locations/e2e/network"
)

// TestMain gives replicas that are processes a network of their own. Those on nodes have one, which is reached from the machine's.
func TestMain(m *testing.M) { os.Exit(network.Main(m)) }
