// Package standalone runs the API server without a cluster: it knows its users by client
// certificates of one authority, lets privileged ones do everything and the others ask what they may do, and keeps namespaces itself.
package standalone

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"time"

	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle"
	"k8s.io/apiserver/pkg/authentication/group"
	x509request "k8s.io/apiserver/pkg/authentication/request/x509"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/authorization/authorizerfactory"
	"k8s.io/apiserver/pkg/server/dynamiccertificates"
	genericoptions "k8s.io/apiserver/pkg/server/options"
	"k8s.io/apiserver/pkg/storage/storagebackend"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"

	"github.com/velero-locations/velero-locations/apiserver"
	"github.com/velero-locations/velero-locations/apiserver/etcd"
	"github.com/velero-locations/velero-locations/registry/review"
)

// Options of a standalone server.
type Options struct {
	// Listener that the server answers on.
	Listener net.Listener
	// CertPEM and KeyPEM are the serving certificate.
	CertPEM, KeyPEM []byte
	// ClientCAPEM signed the certificates of all clients: its users are named by the common
	// name, their groups by the organizations. Other requests are refused.
	ClientCAPEM []byte
	// Etcd keeps the server's objects.
	Etcd *etcd.Server
}

// informerResync is how often informers look at everything they know again.
const informerResync = 10 * time.Minute

// New returns a server of the API that does not answer yet.
func New(api *apiserver.API, options Options) (*apiserver.Server, error) {
	config := apiserver.NewConfig(api)
	if err := config.SetDefaultVersion(); err != nil {
		return nil, err
	}
	for _, apply := range []func(*apiserver.Config, Options) error{applyEtcd, applyServing, applyUsers, applyAdmission} {
		if err := apply(config, options); err != nil {
			return nil, err
		}
	}
	return config.New()
}

func applyEtcd(config *apiserver.Config, options Options) error {
	config.Embedded = options.Etcd
	storage := genericoptions.NewEtcdOptions(storagebackend.NewDefaultConfig(apiserver.EtcdPrefix, config.API.StorageCodec()))
	storage.StorageConfig.EncodeVersioner = config.API.StorageVersioner()
	storage.StorageConfig.Transport.ServerList = []string{options.Etcd.Endpoint()}
	if err := storage.ApplyTo(&config.Generic.Config); err != nil {
		return fmt.Errorf("connecting the server to etcd: %w", err)
	}
	return nil
}

func applyServing(config *apiserver.Config, options Options) error {
	certificate, err := dynamiccertificates.NewStaticCertKeyContent("serving", options.CertPEM, options.KeyPEM)
	if err != nil {
		return fmt.Errorf("reading the serving certificate: %w", err)
	}
	serving := genericoptions.NewSecureServingOptions()
	serving.Listener = options.Listener
	serving.ServerCert.CertDirectory = ""
	serving.ServerCert.GeneratedCert = certificate
	if err := serving.WithLoopback().ApplyToConfig(&config.Generic.Config); err != nil {
		return fmt.Errorf("setting up TLS: %w", err)
	}
	return nil
}

func applyUsers(config *apiserver.Config, options Options) error {
	authority, err := dynamiccertificates.NewStaticCAContent("clients", options.ClientCAPEM)
	if err != nil {
		return fmt.Errorf("reading the certificates of the clients' authority: %w", err)
	}
	if err := config.Generic.Authentication.ApplyClientCert(authority, config.Generic.SecureServing); err != nil {
		return fmt.Errorf("asking clients for certificates: %w", err)
	}
	verify := func() (x509.VerifyOptions, bool) { return authority.VerifyOptions() }
	config.Generic.Authentication.Authenticator = group.NewAuthenticatedGroupAdder(
		x509request.NewDynamic(verify, x509request.CommonNameUserConversion))
	privileged := authorizerfactory.NewPrivilegedGroups(user.SystemPrivilegedGroup)
	config.Generic.Authorization.Authorizer = authorizer.AuthorizerFunc(func(ctx context.Context, request authorizer.Attributes) (authorizer.Decision, string, error) {
		if review.Asks(request) {
			return authorizer.DecisionAllow, "", nil
		}
		return privileged.Authorize(ctx, request)
	})
	return nil
}

// applyAdmission refuses objects in namespaces that do not exist or are being deleted, as
// kube-apiserver does. The namespace "default" cannot be deleted.
func applyAdmission(config *apiserver.Config, _ Options) error {
	client, err := kubernetes.NewForConfig(config.Generic.LoopbackClientConfig)
	if err != nil {
		return fmt.Errorf("making the server's own client: %w", err)
	}
	config.Generic.ClientConfig = config.Generic.LoopbackClientConfig
	plugin, err := lifecycle.NewLifecycle(sets.New("default"))
	if err != nil {
		return fmt.Errorf("setting up the life cycle of namespaces: %w", err)
	}
	config.Generic.SharedInformerFactory = informers.NewSharedInformerFactory(client, informerResync)
	plugin.SetExternalKubeClientSet(client)
	plugin.SetExternalKubeInformerFactory(config.Generic.SharedInformerFactory)
	if err := plugin.ValidateInitialization(); err != nil {
		return fmt.Errorf("setting up the life cycle of namespaces: %w", err)
	}
	config.Generic.AdmissionControl = plugin
	config.FollowsNamespaces = true
	return nil
}
