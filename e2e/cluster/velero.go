package cluster

import (
	"os"
	"path/filepath"
	"testing"
)

// StartVelero starts Velero's own server, with its plugin for AWS, on the cluster and its simulated storage. It works on the
// same objects as our controllers, which are to be stopped.
func (c *Cluster) StartVelero(tb testing.TB) {
	tb.Helper()
	const plugin = "velero-plugin-for-aws"
	plugins := tb.TempDir()
	if err := os.Symlink(Tool(tb, plugin), filepath.Join(plugins, plugin)); err != nil {
		tb.Fatal(err)
	}
	metrics, _ := freeAddress(tb)
	profiler, _ := freeAddress(tb)
	c.velero = c.start(tb, "velero-server", "env",
		"AWS_SHARED_CREDENTIALS_FILE="+c.Path("accounts", "primary"), "AWS_ENDPOINT_URL_S3="+c.s3, "AWS_ENDPOINT_URL_EC2="+c.ec2,
		Tool(tb, "velero"), "server", "--kubeconfig", c.Path("kubeconfig"), "--plugin-dir", plugins,
		"--metrics-address", metrics, "--profiler-address", profiler)
}

// StopVelero stops Velero's server as Kubernetes does.
func (c *Cluster) StopVelero(tb testing.TB) {
	tb.Helper()
	c.velero.stop(tb)
}
