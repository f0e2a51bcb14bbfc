package cluster

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
)

// Pod is the container of a workload of ours as a process on loopback, for lack of nodes: with the arguments, the files and
// the service account that the workload gives it.
type Pod struct {
	cluster *Cluster
	process *process
	dirs    map[string]string // by volume
	said    int               // length of the log when it was started
	volumes []corev1.Volume
}

// Install applies an overlay of deploy/, whose pods nobody starts but Pod.
func (c *Cluster) Install(tb testing.TB, overlay string) {
	tb.Helper()
	c.Kubectl(tb, "apply", "-k", filepath.Join(Repository(tb), "deploy", "overlays", overlay))
}

// Pod starts the container of a workload, such as deployment/NAME. The flags come after those of the workload.
func (c *Cluster) Pod(tb testing.TB, workload string, flags ...string) *Pod {
	tb.Helper()
	template := c.template(tb, workload)
	container := template.Spec.Containers[0]
	p := &Pod{cluster: c, dirs: map[string]string{}, volumes: template.Spec.Volumes}
	args := container.Args
	for _, mount := range container.VolumeMounts {
		p.dirs[mount.Name] = c.Path("pods", strings.ReplaceAll(workload, "/", "-"), mount.Name)
		for i, arg := range args {
			args[i] = strings.ReplaceAll(arg, mount.MountPath, p.dirs[mount.Name])
		}
	}
	p.Refresh(tb)

	account := template.Spec.ServiceAccountName
	c.serviceAccount(tb, account)
	kubeconfig := c.Path(account + ".kubeconfig")
	args = append(args, "--kubeconfig="+kubeconfig)
	if args[0] == "apiserver" {
		args = append(args, "--authentication-kubeconfig="+kubeconfig, "--authorization-kubeconfig="+kubeconfig)
	}
	_, name, _ := strings.Cut(workload, "/")
	earlier, err := os.ReadFile(c.Path("logs", name+".log"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		tb.Fatal(err)
	}
	p.said = len(earlier)
	p.process = c.start(tb, name, Tool(tb, program), append(args, flags...)...)
	return p
}

// template returns the pods of a workload of our namespace.
func (c *Cluster) template(tb testing.TB, workload string) corev1.PodTemplateSpec {
	tb.Helper()
	var found struct {
		Spec struct {
			Template corev1.PodTemplateSpec `json:"template"`
		} `json:"spec"`
	}
	if err := json.Unmarshal([]byte(c.Kubectl(tb, "get", workload, "-n", home, "-o", "json")), &found); err != nil {
		tb.Fatal(err)
	}
	return found.Spec.Template
}

// Refresh writes the Secrets that the pod mounts as they are now.
func (p *Pod) Refresh(tb testing.TB) {
	tb.Helper()
	for _, volume := range p.volumes {
		if volume.Secret == nil {
			continue
		}
		var secret corev1.Secret
		if err := json.Unmarshal([]byte(p.cluster.Kubectl(tb, "get", "secret", volume.Secret.SecretName, "-n", home, "-o", "json")), &secret); err != nil {
			tb.Fatal(err)
		}
		if err := os.MkdirAll(p.dirs[volume.Name], 0o700); err != nil {
			tb.Fatal(err)
		}
		for name, data := range secret.Data {
			// Whole or not at all, as a node does it.
			path := filepath.Join(p.dirs[volume.Name], name)
			if err := os.WriteFile(path+".new", data, 0o600); err != nil {
				tb.Fatal(err)
			}
			if err := os.Rename(path+".new", path); err != nil {
				tb.Fatal(err)
			}
		}
	}
}

// Await polls until the pod is ready.
func (p *Pod) Await(tb testing.TB, ready func() error) {
	tb.Helper()
	p.process.await(tb, ready)
}

// Stop stops the pod as Kubernetes does.
func (p *Pod) Stop(tb testing.TB) {
	tb.Helper()
	p.process.stop(tb)
}

// Fails waits until the pod ends by itself, and returns what it says. It fails the test if there is no error.
func (p *Pod) Fails(tb testing.TB) string {
	tb.Helper()
	p.process.wait(tb)
	log := p.Log(tb)
	if p.process.err == nil {
		tb.Fatalf("%s ended without an error:\n%s", p.process.name, log)
	}
	return log
}

// Log is what the pod has said.
func (p *Pod) Log(tb testing.TB) string {
	tb.Helper()
	log, err := os.ReadFile(p.process.log)
	if err != nil {
		tb.Fatal(err)
	}
	return string(log[p.said:])
}

// StartSecureEtcd starts an etcd for our server that takes TLS clients with certificates only, puts such a certificate into Secret
// velero-locations-etcd, and returns the etcd's address.
func (c *Cluster) StartSecureEtcd(tb testing.TB) string {
	tb.Helper()
	const name = "secure-etcd"
	c.issue(tb, c.servers, name, serving(name))
	c.issue(tb, c.users, name+"-client", client(program))
	file := func(name string) string { return c.Path("pki", name) }
	address, _ := freeAddress(tb)
	peers, _ := freeAddress(tb)
	url := "https://" + address
	etcd := c.start(tb, name, Tool(tb, "etcd"), "--data-dir", c.Path(name), "--unsafe-no-fsync", "--log-level", "warn",
		"--cert-file", file(name+".pem"), "--key-file", file(name+".key"), "--client-cert-auth", "--trusted-ca-file", file("users-ca.pem"),
		"--listen-client-urls", url, "--advertise-client-urls", url,
		"--listen-peer-urls", "http://"+peers, "--initial-advertise-peer-urls", "http://"+peers, "--initial-cluster", "default=http://"+peers)
	tlsClient := rest.TLSClientConfig{CAFile: c.ServingCA(), CertFile: file(name + "-client.pem"), KeyFile: file(name + "-client.key")}
	httpClient, err := rest.HTTPClientFor(&rest.Config{TLSClientConfig: tlsClient})
	if err != nil {
		tb.Fatal(err)
	}
	etcd.await(tb, func() error { return ready(httpClient, url+"/readyz") })
	c.Kubectl(tb, "create", "secret", "generic", program+"-etcd", "-n", home, "--from-file=ca.crt="+tlsClient.CAFile,
		"--from-file=tls.crt="+tlsClient.CertFile, "--from-file=tls.key="+tlsClient.KeyFile)
	return url
}

// ServerPod is the pod of our server.
type ServerPod struct {
	*Pod
	address string
}

// ServerPod starts the pod of our server on a free port.
func (c *Cluster) ServerPod(tb testing.TB, workload string, flags ...string) *ServerPod {
	tb.Helper()
	address, port := freeAddress(tb)
	flags = append([]string{"--bind-address=127.0.0.1", "--secure-port=" + port}, flags...)
	return &ServerPod{Pod: c.Pod(tb, workload, flags...), address: address}
}

// AwaitReady polls until the server is ready, for those who trust the authority of its certificate, which may be replaced
// meanwhile.
func (s *ServerPod) AwaitReady(tb testing.TB) {
	tb.Helper()
	s.Await(tb, func() error {
		// Not by the name of its file: clients of one file share a transport, which looks at the file again after minutes only.
		ca, err := os.ReadFile(filepath.Join(s.dirs["serving"], "ca.crt"))
		if err != nil {
			return err
		}
		client, err := rest.HTTPClientFor(&rest.Config{TLSClientConfig: rest.TLSClientConfig{CAData: ca, ServerName: program + "." + home + ".svc"}})
		if err != nil {
			return err
		}
		return ready(client, "https://"+s.address+"/readyz")
	})
}

// Expose points the Service and the APIServices to the server, and waits until kube-apiserver reaches it.
func (s *ServerPod) Expose(tb testing.TB) {
	tb.Helper()
	_, port, _ := strings.Cut(s.address, ":")
	s.cluster.Kubectl(tb, "patch", "service", program, "-n", home, "--type=merge", "-p",
		`{"spec":{"type":"ExternalName","externalName":"localhost","clusterIP":null,"clusterIPs":null}}`)
	for _, version := range Versions(tb) {
		name := "apiservice/" + version.Version + "." + version.Group
		s.cluster.Kubectl(tb, "patch", name, "--type=merge", "-p", fmt.Sprintf(`{"spec":{"service":{"port":%s}}}`, port))
		s.cluster.Kubectl(tb, "wait", "--for=condition=Available", "--timeout=60s", name)
	}
}

// Certificate is the serial number of the certificate that the server serves with.
func (s *ServerPod) Certificate(tb testing.TB) string {
	tb.Helper()
	dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}} // kube-apiserver verifies it
	connection, err := dialer.DialContext(tb.Context(), "tcp", s.address)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	return connection.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.String()
}
