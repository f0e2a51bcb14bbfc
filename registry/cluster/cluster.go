// Package cluster knows what there is to be backed up: the namespaces of a cluster and the resources that its API serves. What it
// cannot find out at once it does not know; nothing waits for it longer than the context says.
package cluster

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	coreinformers "k8s.io/client-go/informers/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"github.com/velero-locations/velero-locations/resources"
)

// Cluster is one as its API shows it. Nil: nothing is known of it.
type Cluster struct {
	client     kubernetes.Interface
	namespaces cache.SharedIndexInformer // nil: they are not followed

	asking singleflight.Group
	served atomic.Pointer[served]
}

// served is what the API served at a time.
type served struct {
	resources resources.List
	complete  bool
	at        time.Time
}

// New returns a cluster whose API the client speaks to. The informer, which somebody else runs, may be nil.
func New(client kubernetes.Interface, namespaces coreinformers.NamespaceInformer) *Cluster {
	c := &Cluster{client: client}
	if namespaces != nil {
		c.namespaces = namespaces.Informer()
	}
	return c
}

// mostAsked is how many names of namespaces are asked for one by one. Where none of so many is new, no other will be.
const mostAsked = 10

// Namespaces returns the names of all namespaces; false if they are not known. Names that the informer has not heard of are asked
// for, since they may be new.
func (c *Cluster) Namespaces(ctx context.Context, wanted []string) ([]string, bool) {
	if c == nil || c.namespaces == nil || !c.namespaces.HasSynced() {
		return nil, false
	}
	var names []string
	for _, namespace := range c.namespaces.GetStore().List() {
		names = append(names, namespace.(*corev1.Namespace).Name)
	}
	unheard := slices.DeleteFunc(slices.Clone(wanted), func(name string) bool { return slices.Contains(names, name) })
	for _, name := range unheard[:min(mostAsked, len(unheard))] {
		_, err := c.client.CoreV1().Namespaces().Get(ctx, name, metav1.GetOptions{})
		switch {
		case err == nil:
			names = append(names, name)
		case !apierrors.IsNotFound(err):
			return nil, false
		}
	}
	slices.Sort(names)
	return names, true
}

const (
	// fresh is for how long nobody asks the API again what it serves.
	fresh = 2 * time.Second
	// discoveryTimeout is how long the API may take to say what it serves, though nobody may be waiting any more.
	discoveryTimeout = 10 * time.Second
)

// Resources returns what the API serves; false if that is not known. What it said before will do if that is enough, since hardly
// ever is a resource taken away.
func (c *Cluster) Resources(ctx context.Context, enough func(resources.List) bool) (resources.List, bool) {
	if c == nil {
		return nil, false
	}
	now := c.served.Load()
	if now == nil || !enough(now.resources) && time.Since(now.at) >= fresh {
		if now = c.discover(ctx); now == nil {
			return nil, false
		}
	}
	return now.resources, now.complete || enough(now.resources)
}

// discover asks the API what it serves, once for all who want to know at the time. Nil: there was no answer.
func (c *Cluster) discover(ctx context.Context) *served {
	answer := c.asking.DoChan("", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), discoveryTimeout)
		defer cancel()
		list, err := resources.Discover(ctx, c.client.Discovery())
		if err != nil && len(list) == 0 {
			return nil, err
		}
		now := &served{resources: list, complete: err == nil, at: time.Now()}
		c.served.Store(now)
		return now, nil
	})
	select {
	case <-ctx.Done():
		return nil
	case result := <-answer:
		now, _ := result.Val.(*served)
		return now
	}
}
