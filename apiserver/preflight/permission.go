package preflight

import (
	"cmp"
	"fmt"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/authentication/serviceaccount"
	"sigs.k8s.io/yaml"
)

// Permission is what a server needs to do with some resources of one API group.
type Permission struct {
	// Group, Resources and Verbs, as an RBAC rule has them.
	Group            string
	Resources, Verbs []string
	// Namespace of the objects. Empty: all.
	Namespace string
	// Name of the only object that matters. Empty: all.
	Name string
	// For says what the permission serves.
	For string
	// Without says what a server does not have that lacks the permission. Empty: it does not start.
	Without string
}

// String is as in "get, list, watch namespaces".
func (p Permission) String() string {
	objects := make([]string, len(p.Resources))
	for i, resource := range p.Resources {
		objects[i] = p.object(resource)
	}
	return strings.Join(p.Verbs, ", ") + " " + strings.Join(objects, ", ")
}

func (p Permission) object(resource string) string {
	object := schema.GroupResource{Group: p.Group, Resource: resource}.String()
	if p.Name != "" {
		object = fmt.Sprintf("%s %q", object, p.Name)
	}
	if p.Namespace != "" {
		object = fmt.Sprintf("%s in namespace %q", object, p.Namespace)
	}
	return object
}

// manifests returns YAML that gives permissions to a user. A permission always has the same role, so that it
// does no harm to apply the manifests again, or after those of other permissions.
func manifests(user string, permissions []Permission) (string, error) {
	var b strings.Builder
	for _, p := range permissions {
		for _, object := range p.rules(user) {
			data, err := yaml.Marshal(object)
			if err != nil {
				return "", fmt.Errorf("encoding RBAC rules: %w", err)
			}
			fmt.Fprintf(&b, "---\n%s", data)
		}
	}
	return b.String(), nil
}

// rules are a role with the permission, and its binding to a user.
func (p Permission) rules(user string) []any {
	kind := "ClusterRole"
	if p.Namespace != "" {
		kind = "Role"
	}
	meta := objectMeta{Name: "velero-locations:" + cmp.Or(p.Name, p.Resources[0]), Namespace: p.Namespace}
	rule := rbacv1.PolicyRule{APIGroups: []string{p.Group}, Resources: p.Resources, Verbs: p.Verbs}
	if p.Name != "" {
		rule.ResourceNames = []string{p.Name}
	}
	typeMeta := func(kind string) metav1.TypeMeta {
		return metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: kind}
	}
	return []any{
		role{TypeMeta: typeMeta(kind), Metadata: meta, Rules: []rbacv1.PolicyRule{rule}},
		binding{
			TypeMeta: typeMeta(kind + "Binding"), Metadata: meta,
			RoleRef:  rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: kind, Name: meta.Name},
			Subjects: []rbacv1.Subject{subject(user)},
		},
	}
}

func subject(user string) rbacv1.Subject {
	if namespace, name, err := serviceaccount.SplitUsername(user); err == nil {
		return rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: name}
	}
	return rbacv1.Subject{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}
}

// Roles and bindings of all namespaces and of one, as people write them: without the empty fields
// that the types of Kubernetes encode.
type (
	objectMeta struct {
		Name      string `json:"name"`
		Namespace string `json:"namespace,omitempty"`
	}
	role struct {
		metav1.TypeMeta `json:",inline"`
		Metadata        objectMeta          `json:"metadata"`
		Rules           []rbacv1.PolicyRule `json:"rules"`
	}
	binding struct {
		metav1.TypeMeta `json:",inline"`
		Metadata        objectMeta       `json:"metadata"`
		RoleRef         rbacv1.RoleRef   `json:"roleRef"`
		Subjects        []rbacv1.Subject `json:"subjects"`
	}
)
