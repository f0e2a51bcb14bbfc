package dev

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

const (
	// veleroNamespace is where Velero keeps everything by default.
	veleroNamespace = "velero"
	// credentialsSecret and its key are where `velero install` puts the credentials that
	// locations without their own use.
	credentialsSecret    = "cloud-credentials"
	credentialsSecretKey = "cloud"
)

// seed makes the objects that a first start provides. The namespace "default" comes last and
// cannot be deleted: where it exists, everything was made, and what users removed stays removed.
func seed(ctx context.Context, config *rest.Config, credentials []byte) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	namespaces := client.CoreV1().Namespaces()
	_, err = namespaces.Get(ctx, metav1.NamespaceDefault, metav1.GetOptions{})
	if !apierrors.IsNotFound(err) {
		return err
	}
	namespace := func(name string) *corev1.Namespace {
		return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	}
	if _, err := namespaces.Create(ctx, namespace(veleroNamespace), metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("making namespace %s: %w", veleroNamespace, err)
	}
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: credentialsSecret},
		Data:       map[string][]byte{credentialsSecretKey: credentials},
	}
	if _, err := client.CoreV1().Secrets(veleroNamespace).Create(ctx, secret, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("making Secret %s: %w", credentialsSecret, err)
	}
	if _, err := namespaces.Create(ctx, namespace(metav1.NamespaceDefault), metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("making namespace %s: %w", metav1.NamespaceDefault, err)
	}
	return nil
}
