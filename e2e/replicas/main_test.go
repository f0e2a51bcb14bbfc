package replicas

import (
	"os"
	"testing"

	"github.com/velero-locations/velero-locations/e2e/network"
)

func TestMain(m *testing.M) { os.Exit(network.Main(m)) }
