package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/minio/minio-go/v7"

	"github.com/velero-locations/velero-locations/simulator/control"
)

const (
	killedBucket  = "velero-backups"
	killedAccount = "222222222222"
	// partSize is the least that S3 takes as a part of a multipart upload.
	partSize = 5 << 20
)

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
		found[info.Key] = hex.EncodeToString(sum.Sum(nil))
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
		found[key.ID], ids[key.ID] = strconv.FormatBool(key.Active), key.ID
	}
	for _, account := range w.world.Accounts {
		for _, key := range account.AccessKeys {
			delete(found, key.ID)
		}
	}
	return found, ids, err
}
