package apiserver

import (
	"context"
	"errors"
	"fmt"
	"slices"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle"
	mutatingpolicy "k8s.io/apiserver/pkg/admission/plugin/policy/mutating"
	validatingpolicy "k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	mutatingwebhook "k8s.io/apiserver/pkg/admission/plugin/webhook/mutating"
	validatingwebhook "k8s.io/apiserver/pkg/admission/plugin/webhook/validating"
	genericoptions "k8s.io/apiserver/pkg/server/options"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"

	"github.com/velero-locations/velero-locations/apiserver/preflight"
)

// watched are the verbs of resources that a server keeps up with.
var watched = []string{"get", "list", "watch"}

// admissionPlugins are the plugins of a server with the resources of the cluster that they follow.
var admissionPlugins = []struct {
	name      string
	version   schema.GroupVersion
	resources []string
}{
	{lifecycle.PluginName, corev1.SchemeGroupVersion, []string{"namespaces"}},
	{mutatingpolicy.PluginName, admissionregistrationv1.SchemeGroupVersion, []string{"mutatingadmissionpolicies", "mutatingadmissionpolicybindings"}},
	{mutatingwebhook.PluginName, admissionregistrationv1.SchemeGroupVersion, []string{"mutatingwebhookconfigurations"}},
	{validatingpolicy.PluginName, admissionregistrationv1.SchemeGroupVersion, []string{"validatingadmissionpolicies", "validatingadmissionpolicybindings"}},
	{validatingwebhook.PluginName, admissionregistrationv1.SchemeGroupVersion, []string{"validatingwebhookconfigurations"}},
}

// preflight waits for the cluster, leaves out what it is too old for, and returns an error that names each
// permission that is missing.
func (o *Options) preflight(ctx context.Context) error {
	cluster, err := o.connect(ctx, o.Recommended.CoreAPI.CoreAPIKubeconfigPath)
	if err != nil {
		return err
	}
	if err := o.leaveOut(cluster); err != nil {
		return err
	}
	var errs []error
	for _, user := range o.permissions() {
		if user.kubeconfig != o.Recommended.CoreAPI.CoreAPIKubeconfigPath {
			if cluster, err = o.connect(ctx, user.kubeconfig); err != nil {
				return err
			}
		}
		errs = append(errs, cluster.Check(ctx, user.permissions))
	}
	return errors.Join(errs...)
}

func (o *Options) connect(ctx context.Context, kubeconfig string) (*preflight.Cluster, error) {
	config, err := rest.InClusterConfig()
	if kubeconfig != "" {
		config, err = clientcmd.BuildConfigFromFlags("", kubeconfig)
	}
	if err != nil {
		return nil, fmt.Errorf("reading how to reach the cluster: %w", err)
	}
	return preflight.Connect(ctx, config, o.ClusterPatience)
}

// leaveOut switches off what cannot work in the cluster because it does not serve the API that it follows.
func (o *Options) leaveOut(cluster *preflight.Cluster) error {
	for _, plugin := range admissionPlugins {
		if !o.enabled(plugin.name) {
			continue
		}
		served, err := cluster.Serves(plugin.version)
		if err != nil {
			return fmt.Errorf("asking the cluster whether it serves %s: %w", plugin.version, err)
		}
		if served.HasAll(plugin.resources...) {
			continue
		}
		if slices.Contains(o.Recommended.Admission.EnablePlugins, plugin.name) {
			return fmt.Errorf("--enable-admission-plugins names %s, but the cluster does not serve %s %s: leave it out, or upgrade the cluster", plugin.name, plugin.version, plugin.resources)
		}
		klog.Warningf("Admission plugin %s is left out: the cluster does not serve %s %s", plugin.name, plugin.version, plugin.resources)
		o.Recommended.Admission.DisablePlugins = append(o.Recommended.Admission.DisablePlugins, plugin.name)
	}
	if !o.Recommended.Features.EnablePriorityAndFairness {
		return nil
	}
	served, err := cluster.Serves(flowcontrolv1.SchemeGroupVersion)
	if err != nil {
		return fmt.Errorf("asking the cluster whether it serves %s: %w", flowcontrolv1.SchemeGroupVersion, err)
	}
	if len(served) == 0 {
		klog.Warningf("Requests are limited in number, not by priority and fairness: the cluster does not serve %s", flowcontrolv1.SchemeGroupVersion)
		o.Recommended.Features.EnablePriorityAndFairness = false
	}
	return nil
}

func (o *Options) enabled(plugin string) bool {
	return !slices.Contains(o.Recommended.Admission.DisablePlugins, plugin)
}

// user is one of those that the server is to the cluster.
type user struct {
	kubeconfig  string // empty: that of the pod
	permissions []preflight.Permission
}

// permissions are what the server needs with its options, each user once.
func (o *Options) permissions() []user {
	users := []user{{kubeconfig: o.Recommended.CoreAPI.CoreAPIKubeconfigPath, permissions: o.clusterPermissions()}}
	for _, more := range []user{
		{kubeconfig: o.Recommended.Authentication.RemoteKubeConfigFile, permissions: o.authenticationPermissions()},
		{kubeconfig: o.Recommended.Authorization.RemoteKubeConfigFile, permissions: authorizationPermissions},
	} {
		if i := slices.IndexFunc(users, func(u user) bool { return u.kubeconfig == more.kubeconfig }); i >= 0 {
			users[i].permissions = append(users[i].permissions, more.permissions...)
		} else {
			users = append(users, more)
		}
	}
	return users
}

func (o *Options) clusterPermissions() []preflight.Permission {
	var permissions []preflight.Permission
	for _, plugin := range admissionPlugins {
		if o.enabled(plugin.name) {
			permissions = append(permissions, preflight.Permission{
				Group: plugin.version.Group, Resources: plugin.resources, Verbs: watched, For: "admission plugin " + plugin.name,
			})
		}
	}
	if o.Recommended.Features.EnablePriorityAndFairness {
		permissions = append(permissions, preflight.Permission{
			Group: flowcontrolv1.GroupName, Resources: []string{"flowschemas", "prioritylevelconfigurations"}, Verbs: watched,
			For: "--enable-priority-and-fairness",
		})
	}
	return append(permissions, preflight.Permission{
		Resources: []string{"secrets"}, Verbs: []string{"get"}, For: "warnings",
		Without: "no warnings of locations whose credential or caCertRef names a Secret, or a key of one, that is not there",
	})
}

func (o *Options) authenticationPermissions() []preflight.Permission {
	authentication := o.Recommended.Authentication
	permissions := []preflight.Permission{{
		Group: authenticationv1.GroupName, Resources: []string{"tokenreviews"}, Verbs: []string{"create"}, For: "users who come with tokens",
	}}
	complete := authentication.ClientCert != (genericoptions.ClientCertAuthenticationOptions{}) && authentication.RequestHeader.ClientCAFile != ""
	if complete || authentication.SkipInClusterLookup || authentication.TolerateInClusterLookupFailure {
		return permissions
	}
	return append(permissions, preflight.Permission{
		Resources: []string{"configmaps"}, Verbs: watched, Namespace: metav1.NamespaceSystem, Name: "extension-apiserver-authentication",
		For: "users who come with certificates, and those whom kube-apiserver speaks for",
	})
}

var authorizationPermissions = []preflight.Permission{{
	Group: authorizationv1.GroupName, Resources: []string{"subjectaccessreviews"}, Verbs: []string{"create"}, For: "what users may do",
}}
