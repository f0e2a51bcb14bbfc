package apiserver

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/client-go/rest"

	"github.com/velero-locations/velero-locations/internal/bounded"
)

// Validate returns what is missing, contradictory or out of range.
func (o *Options) Validate() error {
	errs := []error{o.validateFiles(), o.validateEtcd(), o.validateCluster(), o.validateServing(), o.validateAudit()}
	recommended := *o.Recommended
	if len(o.Recommended.Etcd.StorageConfig.Transport.ServerList) == 0 {
		recommended.Etcd = nil // said by validateEtcd, or filled in once the embedded one runs
	}
	errs = append(errs, recommended.Validate()...)
	errs = append(errs, o.ServerRun.Validate()...)
	errs = append(errs, o.components.Validate()...)
	return utilerrors.NewAggregate(errs)
}

// validateFiles refuses files that the libraries which read them would never come to the end of.
func (o *Options) validateFiles() error {
	authentication, transport, serving := o.Recommended.Authentication, o.Recommended.Etcd.StorageConfig.Transport, o.Recommended.SecureServing
	var errs []error
	for _, file := range []struct{ flag, path string }{
		{"--kubeconfig", o.Recommended.CoreAPI.CoreAPIKubeconfigPath},
		{"--authentication-kubeconfig", authentication.RemoteKubeConfigFile},
		{"--authorization-kubeconfig", o.Recommended.Authorization.RemoteKubeConfigFile},
		{"--client-ca-file", authentication.ClientCert.ClientCA},
		{"--requestheader-client-ca-file", authentication.RequestHeader.ClientCAFile},
		{"--tls-cert-file", serving.ServerCert.CertKey.CertFile},
		{"--tls-private-key-file", serving.ServerCert.CertKey.KeyFile},
		{"--etcd-cafile", transport.TrustedCAFile},
		{"--etcd-certfile", transport.CertFile},
		{"--etcd-keyfile", transport.KeyFile},
		{"--audit-policy-file", o.Recommended.Audit.PolicyFile},
		{"--audit-webhook-config-file", o.Recommended.Audit.WebhookOptions.ConfigFile},
		{"--admission-control-config-file", o.Recommended.Admission.ConfigFile},
	} {
		if err := bounded.Check(file.path); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", file.flag, err))
		}
	}
	return errors.Join(errs...)
}

func (o *Options) validateEtcd() error {
	servers, embedded := o.Recommended.Etcd.StorageConfig.Transport.ServerList, o.EmbeddedEtcd.Dir != ""
	switch {
	case len(servers) > 0 && embedded:
		return errors.New("--etcd-servers and --embedded-etcd-dir exclude each other: name the servers of an etcd, or a directory for an embedded one")
	case len(servers) == 0 && !embedded:
		return errors.New("no etcd: name its servers by --etcd-servers, or a directory for an embedded one by --embedded-etcd-dir")
	}
	return errors.Join(o.EmbeddedEtcd.Validate(), o.validateEtcdTLS(servers, embedded))
}

// validateEtcdTLS refuses files for TLS that are incomplete, and those that nothing would use.
func (o *Options) validateEtcdTLS(servers []string, embedded bool) error {
	transport := o.Recommended.Etcd.StorageConfig.Transport
	if err := together("--etcd-certfile", transport.CertFile, "--etcd-keyfile", transport.KeyFile); err != nil {
		return err
	}
	if transport.CertFile == "" && transport.TrustedCAFile == "" {
		return nil
	}
	if embedded {
		return errors.New("--etcd-cafile, --etcd-certfile and --etcd-keyfile are for --etcd-servers: the embedded etcd has no use for them")
	}
	if i := slices.IndexFunc(servers, func(server string) bool { return !strings.HasPrefix(server, "https://") }); i >= 0 {
		return fmt.Errorf("--etcd-servers has %s, which does not speak TLS, beside files for TLS: write https://, or leave out --etcd-cafile, --etcd-certfile and --etcd-keyfile", servers[i])
	}
	return nil
}

// validateCluster refuses to start a server that could ask nobody who its users are and what they may do.
func (o *Options) validateCluster() error {
	if o.ClusterPatience <= 0 {
		return fmt.Errorf("--cluster-patience is %s: it must be positive", o.ClusterPatience)
	}
	if _, err := rest.InClusterConfig(); err == nil {
		return nil
	}
	var missing []string
	for flag, kubeconfig := range map[string]string{
		"--kubeconfig":                o.Recommended.CoreAPI.CoreAPIKubeconfigPath,
		"--authentication-kubeconfig": o.Recommended.Authentication.RemoteKubeConfigFile,
		"--authorization-kubeconfig":  o.Recommended.Authorization.RemoteKubeConfigFile,
	} {
		if kubeconfig == "" {
			missing = append(missing, flag)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	slices.Sort(missing)
	return fmt.Errorf("not running in a cluster: name kubeconfig files of the cluster to serve by %s (a server without a cluster is `velero-locations dev`)", strings.Join(missing, ", "))
}

// validateServing wants a certificate that kube-apiserver can verify.
func (o *Options) validateServing() error {
	serving := o.Recommended.SecureServing
	pair := serving.ServerCert.CertKey
	if pair.CertFile == "" && pair.KeyFile == "" && len(serving.SNICertKeys) == 0 {
		return errors.New("no certificate to serve with: name its file by --tls-cert-file and that of its key by --tls-private-key-file; it must be one that kube-apiserver trusts by the caBundle of the APIService")
	}
	return together("--tls-cert-file", pair.CertFile, "--tls-private-key-file", pair.KeyFile)
}

// validateAudit refuses a log or a webhook that would never hear of a request, and a policy that nothing follows.
func (o *Options) validateAudit() error {
	audit := o.Recommended.Audit
	backend := audit.LogOptions.Path != "" || audit.WebhookOptions.ConfigFile != ""
	switch {
	case backend && audit.PolicyFile == "":
		return errors.New("--audit-log-path and --audit-webhook-config-file need --audit-policy-file, which says what is recorded")
	case !backend && audit.PolicyFile != "":
		return errors.New("--audit-policy-file needs --audit-log-path or --audit-webhook-config-file, which say where it is recorded")
	}
	return nil
}

// together refuses one of two flags that mean something only together.
func together(flag, value, otherFlag, otherValue string) error {
	switch {
	case value != "" && otherValue == "":
		return fmt.Errorf("%s is given without %s", flag, otherFlag)
	case value == "" && otherValue != "":
		return fmt.Errorf("%s is given without %s", otherFlag, flag)
	}
	return nil
}
