package resources

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
)

// Discover returns the resources of an API, each in its preferred version, in the order in which Velero backs them up: the core
// group first, and in it Pods, then their volumes. Groups that cannot be discovered, because the server behind them is down, are
// reported in the error, beside the resources of the others.
func Discover(ctx context.Context, client discovery.DiscoveryInterface) (List, error) {
	lists, err := discovery.ServerPreferredResourcesWithContext(ctx, discovery.ToDiscoveryInterfaceWithContext(client))
	var partial *discovery.ErrGroupDiscoveryFailed
	if err != nil && !errors.As(err, &partial) {
		return nil, fmt.Errorf("discovering what the API serves: %w", err)
	}
	var all List
	for _, list := range lists {
		version, parseErr := schema.ParseGroupVersion(list.GroupVersion)
		if parseErr != nil {
			return nil, fmt.Errorf("discovering what the API serves: %w", parseErr)
		}
		for _, r := range list.APIResources {
			if isSubresource := strings.Contains(r.Name, "/"); !isSubresource {
				all = append(all, Resource{
					GroupVersionResource: version.WithResource(r.Name), Kind: r.Kind, Namespaced: r.Namespaced,
					Aliases: append(slices.Clone(r.ShortNames), r.SingularName, strings.ToLower(r.Kind)), Verbs: r.Verbs,
				})
			}
		}
	}
	slices.SortFunc(all, order)
	if partial != nil {
		return all, fmt.Errorf("discovering what the API serves: %w", partial)
	}
	return all, nil
}

// Storable are those whose objects can be listed, read, created and deleted: what can be backed up and restored.
func (l List) Storable() List {
	storable := slices.DeleteFunc(slices.Clone(l), func(r Resource) bool {
		return slices.ContainsFunc([]string{"list", "get", "create", "delete"}, func(verb string) bool { return !slices.Contains(r.Verbs, verb) })
	})
	return withoutTwins(storable)
}

// first are the resources of the core group that go before the others.
var first = []string{"pods", "persistentvolumeclaims", "persistentvolumes"}

func order(a, b Resource) int {
	rank := func(r Resource) int {
		i := slices.Index(first, r.Resource)
		switch {
		case r.Group != "":
			return len(first) + 1
		case i < 0:
			return len(first)
		}
		return i
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Group, b.Group), cmp.Compare(a.Resource, b.Resource))
}

// twins are groups whose resources are those of other groups under another name, by which they were known before.
var twins = map[schema.GroupResource]schema.GroupResource{
	{Group: "events.k8s.io", Resource: "events"}:       {Resource: "events"},
	{Group: "extensions", Resource: "deployments"}:     {Group: "apps", Resource: "deployments"},
	{Group: "extensions", Resource: "daemonsets"}:      {Group: "apps", Resource: "daemonsets"},
	{Group: "extensions", Resource: "replicasets"}:     {Group: "apps", Resource: "replicasets"},
	{Group: "extensions", Resource: "ingresses"}:       {Group: "networking.k8s.io", Resource: "ingresses"},
	{Group: "extensions", Resource: "networkpolicies"}: {Group: "networking.k8s.io", Resource: "networkpolicies"},
}

// withoutTwins keeps one of two resources that are the same objects.
func withoutTwins(resources List) List {
	served := map[schema.GroupResource]bool{}
	for _, r := range resources {
		served[r.GroupResource()] = true
	}
	return slices.DeleteFunc(resources, func(r Resource) bool { return served[twins[r.GroupResource()]] })
}
