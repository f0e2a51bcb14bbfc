package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awscredentials "github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/utils/ptr"

	"github.com/velero-locations/velero-locations/generated/clientset/versioned"
	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/control"
	"github.com/velero-locations/velero-locations/simulator/faults"
)

const (
	killedNamespace = "velero"
	killedBucket    = "velero-backups"
	killedAccount   = "222222222222"
	// namesOfWriter is how many things a writer changes again and again, where things have names that it chooses.
	namesOfWriter = 6
	// partSize is the least that S3 takes as a part of a multipart upload.
	partSize = 5 << 20
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
	if w.config, err = clientcmd.BuildConfigFromFlags("", s.Path("kubeconfig")); err != nil {
		t.Fatal(err)
	}
	w.config.QPS, w.config.Timeout, w.config.WarningHandler = -1, time.Minute, rest.NoWarnings{}
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
	text := fmt.Sprint(random.Uint64())
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
	prefix := fmt.Sprint(random.Uint64())
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

// changeObject writes an object at once or in parts, or deletes it.
func changeObject(ctx context.Context, w *kept, own *writer, random *rand.Rand) {
	name := own.named(random)
	if random.IntN(4) == 0 {
		own.try(name, "", func() error { return w.s3.RemoveObject(ctx, killedBucket, name, minio.RemoveObjectOptions{}) })
		return
	}
	size := random.IntN(64 << 10)
	if random.IntN(10) == 0 {
		size += partSize
	}
	data := bytes.Repeat(fmt.Append(nil, random.Uint64(), "\n"), size/20+1)
	own.try(name, fmt.Sprintf("%x", sha256.Sum256(data)), func() error {
		_, err := w.s3.PutObject(ctx, killedBucket, name, bytes.NewReader(data), int64(len(data)), minio.PutObjectOptions{PartSize: partSize})
		return err
	})
}

func readObjects(ctx context.Context, w *kept) (found, ids map[string]string, err error) {
	found = map[string]string{}
	for info := range w.s3.ListObjectsIter(ctx, killedBucket, minio.ListObjectsOptions{Prefix: "kill-"}) {
		if info.Err != nil {
			return nil, nil, info.Err
		}
		object, err := w.s3.GetObject(ctx, killedBucket, info.Key, minio.GetObjectOptions{})
		if err != nil {
			return nil, nil, err
		}
		sum := sha256.New()
		_, err = io.Copy(sum, object)
		if err := errors.Join(err, object.Close()); err != nil {
			return nil, nil, fmt.Errorf("reading %s: %w", info.Key, err)
		}
		found[info.Key] = fmt.Sprintf("%x", sum.Sum(nil))
	}
	return found, nil, nil
}

func tagged(kind ec2types.ResourceType, name string) []ec2types.TagSpecification {
	return []ec2types.TagSpecification{{ResourceType: kind, Tags: []ec2types.Tag{{Key: aws.String("Name"), Value: &name}}}}
}

func changeVolume(ctx context.Context, w *kept, own *writer, random *rand.Rand) {
	own.makeOrDelete(random, func(name string) (string, error) {
		made, err := w.ec2.CreateVolume(ctx, &ec2.CreateVolumeInput{
			AvailabilityZone: aws.String("us-east-1a"), Size: aws.Int32(1), TagSpecifications: tagged(ec2types.ResourceTypeVolume, name),
		})
		if err != nil {
			return "", err
		}
		return *made.VolumeId, nil
	}, func(id string) error {
		_, err := w.ec2.DeleteVolume(ctx, &ec2.DeleteVolumeInput{VolumeId: &id})
		return err
	})
}

func readVolumes(ctx context.Context, w *kept) (found, ids map[string]string, err error) {
	all, err := w.control.Volumes(ctx)
	found, ids = map[string]string{}, map[string]string{}
	for _, volume := range all {
		if name := volume.Tags["Name"]; strings.HasPrefix(name, "kill-") {
			found[name], ids[name] = "there", volume.ID
		}
	}
	return found, ids, err
}

func changeSnapshot(ctx context.Context, w *kept, own *writer, random *rand.Rand) {
	volume := w.world.Accounts[0].Volumes[0].ID
	own.makeOrDelete(random, func(name string) (string, error) {
		made, err := w.ec2.CreateSnapshot(ctx, &ec2.CreateSnapshotInput{VolumeId: &volume, TagSpecifications: tagged(ec2types.ResourceTypeSnapshot, name)})
		if err != nil {
			return "", err
		}
		return *made.SnapshotId, nil
	}, func(id string) error {
		_, err := w.ec2.DeleteSnapshot(ctx, &ec2.DeleteSnapshotInput{SnapshotId: &id})
		return err
	})
}

func readSnapshots(ctx context.Context, w *kept) (found, ids map[string]string, err error) {
	all, err := w.control.Snapshots(ctx)
	found, ids = map[string]string{}, map[string]string{}
	for _, snapshot := range all {
		if name := snapshot.Tags["Name"]; strings.HasPrefix(name, "kill-") {
			found[name], ids[name] = "there", snapshot.ID
		}
	}
	return found, ids, err
}

// changeAzure makes and deletes snapshots of the first disk, beside it.
func changeAzure(ctx context.Context, w *kept, own *writer, random *rand.Rand) {
	account := w.world.Accounts[0]
	group := account.Azure.Subscriptions[0].ResourceGroups[0]
	computing := "/subscriptions/" + account.Azure.Subscriptions[0].ID + "/resourceGroups/" + group.Name + "/providers/Microsoft.Compute/"
	send := func(method, id, body string) error {
		request, err := http.NewRequestWithContext(ctx, method, w.clouds+"/azure/v1/tenants/"+account.Azure.ID+id, strings.NewReader(body))
		if err != nil {
			return err
		}
		request.SetBasicAuth(account.AccessKeys[0].ID, account.AccessKeys[0].Secret)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer func() { _ = response.Body.Close() }()
		if response.StatusCode >= http.StatusBadRequest {
			return errors.New(response.Status)
		}
		return nil
	}
	own.makeOrDelete(random, func(name string) (string, error) {
		id := computing + "snapshots/" + name
		return id, send(http.MethodPut, id, fmt.Sprintf(`{"location":%q,"source":%q}`, group.Location, computing+"disks/"+group.Disks[0].Name))
	}, func(id string) error { return send(http.MethodDelete, id, "") })
}

func readAzure(ctx context.Context, w *kept) (found, ids map[string]string, err error) {
	all, err := w.control.Snapshots(ctx)
	found, ids = map[string]string{}, map[string]string{}
	for _, snapshot := range all {
		if name := path.Base(snapshot.ID); strings.HasPrefix(name, "kill-") {
			found[name], ids[name] = "there", snapshot.ID
		}
	}
	return found, ids, err
}

// changeKey adds an access key, disables and enables it, removes it, and rotates it. The successor of one whose rotation was not
// acknowledged has an id that nobody knows.
func changeKey(ctx context.Context, w *kept, own *writer, random *rand.Rand) {
	dice := random.IntN(5)
	if len(own.ids) == 0 || dice < 2 {
		id := own.next()
		own.try(id, "true", func() error {
			_, err := w.control.AddKey(ctx, control.NewKey{Account: killedAccount, ID: id})
			if err == nil {
				own.ids[id] = id
			}
			return err
		})
		return
	}
	id := own.oneOf(random)
	switch dice {
	case 2:
		own.try(id, "false", func() error { return w.control.SetKeyActive(ctx, id, false) })
	case 3:
		delete(own.ids, id)
		own.try(id, "", func() error { return w.control.RemoveKey(ctx, id) })
	default:
		delete(own.ids, id)
		own.try(id, "", func() error {
			own.successors++
			successor, err := w.control.RotateKey(ctx, id)
			if err == nil {
				own.successors--
				own.may[successor.ID], own.ids[successor.ID] = map[string]bool{"true": true}, successor.ID
			}
			return err
		})
	}
}

func readKeys(ctx context.Context, w *kept) (found, ids map[string]string, err error) {
	all, err := w.control.Keys(ctx)
	found, ids = map[string]string{}, map[string]string{}
	for _, key := range all {
		found[key.ID], ids[key.ID] = fmt.Sprint(key.Active), key.ID
	}
	for _, account := range w.world.Accounts {
		for _, key := range account.AccessKeys {
			delete(found, key.ID)
		}
	}
	return found, ids, err
}
