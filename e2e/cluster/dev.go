package cluster

import (
	"os"
	"testing"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
)

// StartDev starts `velero-locations dev`, with Velero's own client as the command velero.
func StartDev(tb testing.TB) devtest.Server {
	tb.Helper()
	c := newCluster(tb)
	dev := devtest.Server{Dir: c.Path("dev")}
	p := c.start(tb, "dev", Tool(tb, program), "dev", "--data-dir", dev.Dir, "--port", "0",
		"--s3-address", "127.0.0.1:0", "--ec2-address", "127.0.0.1:0", "--clouds-address", "127.0.0.1:0", "--simulator-control-address", "127.0.0.1:0")
	p.await(tb, func() error {
		_, err := os.Stat(dev.Path("env"))
		return err
	})
	if err := os.Remove(dev.Path("bin", "velero")); err != nil {
		tb.Fatal(err)
	}
	if err := os.Symlink(Tool(tb, "velero"), dev.Path("bin", "velero")); err != nil {
		tb.Fatal(err)
	}
	return dev
}
