package dev

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
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
func seed(ctx context.Context, config *rest.Config, credentials []byte, disks []disk) error {
	clientset, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	client := clientset.CoreV1()
	_, err = client.Namespaces().Get(ctx, metav1.NamespaceDefault, metav1.GetOptions{})
	if !apierrors.IsNotFound(err) {
		return err
	}
	if err := ensureNamespace(ctx, client, veleroNamespace); err != nil {
		return err
	}
	_, err = ensure(ctx, client.Secrets(veleroNamespace), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: credentialsSecret},
		Data:       map[string][]byte{credentialsSecretKey: credentials},
	})
	if err != nil {
		return err
	}
	if err := seedApplications(ctx, client, disks); err != nil {
		return err
	}
	return ensureNamespace(ctx, client, metav1.NamespaceDefault)
}

func ensureNamespace(ctx context.Context, client typedcorev1.CoreV1Interface, name string) error {
	_, err := ensure(ctx, client.Namespaces(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
	return err
}

// client of one kind, in one namespace or in none.
type client[T any] interface {
	Create(context.Context, T, metav1.CreateOptions) (T, error)
	Get(context.Context, string, metav1.GetOptions) (T, error)
}

// ensure creates an object, or returns the one that an interrupted first start made.
func ensure[T metav1.Object](ctx context.Context, client client[T], object T) (T, error) {
	created, err := client.Create(ctx, object, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		created, err = client.Get(ctx, object.GetName(), metav1.GetOptions{})
	}
	if err != nil {
		return created, fmt.Errorf("making %T %q: %w", object, object.GetName(), err)
	}
	return created, nil
}
