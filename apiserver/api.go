// Package apiserver serves API groups from etcd with Kubernetes' generic API server: as an
// aggregated server behind a kube-apiserver, or alone (see package standalone).
package apiserver

import (
	"fmt"

	"github.com/spf13/pflag"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/velero-locations/velero-locations/apis/velero/install"
	"github.com/velero-locations/velero-locations/locations/selection"
	"github.com/velero-locations/velero-locations/registry/core"
	"github.com/velero-locations/velero-locations/registry/generic"
	"github.com/velero-locations/velero-locations/registry/review"
	"github.com/velero-locations/velero-locations/registry/velero/backup"
	"github.com/velero-locations/velero-locations/registry/velero/backuprepository"
	"github.com/velero-locations/velero-locations/registry/velero/backupstoragelocation"
	"github.com/velero-locations/velero-locations/registry/velero/datadownload"
	"github.com/velero-locations/velero-locations/registry/velero/dataupload"
	"github.com/velero-locations/velero-locations/registry/velero/deletebackuprequest"
	"github.com/velero-locations/velero-locations/registry/velero/downloadrequest"
	"github.com/velero-locations/velero-locations/registry/velero/podvolumebackup"
	"github.com/velero-locations/velero-locations/registry/velero/podvolumerestore"
	"github.com/velero-locations/velero-locations/registry/velero/restore"
	"github.com/velero-locations/velero-locations/registry/velero/schedule"
	"github.com/velero-locations/velero-locations/registry/velero/serverstatusrequest"
	"github.com/velero-locations/velero-locations/registry/velero/volumesnapshotlocation"
)

// Group is an API group that can be served.
type Group struct {
	// AddToScheme registers the types of all versions.
	AddToScheme func(*runtime.Scheme) error
	// JSONOnly groups have types without a Protocol Buffers encoding.
	JSONOnly bool
	// Kinds returns the kinds of the group as they are in a server.
	Kinds func(*generic.Environment) []generic.Kind
	// Reviews are kinds that answer what they are asked, and of which nothing is kept.
	Reviews []review.Kind
}

// Velero is group velero.io.
var Velero = Group{
	AddToScheme: install.Install,
	JSONOnly:    true,
	Kinds: func(env *generic.Environment) []generic.Kind {
		return []generic.Kind{
			backup.New(env), restore.New(env), schedule.New(env),
			deletebackuprequest.New(env), downloadrequest.New(env), serverstatusrequest.New(env),
			podvolumebackup.New(env), podvolumerestore.New(env), backuprepository.New(env),
			backupstoragelocation.New(env), volumesnapshotlocation.New(env),
			dataupload.New(env), datadownload.New(env),
		}
	},
}

// Core is the part of Kubernetes' own groups that a server without a cluster needs.
var Core = Group{
	AddToScheme: (&runtime.SchemeBuilder{corev1.AddToScheme, authorizationv1.AddToScheme, authenticationv1.AddToScheme}).AddToScheme,
	Kinds:       func(*generic.Environment) []generic.Kind { return core.Kinds },
	Reviews:     review.Kinds,
}

// API is a set of groups to serve, with the schemes that encode them.
type API struct {
	// Scheme of the types, which are their own internal form.
	Scheme *runtime.Scheme
	// WireScheme of what clients see, and OpenAPI documents: it knows of no internal form.
	WireScheme *runtime.Scheme
	// Codecs of the Scheme.
	Codecs serializer.CodecFactory
	// Kinds of all groups.
	Kinds []generic.Kind
	// Environment of the kinds. It may be changed until the server answers.
	Environment *generic.Environment

	reviews         []review.Kind
	storageVersions storageVersions
	jsonOnly        sets.Set[string]
}

// NewAPI joins groups to one API.
func NewAPI(groups ...Group) (*API, error) {
	api := &API{
		Scheme: runtime.NewScheme(), WireScheme: runtime.NewScheme(),
		Environment:     &generic.Environment{Defaults: selection.Defaults{StorageLocation: selection.DefaultStorageLocation}},
		storageVersions: storageVersions{}, jsonOnly: sets.New[string](),
	}
	for _, group := range groups {
		for _, scheme := range []*runtime.Scheme{api.Scheme, api.WireScheme} {
			if err := group.AddToScheme(scheme); err != nil {
				return nil, fmt.Errorf("registering the types of a group: %w", err)
			}
		}
		kinds := group.Kinds(api.Environment)
		for _, kind := range kinds {
			if err := kind.AddToScheme(api.Scheme); err != nil {
				return nil, err
			}
			served := kind.GroupVersionKind()
			api.storageVersions[served.GroupKind()] = served.GroupVersion()
			if group.JSONOnly {
				api.jsonOnly.Insert(served.Group)
			}
		}
		for _, kind := range group.Reviews {
			if err := kind.AddToScheme(api.Scheme); err != nil {
				return nil, err
			}
		}
		api.Kinds, api.reviews = append(api.Kinds, kinds...), append(api.reviews, group.Reviews...)
	}

	// Options of requests and the answers that belong to no group are of version v1.
	unversioned := schema.GroupVersion{Version: "v1"}
	metav1.AddToGroupVersion(api.Scheme, unversioned)
	api.Scheme.AddUnversionedTypes(unversioned,
		&metav1.Status{}, &metav1.APIVersions{}, &metav1.APIGroupList{}, &metav1.APIGroup{}, &metav1.APIResourceList{})
	// A list is sent item by item: encoded as a whole it would take as much memory as all that it lists.
	api.Codecs = serializer.NewCodecFactory(api.Scheme, serializer.WithStreamingCollectionEncodingToJSON())
	return api, nil
}

// AddFlags adds the flags of the rules and the defaults that the API's kinds follow.
func (a *API) AddFlags(flags *pflag.FlagSet) {
	flags.Var(&a.Environment.Rules.ProviderConfig, "provider-config",
		"What becomes of errors in spec.config, such as keys that the provider's plugin does not have: enforce refuses the location, warn accepts it with a warning, off does not look. For plugins that are newer than this server.")
	a.Environment.Defaults.AddFlags(flags)
}

// StorageCodec encodes objects as they are kept in etcd.
func (a *API) StorageCodec() runtime.Codec {
	info, _ := runtime.SerializerInfoForMediaType(a.Codecs.SupportedMediaTypes(), runtime.ContentTypeJSON)
	codec := a.Codecs.CodecForVersions(onceEncoder{info.Serializer, nil}, a.Codecs.UniversalDeserializer(), a.storageVersions, runtime.InternalGroupVersioner)
	return runtime.NewCodec(codec, generic.Bare(codec))
}

// StorageVersioner picks the version that objects are kept in.
func (a *API) StorageVersioner() runtime.GroupVersioner {
	return a.storageVersions
}

// storageVersions is the version that objects of each kind are kept in: the only one that it is
// served in, so that a group may have kinds of several versions.
type storageVersions map[schema.GroupKind]schema.GroupVersion

var _ runtime.GroupVersioner = storageVersions{}

// KindForGroupVersionKinds implements runtime.GroupVersioner.
func (v storageVersions) KindForGroupVersionKinds(kinds []schema.GroupVersionKind) (schema.GroupVersionKind, bool) {
	for _, kind := range kinds {
		if version, ok := v[kind.GroupKind()]; ok {
			return version.WithKind(kind.Kind), true
		}
	}
	return schema.GroupVersionKind{}, false
}

// Identifier implements runtime.GroupVersioner.
func (v storageVersions) Identifier() string {
	return fmt.Sprint(map[schema.GroupKind]schema.GroupVersion(v))
}
