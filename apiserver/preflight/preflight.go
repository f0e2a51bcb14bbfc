// Package preflight asks a cluster, before a server starts, whether it serves and grants what the server
// needs. A server that lacks a permission would otherwise start, and never become ready.
package preflight

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
)

const (
	// retryInterval is how often a cluster is tried that does not answer.
	retryInterval = time.Second
	// requestTimeout is how long one question may take.
	requestTimeout = 10 * time.Second
)

// Cluster is a cluster as the owner of a client configuration sees it.
type Cluster struct {
	client  kubernetes.Interface
	reviews bool // whether it can be asked for permissions
}

// Connect waits until the cluster answers, with one line in the log where it does not at once, and
// gives up after the patience is over. Refused credentials end it at once.
func Connect(ctx context.Context, config *rest.Config, patience time.Duration) (*Cluster, error) {
	config = rest.CopyConfig(config)
	config.QPS = -1 // a few dozen questions, once
	config.Timeout = requestTimeout
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making a client of the cluster: %w", err)
	}
	c := &Cluster{client: client}
	var reviews sets.Set[string]
	var last error
	err = wait.PollUntilContextTimeout(ctx, retryInterval, patience, true, func(context.Context) (bool, error) {
		served, err := c.Serves(authorizationv1.SchemeGroupVersion)
		if unreachable(err) {
			if last == nil {
				klog.Warningf("The cluster at %s does not answer; trying for %s: %v", config.Host, patience, err)
			}
			last = err
			return false, nil
		}
		reviews = served
		return true, err
	})
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case wait.Interrupted(err):
		return nil, fmt.Errorf("the cluster at %s does not answer (tried for %s): %w", config.Host, patience, last)
	case apierrors.IsUnauthorized(err):
		return nil, fmt.Errorf("the cluster at %s does not accept the server's credentials: %w", config.Host, err)
	case err != nil:
		return nil, fmt.Errorf("asking the cluster at %s what it serves: %w", config.Host, err)
	}
	c.reviews = reviews.Has("selfsubjectaccessreviews")
	return c, nil
}

// unreachable says whether an error may go away: the cluster was not reached, or is not up to answering yet.
func unreachable(err error) bool {
	if err == nil {
		return false
	}
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return true
	}
	code := status.Status().Code
	return code >= http.StatusInternalServerError || code == http.StatusTooManyRequests
}

// Serves returns the resources of a group-version that the cluster serves.
func (c *Cluster) Serves(version schema.GroupVersion) (sets.Set[string], error) {
	served := sets.New[string]()
	list, err := c.client.Discovery().ServerResourcesForGroupVersion(version.String())
	if apierrors.IsNotFound(err) {
		return served, nil
	}
	if err != nil {
		return nil, err
	}
	for _, resource := range list.APIResources {
		served.Insert(resource.Name)
	}
	return served, nil
}

// Check returns an error that names each permission that is missing and the RBAC rule that gives it. What the
// server can do without is a line in the log instead.
func (c *Cluster) Check(ctx context.Context, permissions []Permission) error {
	if !c.reviews {
		klog.Warningf("The cluster does not serve reviews of access, so the server's permissions are not checked")
		return nil
	}
	var missing []Permission
	var lines []string
	for _, p := range permissions {
		lacking, err := c.lacking(ctx, p)
		switch {
		case apierrors.IsForbidden(err):
			klog.Warningf("The server may not ask which permissions it has, so they are not checked: %v", err)
			return nil
		case err != nil:
			return fmt.Errorf("asking for permission to %s: %w", p, err)
		case len(lacking) == 0:
		case p.Without != "":
			klog.Warningf("The server may not %s: without this permission there are %s", strings.Join(lacking, ", "), p.Without)
		default:
			missing = append(missing, p)
			lines = append(lines, fmt.Sprintf("  %s (for %s)\n", strings.Join(lacking, ", "), p.For))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	user, err := c.whoAmI(ctx)
	if err != nil {
		return err
	}
	rules, err := manifests(user, missing)
	if err != nil {
		return err
	}
	return fmt.Errorf("the cluster does not permit %s to\n%sThese rules permit it, by kubectl apply -f:\n%s", user, strings.Join(lines, ""), strings.TrimSpace(rules))
}

// lacking returns what of a permission the cluster refuses, as "verb resource".
func (c *Cluster) lacking(ctx context.Context, p Permission) ([]string, error) {
	var lacking []string
	for _, resource := range p.Resources {
		var verbs []string
		for _, verb := range p.Verbs {
			review, err := c.client.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, &authorizationv1.SelfSubjectAccessReview{
				Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authorizationv1.ResourceAttributes{
					Verb: verb, Group: p.Group, Resource: resource, Namespace: p.Namespace, Name: p.Name,
				}},
			}, metav1.CreateOptions{})
			if err != nil {
				return nil, err
			}
			if !review.Status.Allowed {
				verbs = append(verbs, verb)
			}
		}
		if len(verbs) > 0 {
			lacking = append(lacking, strings.Join(verbs, "/")+" "+p.object(resource))
		}
	}
	return lacking, nil
}

func (c *Cluster) whoAmI(ctx context.Context) (string, error) {
	review, err := c.client.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("asking the cluster who the server is: %w", err)
	}
	return review.Status.UserInfo.Username, nil
}
