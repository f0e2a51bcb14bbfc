package main

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	awscredentials "github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/ptr"

	"github.com/velero-locations/velero-locations/generated/clientset/versioned"
	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/control"
	"github.com/velero-locations/velero-locations/simulator/faults"
)

const (
	killedNamespace = "velero"
	// namesOfWriter is how many things a writer changes again and again, where things have names that it chooses.
	namesOfWriter = 6
)

// kept is a server with clients of all that it keeps.
type kept struct {
	*lab
	world  *simulator.Config
	ec2    *ec2.Client
	clouds string
}

// connect makes clients of a server, which do not try again.
func connect(t *testing.T, s *server) *kept {
	t.Helper()
	w := &kept{lab: &lab{server: s}}
	var err error
	if w.world, err = simulator.Load(t.Context(), s.Path("simulator.yaml")); err != nil {
		t.Fatal(err)
	}
	w.config = s.config(t)
	w.config.Timeout = time.Minute
	w.velero, w.core = versioned.NewForConfigOrDie(w.config), kubernetes.NewForConfigOrDie(w.config)
	w.s3, err = minio.New(strings.TrimPrefix(w.variable(t, "AWS_ENDPOINT_URL_S3"), "http://"), &minio.Options{
		Region: "us-east-1", Creds: credentials.NewFileAWSCredentials(s.Path("credentials"), "default"), MaxRetries: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	key := w.world.Accounts[0].AccessKeys[0]
	w.ec2 = ec2.New(ec2.Options{
		Region: "us-east-1", BaseEndpoint: ptr.To(w.variable(t, "AWS_ENDPOINT_URL_EC2")), RetryMaxAttempts: 1,
		Credentials: awscredentials.NewStaticCredentialsProvider(key.ID, key.Secret, ""),
	})
	w.clouds = w.variable(t, "VELERO_LOCATIONS_AZURE_ENDPOINT")
	w.control = &control.Client{Address: w.variable(t, "VELERO_LOCATIONS_SIMULATOR")}
	return w
}

// misbehave lets requests to the storage fail and take longer, and stops that again.
func (w *kept) misbehave(ctx context.Context, random *rand.Rand) {
	rule := faults.Rule{
		Name: fmt.Sprint("fault-", random.IntN(4)), Probability: 0.3,
		Match: faults.Match{Operations: []string{[]string{"s3:PutObject", "s3:UploadPart", "s3:DeleteObject", "ec2:CreateSnapshot", "azure:CreateSnapshot"}[random.IntN(5)]}},
		Fault: faults.Error{Code: "SlowDown"},
	}
	if random.IntN(2) == 0 {
		rule.Fault = faults.Latency{Delay: faults.Duration(time.Duration(random.IntN(20)) * time.Millisecond)}
	}
	if _, err := w.control.AddFault(ctx, rule); err != nil && ctx.Err() == nil {
		_ = w.control.ClearFaults(ctx) // the server may be gone
	}
}

// checkFresh shows that what is not kept is as it is configured: there are no faults, and the journal begins anew.
func (w *kept) checkFresh(t *testing.T) {
	t.Helper()
	rules, err := w.control.Faults(t.Context())
	if err != nil || len(rules) > 0 {
		t.Errorf("there are faults %v, %v", rules, err)
	}
}

// newStores returns what dev keeps, each with writers who begin with nothing.
func newStores() []*killedStore {
	stores := []*killedStore{
		{name: "config map", change: changeConfigMap, read: readConfigMaps},
		{name: "location", change: changeLocation, read: readLocations},
		{name: "object", change: changeObject, read: readObjects},
		{name: "volume", change: changeVolume, read: readVolumes},
		{name: "snapshot", change: changeSnapshot, read: readSnapshots},
		{name: "Azure snapshot", change: changeAzure, read: readAzure},
		{name: "access key", change: changeKey, read: readKeys},
	}
	for i, s := range stores {
		for n := range writersOfStore {
			s.writers = append(s.writers, &writer{prefix: fmt.Sprintf("kill-%d-%d-", i, n), may: map[string]map[string]bool{}, ids: map[string]string{}})
		}
	}
	return stores
}

// named is one of the names that a writer uses again.
func (w *writer) named(random *rand.Rand) string {
	return fmt.Sprint(w.prefix, random.IntN(namesOfWriter))
}

// next is a name that was not used before.
func (w *writer) next() string {
	w.made++
	return fmt.Sprint(w.prefix, w.made)
}

// oneOf is the name of something that is there for sure.
func (w *writer) oneOf(random *rand.Rand) string {
	names := slices.Sorted(maps.Keys(w.ids))
	return names[random.IntN(len(names))]
}

// makeOrDelete makes something under a new name, or deletes one of those that are there. What is made returns its id.
func (w *writer) makeOrDelete(random *rand.Rand, create func(name string) (id string, err error), remove func(id string) error) {
	if len(w.ids) > 0 && random.IntN(3) == 0 {
		name := w.oneOf(random)
		id := w.ids[name]
		delete(w.ids, name)
		w.try(name, "", func() error { return remove(id) })
		return
	}
	name := w.next()
	w.try(name, "there", func() error {
		id, err := create(name)
		if err == nil {
			w.ids[name] = id
		}
		return err
	})
}

// changeConfigMap applies a manifest, or deletes its object.
func changeConfigMap(ctx context.Context, w *kept, own *writer, random *rand.Rand) {
	name, client := own.named(random), w.core.CoreV1().ConfigMaps(killedNamespace)
	if random.IntN(4) == 0 {
		own.try(name, "", func() error { return ignoreMissing(client.Delete(ctx, name, metav1.DeleteOptions{})) })
		return
	}
	text := strconv.FormatUint(random.Uint64(), 10)
	manifest := fmt.Sprintf(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":%q},"data":{"text":%q}}`, name, text)
	own.try(name, text, func() error {
		_, err := client.Patch(ctx, name, types.ApplyPatchType, []byte(manifest), metav1.PatchOptions{FieldManager: "kill"})
		return err
	})
}

func ignoreMissing(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

func readConfigMaps(ctx context.Context, w *kept) (found, ids map[string]string, err error) {
	list, err := w.core.CoreV1().ConfigMaps(killedNamespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, nil, err
	}
	found = map[string]string{}
	for _, item := range list.Items {
		if strings.HasPrefix(item.Name, "kill-") {
			found[item.Name] = item.Data["text"]
		}
	}
	return found, nil, nil
}

func changeLocation(ctx context.Context, w *kept, own *writer, random *rand.Rand) {
	name, client := own.named(random), w.velero.VeleroV1().BackupStorageLocations(killedNamespace)
	if random.IntN(4) == 0 {
		own.try(name, "", func() error { return ignoreMissing(client.Delete(ctx, name, metav1.DeleteOptions{})) })
		return
	}
	prefix := strconv.FormatUint(random.Uint64(), 10)
	manifest := fmt.Sprintf(`{"apiVersion":"velero.io/v1","kind":"BackupStorageLocation","metadata":{"name":%q},`+
		`"spec":{"provider":"example.com/none","objectStorage":{"bucket":"backups","prefix":%q}}}`, name, prefix)
	own.try(name, prefix, func() error {
		_, err := client.Patch(ctx, name, types.ApplyPatchType, []byte(manifest), metav1.PatchOptions{FieldManager: "kill"})
		return err
	})
}

func readLocations(ctx context.Context, w *kept) (found, ids map[string]string, err error) {
	list, err := w.velero.VeleroV1().BackupStorageLocations(killedNamespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, nil, err
	}
	found = map[string]string{}
	for i := range list.Items {
		found[list.Items[i].Name] = list.Items[i].Spec.ObjectStorage.Prefix
	}
	return found, nil, nil
}
