package apiserver

import (
	"context"
	"fmt"
	"net/http"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/endpoints/openapi"
	"k8s.io/apiserver/pkg/registry/rest"
	genericapiserver "k8s.io/apiserver/pkg/server"
	coreinformers "k8s.io/client-go/informers/core/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/velero-locations/velero-locations/apiserver/etcd"
	generatedopenapi "github.com/velero-locations/velero-locations/generated/openapi"
	"github.com/velero-locations/velero-locations/internal/memory"
	"github.com/velero-locations/velero-locations/registry/cluster"
	"github.com/velero-locations/velero-locations/registry/generic"
)

// Name of the server, as its metrics, logs and OpenAPI document give it.
const Name = "velero-locations"

// watchGracePeriod is how long watches may take to end when the server stops. Without one, a
// single watch holds the server up for a minute.
const watchGracePeriod = time.Second

// Config of a server: what it serves, and how Kubernetes' generic server is set up to do it.
type Config struct {
	// API that is served.
	API *API
	// Generic is the config of Kubernetes' generic server, open to change until New.
	Generic *genericapiserver.RecommendedConfig
	// FollowsNamespaces says that the server keeps up with the namespaces of the cluster, as its admission does, too.
	FollowsNamespaces bool
	// Embedded is the etcd of this process, where it is that which keeps the objects.
	Embedded *etcd.Server
}

// NewConfig returns the config that every server of an API starts from.
func NewConfig(api *API) *Config {
	generic := genericapiserver.NewRecommendedConfig(api.Codecs)
	namer := openapi.NewDefinitionNamer(api.WireScheme)
	generic.OpenAPIConfig = genericapiserver.DefaultOpenAPIConfig(generatedopenapi.GetOpenAPIDefinitions, namer)
	generic.OpenAPIV3Config = genericapiserver.DefaultOpenAPIV3Config(generatedopenapi.GetOpenAPIDefinitions, namer)
	generic.OpenAPIConfig.Info.Title, generic.OpenAPIV3Config.Info.Title = Name, Name
	hideStrategicPatches(generic.OpenAPIConfig, generic.OpenAPIV3Config)
	generic.BuildHandlerChainFunc = func(handler http.Handler, c *genericapiserver.Config) http.Handler {
		handler = api.readPatches(withoutProtobuf(handler, api.jsonOnly, api.Codecs), c.MaxRequestBodyBytes)
		handler = api.shed(handler, memory.Process, c.MaxRequestBodyBytes)
		return genericapiserver.DefaultBuildHandlerChain(handler, c)
	}
	generic.ShutdownWatchTerminationGracePeriod = watchGracePeriod
	return &Config{API: api, Generic: generic}
}

// Server serves an API.
type Server struct {
	// Generic is Kubernetes' generic server, with the API installed.
	Generic *genericapiserver.GenericAPIServer
}

// New returns a server that does not listen yet.
func (c *Config) New() (*Server, error) {
	if c.Embedded != nil {
		c.useEmbedded()
	}
	if serving := c.Generic.SecureServing; serving != nil && serving.Listener != nil {
		serving.Listener = newFarewellListener(serving.Listener)
	}
	tellCertificateEnd(c.Generic.SecureServing)
	generic, err := c.Generic.Complete().New(Name, genericapiserver.NewEmptyDelegate())
	if err != nil {
		return nil, fmt.Errorf("setting up the API server: %w", err)
	}
	generic.ShutdownTimeout = drainTimeout
	if proxy := c.Generic.Authentication.RequestHeaderConfig; proxy != nil {
		if err := generic.AddReadyzChecks(&authorities{ofProxy: proxy.CAContentProvider, now: time.Now}); err != nil {
			return nil, fmt.Errorf("adding a readiness probe: %w", err)
		}
	}
	if err := c.completeEnvironment(); err != nil {
		return nil, err
	}
	groups, err := c.groups(generic)
	if err != nil {
		return nil, err
	}
	for _, group := range groups {
		install := generic.InstallAPIGroup
		if group.PrioritizedVersions[0].Group == "" {
			install = func(info *genericapiserver.APIGroupInfo) error {
				return generic.InstallLegacyAPIGroup(genericapiserver.DefaultLegacyAPIPrefix, info)
			}
		}
		if err := install(group); err != nil {
			return nil, fmt.Errorf("installing API group %q: %w", group.PrioritizedVersions[0].Group, err)
		}
	}
	if c.Embedded != nil {
		generic.Handler.NonGoRestfulMux.Handle(SnapshotPath, snapshots{c.Embedded})
	}
	return &Server{Generic: generic}, nil
}

// Run serves until the context ends, then drains.
func (s *Server) Run(ctx context.Context) error {
	if err := s.Generic.PrepareRun().RunWithContext(ctx); err != nil {
		return fmt.Errorf("running the API server: %w", err)
	}
	return nil
}

// completeEnvironment tells the kinds who may do what, and what the cluster has.
func (c *Config) completeEnvironment() error {
	env := c.API.Environment
	env.Authorizer = c.Generic.Authorization.Authorizer
	if c.Generic.ClientConfig == nil {
		return nil
	}
	client, err := kubernetes.NewForConfig(c.Generic.ClientConfig)
	if err != nil {
		return fmt.Errorf("making a client of the cluster: %w", err)
	}
	env.Kubernetes = client
	var namespaces coreinformers.NamespaceInformer
	if c.FollowsNamespaces {
		namespaces = c.Generic.SharedInformerFactory.Core().V1().Namespaces()
	}
	env.Cluster = cluster.New(client, namespaces)
	return nil
}

// groups returns the storage of all kinds, by group and version. What has to run beside a kind's does so with the server.
func (c *Config) groups(server *genericapiserver.GenericAPIServer) (map[string]*genericapiserver.APIGroupInfo, error) {
	groups := map[string]*genericapiserver.APIGroupInfo{}
	for _, kind := range c.API.Kinds {
		store, err := kind.NewStore(c.API.Scheme, c.Generic.RESTOptionsGetter)
		if err != nil {
			return nil, err
		}
		c.API.Environment.Serve(kind.GroupVersionResource().GroupResource(), store)
		addStorage(groups, c.API, kind.GroupVersionResource(), store)
		if err := runBeside(server, store); err != nil {
			return nil, err
		}
	}
	for _, kind := range c.API.reviews {
		addStorage(groups, c.API, kind.GroupVersionResource(), kind.NewStorage(c.API.Environment))
	}
	return groups, nil
}

func runBeside(server *genericapiserver.GenericAPIServer, store *generic.Store) error {
	run := store.Background()
	if run == nil {
		return nil
	}
	name := "dependents-of-" + store.DefaultQualifiedResource.Resource
	err := server.AddPostStartHook(name, func(hook genericapiserver.PostStartHookContext) error {
		go run(hook)
		return nil
	})
	if err != nil {
		return fmt.Errorf("adding %s to the server: %w", name, err)
	}
	return nil
}

func addStorage(groups map[string]*genericapiserver.APIGroupInfo, api *API, gvr schema.GroupVersionResource, storage rest.Storage) {
	if groups[gvr.Group] == nil {
		info := genericapiserver.NewDefaultAPIGroupInfo(gvr.Group, api.Scheme, metav1.ParameterCodec, api.Codecs)
		if api.jsonOnly.Has(gvr.Group) {
			info.NegotiatedSerializer = newOnceSerializer(strictSerializer{api.Codecs, api.Scheme})
		}
		info.NegotiatedSerializer = lightSerializer{info.NegotiatedSerializer}
		groups[gvr.Group] = &info
	}
	versions := groups[gvr.Group].VersionedResourcesStorageMap
	if versions[gvr.Version] == nil {
		versions[gvr.Version] = map[string]rest.Storage{}
	}
	versions[gvr.Version][gvr.Resource] = storage
}
