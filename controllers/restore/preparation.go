package restore

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/locations"
)

// preparation takes out of an object what belongs to the cluster that it was backed up in, and returns which other objects are
// restored before it. Skipping says why the object is not restored at all.
type preparation func(object *unstructured.Unstructured, spec *velerov1.RestoreSpec) (needs []backups.Object, skipping string, err error)

// preparations by resource, as the restore item actions of Velero 1.18 have it.
var preparations = map[schema.GroupResource]preparation{
	podResource:                        preparePod,
	pvcResource:                        prepareClaim,
	secretResource:                     prepareSecret,
	serviceResource:                    prepareService,
	serviceAccountResource:             prepareServiceAccount,
	{Group: "batch", Resource: "jobs"}: prepareJob,
	{Group: "rbac.authorization.k8s.io", Resource: "rolebindings"}:                       prepareBinding,
	{Group: "rbac.authorization.k8s.io", Resource: "clusterrolebindings"}:                prepareBinding,
	{Group: "admissionregistration.k8s.io", Resource: "mutatingwebhookconfigurations"}:   prepareWebhooks,
	{Group: "admissionregistration.k8s.io", Resource: "validatingwebhookconfigurations"}: prepareWebhooks,
	{Group: "apiregistration.k8s.io", Resource: "apiservices"}:                           prepareAPIService,
}

// ended says that an object has done what it was there for: it is not run once more.
func ended(resource schema.GroupResource, object *unstructured.Unstructured) bool {
	switch resource {
	case podResource:
		phase, _, _ := unstructured.NestedString(object.Object, "status", "phase")
		return phase == string(corev1.PodSucceeded) || phase == string(corev1.PodFailed)
	case schema.GroupResource{Group: "batch", Resource: "jobs"}:
		at, _, _ := unstructured.NestedString(object.Object, "status", "completionTime")
		return at != ""
	}
	return false
}

// reset takes out what an API server sets itself, and returns the status that the object had.
func reset(object *unstructured.Unstructured) (status any) {
	metadata, _, _ := unstructured.NestedMap(object.Object, "metadata")
	for _, field := range []string{
		"generateName", "selfLink", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp",
		"deletionGracePeriodSeconds", "ownerReferences",
	} {
		delete(metadata, field)
	}
	object.Object["metadata"] = metadata
	status = object.Object["status"]
	delete(object.Object, "status")
	return status
}

// The labels by which Velero finds what a restore has made.
const restoreNameLabel = "velero.io/restore-name"

func label(object *unstructured.Unstructured, restore *velerov1.Restore) {
	labels := object.GetLabels()
	if labels == nil {
		labels = map[string]string{}
	}
	labels[backups.NameLabel], labels[restoreNameLabel] = locations.LabelValue(restore.Spec.BackupName), locations.LabelValue(restore.Name)
	object.SetLabels(labels)
}

// typed has a change made in the type of an object.
func typed[T any](object *unstructured.Unstructured, change func(*T) error) error {
	var value T
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &value); err != nil {
		return fmt.Errorf("it is malformed: %w", err)
	}
	if err := change(&value); err != nil {
		return err
	}
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&value)
	if err != nil {
		return fmt.Errorf("encoding it: %w", err)
	}
	delete(content, "status") // which the types have even if it is empty
	object.Object = content
	return nil
}

// tokenPrefix is what the names of the secrets and volumes begin with that clusters before 1.24 made for service accounts.
func tokenPrefix(account string) string { return account + "-token-" }

func preparePod(object *unstructured.Unstructured, _ *velerov1.RestoreSpec) (needs []backups.Object, _ string, _ error) {
	if _, mirrored := object.GetAnnotations()[corev1.MirrorPodAnnotationKey]; mirrored {
		return nil, "it mirrors a static pod, which its node runs", nil
	}
	err := typed(object, func(pod *corev1.Pod) error {
		pod.Spec.NodeName, pod.Spec.Priority = "", nil
		token := tokenPrefix(pod.Spec.ServiceAccountName)
		pod.Spec.Volumes = slices.DeleteFunc(pod.Spec.Volumes, func(v corev1.Volume) bool { return strings.HasPrefix(v.Name, token) })
		for _, containers := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
			for i := range containers {
				containers[i].VolumeMounts = slices.DeleteFunc(containers[i].VolumeMounts, func(m corev1.VolumeMount) bool { return strings.HasPrefix(m.Name, token) })
			}
		}
		if class := pod.Spec.PriorityClassName; class != "" {
			needs = append(needs, backups.Object{Resource: priorityClassResource, Name: class})
		}
		for _, volume := range pod.Spec.Volumes {
			if claim := volume.PersistentVolumeClaim; claim != nil {
				needs = append(needs, backups.Object{Resource: pvcResource, Namespace: pod.Namespace, Name: claim.ClaimName})
			}
		}
		return nil
	})
	return needs, "", err
}

// bindings are annotations of a claim or of a volume by which a cluster knows that it has bound and provisioned it.
var bindings = []string{
	"pv.kubernetes.io/bind-completed", "pv.kubernetes.io/bound-by-controller",
	"volume.kubernetes.io/storage-provisioner", "volume.beta.kubernetes.io/storage-provisioner", "volume.kubernetes.io/selected-node",
	"velero.io/volume-snapshot-name", "velero.io/data-upload-name",
}

func prepareClaim(object *unstructured.Unstructured, _ *velerov1.RestoreSpec) (needs []backups.Object, _ string, _ error) {
	annotations := object.GetAnnotations()
	for _, binding := range bindings {
		delete(annotations, binding)
	}
	object.SetAnnotations(annotations)
	if volume, _, _ := unstructured.NestedString(object.Object, "spec", "volumeName"); volume != "" {
		needs = []backups.Object{{Resource: pvResource, Name: volume}}
	}
	return needs, "", nil
}

// bound says whether a claim had its volume when it was backed up. Velero restores the volume with it only then.
func bound(status any) bool {
	fields, _ := status.(map[string]any)
	return fields["phase"] == string(corev1.ClaimBound)
}

// prepareSecret leaves the token of a service account to the cluster, which makes another.
func prepareSecret(object *unstructured.Unstructured, _ *velerov1.RestoreSpec) (_ []backups.Object, skipping string, _ error) {
	if kind, _, _ := unstructured.NestedString(object.Object, "type"); kind != string(corev1.SecretTypeServiceAccountToken) {
		return nil, "", nil
	}
	annotations := object.GetAnnotations()
	if account := annotations[corev1.ServiceAccountNameKey]; account != "" && strings.HasPrefix(object.GetName(), tokenPrefix(account)) {
		return nil, "the cluster makes the token of a service account itself", nil
	}
	delete(annotations, corev1.ServiceAccountUIDKey)
	object.SetAnnotations(annotations)
	unstructured.RemoveNestedField(object.Object, "data", corev1.ServiceAccountTokenKey)
	unstructured.RemoveNestedField(object.Object, "data", corev1.ServiceAccountRootCAKey)
	return nil, "", nil
}

func prepareServiceAccount(object *unstructured.Unstructured, _ *velerov1.RestoreSpec) ([]backups.Object, string, error) {
	return nil, "", typed(object, func(account *corev1.ServiceAccount) error {
		token := tokenPrefix(account.Name)
		account.Secrets = slices.DeleteFunc(account.Secrets, func(secret corev1.ObjectReference) bool { return strings.HasPrefix(secret.Name, token) })
		return nil
	})
}

// controllerUIDs are labels that tie the pods of a job to its UID.
var controllerUIDs = []string{"controller-uid", "batch.kubernetes.io/controller-uid"}

func prepareJob(object *unstructured.Unstructured, _ *velerov1.RestoreSpec) ([]backups.Object, string, error) {
	for _, uid := range controllerUIDs {
		unstructured.RemoveNestedField(object.Object, "spec", "selector", "matchLabels", uid)
		unstructured.RemoveNestedField(object.Object, "spec", "template", "metadata", "labels", uid)
	}
	return nil, "", nil
}

// prepareBinding gives the accounts of namespaces that get another name their roles there.
func prepareBinding(object *unstructured.Unstructured, spec *velerov1.RestoreSpec) ([]backups.Object, string, error) {
	subjects, _, _ := unstructured.NestedSlice(object.Object, "subjects")
	for _, entry := range subjects {
		subject, _ := entry.(map[string]any)
		namespace, _ := subject["namespace"].(string)
		if mapped, found := spec.NamespaceMapping[namespace]; found {
			subject["namespace"] = mapped
		}
	}
	if len(subjects) == 0 {
		return nil, "", nil
	}
	if err := unstructured.SetNestedSlice(object.Object, subjects, "subjects"); err != nil {
		return nil, "", fmt.Errorf("setting its subjects: %w", err)
	}
	return nil, "", nil
}

// prepareWebhooks turns side effects that version v1 no longer has into none.
func prepareWebhooks(object *unstructured.Unstructured, _ *velerov1.RestoreSpec) ([]backups.Object, string, error) {
	if object.GetAPIVersion() != "admissionregistration.k8s.io/v1" {
		return nil, "", nil
	}
	webhooks, _, _ := unstructured.NestedSlice(object.Object, "webhooks")
	for _, entry := range webhooks {
		if webhook, is := entry.(map[string]any); is && webhook["sideEffects"] != "None" && webhook["sideEffects"] != "NoneOnDryRun" {
			webhook["sideEffects"] = "None"
		}
	}
	if len(webhooks) == 0 {
		return nil, "", nil
	}
	if err := unstructured.SetNestedSlice(object.Object, webhooks, "webhooks"); err != nil {
		return nil, "", fmt.Errorf("setting its webhooks: %w", err)
	}
	return nil, "", nil
}

func prepareAPIService(object *unstructured.Unstructured, _ *velerov1.RestoreSpec) (_ []backups.Object, skipping string, _ error) {
	if _, managed := object.GetLabels()["kube-aggregator.kubernetes.io/automanaged"]; managed {
		return nil, "the cluster registers it itself", nil
	}
	return nil, "", nil
}

// prepareService has the cluster choose addresses and ports again, but for those that somebody chose.
func prepareService(object *unstructured.Unstructured, spec *velerov1.RestoreSpec) ([]backups.Object, string, error) {
	return nil, "", typed(object, func(service *corev1.Service) error {
		if service.Spec.ClusterIP != corev1.ClusterIPNone {
			service.Spec.ClusterIP, service.Spec.ClusterIPs = "", nil
		}
		if keep := spec.PreserveNodePorts; keep != nil && *keep {
			return nil
		}
		applied, err := lastApplied(service)
		if err != nil {
			return err
		}
		releaseNodePorts(service, applied)
		releaseHealthCheckPort(service, applied)
		return nil
	})
}

// lastApplied is the service as it was applied. Nil: it was not, or on the server's side.
func lastApplied(service *corev1.Service) (*corev1.Service, error) {
	text := service.Annotations[corev1.LastAppliedConfigAnnotation]
	if text == "" {
		return nil, nil // absence is an answer
	}
	applied := &corev1.Service{}
	if err := json.Unmarshal([]byte(text), applied); err != nil {
		return nil, fmt.Errorf("its annotation %s is malformed: %w", corev1.LastAppliedConfigAnnotation, err)
	}
	return applied, nil
}

func releaseNodePorts(service, applied *corev1.Service) {
	if service.Spec.Type == corev1.ServiceTypeExternalName {
		return
	}
	for i := range service.Spec.Ports {
		port := &service.Spec.Ports[i]
		var chosen bool
		if applied != nil {
			chosen = slices.ContainsFunc(applied.Spec.Ports, func(p corev1.ServicePort) bool {
				return p.NodePort > 0 && p.Name == port.Name && (port.Name != "" || p.NodePort == port.NodePort)
			})
		} else {
			chosen = owned(service.ManagedFields, func(fields map[string]any) bool { return ownsNodePort(fields, port) })
		}
		if !chosen {
			port.NodePort = 0
		}
	}
}

func releaseHealthCheckPort(service, applied *corev1.Service) {
	if service.Spec.Type != corev1.ServiceTypeLoadBalancer || service.Spec.ExternalTrafficPolicy != corev1.ServiceExternalTrafficPolicyLocal {
		return
	}
	chosen := applied != nil && applied.Spec.HealthCheckNodePort != 0
	if !chosen && !owned(service.ManagedFields, func(fields map[string]any) bool {
		_, owns, _ := unstructured.NestedMap(fields, "f:spec", "f:healthCheckNodePort")
		return owns
	}) {
		service.Spec.HealthCheckNodePort = 0
	}
}

// owned says whether somebody owns a field, and so has chosen its value.
func owned(managed []metav1.ManagedFieldsEntry, owns func(map[string]any) bool) bool {
	return slices.ContainsFunc(managed, func(entry metav1.ManagedFieldsEntry) bool {
		fields := map[string]any{}
		return entry.FieldsV1 != nil && json.Unmarshal(entry.FieldsV1.GetRawBytes(), &fields) == nil && owns(fields)
	})
}

// ownsNodePort looks for the port of a service by the key that it has in managed fields.
func ownsNodePort(fields map[string]any, port *corev1.ServicePort) bool {
	ports, _, _ := unstructured.NestedMap(fields, "f:spec", "f:ports")
	for key, value := range ports {
		var id struct {
			Port     int32           `json:"port"`
			Protocol corev1.Protocol `json:"protocol"`
		}
		if text, is := strings.CutPrefix(key, "k:"); !is || json.Unmarshal([]byte(text), &id) != nil || id.Port != port.Port || id.Protocol != port.Protocol {
			continue
		}
		if owned, is := value.(map[string]any); is {
			if _, owns := owned["f:nodePort"]; owns {
				return true
			}
		}
	}
	return false
}
