package cluster

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/velero-locations/velero-locations/resources"
)

func namespace(name string) *corev1.Namespace {
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
}

// TestNamespaces shows that a namespace is known as soon as it is there, and that what the API does not tell is not known.
func TestNamespaces(t *testing.T) {
	client := fake.NewClientset(namespace("new"))
	factory := informers.NewSharedInformerFactory(fake.NewClientset(namespace("shop"), namespace("blog")), 0)
	c := New(client, factory.Core().V1().Namespaces())
	if names, known := c.Namespaces(t.Context(), nil); known {
		t.Errorf("before anything was read, it knows %q", names)
	}
	factory.Start(t.Context().Done())
	factory.WaitForCacheSync(t.Context().Done())
	for _, tc := range []struct{ wanted, want []string }{
		{nil, []string{"blog", "shop"}},
		{[]string{"shop"}, []string{"blog", "shop"}},
		{[]string{"new", "nosuch"}, []string{"blog", "new", "shop"}},
	} {
		if names, known := c.Namespaces(t.Context(), tc.wanted); !known || !slices.Equal(names, tc.want) {
			t.Errorf("with %q: got %q, %v, want %q", tc.wanted, names, known, tc.want)
		}
	}
	many := make([]string, 100)
	for i := range many {
		many[i] = string(rune('A' + i))
	}
	client.ClearActions()
	if _, known := c.Namespaces(t.Context(), many); !known || len(client.Actions()) != mostAsked {
		t.Errorf("of 100 names, %d were asked for", len(client.Actions()))
	}
	client.PrependReactor("get", "namespaces", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, errors.New("down") })
	if names, known := c.Namespaces(t.Context(), []string{"nosuch"}); known {
		t.Errorf("of an API that does not answer it knows %q", names)
	}
}

// TestNothingKnown shows that a server without a cluster, or without leave to see its namespaces, knows nothing, and does not fail.
func TestNothingKnown(t *testing.T) {
	for _, c := range []*Cluster{nil, New(fake.NewClientset(), nil)} {
		if names, known := c.Namespaces(t.Context(), []string{"shop"}); known {
			t.Errorf("it knows %q", names)
		}
	}
	var none *Cluster
	if list, known := none.Resources(t.Context(), func(resources.List) bool { return true }); known {
		t.Errorf("it knows %v", list)
	}
}

func has(name string) func(resources.List) bool {
	return func(list resources.List) bool { return list.Knows(name) }
}

// TestResources shows that what is not known yet is asked for, but not again and again, and that nobody waits longer than is meet.
func TestResources(t *testing.T) {
	client := fake.NewClientset()
	asked := 0
	var delay time.Duration
	client.PrependReactor("get", "group", func(clienttesting.Action) (bool, runtime.Object, error) {
		asked++
		time.Sleep(delay)
		return true, nil, nil
	})
	serve := func(names ...string) {
		list := &metav1.APIResourceList{GroupVersion: "v1"}
		for _, name := range names {
			list.APIResources = append(list.APIResources, metav1.APIResource{Name: name})
		}
		client.Resources = []*metav1.APIResourceList{list}
	}
	synctest.Test(t, func(t *testing.T) {
		c := New(client, nil)
		want := func(name string, found, known bool, times int) {
			t.Helper()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			list, ok := c.Resources(ctx, has(name))
			if list.Knows(name) != found || ok != known || asked != times {
				t.Errorf("%s: found %v, known %v, asked %d times; want %v, %v, %d", name, list.Knows(name), ok, asked, found, known, times)
			}
		}
		serve("pods")
		want("pods", true, true, 1)
		want("pods", true, true, 1)
		want("widgets", false, true, 1)
		serve("pods", "widgets")
		time.Sleep(fresh)
		want("pods", true, true, 1)
		want("widgets", true, true, 2)

		time.Sleep(fresh)
		delay = 5 * time.Second
		serve("pods", "widgets", "gadgets")
		want("gadgets", false, false, 3)
		want("gadgets", false, false, 3) // the answer to the first question is waited for
		time.Sleep(delay)
		want("gadgets", true, true, 3)
	})
}
