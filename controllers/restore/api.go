package restore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/retry"

	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/resources"
)

// api is the cluster that is restored into.
type api struct {
	dynamic   dynamic.Interface
	discovery discovery.DiscoveryInterface
	// plain sends what is not to be read once more when it is answered, which would take as long as all else.
	plain rest.Interface
	// fieldOwner is the manager of the fields that are written.
	fieldOwner string
	// dry has nothing written: what is not there counts as created, and what is there as changed.
	dry bool
}

func newAPI(config *rest.Config, fieldOwner string) (*api, error) {
	objects, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making a client of the API: %w", err)
	}
	discover, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making a client for discovery: %w", err)
	}
	plain, err := rest.UnversionedRESTClientFor(dynamic.ConfigFor(config))
	if err != nil {
		return nil, fmt.Errorf("making a client of the API: %w", err)
	}
	return &api{dynamic: objects, discovery: discover, plain: plain, fieldOwner: fieldOwner}, nil
}

// served are the resources that the cluster has now. Groups that cannot be found out are an error beside the others.
func (a *api) served(ctx context.Context) (resources.List, error) {
	all, err := resources.Discover(ctx, a.discovery)
	return all.Storable(), err
}

// resourceOf is the resource of an object, in the group and version that the object has.
func resourceOf(object backups.Object, content *unstructured.Unstructured) schema.GroupVersionResource {
	return content.GroupVersionKind().GroupVersion().WithResource(object.Resource.Resource)
}

// of returns the client of an object's resource.
func (a *api) of(object backups.Object, content *unstructured.Unstructured) dynamic.ResourceInterface {
	resource := resourceOf(object, content)
	if namespace := content.GetNamespace(); namespace != "" {
		return a.dynamic.Resource(resource).Namespace(namespace)
	}
	return a.dynamic.Resource(resource)
}

// alone asks for the metadata of an object, where the answer is of no use.
const alone = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json"

// begin completes a request for an object's resource. What a backup has in the place of names cannot lead elsewhere: the request refuses it.
func (a *api) begin(request *rest.Request, object backups.Object, content *unstructured.Unstructured) *rest.Request {
	resource, root := resourceOf(object, content), "/apis"
	if resource.Group == "" {
		root = "/api"
	}
	namespace := content.GetNamespace()
	return request.AbsPath(root, resource.Group, resource.Version).NamespaceIfScoped(namespace, namespace != "").Resource(resource.Resource).
		Param("fieldManager", a.fieldOwner).SetHeader("Accept", alone)
}

// create creates an object. It is tried again when the API did not answer, or was busy. Unless the whole object is wanted that there is
// then, the one that was sent stands for it.
func (a *api) create(ctx context.Context, object backups.Object, content *unstructured.Unstructured, whole bool) (created *unstructured.Unstructured, err error) {
	if a.dry {
		_, err := a.get(ctx, object, content)
		switch {
		case apierrors.IsNotFound(err):
			return content.DeepCopy(), nil
		case err != nil:
			return nil, err
		}
		return nil, apierrors.NewAlreadyExists(object.Resource, content.GetName())
	}
	if whole {
		err = retry.OnError(again, passing, func() error {
			created, err = a.of(object, content).Create(ctx, content, metav1.CreateOptions{FieldManager: a.fieldOwner})
			return err
		})
		return created, err
	}
	body, err := content.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("encoding it: %w", err)
	}
	return content, retry.OnError(again, passing, func() error {
		return a.begin(a.plain.Post(), object, content).SetHeader("Content-Type", runtime.ContentTypeJSON).Body(body).Do(ctx).Error()
	})
}

func (a *api) get(ctx context.Context, object backups.Object, content *unstructured.Unstructured) (found *unstructured.Unstructured, err error) {
	err = retry.OnError(again, passing, func() error {
		found, err = a.of(object, content).Get(ctx, content.GetName(), metav1.GetOptions{})
		return err
	})
	return found, err
}

// patch applies a merge patch to an object.
func (a *api) patch(ctx context.Context, object backups.Object, content *unstructured.Unstructured, patch []byte) error {
	if a.dry {
		return nil
	}
	return retry.OnError(again, passing, func() error {
		return a.begin(a.plain.Patch(types.MergePatchType), object, content).Name(content.GetName()).Body(patch).Do(ctx).Error()
	})
}

// setStatus writes the status of an object that was created, in the state that it was created in or, if that has changed, the one
// that it has.
func (a *api) setStatus(ctx context.Context, object backups.Object, created *unstructured.Unstructured, status any) error {
	if a.dry {
		return nil
	}
	content := created.DeepCopy()
	return retry.OnError(retry.DefaultRetry, apierrors.IsConflict, func() error {
		content.Object["status"] = status
		_, err := a.of(object, content).UpdateStatus(ctx, content, metav1.UpdateOptions{FieldManager: a.fieldOwner})
		if apierrors.IsConflict(err) {
			if newer, getErr := a.get(ctx, object, content); getErr == nil {
				content = newer
			}
		}
		return err
	})
}

// again is how often a request is tried, and with which pauses.
var again = wait.Backoff{Steps: 4, Duration: 200 * time.Millisecond, Factor: 3, Jitter: 0.2}

// passing says of an error that the next attempt may succeed.
func passing(err error) bool {
	var network net.Error
	return apierrors.IsServerTimeout(err) || apierrors.IsTimeout(err) || apierrors.IsTooManyRequests(err) || apierrors.IsServiceUnavailable(err) ||
		errors.As(err, &network)
}
