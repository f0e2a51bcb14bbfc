// Command controllers runs the controllers of Kubernetes that have to do with objects of any kind: they empty namespaces that
// are deleted, collect what deleted owners leave behind, and put together the roles admin, edit and view. All of
// kube-controller-manager would bring half of the kubelet along, and take minutes more to build.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/controller-manager/pkg/informerfactory"
	"k8s.io/kubernetes/pkg/controller/clusterroleaggregation"
	"k8s.io/kubernetes/pkg/controller/garbagecollector"
	"k8s.io/kubernetes/pkg/controller/namespace"
)

const (
	workers = 2
	// resync is how often informers look at everything again, discovery how often it is asked for new kinds.
	resync, discoveryPeriod = 10 * time.Minute, 2 * time.Second
)

func main() {
	kubeconfig := flag.String("kubeconfig", "", "File that says how to reach kube-apiserver.")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *kubeconfig); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// clients of one kube-apiserver.
type clients struct {
	kubernetes kubernetes.Interface
	metadata   metadata.Interface
	informers  informers.SharedInformerFactory
}

func run(ctx context.Context, kubeconfig string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	config.QPS = -1
	c, err := newClients(config)
	if err != nil {
		return err
	}
	roles := clusterroleaggregation.NewClusterRoleAggregation(c.informers.Rbac().V1().ClusterRoles(), c.kubernetes.RbacV1())
	namespaces := namespace.NewNamespaceController(ctx, c.kubernetes, c.metadata, c.kubernetes.Discovery().ServerPreferredNamespacedResources,
		c.informers.Core().V1().Namespaces(), resync, corev1.FinalizerKubernetes)
	c.informers.Start(ctx.Done())
	go roles.Run(ctx, workers)
	go namespaces.Run(ctx, workers)
	return c.collectGarbage(ctx)
}

func newClients(config *rest.Config) (*clients, error) {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	objects, err := metadata.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return &clients{kubernetes: client, metadata: objects, informers: informers.NewSharedInformerFactory(client, resync)}, nil
}

// collectGarbage runs the garbage collector until the context ends.
func (c *clients) collectGarbage(ctx context.Context) error {
	known := memory.NewMemCacheClient(c.kubernetes.Discovery())
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(known)
	go wait.UntilWithContext(ctx, func(context.Context) { mapper.Reset() }, discoveryPeriod)

	started := make(chan struct{})
	close(started)
	factory := informerfactory.NewInformerFactory(c.informers, metadatainformer.NewSharedInformerFactory(c.metadata, resync))
	collector, err := garbagecollector.NewGarbageCollector(ctx, c.kubernetes, c.metadata, mapper, garbagecollector.DefaultIgnoredResources(), factory, started)
	if err != nil {
		return err
	}
	go collector.Sync(ctx, c.kubernetes.Discovery(), discoveryPeriod)
	collector.Run(ctx, workers, resync)
	return nil
}
