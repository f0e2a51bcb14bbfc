package events

import (
	"testing"

	"github.com/velero-locations/velero-locations/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }
