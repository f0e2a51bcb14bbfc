package migrate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/pager"

	velero "github.com/velero-locations/velero-locations/apis/velero/v1"
)

var (
	definitions = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
	apiServices = schema.GroupVersionResource{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"}
	pods        = schema.GroupVersionResource{Version: "v1", Resource: "pods"}
)

// owner is who serves the group.
type owner string

const (
	nobody     owner = "nobody"
	byCRDs     owner = "CustomResourceDefinitions"
	byServer   owner = "an aggregated API server"
	standalone owner = "this server itself" // without a cluster around it
)

// cluster is one to take objects from, or to put them into.
type cluster struct{ dynamic.Interface }

func newCluster(config *rest.Config) (*cluster, error) {
	config = rest.CopyConfig(config)
	config.QPS = -1 // it is for the server to say when it is asked too much
	config.WarningHandler = rest.NoWarnings{}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	return &cluster{client}, nil
}

// owner finds out who serves the group, and which of its definitions there are, whoever serves it.
func (c *cluster) owner(ctx context.Context) (owner, []string, error) {
	list, err := c.Resource(definitions).List(ctx, metav1.ListOptions{})
	if apierrors.IsNotFound(err) {
		return standalone, nil, nil
	}
	if err != nil {
		return "", nil, fmt.Errorf("listing CustomResourceDefinitions: %w", err)
	}
	var crds []string
	for i := range list.Items {
		if group, _, _ := unstructured.NestedString(list.Items[i].Object, "spec", "group"); group == velero.SchemeGroupVersion.Group {
			crds = append(crds, list.Items[i].GetName())
		}
	}
	service, err := c.Resource(apiServices).Get(ctx, apiServiceName(velero.SchemeGroupVersion), metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return nobody, crds, nil
	case err != nil:
		return "", nil, fmt.Errorf("reading who serves %s: %w", velero.SchemeGroupVersion, err)
	}
	if to, found, _ := unstructured.NestedMap(service.Object, "spec", "service"); found && to != nil {
		return byServer, crds, nil
	}
	return byCRDs, crds, nil
}

func apiServiceName(version schema.GroupVersion) string { return version.Version + "." + version.Group }

// veleroPods are the labels of the pods of Velero's server, as `velero install` and the chart make them.
var veleroPods = []string{"deploy=velero", "app.kubernetes.io/name=velero,name=velero"}

// idle makes sure that no server of Velero runs, which would take part in what happens.
func (c *cluster) idle(ctx context.Context) error {
	for _, selector := range veleroPods {
		list, err := c.Resource(pods).List(ctx, metav1.ListOptions{LabelSelector: selector})
		if apierrors.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("listing pods: %w", err)
		}
		for i := range list.Items {
			phase, _, _ := unstructured.NestedString(list.Items[i].Object, "status", "phase")
			if phase != "Succeeded" && phase != "Failed" {
				return fmt.Errorf("velero runs in pod %s of namespace %s, and would take part: stop it first, by kubectl scale deployment/velero --replicas=0 -n %s",
					list.Items[i].GetName(), list.Items[i].GetNamespace(), list.Items[i].GetNamespace())
			}
		}
	}
	return nil
}

// each calls a function for each object of a resource, none if nobody serves it.
func (c *cluster) each(ctx context.Context, resource schema.GroupVersionResource, do func(*unstructured.Unstructured) error) error {
	pages := pager.New(pager.SimplePageFunc(func(options metav1.ListOptions) (runtime.Object, error) {
		return c.Resource(resource).List(ctx, options)
	}))
	err := pages.EachListItem(ctx, metav1.ListOptions{}, func(object runtime.Object) error { return do(object.(*unstructured.Unstructured)) })
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("listing %s: %w", resource.Resource, err)
	}
	return nil
}

// removePatience is for how long the cluster may take to remove definitions, and all their objects.
const removePatience = 10 * time.Minute

// last compares names so that those of version v1 that owner goes by come last: it knows who serves the group until nothing else is left.
func last(a, b string) int { return strings.Compare(b, a) }

// removeDefinitions deletes definitions, and waits until they are gone with their objects.
func (c *cluster) removeDefinitions(ctx context.Context, names []string) error {
	for _, name := range slices.SortedFunc(slices.Values(names), last) {
		if err := c.Resource(definitions).Delete(ctx, name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("deleting CustomResourceDefinition %s: %w", name, err)
		}
	}
	return c.awaitGone(ctx, names)
}

func (c *cluster) awaitGone(ctx context.Context, names []string) error {
	var left []string
	err := wait.PollUntilContextTimeout(ctx, time.Second, removePatience, true, func(ctx context.Context) (bool, error) {
		_, crds, err := c.owner(ctx)
		left = slices.DeleteFunc(crds, func(name string) bool { return !slices.Contains(names, name) })
		return len(left) == 0, err
	})
	if err != nil {
		return fmt.Errorf("waiting for the definitions to go (left: %s): %w", strings.Join(left, ", "), err)
	}
	return nil
}

// removeAPIServices takes the group from a server. Its objects stay with it.
func (c *cluster) removeAPIServices(ctx context.Context) error {
	list, err := c.Resource(apiServices).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("listing APIServices: %w", err)
	}
	var names []string
	for i := range list.Items {
		if group, _, _ := unstructured.NestedString(list.Items[i].Object, "spec", "group"); group == velero.SchemeGroupVersion.Group {
			names = append(names, list.Items[i].GetName())
		}
	}
	slices.SortFunc(names, last)
	for _, name := range names {
		if err := c.Resource(apiServices).Delete(ctx, name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("deleting APIService %s: %w", name, err)
		}
	}
	return nil
}
