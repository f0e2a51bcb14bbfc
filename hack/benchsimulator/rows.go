package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"strconv"
	"sync/atomic"

	"github.com/minio/minio-go/v7"
	"golang.org/x/sync/errgroup"
)

const (
	objectsBucket = "objects"
	small         = 1 << 10
	large         = 8 << 20
	manyClients   = 32
	// smallObjects and largeObjects are how many objects a row writes before it overwrites, and reads in turn.
	smallObjects = 20_000
	largeObjects = 8
	prefixes     = 200
)

// row is what is measured: how often a second the operation can be done.
type row struct {
	name    string
	clients int
	// prepare brings a server into the state that the operation needs.
	prepare func(ctx context.Context, client minio.Core) error
	// do is the n-th operation.
	do func(ctx context.Context, client minio.Core, n int) error
}

func selectRows(o options) []row {
	all := []row{
		put("PUT 1 KiB, 1 client", small, smallObjects, 1),
		put("PUT 1 KiB, 32 clients", small, smallObjects, manyClients),
		get("GET 1 KiB, 1 client", small, 1000, 1),
		get("GET 1 KiB, 32 clients", small, 1000, manyClients),
		put("PUT 8 MiB, 1 client", large, largeObjects, 1),
		get("GET 8 MiB, 1 client", large, largeObjects, 1),
	}
	for _, keys := range o.keys {
		all = append(all, list(keys, false), list(keys, true))
	}
	var selected []row
	for _, r := range all {
		if o.rows.MatchString(r.name) {
			selected = append(selected, r)
		}
	}
	return selected
}

func put(name string, size, objects, clients int) row {
	content := newContent(size)
	return row{name: name, clients: clients, do: func(ctx context.Context, client minio.Core, n int) error {
		return putObject(ctx, client, objectsBucket, fmt.Sprintf("put/%d/%d", size, n%objects), content)
	}}
}

func get(name string, size, objects, clients int) row {
	content := newContent(size)
	key := func(n int) string { return fmt.Sprintf("get/%d/%d", size, n%objects) }
	return row{
		name: name, clients: clients,
		prepare: func(ctx context.Context, client minio.Core) error {
			return fill(ctx, objects, func(ctx context.Context, n int) error {
				return putObject(ctx, client, objectsBucket, key(n), content)
			})
		},
		do: func(ctx context.Context, client minio.Core, n int) error {
			body, _, _, err := client.GetObject(ctx, objectsBucket, key(n), minio.GetObjectOptions{})
			if err != nil {
				return err
			}
			read, err := io.Copy(io.Discard, body)
			if err == nil && read != int64(size) {
				err = fmt.Errorf("%s has %d bytes, expected %d", key(n), read, size)
			}
			_ = body.Close()
			return err
		},
	}
}

// list lists a bucket of so many keys to its end, key by key or by common prefixes.
func list(keys int, byPrefix bool) row {
	bucket := "list-" + strconv.Itoa(keys)
	name, expected := fmt.Sprintf("list %d keys, flat", keys), keys
	if byPrefix {
		name, expected = fmt.Sprintf("list %d keys, %d prefixes", keys, prefixes), prefixes
	}
	return row{
		name: name, clients: 1,
		prepare: func(ctx context.Context, client minio.Core) error {
			if exists, err := client.BucketExists(ctx, bucket); exists || err != nil {
				return err
			}
			if err := client.MakeBucket(ctx, bucket, minio.MakeBucketOptions{Region: region}); err != nil {
				return err
			}
			return fill(ctx, keys, func(ctx context.Context, n int) error {
				return putObject(ctx, client, bucket, fmt.Sprintf("%03d/%06d", n%prefixes, n), []byte("x"))
			})
		},
		do: func(ctx context.Context, client minio.Core, _ int) error {
			found := 0
			for object := range client.Client.ListObjects(ctx, bucket, minio.ListObjectsOptions{Recursive: !byPrefix}) {
				if object.Err != nil {
					return object.Err
				}
				found++
			}
			if found != expected {
				return fmt.Errorf("%d entries, expected %d", found, expected)
			}
			return nil
		},
	}
}

func putObject(ctx context.Context, client minio.Core, bucket, key string, content []byte) error {
	_, err := client.Client.PutObject(ctx, bucket, key, bytes.NewReader(content), int64(len(content)), minio.PutObjectOptions{})
	return err
}

// fill does an operation for each n below the count, with many clients.
func fill(ctx context.Context, count int, do func(ctx context.Context, n int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range manyClients {
		group.Go(func() error {
			for n := next.Add(1) - 1; n < int64(count); n = next.Add(1) - 1 {
				if err := do(ctx, int(n)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

func newContent(size int) []byte {
	content := make([]byte, size)
	_, _ = rand.Read(content) // never fails
	return content
}
